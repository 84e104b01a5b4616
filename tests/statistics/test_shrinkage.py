"""Ridge and lasso against scikit-learn, which fits the same and takes longer."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LassoCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prunegraph.statistics import ols, shrinkage


def _example(rows=80, seed=0, noise=1.0):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((rows, 6)) @ draw.standard_normal((6, 6)) * [1, 10, 1e-3, 1, 1, 1e4] + 5
    return x, (x - x.mean(axis=0)) / x.std(axis=0) @ [1.0, 0.0, -2.0, 0.0, 0.5, 0.0] + noise * draw.standard_normal(
        rows
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.1, 3.0, 30.0])
def test_ridge_is_that_of_scikit_learn(seed, noise):
    x, y = _example(seed=seed, noise=noise)
    theirs = make_pipeline(StandardScaler(), RidgeCV(shrinkage.RIDGE_PENALTIES)).fit(x, y)
    assert np.allclose(shrinkage.ridge(x, y).predict(x), theirs.predict(x))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.1, 3.0, 30.0])
def test_lasso_is_that_of_scikit_learn(seed, noise):
    x, y = _example(seed=seed, noise=noise)
    theirs = make_pipeline(StandardScaler(), LassoCV(cv=5, max_iter=20000, tol=1e-8)).fit(x, y)
    ours = shrinkage.lasso(x, y)
    assert np.allclose(ours.predict(x), theirs.predict(x), atol=1e-5)
    assert ours.rank == np.count_nonzero(theirs[-1].coef_)


def test_twins_and_constants_do_no_harm():
    x, y = _example()
    double = np.column_stack([x, x[:, 0], np.full(80, 0.1)])
    for estimator in (shrinkage.ridge, shrinkage.lasso):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = estimator(double, y).predict(double)
        assert ols.r_squared(y, found) > 0.5


def test_a_constant_target_is_predicted():
    x, _ = _example()
    for estimator in (shrinkage.ridge, shrinkage.lasso):
        assert np.allclose(estimator(x, np.full(80, 0.25)).predict(x), 0.25)


def test_held_out_rows_teach_nothing():
    x, y = _example()
    fold = np.arange(80) % 4
    one = shrinkage.cross_predict(shrinkage.ridge, x, y, fold)
    two = shrinkage.cross_predict(shrinkage.ridge, x, np.where(fold == 1, 99.0, y), fold)
    assert np.allclose(one[fold == 1], two[fold == 1])
    assert not np.allclose(one[fold == 2], two[fold == 2])
