"""A Gaussian process for few, noisy values: Matern 5/2 in standardised properties, with white noise.

Length, variance and noise are the most probable ones under weak priors, without which some twenty values leave them
open. Values may be repeated at the same place. As small as it is, it costs some milliseconds.

Source: C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", MIT Press (2006), algorithm 2.1, section
5.4.1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize

#: Priors of the logarithms of length (relative to the square root of the number of properties), variance and noise of
#: values with mean 0 and variance 1: means and standard deviations of normal distributions.
PRIOR_MEANS, PRIOR_DEVIATIONS = np.log([1.0, 0.5, 0.5]), np.array([0.7, 1.0, 1.0])

#: Where the search for the most probable ones begins, beside the means of the priors: long and noisy, short and exact.
STARTS = np.log([[1.0, 0.5, 0.5], [2.0, 0.3, 0.9], [0.5, 1.0, 0.05]])


@dataclass(frozen=True)
class Process:
    """A Gaussian process after it has seen values.

    Parameters
    ----------
    places, residuals
        points x properties, and the standardised values there.
    centre, scale
        What was subtracted from the values, and what they were then divided by.
    length, variance, noise
        Of the kernel; variances of the standardised values.
    """

    places: np.ndarray
    residuals: np.ndarray
    centre: float
    scale: float
    length: float
    variance: float
    noise: float

    def at(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation, at places x properties, of the value without noise."""
        lower = _factor(self.places, self.length, self.variance, self.noise)
        cross = self.variance * matern(self.places, places, self.length)
        mean = cross.T @ cho_solve((lower, True), self.residuals, check_finite=False)
        explained = np.einsum("ij,ij->j", cross, cho_solve((lower, True), cross, check_finite=False))
        deviation = np.sqrt(np.maximum(self.variance - explained, 0.0))
        return self.centre + self.scale * mean, self.scale * deviation

    def believing(self, place: np.ndarray) -> "Process":
        """The process as if the expected value had been found at a place; length, variance and noise stay."""
        expected = (self.at(place[None])[0] - self.centre) / self.scale
        places, residuals = np.concatenate([self.places, place[None]]), np.concatenate([self.residuals, expected])
        return Process(places, residuals, self.centre, self.scale, self.length, self.variance, self.noise)


def fitted(places: np.ndarray, values: np.ndarray) -> Process:
    """The process with the most probable length, variance and noise, given values at places (points x properties)."""
    centre = float(np.mean(values))
    scale = float(np.std(values)) or 1.0
    residuals = (np.asarray(values, np.float64) - centre) / scale
    middle = PRIOR_MEANS + np.log([np.sqrt(places.shape[1]), 1.0, 1.0])
    starts = STARTS + (middle - PRIOR_MEANS)
    bounds = [(point - 4 * width, point + 4 * width) for point, width in zip(middle, PRIOR_DEVIATIONS, strict=True)]

    def improbability(logarithms: np.ndarray) -> float:
        prior = (((logarithms - middle) / PRIOR_DEVIATIONS) ** 2).sum() / 2
        return prior - evidence(places, residuals, *np.exp(logarithms))

    found = [minimize(improbability, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda each: each.fun)
    return Process(places, residuals, centre, scale, *map(float, np.exp(best.x)))


def evidence(places: np.ndarray, residuals: np.ndarray, length: float, variance: float, noise: float) -> float:
    """The logarithm of the density of values under the process (Rasmussen & Williams, equation 2.30)."""
    lower = _factor(places, length, variance, noise)
    fit = residuals @ cho_solve((lower, True), residuals, check_finite=False)
    return float(-fit / 2 - np.log(np.diag(lower)).sum() - len(residuals) * np.log(2 * np.pi) / 2)


def matern(one: np.ndarray, other: np.ndarray, length: float) -> np.ndarray:
    """The kernel of Matern with smoothness 5/2 and variance 1, between rows of two arrays."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    distance = np.sqrt(5 * np.maximum(squares, 0.0)) / length
    return (1 + distance + distance**2 / 3) * np.exp(-distance)


def _factor(places: np.ndarray, length: float, variance: float, noise: float) -> np.ndarray:
    kernel = variance * matern(places, places, length)
    return cholesky(kernel + (noise + 1e-10) * np.eye(len(places)), lower=True, check_finite=False)
