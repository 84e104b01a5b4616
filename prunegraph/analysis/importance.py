"""Which features carry a regression: the exact Shapley decomposition of R2 (MGE, section 4.2.2).

Slopes are no measure of importance here, because topometrics are collinear. The
decomposition averages what a feature adds to R2 over all orders in which the
features can enter (Lindeman, Merenda, Gold 1980; Groemping, J. Stat. Softw. 17,
2006, "LMG").
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis import ols
from prunegraph.analysis.features import feature_set
from prunegraph.analysis.scopes import cells, comparable, enough, matrix
from prunegraph.errors import UserError

MOST_FEATURES = 20  # 2**20 subsets of doubles are 8 MB per feature

# Share of a standardised feature's variance that earlier features must leave for it to count as new.
_NEW = 1e-12


def importance(
    table: pd.DataFrame,
    *,
    features: str = "unrolled",
    levels: Sequence[str] = ("all", "sparsity", "model", "dataset"),
    target: str = "accuracy_drop",
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Decompose the R2 of one feature set in every group of every level.

    Parameters
    ----------
    table: the table of :func:`prunegraph.analysis.features.feature_table`.
    features: the feature set.
    levels, target, rows_per_feature: as in :func:`prunegraph.analysis.regression.regression`.

    Returns
    -------
    Columns level, group, feature (column name), n, p, r2 of the whole set, `part` (the parts of a group sum
    to its r2) and `share` = part / r2. Missing numbers mean too few networks (n).
    """
    rows, usable = comparable(table, [features], target)
    columns = feature_set(features)
    results = []
    for level, group, part in cells(rows, levels):
        n = len(part) if features in usable else 0
        parts = np.full(len(columns), np.nan)
        if enough(n, len(columns), rows_per_feature):
            parts = shapley_r_squared(matrix(part, features), part[target].to_numpy(dtype="float64"))
        r2 = float(parts.sum())
        cell = {"level": level, "group": group, "n": n, "p": len(columns), "r2": r2}
        results += [
            cell | {"feature": name, "part": value, "share": value / r2 if r2 > 0 else np.nan}
            for name, value in zip(columns, parts, strict=True)
        ]
    return pd.DataFrame(results)[["level", "group", "feature", "n", "p", "r2", "part", "share"]]


def shapley_r_squared(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The part of R2 that each column of `features` (n, p) carries, (p,); the parts sum to R2.

    Exact over all 2**p subsets: O(2**p p) numbers, a fraction of a second for 16 features.

    Raises
    ------
    UserError: more than :data:`MOST_FEATURES` features.
    """
    count = features.shape[1]
    if count > MOST_FEATURES:
        raise UserError(f"{count} features are too many for the exact decomposition: at most {MOST_FEATURES}.")
    values = subset_r_squared(features, target).reshape((2,) * count)
    sizes = np.indices((2,) * (count - 1)).sum(axis=0) if count > 1 else np.zeros(())
    weights = _orders(count)[sizes.astype(int)]
    return np.array([(weights * (values.take(1, axis) - values.take(0, axis))).sum() for axis in range(count)])


def subset_r_squared(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """R2 of the least-squares fit on every subset of the p columns, (2**p,).

    Subset number s holds column j if bit p - 1 - j of s is set (column 0 is the slowest index after a reshape
    to (2,) * p). Works on the correlation matrix: a column at a time is either swept out of all that follow
    (a Schur complement) or dropped, so every subset costs a few operations on an ever smaller matrix and
    nothing is fitted twice.
    """
    scores, _, _ = ols.standardise(features)
    deviation = target - target.mean()
    joint = np.column_stack([scores, deviation / max(float(deviation.std()), np.finfo(float).tiny)])
    residual = (joint.T @ joint / len(target))[np.newaxis]
    for _ in range(features.shape[1]):
        pivot, row, rest = residual[:, 0, 0], residual[:, 0, 1:], residual[:, 1:, 1:]
        # A column that the chosen ones already span adds nothing.
        scale = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > _NEW)
        swept = rest - scale[:, None, None] * row[:, :, None] * row[:, None, :]
        residual = np.stack([rest, swept], axis=1).reshape(-1, *rest.shape[1:])
    return 1.0 - residual[:, 0, 0]


def _orders(count: int) -> np.ndarray:
    """The Shapley weight of a subset of each size s: s! (p - 1 - s)! / p!."""
    weights = np.empty(count)
    weights[0] = 1 / count
    for size in range(1, count):
        weights[size] = weights[size - 1] * size / (count - size)
    return weights
