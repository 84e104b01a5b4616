"""Which features carry a regression: the exact Shapley decomposition of R2 (MGE, section 4.2.2).

Slopes are no measure of importance here, because topometrics are collinear. The
decomposition averages what a feature adds to R2 over all orders in which the
features can enter (Lindeman, Merenda, Gold 1980; Groemping, J. Stat. Softw. 17,
2006, "LMG"). Beside it stand what held-out predictions lose when a feature is
permuted (:mod:`prunegraph.statistics.permutation`), and the slopes with their
variance inflation.
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

#: Above this variance inflation a slope must not be read as an importance.
COLLINEAR = 10.0

# Share of a standardised feature's variance that earlier features must leave for it to count as new.
_NEW = 1e-12


def importance(table: pd.DataFrame, **options) -> pd.DataFrame:
    """The table "importance" of :mod:`prunegraph.tables.schemas`; options as in :func:`with_stability`."""
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
    """Decompose the R2 of one feature set in every group of every level, and say how stable the order is.

    Parameters
    ----------
    table
        The table of :func:`prunegraph.tables.features.feature_table`.
    features
        The feature set.
    levels, target, rows_per_feature
        As in :func:`prunegraph.analysis.regression.regression`.
    times
        Bootstrap samples of configurations for the intervals; 0 for none.
    repeats
        How many times the grouped folds of the permutation importance are dealt.
    seed
        Of the bootstrap and of the permutations.

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
    """Shares in both halves of random splits, (splits, 2, p); none where a half has too few networks for a fit."""
    shares = [
        [_shares(shapley_r_squared(x[half], y[half])) for half in pair]
        for pair in halves(groups, times, seed, "importance", *purpose)
        if min(map(len, pair)) >= x.shape[1] + 2
    ]
    return np.array(shares).reshape(-1, 2, x.shape[1])


_Drawn = Mapping[tuple[str, str], np.ndarray]


def _stability(samples: _Drawn, split: _Drawn, levels: Sequence[str]) -> pd.DataFrame:
    """Rank correlation of the shares of two bootstrap samples, or of two halves, of one group and of two."""
    results = []
    for level in levels:
        drawn = [shares for (own, _), shares in samples.items() if own == level and len(shares) > 1]
        halved = [pairs for (own, _), pairs in split.items() if own == level and len(pairs)]
        compared = {
            "within": [(a, b) for shares in drawn for a, b in zip(shares[::2], shares[1::2], strict=False)],
            "between": _crossed([(shares[::2], shares[1::2]) for shares in drawn]),
            # Bootstrap samples of one group are alike because they hold the same networks; halves hold none in common,
            # within a group as between two, so that without a difference between groups both agree as well.
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
    """The first of one group with the second of another, for every two groups."""
    return [pair for one, two in combinations(drawn, 2) for pair in zip(one[0], two[1], strict=False)]


def variance_inflation(features: np.ndarray) -> np.ndarray:
    """1 / (1 - R2) of each column on all others, (p,): 1 if unrelated, infinite if the others determine it."""
    inflation = np.empty(features.shape[1])
    for place, column in enumerate(features.T):
        others = np.delete(features, place, axis=1)
        r2 = ols.r_squared(column, ols.fit(others, column).predict(others)) if others.shape[1] else 0.0
        inflation[place] = np.inf if r2 > 1 - _NEW else 1 / (1 - r2)
    return inflation


def shapley_r_squared(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The part of R2 that each column of `features` (n, p) carries, (p,); the parts sum to R2.

    Exact over all 2**p subsets: O(2**p p) numbers, a fraction of a second for 16 features.

    Raises
    ------
    UserError
        If more than :data:`MOST_FEATURES` features.
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
    nothing is fitted twice. NaN for a constant target.
    """
    scores, _, _ = ols.standardise(features)
    if ols.is_constant(target):
        return np.full(2 ** features.shape[1], np.nan)
    deviation = target - target.mean()
    joint = np.column_stack([scores, deviation / deviation.std()])
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
