"""Bootstrap samples and random halves of groups of rows, and intervals from them."""

from collections.abc import Iterator

import numpy as np

from prunegraph.randomness import numpy_generator


def resamples(groups: np.ndarray, times: int, seed: int, *purpose: str) -> Iterator[np.ndarray]:
    """Draw `times` bootstrap samples of whole groups (numbered from 0) with replacement, as arrays of row numbers.

    Rows of one group are nearly equal: intervals would be too narrow if rows were drawn one by one.
    """
    draw = numpy_generator(seed, "bootstrap", *purpose)
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.searchsorted(groups[order], np.arange(1, groups.max() + 1)))
    for _ in range(times):
        yield np.concatenate([members[one] for one in draw.integers(len(members), size=len(members))])


def halves(groups: np.ndarray, times: int, seed: int, *purpose: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw `times` random splits into two halves that keep groups (numbered from 0) whole, as arrays of row numbers."""
    draw = numpy_generator(seed, "halves", *purpose)
    count = int(groups.max()) + 1
    for _ in range(times):
        first = np.isin(groups, draw.permutation(count)[: count // 2])
        yield np.flatnonzero(first), np.flatnonzero(~first)


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Central interval that holds the share `level` of the values, without missing ones; NaN if all are missing."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_interval(values: np.ndarray, times: int, seed: int, *purpose: str) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of independent values; missing values are left out."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return float("nan"), float("nan")
    draw = numpy_generator(seed, "bootstrap", *purpose)
    return interval(values[draw.integers(len(values), size=(times, len(values)))].mean(axis=1))
