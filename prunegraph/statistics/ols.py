"""Ordinary least squares with an intercept, as the regression study uses it."""

from dataclasses import dataclass

import numpy as np

#: Singular values below this fraction of the largest count as zero, so that collinear features get no huge slopes.
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
    """Standardise the columns of an (n, p) array.

    Returns
    -------
    tuple[np.ndarray, np.ndarray, np.ndarray]
        z-scores (n, p), means (p,) and scales (p,). The scale is the population standard deviation; the z-scores of a
        constant column are 0.
    """
    means = features.mean(axis=0)
    scales = features.std(axis=0)
    # The deviation of a constant column is rounding error; dividing by it would turn that error into a feature.
    scales = np.where(scales > 1e-12 * np.abs(means), scales, 1.0)
    return (features - means) / scales, means, scales


def fit(features: np.ndarray, target: np.ndarray) -> Fit:
    """Fit `target` (n,) to `features` (n, p) by least squares, with the singular value decomposition.

    Features are standardised first. Directions whose singular value is below :data:`SMALLEST_SINGULAR_VALUE` times the
    largest one are left out; `rank` counts those that stay.
    """
    scores, means, scales = standardise(features)
    intercept = float(target.mean())
    slopes, _, rank, _ = np.linalg.lstsq(scores, target - intercept, rcond=SMALLEST_SINGULAR_VALUE)
    return Fit(means, scales, intercept, slopes, int(rank))


def is_constant(values: np.ndarray) -> bool:
    """Whether `values` (n,), n > 0, differ by no more than rounding error.

    The computed mean of equal values need not equal them, so that deviations from it are noise that nothing may be
    divided by.
    """
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def r_squared(target: np.ndarray, predicted: np.ndarray) -> float:
    """R2: 1 - residual sum of squares / total sum of squares about the mean of `target`; NaN for a constant target.

    The value 0 means as good as the mean; a negative value means worse, which is possible for rows that were held out.
    """
    if is_constant(target):
        return float("nan")
    return 1 - float(((target - predicted) ** 2).sum()) / float(((target - target.mean()) ** 2).sum())


def adjusted(r2: float, rows: int, rank: int) -> float:
    """R2 adjusted for `rank` features: 1 - (1 - R2) (n - 1) / (n - rank - 1); NaN unless n > rank + 1."""
    spare = rows - rank - 1
    return 1 - (1 - r2) * (rows - 1) / spare if spare > 0 else float("nan")
