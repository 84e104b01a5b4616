"""How well two orders of the same few things agree."""

import numpy as np


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two vectors; NaN for fewer than 3 pairs or a constant vector."""
    if len(x) < 3:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    # Rounding leaves a constant vector with a deviation of about 1e-17 of its values.
    return float(x @ y) / size if min(np.ptp(x), np.ptp(y)) > 1e-14 else float("nan")


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 for the smallest; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse]


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rho: the Pearson correlation of the ranks."""
    return pearson(ranks(x), ranks(y))


def kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b: concordant minus discordant pairs, over the pairs not tied in x or y. O(n**2)."""
    above = np.triu_indices(len(x), 1)
    a = np.sign(np.subtract.outer(x, x))[above]
    b = np.sign(np.subtract.outer(y, y))[above]
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else float("nan")


def rank_biased_overlap(x: np.ndarray, y: np.ndarray, p: float = 0.9) -> float:
    """Rank-biased overlap of the orders of `x` and `y`, smallest first, extrapolated from the full lists.

    With A_d the fraction shared by the first d of both lists of length k:
    RBO = A_k p**k + (1 - p) / p * sum over d = 1..k of A_d p**d (Webber, Moffat, Zobel, ACM TOIS 28, 2010,
    equation 32). 1 for equal orders; the expected value for random orders of 7 is 0.745 at p = 0.9. Ties
    are broken by position.
    """
    depth = len(x)
    places = np.empty((2, depth), dtype=int)
    for row, values in zip(places, (x, y), strict=True):
        row[np.argsort(values, kind="stable")] = np.arange(depth)
    # An item is shared from the depth at which the later of its two places is reached.
    shared = np.cumsum(np.bincount(places.max(axis=0), minlength=depth)) / np.arange(1, depth + 1)
    weights = p ** np.arange(1, depth + 1)
    return float(shared[-1] * p**depth + (1 - p) / p * (shared * weights).sum())
