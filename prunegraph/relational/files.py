"""Adjacencies that users bring: a file of numpy or a table of commas."""

import warnings
from pathlib import Path

import numpy as np

from prunegraph.errors import UserError
from prunegraph.relational.adjacency import checked


def read(path: str | Path) -> list[np.ndarray]:
    """The adjacencies in a file.

    Parameters
    ----------
    path
        ``.npy``: nodes x nodes, or graphs x nodes x nodes. ``.csv``: a line for each node, without a header.

    Raises
    ------
    UserError
        If there is no such file, it is of another kind, or an adjacency is that of no simple connected graph.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file {path}; expected an adjacency as .npy or .csv.")
    readers = {".npy": _numpy, ".csv": _text}
    if path.suffix not in readers:
        raise UserError(f"{path} has the ending {path.suffix or 'none'!r}; expected an adjacency as .npy or .csv.")
    array = readers[path.suffix](path)
    if array.ndim != 3:
        return [checked(array, str(path))]
    if not len(array):
        raise UserError(f"{path} holds no graph; expected graphs x nodes x nodes.")
    return [checked(each, f"Graph {number} in {path}") for number, each in enumerate(array)]


def _numpy(path: Path) -> np.ndarray:
    try:
        # Never pickles: they run what they hold.
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as problem:
        raise UserError(f"{path} is no readable array of numpy ({problem}); expected one of numbers.") from None


def _text(path: Path) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns of an empty file
            return np.loadtxt(path, delimiter=",", ndmin=2)
    except (ValueError, UserWarning) as problem:
        said = str(problem).partition(";")[0].strip().rstrip(".")
        raise UserError(
            f"{path} is no table of numbers ({said}); expected a line for each node, with 0 and 1 between commas."
        ) from None
