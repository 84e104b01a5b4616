"""Ordinary least squares with an intercept, the way the regression study fits it."""

from dataclasses import dataclass

import numpy as np

#: Singular values below this fraction of the largest count as zero: collinear features do not blow up.
SMALLEST_SINGULAR_VALUE = 1e-10


@dataclass(frozen=True)
class Fit:
    """A fitted plane: y = intercept + standardised features @ slopes."""

    means: np.ndarray
    scales: np.ndarray
    intercept: float
    slopes: np.ndarray
    rank: int

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predictions for rows of raw features, (n, p) -> (n,)."""
        return self.intercept + ((features - self.means) / self.scales) @ self.slopes


def standardise(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(z-scores, means, scales) of the columns of an (n, p) array; population deviation, constants become 0."""
    means = features.mean(axis=0)
    scales = features.std(axis=0)
    # The deviation of a constant column is rounding noise; dividing by it would make a feature out of nothing.
    scales = np.where(scales > 1e-12 * np.abs(means), scales, 1.0)
    return (features - means) / scales, means, scales


def fit(features: np.ndarray, target: np.ndarray) -> Fit:
    """Least squares of `target` (n,) on `features` (n, p) by the singular value decomposition.

    Features are standardised first; directions with a singular value below
    :data:`SMALLEST_SINGULAR_VALUE` of the largest are left out, and `rank` counts those that stay.
    """
    scores, means, scales = standardise(features)
    intercept = float(target.mean())
    slopes, _, rank, _ = np.linalg.lstsq(scores, target - intercept, rcond=SMALLEST_SINGULAR_VALUE)
    return Fit(means, scales, intercept, slopes, int(rank))


def is_constant(values: np.ndarray) -> bool:
    """Whether `values` (n,) differ by no more than rounding: their mean need not be any of them, so deviations from it
    are noise that must not be divided by. n > 0.
    """
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def r_squared(target: np.ndarray, predicted: np.ndarray) -> float:
    """1 - residual sum of squares / total sum of squares about the mean of `target`; NaN for a constant target.

    0 = as good as the mean, negative = worse (possible for predictions of rows that were not fitted).
    """
    if is_constant(target):
        return float("nan")
    return 1 - float(((target - predicted) ** 2).sum()) / float(((target - target.mean()) ** 2).sum())


def adjusted(r2: float, rows: int, rank: int) -> float:
    """R2 adjusted for `rank` features: 1 - (1 - R2) (n - 1) / (n - rank - 1); NaN unless n > rank + 1."""
    spare = rows - rank - 1
    return 1 - (1 - r2) * (rows - 1) / spare if spare > 0 else float("nan")
