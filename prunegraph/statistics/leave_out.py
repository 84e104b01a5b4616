"""Held-out predictions of a least-squares fit, without a new fit for each fold.

Let H = Q Q' be the hat matrix of the fit to all rows, and e its residuals. The residuals of the rows f of a fold under
the fit to all other rows are (I - H_ff)**-1 e_f (R. D. Cook, S. Weisberg, "Residuals and Influence in Regression",
1982, section 3.5.1; for a single row e_i / (1 - h_ii)). By the matrix inversion lemma this equals
e_f + Q_f (I - Q_f' Q_f)**-1 Q_f' e_f, a linear system as large as the number of features, whatever the size of the
fold.
"""

import numpy as np

from prunegraph.statistics import ols

# Below this eigenvalue of I - Q_f' Q_f the other rows hardly determine the fit, so that a new fit is made.
_DETERMINED = 1e-6


class LeaveOut:
    """A least-squares fit that also gives the predictions of fits without some of its rows.

    Parameters
    ----------
    features
        Features (n, p), as for :func:`prunegraph.statistics.ols.fit`.
    target
        Target (n,).
    """

    def __init__(self, features: np.ndarray, target: np.ndarray):
        self.features, self.target = features, target
        self.basis, self.rank = orthonormal(features)
        self.residual = target - self.basis @ (self.basis.T @ target)

    def fitted(self) -> np.ndarray:
        """Predictions of all rows by the fit to all rows, (n,)."""
        return self.target - self.residual

    def leverage(self) -> np.ndarray:
        """Diagonal of the hat matrix, (n,): the influence of each row on its own prediction."""
        return (self.basis**2).sum(axis=1)

    def predict(self, fold: np.ndarray) -> np.ndarray:
        """Predict every row by least squares on the rows of the other folds, (n,).

        The result equals that of :func:`prunegraph.statistics.ols.fit` to the other rows, up to rounding; NaN where
        there are fewer than 2 other rows.

        Parameters
        ----------
        fold
            Fold of each row (n,).
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
        """Leverage of each row under the fit to the other folds, (n,): its distance from their rows.

        One plus this number is the variance of the prediction error in units of the residual variance. It is infinite
        where the other rows do not determine the fit.

        Parameters
        ----------
        fold
            Fold of each row (n,).
        """
        _, fold, sizes = np.unique(fold, return_inverse=True, return_counts=True)
        systems, sound = _systems(self.basis, fold, len(sizes))
        solved = np.linalg.solve(systems[fold], self.basis[..., None])[..., 0]
        return np.where(sound[fold], (self.basis * solved).sum(axis=1), np.inf)


def cross_predict(features: np.ndarray, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Predict every row by least squares on the rows of the other folds, (n,); see :meth:`LeaveOut.predict`."""
    return LeaveOut(features, target).predict(fold)


def orthonormal(features: np.ndarray) -> tuple[np.ndarray, int]:
    """Compute an orthonormal basis of the intercept and the features.

    Returns
    -------
    tuple[np.ndarray, int]
        The basis (n, 1 + rank), with which the hat matrix is basis @ basis.T; and the rank.
    """
    scores, _, _ = ols.standardise(features)
    left, sizes, _ = np.linalg.svd(scores, full_matrices=False)
    rank = int((sizes > ols.SMALLEST_SINGULAR_VALUE * sizes.max(initial=0.0)).sum())
    constant = np.full((len(features), 1), 1 / np.sqrt(len(features)))
    return np.hstack([constant, left[:, :rank]]), rank


def refit(features: np.ndarray, target: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Predict the rows `held` by a fit to the other rows; NaN where there are fewer than 2 others."""
    if (~held).sum() < 2:
        return np.full(int(held.sum()), np.nan)
    return ols.fit(features[~held], target[~held]).predict(features[held])


def _by_fold(basis: np.ndarray, residual: np.ndarray, fold: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Held-out residuals (n,), and whether the system of each fold is well determined."""
    systems, sound = _systems(basis, fold, count)
    sums = np.zeros((count, basis.shape[1]))
    np.add.at(sums, fold, basis * residual[:, None])
    solved = np.linalg.solve(systems, sums[..., None])[..., 0]
    return residual + (basis * solved[fold]).sum(axis=1), sound


def _systems(basis: np.ndarray, fold: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """I - Q_f' Q_f for each fold, replaced by the identity where it is nearly singular; and where it is not."""
    order = np.argsort(fold, kind="stable")
    parts = np.split(basis[order], np.searchsorted(fold[order], np.arange(1, count)))
    systems = np.eye(basis.shape[1]) - np.stack([part.T @ part for part in parts])
    sound = np.linalg.eigvalsh(systems)[:, 0] > _DETERMINED
    systems[~sound] = np.eye(basis.shape[1])
    return systems, sound
