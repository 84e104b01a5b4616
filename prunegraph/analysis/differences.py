"""Differences of R2 between feature sets, with intervals over the choice of the measured networks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis.folds import numbers
from prunegraph.analysis.scopes import cells, comparable, enough, matrix
from prunegraph.statistics import ols
from prunegraph.statistics.leave_out import orthonormal
from prunegraph.statistics.resampling import interval, resamples
from prunegraph.tables.frames import shaped

#: Pairs of feature sets that the claims of MGE compare: its graph with others, with equal and with different metrics,
#: and with and without trained weights.
PAIRS = (
    ("unrolled", "ramanujan"),
    ("unrolled", "layer_density"),
    ("unrolled", "ramanujan_density"),
    ("unrolled", "rolled_raw"),
    ("unrolled", "rolled"),
    ("unrolled", "rolled_channel"),
    ("unrolled_bipartite", "rolled"),
    ("unrolled_mask", "rolled_mask"),
    ("unrolled_mask", "ramanujan"),
    ("unrolled_mask", "layer_density"),
    ("unrolled_mask", "log_edges"),
)


def differences(
    table: pd.DataFrame,
    *,
    pairs: Sequence[tuple[str, str]] = PAIRS,
    sets: Sequence[str] = (),
    levels: Sequence[str] = ("all", "sparsity", "model", "dataset"),
    target: str = "accuracy_drop",
    times: int = 200,
    seed: int = 0,
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Compare pairs of feature sets by their adjusted R2 (least squares, in sample), with bootstrap intervals.

    Parameters
    ----------
    table, levels, target, rows_per_feature
        As in :func:`prunegraph.analysis.regression.regression`.
    pairs
        Pairs (features, against) of names of feature sets.
    sets
        Further sets in which the networks must be complete, so that the networks are those of the regression table.
    times
        Number of bootstrap samples of configurations; both sets of a pair are fitted to the same samples.
    seed
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        The table "regression_differences" of :mod:`prunegraph.tables.schemas`. The group "mean" of a level is the mean
        over its groups; its interval comes from the means of independent samples of each.
    """
    names = sorted({name for pair in pairs for name in pair})
    rows, usable = comparable(table, sorted({*names, *sets}), target)
    results = []
    for level in levels:
        here = []
        for _, group, part in cells(rows, [level]):
            fitted = [name for name in names if name in usable and _fits(part, name, rows_per_feature)]
            scores = _bootstrap(part, fitted, target, times, seed, level, group)
            here.append((group, len(part), scores))
        results += [row for pair in pairs for row in _compare(level, here, *pair)]
    return shaped(pd.DataFrame(results), "regression_differences")


def _fits(part: pd.DataFrame, name: str, rows_per_feature: float) -> bool:
    return enough(len(part), matrix(part, name).shape[1], rows_per_feature)


def _bootstrap(
    part: pd.DataFrame, names: Sequence[str], target: str, times: int, seed: int, *purpose: str
) -> dict[str, np.ndarray]:
    """Adjusted R2 of each set on all rows, then on each bootstrap sample: (1 + times,) numbers a set."""
    y = part[target].to_numpy(dtype="float64")
    samples = [np.arange(len(part)), *resamples(numbers(part), times, seed, "differences", *purpose)]
    return {name: np.array([_adjusted(x[rows], y[rows]) for rows in samples]) for name, x in _matrices(part, names)}


def _matrices(part: pd.DataFrame, names: Sequence[str]):
    return ((name, matrix(part, name)) for name in names)


def _adjusted(x: np.ndarray, y: np.ndarray) -> float:
    basis, rank = orthonormal(x)
    return ols.adjusted(ols.r_squared(y, basis @ (basis.T @ y)), len(y), rank)


def _compare(level: str, groups: list[tuple[str, int, dict[str, np.ndarray]]], features: str, against: str):
    found = []
    for group, n, scores in groups:
        both = features in scores and against in scores
        values = scores[features] - scores[against] if both else np.array([np.nan])
        found.append((group, n, values))
    if len(found) > 1:
        present = [values for _, _, values in found if len(values) > 1]
        mean = np.mean(present, axis=0) if len(present) == len(found) else np.array([np.nan])
        found.append(("mean", sum(n for _, n, _ in found), mean))
    for group, n, values in found:
        low, high = interval(values[1:])
        label = {"level": level, "group": group, "features": features, "against": against, "n": n}
        yield label | {"difference": values[0], "low": low, "high": high}
