"""Predictions of rows that a least-squares fit has not seen, without fitting again for each fold.

With the hat matrix H = Q Q' of the fit to all rows and its residuals e, the residuals that the rows of a fold
have under the fit to all other rows are (I - H_ff)**-1 e_f (R. D. Cook, S. Weisberg, "Residuals and Influence
in Regression", 1982, section 3.5.1, for one row e_i / (1 - h_ii)). By the matrix inversion lemma this is
e_f + Q_f (I - Q_f' Q_f)**-1 Q_f' e_f: a system as large as the number of features, whatever the fold.
"""

import numpy as np

from prunegraph.statistics import ols

# Below this eigenvalue of I - Q_f' Q_f the other rows hardly determine the fit: then it is made anew.
_DETERMINED = 1e-6


class LeaveOut:
    """A least-squares fit that can be asked what it would predict without some of its rows.

    Parameters
    ----------
    features, target
        As for :func:`prunegraph.statistics.ols.fit`, (n, p) and (n,).
    """

    def __init__(self, features: np.ndarray, target: np.ndarray):
        self.features, self.target = features, target
        self.basis, self.rank = orthonormal(features)
        self.residual = target - self.basis @ (self.basis.T @ target)

    def fitted(self) -> np.ndarray:
        """The predictions of all rows by the fit to all rows, (n,)."""
        return self.target - self.residual

    def leverage(self) -> np.ndarray:
        """The diagonal of the hat matrix, (n,): how much each row decides its own prediction."""
        return (self.basis**2).sum(axis=1)

    def predict(self, fold: np.ndarray) -> np.ndarray:
        """The prediction of every row by least squares on the rows of the other folds, (n,).

        The same as :func:`prunegraph.statistics.ols.fit` to the other rows, up to rounding. Missing where these
        are fewer than 2. `fold` (n,) names the fold of each row.
        """
        _, fold, sizes = np.unique(fold, return_inverse=True, return_counts=True)
        if len(sizes) == len(fold):
            left = 1 - self.leverage()
            sound = (left > _DETERMINED)[np.argsort(fold)]
            outside = self.residual / np.where(left > _DETERMINED, left, 1)
        else:
            outside, sound = _by_fold(self.basis, self.residual, fold, len(sizes))
        predicted = self.target - outside
        for one in np.flatnonzero(~sound):
            held = fold == one
            predicted[held] = refit(self.features, self.target, held)
        return predicted

    def leverage_without(self, fold: np.ndarray) -> np.ndarray:
        """How far each row lies from the rows of the other folds, (n,).

        1 + this is the variance of a prediction error in units of the residual variance. Infinite where the other
        rows do not determine the fit.
        """
        _, fold, sizes = np.unique(fold, return_inverse=True, return_counts=True)
        systems, sound = _systems(self.basis, fold, len(sizes))
        solved = np.linalg.solve(systems[fold], self.basis[..., None])[..., 0]
        return np.where(sound[fold], (self.basis * solved).sum(axis=1), np.inf)


def cross_predict(features: np.ndarray, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The prediction of every row by least squares on the rows of the other folds (:class:`LeaveOut`)."""
    return LeaveOut(features, target).predict(fold)


def orthonormal(features: np.ndarray) -> tuple[np.ndarray, int]:
    """(an orthonormal basis of intercept and features, (n, 1 + rank); rank): the hat matrix is basis @ basis.T."""
    scores, _, _ = ols.standardise(features)
    left, sizes, _ = np.linalg.svd(scores, full_matrices=False)
    rank = int((sizes > ols.SMALLEST_SINGULAR_VALUE * sizes.max(initial=0.0)).sum())
    constant = np.full((len(features), 1), 1 / np.sqrt(len(features)))
    return np.hstack([constant, left[:, :rank]]), rank


def refit(features: np.ndarray, target: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Predictions of the rows `held` by a fit to the others; missing where these are fewer than 2."""
    if (~held).sum() < 2:
        return np.full(int(held.sum()), np.nan)
    return ols.fit(features[~held], target[~held]).predict(features[held])


def _by_fold(basis: np.ndarray, residual: np.ndarray, fold: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(residuals outside of the fit, whether each fold's system is well determined)."""
    systems, sound = _systems(basis, fold, count)
    sums = np.zeros((count, basis.shape[1]))
    np.add.at(sums, fold, basis * residual[:, None])
    solved = np.linalg.solve(systems, sums[..., None])[..., 0]
    return residual + (basis * solved[fold]).sum(axis=1), sound


def _systems(basis: np.ndarray, fold: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(I - Q_f' Q_f for each fold, the identity where it is nearly singular; whether it is not)."""
    order = np.argsort(fold, kind="stable")
    parts = np.split(basis[order], np.searchsorted(fold[order], np.arange(1, count)))
    systems = np.eye(basis.shape[1]) - np.stack([part.T @ part for part in parts])
    sound = np.linalg.eigvalsh(systems)[:, 0] > _DETERMINED
    systems[~sound] = np.eye(basis.shape[1])
    return systems, sound
