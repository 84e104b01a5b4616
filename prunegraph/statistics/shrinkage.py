"""Ridge and lasso with a penalty chosen inside the fit, as scikit-learn's RidgeCV and LassoCV choose it.

Both work on standardised features, as the protocol prescribes (a StandardScaler before the estimator). They are written
out here because thousands of folds are fitted; tests compare them with scikit-learn. The published study makes 17,964
ridge fits. Each takes 0.1 to 0.5 ms with one singular value decomposition for all penalties, and 0.8 to 1.9 ms with
RidgeCV, whose slopes are the same to 5e-14 (one core of a virtual Intel Xeon). The lasso follows its exact, piecewise
linear path, computed from Gram matrices.
"""

from collections.abc import Callable, Sequence

import numpy as np

from prunegraph.statistics import ols
from prunegraph.statistics.lasso_path import lasso_paths

#: Penalties that ridge chooses from, by leave-one-out error.
RIDGE_PENALTIES = np.logspace(-3, 3, 13)

#: The lasso chooses from this many penalties, down to this fraction of the smallest penalty that removes every feature.
LASSO_PENALTIES, LASSO_SMALLEST = 100, 1e-3

INNER_FOLDS = 5

# Features (n, p) and target (n,).
Problem = tuple[np.ndarray, np.ndarray]
Estimator = Callable[[np.ndarray, np.ndarray], ols.Fit]


def ridge(features: np.ndarray, target: np.ndarray) -> ols.Fit:
    """Fit a ridge regression with the penalty from :data:`RIDGE_PENALTIES` of least leave-one-out squared error.

    The fit is that of scikit-learn's ``make_pipeline(StandardScaler(), RidgeCV(RIDGE_PENALTIES))``. `features` are
    (n, p), `target` (n,).
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
    """Fit the lasso with the penalty of least squared error over five contiguous inner folds.

    The choice is that of scikit-learn's ``make_pipeline(StandardScaler(), LassoCV(cv=5))``, made on the exact path
    instead of by coordinate descent, so that slopes are equal up to the tolerance of scikit-learn. `features` are
    (n, p), `target` (n,).
    """
    return lassos([(features, target)])[0]


def lassos(problems: Sequence[Problem]) -> list[ols.Fit]:
    """Fit several lassos as :func:`lasso` does; all problems have the same number of features and share their steps."""
    scaled = [ols.standardise(features) for features, _ in problems]
    parts, penalties = [], []
    for (scores, _, _), (_, target) in zip(scaled, problems, strict=True):
        most = float(np.abs(scores.T @ (target - target.mean())).max()) / len(target)
        varies = most > np.finfo(float).eps * float(np.abs(target).max())
        penalties.append((most if varies else 1.0) * np.logspace(0, np.log10(LASSO_SMALLEST), LASSO_PENALTIES))
        everything = np.arange(len(target))
        inner = [np.setdiff1d(everything, held) for held in np.array_split(everything, INNER_FOLDS)]
        parts += [_moments(scores[kept], target[kept]) for kept in (*inner, everything)]
    grams, correlations, means, middles = map(np.array, zip(*parts, strict=True))
    slopes = lasso_paths(grams, correlations, np.repeat(penalties, INNER_FOLDS + 1, axis=0))
    intercepts = middles[:, None] - np.einsum("bkp,bp->bk", slopes, means)
    fits = []
    for number, ((scores, mean, scale), (_, target)) in enumerate(zip(scaled, problems, strict=True)):
        place = number * (INNER_FOLDS + 1)
        errors = [
            ((target[held, None] - scores[held] @ slopes[place + one].T - intercepts[place + one]) ** 2).mean(axis=0)
            for one, held in enumerate(np.array_split(np.arange(len(target)), INNER_FOLDS))
        ]
        chosen = slopes[place + INNER_FOLDS, int(np.mean(errors, axis=0).argmin())]
        fits.append(ols.Fit(mean, scale, float(target.mean()), chosen, int(np.count_nonzero(chosen))))
    return fits


def _moments(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Covariances of the features (p, p) and with the target (p,); means of the features (p,); mean of the target."""
    means, middle = scores.mean(axis=0), target.mean()
    centred = scores - means
    return centred.T @ centred / len(target), centred.T @ (target - middle) / len(target), means, middle


def cross_predict(estimator: Estimator, features: np.ndarray, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Predict every row by the estimator fitted to the rows of the other folds, (n,)."""
    predicted = np.full(len(target), np.nan)
    parts = [held for held in (fold == one for one in np.unique(fold)) if (~held).sum() >= INNER_FOLDS]
    problems = [(features[~held], target[~held]) for held in parts]
    fits = lassos(problems) if estimator is lasso and problems else [estimator(*problem) for problem in problems]
    for held, fitted in zip(parts, fits, strict=True):
        predicted[held] = fitted.predict(features[held])
    return predicted


ESTIMATORS: dict[str, Estimator] = {"ols": ols.fit, "ridge": ridge, "lasso": lasso}
