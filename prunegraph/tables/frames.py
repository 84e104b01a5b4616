"""Tables as pandas frames with fixed columns and types: functions that make, sort, write and read them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from prunegraph.catalogue import DATASETS, ENCODINGS, MODELS, PRUNERS, known
from prunegraph.errors import UserError
from prunegraph.files import atomic
from prunegraph.tables.columns import TYPES
from prunegraph.tables.schemas import SCHEMAS

_NAMES = {"dataset": DATASETS, "model": MODELS, "method": PRUNERS, "pruner": PRUNERS, "encoding": ENCODINGS}


def table(rows: Iterable[Mapping], columns: Mapping[str, str]) -> pd.DataFrame:
    """Make a frame of `rows` with exactly these columns and types; keys that a row lacks become missing values."""
    return typed(pd.DataFrame.from_records(list(rows)), columns)


def typed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Give `frame` exactly these columns and types, in this order; columns that it lacks hold missing values."""
    frame = frame.reindex(columns=list(columns))
    # A missing text is the empty text: the one unrolled graph of a network has no layer name.
    words = {
        name: frame[name].astype(object).where(frame[name].notna(), "")
        for name, kind in columns.items()
        if kind == "str"
    }
    return frame.assign(**words).astype(dict(columns))


def shaped(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give `frame` exactly the columns of the table `name` of :mod:`prunegraph.tables.schemas`."""
    columns = SCHEMAS[known(SCHEMAS, name, "table")]
    return typed(frame, {column: kind for column, (kind, _) in columns.items()})


def ordered(names: Iterable[str], kind: str) -> list[str]:
    """Sort the distinct `names` as in the catalogue; names that it does not hold follow alphabetically.

    `kind` is "dataset", "model", "method", "pruner" or "encoding".
    """
    first = list(_NAMES[kind])
    return sorted(set(names), key=lambda name: (first.index(name) if name in first else len(first), name))


def sort(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Sort rows by `columns` (default: model, dataset, method, sparsity, seed), names as in the catalogue; stable."""
    columns = columns or ("model", "dataset", "method", "sparsity", "seed")

    def rank(column: pd.Series) -> pd.Series:
        if column.name not in _NAMES:
            return column
        places = {name: place for place, name in enumerate(ordered(column, column.name))}
        return column.map(places)

    return frame.sort_values(list(columns), key=rank, kind="stable", ignore_index=True)


def write(frame: pd.DataFrame, *paths: str | Path) -> None:
    """Write `frame` atomically to every path, as CSV or Parquet by its suffix; the same frame gives the same bytes.

    Numbers in CSV have the fewest digits from which the same float64 is read back.
    """
    for path in map(Path, paths):
        with atomic(path) as temporary:
            if _format(path) == ".csv":
                frame.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")
            else:
                frame.to_parquet(temporary, index=False, compression="zstd")


def read(path: str | Path) -> pd.DataFrame:
    """Read a table that :func:`write` wrote; columns with a known type get it back."""
    path = Path(path)
    try:
        return pd.read_parquet(path) if _format(path) == ".parquet" else _from_csv(path)
    except FileNotFoundError:
        raise UserError(f"There is no table {path}.") from None
    except (OSError, ValueError) as problem:  # what pyarrow and pandas raise for damaged files are kinds of these
        said = str(problem).partition("\n")[0]
        raise UserError(f"{path} cannot be read as a table ({said}). Delete it, and its rule makes it again.") from None


def _from_csv(path: Path) -> pd.DataFrame:
    text = [name for name, kind in TYPES.items() if kind == "str"]
    frame = pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    kinds = {name: TYPES[name] for name in frame.columns if name in TYPES}
    return frame.assign(**typed(frame[list(kinds)], kinds))


def _format(path: Path) -> str:
    if path.suffix not in (".csv", ".parquet"):
        raise UserError(f"{path} is no table that can be written or read: give a name ending in .csv or .parquet.")
    return path.suffix
