"""Agreement of two rankings of the same few items."""

import numpy as np

from prunegraph.statistics.ols import is_constant

#: Numbers that are equal to this many decimals count as ties: a smaller difference is rounding error.
TIE_DECIMALS = 12

# scipy.stats is imported where it is used: importing it takes a second, and most figures do not need it.


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two vectors; NaN for fewer than 3 pairs or a constant vector."""
    from scipy.stats import pearsonr

    return float(pearsonr(x, y).statistic) if _vary(x, y) else float("nan")


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rho: the Pearson correlation of the ranks; equal values get the mean of their ranks.

    NaN for fewer than 3 pairs or a constant vector.
    """
    from scipy.stats import spearmanr

    return float(spearmanr(x, y).statistic) if _vary(x, y) else float("nan")


def kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b: concordant minus discordant pairs, over the geometric mean of the pairs not tied in x or y.

    NaN for fewer than 3 pairs or a constant vector.
    """
    from scipy.stats import kendalltau

    return float(kendalltau(x, y).statistic) if _vary(x, y) else float("nan")


def _vary(x: np.ndarray, y: np.ndarray) -> bool:
    return len(x) >= 3 and not is_constant(x) and not is_constant(y)


def rank_biased_overlap(x: np.ndarray, y: np.ndarray, p: float = 0.9) -> float:
    """Rank-biased overlap of the rankings by `x` and by `y`, smallest first, extrapolated from the full lists.

    With A_d the fraction of items that the first d places of both lists (of length k) share:
    RBO = A_k p**k + (1 - p) / p * sum over d = 1..k of A_d p**d (Webber, Moffat, Zobel, ACM TOIS 28, 2010,
    equation 32). The value is 1 for equal rankings; for random rankings of 7 items its expected value is 0.745 at
    p = 0.9. Ties are broken by position.
    """
    depth = len(x)
    places = np.empty((2, depth), dtype=int)
    for row, values in zip(places, (x, y), strict=True):
        row[np.argsort(values, kind="stable")] = np.arange(depth)
    # An item is shared from the depth at which the later of its two places is reached.
    shared = np.cumsum(np.bincount(places.max(axis=0), minlength=depth)) / np.arange(1, depth + 1)
    weights = p ** np.arange(1, depth + 1)
    return float(shared[-1] * p**depth + (1 - p) / p * (shared * weights).sum())
