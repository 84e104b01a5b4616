"""Rank correlations inside blocks, with intervals and permutation tests; and whether groups differ at all."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from prunegraph.randomness import numpy_generator
from prunegraph.statistics.resampling import interval


class Correlation(NamedTuple):
    """A rank correlation inside blocks, its 95 % bootstrap interval, and the two-sided p of a permutation test."""

    rho: float
    low: float
    high: float
    p: float


class Spread(NamedTuple):
    """The intraclass correlation of groups, and the p of the F test that they do not differ."""

    share: float
    p: float


def correlation(
    x: np.ndarray,
    y: np.ndarray,
    blocks: np.ndarray,
    given: np.ndarray | None = None,
    *,
    times: int = 1000,
    seed: int = 0,
) -> Correlation:
    """Correlate the ranks of `x` and `y` inside blocks: both are ranked and centred in every block, then pooled.

    Parameters
    ----------
    x, y, blocks
        A value of each for every item.
    given
        What is held fixed: its ranks are regressed out of both (partial correlation).
    times
        Bootstrap samples (of the items of every block), and permutations (of `y`, inside blocks).
    seed
        Seed of both.

    Returns
    -------
    Correlation
        All NaN where a block has fewer than four items, or nothing varies.
    """
    parts = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    if min(map(len, parts), default=0) < 4:
        return Correlation(*[float("nan")] * 4)
    rho = _rho(x, y, parts, given)
    if np.isnan(rho):
        return Correlation(*[float("nan")] * 4)
    draw = numpy_generator(seed, "blocked correlation")
    samples = [_rho(x, y, drawn, given) for drawn in _resampled(parts, times, draw)]
    left, right = _residuals(x, parts, given), _residuals(y, parts, given)
    chance = [abs(_cosine(left, np.concatenate([draw.permutation(part) for part in right]))) for _ in range(times)]
    as_large = sum(value >= abs(rho) - 1e-12 for value in chance)
    return Correlation(rho, *interval(np.array(samples)), (1 + as_large) / (1 + times))


def spread(values: np.ndarray, blocks: np.ndarray) -> Spread:
    """How much of the variance inside blocks lies between groups: an intraclass correlation, by analysis of variance.

    Parameters
    ----------
    values
        groups x repetitions; repetition r of all groups shares something (a seed), whose mean in a block is taken off.
    blocks
        The block of every group.

    Returns
    -------
    Spread
        The share is near 0, or below, where groups do not differ. NaN with fewer than two repetitions, or groups of a
        block.

    Source: P. Shrout, J. Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979), ICC(3, 1).
    """
    from scipy.special import fdtrc

    parts = [values[blocks == block] for block in np.unique(blocks)]
    repetitions = values.shape[1]
    if repetitions < 2 or min(map(len, parts), default=0) < 2:
        return Spread(float("nan"), float("nan"))
    freedom = sum(len(part) - 1 for part in parts)
    between = sum(repetitions * (len(part) - 1) * part.mean(1).var(ddof=1) for part in parts) / freedom
    rest = sum((_doubly_centred(part) ** 2).sum() for part in parts) / (freedom * (repetitions - 1))
    if rest == 0:
        return Spread(1.0, 0.0) if between > 0 else Spread(float("nan"), float("nan"))
    share = (between - rest) / (between + (repetitions - 1) * rest)
    return Spread(float(share), float(fdtrc(freedom, freedom * (repetitions - 1), between / rest)))


def _doubly_centred(part: np.ndarray) -> np.ndarray:
    return part - part.mean(1, keepdims=True) - part.mean(0) + part.mean()


def _resampled(parts: list[np.ndarray], times: int, draw: np.random.Generator) -> Iterator[list[np.ndarray]]:
    for _ in range(times):
        yield [draw.choice(part, len(part)) for part in parts]


def _rho(x: np.ndarray, y: np.ndarray, parts: list[np.ndarray], given: np.ndarray | None) -> float:
    return _cosine(*(np.concatenate(_residuals(values, parts, given)) for values in (x, y)))


def _residuals(values: np.ndarray, parts: list[np.ndarray], given: np.ndarray | None) -> list[np.ndarray]:
    """The centred ranks in every block, without what those of `given` explain in all blocks together."""
    ranks = [_centred(values[part]) for part in parts]
    if given is None:
        return ranks
    others = [_centred(given[part]) for part in parts]
    size = sum(float(other @ other) for other in others)
    slope = sum(float(rank @ other) for rank, other in zip(ranks, others, strict=True)) / size if size else 0.0
    return [rank - slope * other for rank, other in zip(ranks, others, strict=True)]


def _centred(values: np.ndarray) -> np.ndarray:
    """Ranks, ties with their mean, divided by their number, minus their mean: blocks of any size weigh by it."""
    _, place, counts = np.unique(np.round(values, 12), return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place] / len(values)
    return rank - rank.mean()


def _cosine(left: "np.ndarray | list[np.ndarray]", right: np.ndarray) -> float:
    left = left if isinstance(left, np.ndarray) else np.concatenate(left)
    size = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / size if size > 1e-9 else float("nan")
