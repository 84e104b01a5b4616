"""The published tables that come with this package: the contents of 37 files (53 MB) in four small ones.

They hold the columns that the tables of a study need, and every number exactly as it is read from the authors' files.
"""

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pyarrow
from pyarrow import parquet

from prunegraph.errors import UserError
from prunegraph.files import atomic
from prunegraph.tables.published_files import SHIPPED, SHIPPED_IN
from prunegraph.tables.published_sources import Sources, of_folder


def sources(folder: str | Path = SHIPPED_IN) -> Sources:
    """Read the four Parquet files in `folder`, by default those that come with the package.

    Raises
    ------
    UserError
        If a file is missing or is no Parquet file.
    """
    return Sources(**{name: _read(Path(folder, file)) for name, file in SHIPPED.items()})


def write(originals: str | Path, folder: str | Path = SHIPPED_IN) -> None:
    """Make the four Parquet files in `folder` from the authors' folder `graph_data`.

    Raises
    ------
    UserError
        As :func:`prunegraph.tables.published_sources.of_folder`.
    """
    found = of_folder(originals)
    for field in fields(found):
        _write(getattr(found, field.name), Path(folder, SHIPPED[field.name]))


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, pyarrow.ArrowInvalid) as problem:
        raise UserError(
            f"{path}, which comes with prunegraph, cannot be read ({problem}): restore it, or set published_dir to a "
            "copy of the authors' folder graph_data."
        ) from None


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` with each column in the Parquet encoding that takes the fewest bytes.

    For floats of many digits this is the split by bytes: all first bytes, then all second bytes, and so on.
    """
    smallest = {name: min(_ENCODINGS, key=lambda kind, name=name: _size(frame[[name]], kind)) for name in frame}
    with atomic(path) as temporary:
        _store(frame, temporary, smallest)


_ENCODINGS = ("dictionary", "PLAIN", "BYTE_STREAM_SPLIT")


def _size(column: pd.DataFrame, kind: str) -> float:
    if kind == "BYTE_STREAM_SPLIT" and not pd.api.types.is_numeric_dtype(column.dtypes.iloc[0]):
        return float("inf")
    buffer = pyarrow.BufferOutputStream()
    _store(column, buffer, {column.columns[0]: kind}, level=3)  # fast, and enough to choose by
    return buffer.tell()


def _store(
    frame: pd.DataFrame, where: Path | pyarrow.BufferOutputStream, kinds: dict[str, str], level: int = 19
) -> None:
    parquet.write_table(
        pyarrow.Table.from_pandas(frame, preserve_index=False),
        where,
        compression="zstd",
        compression_level=level,
        use_dictionary=[name for name, kind in kinds.items() if kind == "dictionary"],
        column_encoding={name: kind for name, kind in kinds.items() if kind != "dictionary"},
        write_statistics=False,
    )
