"""Ridge and lasso with a penalty chosen inside the fit, as scikit-learn's RidgeCV and LassoCV choose it.

Both work on standardised features, as the protocol has it (StandardScaler before either). They are written out
here because thousands of folds are fitted: ridge takes one singular value decomposition for all penalties, the
lasso its exact piecewise linear path from Gram matrices.
"""

import warnings
from collections.abc import Callable

import numpy as np

from prunegraph.analysis import ols

#: Penalties that ridge chooses from, by leave-one-out error.
RIDGE_PENALTIES = np.logspace(-3, 3, 13)

#: The lasso chooses from this many penalties, down to this fraction of the one that removes every feature.
LASSO_PENALTIES, LASSO_SMALLEST = 100, 1e-3

INNER_FOLDS = 5

Estimator = Callable[[np.ndarray, np.ndarray], ols.Fit]


def ridge(features: np.ndarray, target: np.ndarray) -> ols.Fit:
    """Ridge regression with the penalty of least leave-one-out squared error among :data:`RIDGE_PENALTIES`.

    The same fit as scikit-learn's ``make_pipeline(StandardScaler(), RidgeCV(RIDGE_PENALTIES))``.
    """
    scores, means, scales = ols.standardise(features)
    intercept = float(target.mean())
    left, sizes, right = np.linalg.svd(scores, full_matrices=False)
    along = left.T @ (target - intercept)
    shrink = sizes**2 / (sizes**2 + RIDGE_PENALTIES[:, None])
    residual = (target - intercept)[:, None] - left @ (shrink * along).T
    hat = 1 / len(target) + left**2 @ shrink.T
    best = int((((residual / np.maximum(1 - hat, 1e-12)) ** 2).sum(axis=0)).argmin())
    slopes = right.T @ (sizes / (sizes**2 + RIDGE_PENALTIES[best]) * along)
    return ols.Fit(means, scales, intercept, slopes, int((sizes > 0).sum()))


def lasso(features: np.ndarray, target: np.ndarray) -> ols.Fit:
    """The lasso with the penalty of least squared error over five contiguous inner folds.

    The same choice as scikit-learn's ``make_pipeline(StandardScaler(), LassoCV(cv=5))``, on the exact path
    (Efron et al., Ann. Statist. 32, 2004) instead of coordinate descent, so equal up to that one's tolerance.
    """
    scores, means, scales = ols.standardise(features)
    intercept = float(target.mean())
    most = float(np.abs(scores.T @ (target - intercept)).max()) / len(target)
    if most <= np.finfo(float).eps * float(np.abs(target).max()):
        return ols.Fit(means, scales, intercept, np.zeros(features.shape[1]), 0)
    penalties = most * np.logspace(0, np.log10(LASSO_SMALLEST), LASSO_PENALTIES)
    errors = [_held_error(scores, target, held, penalties) for held in np.array_split(np.arange(len(target)), 5)]
    best = int(np.mean(errors, axis=0).argmin())
    slopes = _path(scores, target, penalties[best : best + 1])[0][0]
    return ols.Fit(means, scales, intercept, slopes, int(np.count_nonzero(slopes)))


def cross_predict(estimator: Estimator, features: np.ndarray, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The prediction of every row by the estimator fitted to the rows of the other folds, (n,)."""
    predicted = np.full(len(target), np.nan)
    for one in np.unique(fold):
        held = fold == one
        if (~held).sum() >= INNER_FOLDS:
            predicted[held] = estimator(features[~held], target[~held]).predict(features[held])
    return predicted


def _held_error(scores: np.ndarray, target: np.ndarray, held: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Mean squared error on the rows `held` of the lasso fitted to the others, for every penalty."""
    kept = np.ones(len(target), dtype=bool)
    kept[held] = False
    slopes, intercepts = _path(scores[kept], target[kept], penalties)
    return ((target[held, None] - scores[held] @ slopes.T - intercepts) ** 2).mean(axis=0)


def _path(scores: np.ndarray, target: np.ndarray, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(slopes, (penalties, p); intercepts, (penalties,)) at descending penalties."""
    from sklearn import config_context
    from sklearn.linear_model import lars_path_gram

    means, middle = scores.mean(axis=0), target.mean()
    centred = scores - means
    # Checking the arguments of thousands of small paths takes as long as many of them.
    with config_context(skip_parameter_validation=True), warnings.catch_warnings():
        # Collinear features: the path leaves a redundant one out, which is what is wanted.
        warnings.simplefilter("ignore")
        knots, _, path = lars_path_gram(
            centred.T @ (target - middle),
            centred.T @ centred,
            n_samples=len(target),
            method="lasso",
            alpha_min=float(penalties[-1]),
        )
    slopes = np.array([np.interp(penalties, knots[::-1], row[::-1]) for row in path]).T
    return slopes, middle - slopes @ means


ESTIMATORS: dict[str, Estimator] = {"ols": ols.fit, "ridge": ridge, "lasso": lasso}
