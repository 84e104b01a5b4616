"""Lists of the pairs of taps that join a row of one map, over a middle map, with a row of another; columns likewise."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True, eq=False)
class Lists:
    """Distinct lists of tap pairs along one axis.

    `count` (lists, pairs of taps) is the number of times that each list holds each pair of taps; `times` (lists,) is
    the number of pairs of rows with this list; `of` (rows from, rows to) is the list of each pair of rows, -1 for none.
    """

    count: np.ndarray
    times: np.ndarray
    of: np.ndarray


def lists_of_taps(tables: tuple[tuple[np.ndarray, ...], ...]) -> Lists:
    """Find the lists along one axis for one or more routes, each of two tables of taps, or of one (an edge)."""
    return _cached(tuple(tuple((table.tobytes(), table.shape) for table in route) for route in tables))


@lru_cache(maxsize=256)
def _cached(key) -> Lists:
    routes = [[np.frombuffer(data, np.int64).reshape(shape) for data, shape in route] for route in key]
    count = np.concatenate([_paths(*route) if len(route) == 2 else _direct(*route) for route in routes])
    shape = count.shape[1:]
    flat = count.reshape(len(count), -1).T.astype(np.int16)
    some = np.flatnonzero(flat.any(axis=1))
    unique, which, times = np.unique(flat[some], axis=0, return_inverse=True, return_counts=True)
    of = np.full(len(flat), -1)
    of[some] = which.ravel()
    return Lists(unique, times, of.reshape(shape))


def _paths(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the ways in which each pair of taps joins each two rows: (taps * taps, rows from, rows to)."""
    one = (first[None] == np.arange(first.max() + 1)[:, None, None]).astype(np.float32)
    two = (second[None] == np.arange(second.max() + 1)[:, None, None]).astype(np.float32)
    return (one[:, None] @ two[None]).reshape(-1, first.shape[0], second.shape[1])


def _direct(table: np.ndarray) -> np.ndarray:
    return (table[None] == np.arange(table.max() + 1)[:, None, None]).astype(np.float32)
