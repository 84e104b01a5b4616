"""Importance of the features of a regression: the exact Shapley decomposition of R2 (MGE, section 4.2.2).

Slopes are no measure of importance here, because topometrics are collinear. The decomposition averages the increase of
R2 by a feature over all orders in which the features can enter the regression (Lindeman, Merenda, Gold 1980; Groemping,
J. Stat. Softw. 17, 2006, "LMG"). Two other measures are reported beside it: the loss of held-out R2 when a feature is
permuted (:mod:`prunegraph.statistics.permutation`), and the slopes with their variance inflation.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from prunegraph.analysis.folds import numbers
from prunegraph.analysis.scopes import cells, comparable, enough, is_whole, matrix
from prunegraph.errors import UserError
from prunegraph.statistics import agreement, ols
from prunegraph.statistics.permutation import lost_when_permuted
from prunegraph.statistics.resampling import halves, interval, resamples
from prunegraph.tables.features import FAMILIES, feature_set, is_trained
from prunegraph.tables.frames import shaped

MOST_FEATURES = 20  # 2**20 subsets of doubles are 8 MB per feature

#: A slope with a larger variance inflation must not be read as an importance.
COLLINEAR = 10.0

# A feature counts as new if the features before it leave more than this share of its variance unexplained.
_NEW = 1e-12


def importance(table: pd.DataFrame, **options) -> pd.DataFrame:
    """Make the table "importance" of :mod:`prunegraph.tables.schemas`; options as in :func:`with_stability`."""
    return with_stability(table, **options)[0]


def with_stability(
    table: pd.DataFrame,
    *,
    features: str = "unrolled",
    levels: Sequence[str] = ("all", "sparsity", "model", "dataset"),
    target: str = "accuracy_drop",
    rows_per_feature: float = 5.0,
    times: int = 100,
    repeats: int = 10,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decompose the R2 of one feature set in every group of every level, and measure how stable the ranking is.

    Parameters
    ----------
    table
        The table of :func:`prunegraph.tables.features.feature_table`.
    features
        Name of the feature set.
    levels, target, rows_per_feature
        As in :func:`prunegraph.analysis.regression.regression`.
    times
        Number of bootstrap samples of configurations for the intervals; 0 for no intervals.
    repeats
        Number of assignments to grouped folds for the permutation importance.
    seed
        Seed of the bootstrap and of the permutations.

    Returns
    -------
    tuple[pd.DataFrame, pd.DataFrame]
        The tables "importance" and "importance_stability" of :mod:`prunegraph.tables.schemas`. Missing numbers mean too
        few networks (n).
    """
    rows, usable = comparable(table, [features], target)
    columns = feature_set(features)
    found, samples, split = [], {}, {}
    whole = None
    for level, group, part in cells(rows, levels):
        if whole is not None and is_whole(part, rows):
            found.append(whole.assign(level=level, group=group))
            if ("all", "all") in samples:
                samples[level, group] = samples["all", "all"]
                split[level, group] = split["all", "all"]
            continue
        n = len(part) if features in usable else 0
        frame = pd.DataFrame({"level": level, "group": group, "feature": columns, "n": n, "p": len(columns)})
        if enough(n, len(columns), rows_per_feature):
            x, y = matrix(part, features), part[target].to_numpy(dtype="float64")
            groups = numbers(part)
            drawn = resamples(groups, times, seed, "importance", level, group)
            samples[level, group] = np.array([_shares(shapley_r_squared(x[one], y[one])) for one in drawn])
            split[level, group] = _halves(x, y, groups, times // 8, seed, level, group)
            frame = frame.assign(**_decomposed(x, y), **_intervals(samples[level, group]))
            mean, spread = lost_when_permuted(x, y, groups, repeats=repeats, seed=seed)
            frame = frame.assign(permutation=mean, permutation_sd=spread)
        found.append(frame)
        if level == "all":
            whole = frame
    joined = pd.concat(found, ignore_index=True)
    joined["family"] = [FAMILIES.get(name.rpartition(".")[2], "") for name in joined.feature]
    joined["trained_weights"] = [is_trained(name) for name in joined.feature]
    return shaped(joined, "importance"), _stability(samples, split, levels)


def _decomposed(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray | float]:
    parts = shapley_r_squared(x, y)
    inflation = variance_inflation(x)
    return {
        "r2": float(parts.sum()),
        "part": parts,
        "share": _shares(parts),
        "beta": ols.fit(x, y).slopes / (np.nan if ols.is_constant(y) else y.std()),
        "vif": inflation,
        "collinear": inflation > COLLINEAR,
    }


def _shares(parts: np.ndarray) -> np.ndarray:
    total = parts.sum()
    return parts / total if total > 0 else np.full(len(parts), np.nan)


def _intervals(samples: np.ndarray) -> dict[str, list[float]]:
    if not len(samples):
        return {}
    low, high = zip(*(interval(column) for column in samples.T), strict=True)
    return {"share_low": list(low), "share_high": list(high)}


def _halves(x: np.ndarray, y: np.ndarray, groups: np.ndarray, times: int, seed: int, *purpose: str) -> np.ndarray:
    """Shares in both halves of random splits, (splits, 2, p); no splits where a half has too few networks for a fit."""
    shares = [
        [_shares(shapley_r_squared(x[half], y[half])) for half in pair]
        for pair in halves(groups, times, seed, "importance", *purpose)
        if min(map(len, pair)) >= x.shape[1] + 2
    ]
    return np.array(shares).reshape(-1, 2, x.shape[1])


_Drawn = Mapping[tuple[str, str], np.ndarray]


def _stability(samples: _Drawn, split: _Drawn, levels: Sequence[str]) -> pd.DataFrame:
    """Rank correlations of the shares in two bootstrap samples or two halves, of the same and of different groups."""
    results = []
    for level in levels:
        drawn = [shares for (own, _), shares in samples.items() if own == level and len(shares) > 1]
        halved = [pairs for (own, _), pairs in split.items() if own == level and len(pairs)]
        compared = {
            "within": [(a, b) for shares in drawn for a, b in zip(shares[::2], shares[1::2], strict=False)],
            "between": _crossed([(shares[::2], shares[1::2]) for shares in drawn]),
            # Bootstrap samples of one group resemble each other because they hold the same networks. Halves have none
            # in common, whether of one group or of two, so that both correlations are equal where groups do not differ.
            "within_halves": [(a, b) for pairs in halved for a, b in pairs],
            "between_halves": _crossed([(pairs[:, 0], pairs[:, 1]) for pairs in halved]),
        }
        for comparison, pairs in compared.items():
            if pairs:
                values = np.array([agreement.spearman(a, b) for a, b in pairs])
                low, high = interval(values)
                row = {"level": level, "comparison": comparison, "pairs": len(pairs)}
                results.append(row | {"spearman": pd.Series(values).mean(), "low": low, "high": high})
    return shaped(pd.DataFrame(results), "importance_stability")


def _crossed(drawn: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pair the first sample of one group with the second of another, for every two groups."""
    return [pair for one, two in combinations(drawn, 2) for pair in zip(one[0], two[1], strict=False)]


def variance_inflation(features: np.ndarray) -> np.ndarray:
    """Variance inflation 1 / (1 - R2) of each column on all others, (p,): 1 if unrelated, infinite if determined."""
    inflation = np.empty(features.shape[1])
    for place, column in enumerate(features.T):
        others = np.delete(features, place, axis=1)
        r2 = ols.r_squared(column, ols.fit(others, column).predict(others)) if others.shape[1] else 0.0
        inflation[place] = np.inf if r2 > 1 - _NEW else 1 / (1 - r2)
    return inflation


def shapley_r_squared(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Decompose R2 into the parts of the columns of `features` (n, p): (p,) numbers whose sum is R2.

    The decomposition is exact over all 2**p subsets: O(2**p p) numbers, a fraction of a second for 16 features.
    Source: U. Groemping, J. Stat. Softw. 17 (2006), the measure "LMG".

    Raises
    ------
    UserError
        If there are more than :data:`MOST_FEATURES` features.
    """
    count = features.shape[1]
    if count > MOST_FEATURES:
        raise UserError(f"{count} features are too many for the exact decomposition: at most {MOST_FEATURES}.")
    values = subset_r_squared(features, target).reshape((2,) * count)
    sizes = np.indices((2,) * (count - 1)).sum(axis=0) if count > 1 else np.zeros(())
    weights = _orders(count)[sizes.astype(int)]
    return np.array([(weights * (values.take(1, axis) - values.take(0, axis))).sum() for axis in range(count)])


def subset_r_squared(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Compute R2 of the least-squares fit on every subset of the p columns, (2**p,); NaN for a constant target.

    Subset number s holds column j if bit p - 1 - j of s is set (column 0 is the slowest index after a reshape to
    (2,) * p). The function works on the correlation matrix. One column after the other is either eliminated from all
    that follow (a Schur complement) or dropped, so that each subset costs a few operations on a matrix that becomes
    smaller, and nothing is fitted twice.
    """
    scores, _, _ = ols.standardise(features)
    if ols.is_constant(target):
        return np.full(2 ** features.shape[1], np.nan)
    deviation = target - target.mean()
    joint = np.column_stack([scores, deviation / deviation.std()])
    residual = (joint.T @ joint / len(target))[np.newaxis]
    for _ in range(features.shape[1]):
        pivot, row, rest = residual[:, 0, 0], residual[:, 0, 1:], residual[:, 1:, 1:]
        # A column in the span of the chosen columns adds nothing.
        scale = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > _NEW)
        swept = rest - scale[:, None, None] * row[:, :, None] * row[:, None, :]
        residual = np.stack([rest, swept], axis=1).reshape(-1, *rest.shape[1:])
    return 1.0 - residual[:, 0, 0]


def _orders(count: int) -> np.ndarray:
    """Shapley weight of a subset of each size s: s! (p - 1 - s)! / p!."""
    weights = np.empty(count)
    weights[0] = 1 / count
    for size in range(1, count):
        weights[size] = weights[size - 1] * size / (count - size)
    return weights
