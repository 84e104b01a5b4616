"""Tables as rows of plain values, which a template can print."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def rows_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Turn a table into its column names and rows of plain values; missing values become None."""
    return {"columns": list(frame.columns), "rows": [list(plain(row).values()) for row in frame.to_dict("records")]}


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the values of numpy and pandas in a row by Python's own, missing ones by None."""
    values = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return {name: None if pd.isna(value) else value for name, value in values.items()}
