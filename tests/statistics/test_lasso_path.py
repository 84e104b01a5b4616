"""The path of the lasso: known answers, the conditions that only the solution meets, and no harm by near twins."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from prunegraph.statistics import shrinkage
from prunegraph.statistics.lasso_path import lasso_paths


def _problem(rows=60, features=8, common=0.0, seed=0):
    """(X standardised, y) with the share `common` of every feature's variance common to all."""
    draw = np.random.default_rng(seed)
    shared = np.sqrt(common) * draw.standard_normal((rows, 1))
    x = shared + np.sqrt(1 - common) * draw.standard_normal((rows, features))
    y = x @ draw.standard_normal(features) + draw.standard_normal(rows)
    return (x - x.mean(axis=0)) / x.std(axis=0), y - y.mean()


def _paths(problems, fractions):
    grams = np.array([x.T @ x / len(y) for x, y in problems])
    correlations = np.array([x.T @ y / len(y) for x, y in problems])
    penalties = np.abs(correlations).max(axis=1)[:, None] * fractions
    return grams, correlations, penalties, lasso_paths(grams, correlations, penalties)


def _violation(gram, correlation, penalties, slopes):
    """By how much the conditions of the minimum are missed (Karush, Kuhn, Tucker), relative to the largest penalty.

    The residual's correlation with a feature is the penalty with the sign of its slope, or smaller where that is 0.
    """
    rest = correlation - slopes @ gram
    inside = np.abs(rest - np.sign(slopes) * penalties[:, None])
    outside = np.maximum(np.abs(rest) - penalties[:, None], 0)
    return np.where(slopes != 0, inside, outside).max() / np.abs(correlation).max()


def test_orthogonal_features_are_softly_thresholded():
    correlation = np.array([[3.0, -2.0, 0.5], [-1.0, 0.1, 1.0 + 1e-9]])
    penalties = np.array([[3.0, 2.5, 1.0, 0.25], [1.0, 0.5, 0.2, 0.05]])
    found = lasso_paths(np.stack([np.eye(3)] * 2), correlation, penalties)
    expected = np.sign(correlation)[:, None] * np.maximum(np.abs(correlation)[:, None] - penalties[:, :, None], 0)
    assert np.allclose(found, expected, atol=1e-14)


def test_two_correlated_features_by_hand():
    # G = [[1, r], [r, 1]], r = 0.5, c = (1, 0.8). Alone, the first has the slope 1 - t at the penalty t. The second
    # joins where 0.8 - r (1 - t) = t, so t = 0.6; below that, G b = c - t with both signs positive.
    gram, correlation = np.array([[[1.0, 0.5], [0.5, 1.0]]]), np.array([[1.0, 0.8]])
    found = lasso_paths(gram, correlation, np.array([[0.8, 0.6, 0.3]]))[0]
    assert np.allclose(found[:2], [[0.2, 0.0], [0.4, 0.0]])
    assert np.allclose(found[2], np.linalg.solve(gram[0], correlation[0] - 0.3))


@pytest.mark.parametrize("common", [0.0, 0.9, 0.9999])
@pytest.mark.parametrize("features", [1, 3, 16])
def test_every_point_is_a_minimum(features, common):
    problems = [_problem(features=features, common=common, seed=seed) for seed in range(12)]
    found = _paths(problems, np.logspace(0, -4, 50))
    for gram, correlation, penalties, slopes in zip(*found, strict=True):
        assert _violation(gram, correlation, penalties, slopes) < 1e-9


def test_features_leave_again():
    problems = [_problem(features=16, common=0.9, seed=seed) for seed in range(12)]
    slopes = _paths(problems, np.logspace(0, -4, 400))[3]
    inside = slopes != 0
    assert (inside[:, :-1] & ~inside[:, 1:]).any()


def test_a_problem_does_not_depend_on_its_neighbours():
    problems = [_problem(features=6, common=0.5, seed=seed) for seed in range(5)]
    together = _paths(problems, np.logspace(0, -3, 20))[3]
    alone = [_paths([problem], np.logspace(0, -3, 20))[3][0] for problem in problems]
    assert np.array_equal(together, np.array(alone))


@pytest.mark.parametrize("difference", [0.0, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3])
def test_near_twins_stay_small(difference):
    x, y = _problem(rows=40, features=5, common=0.5)
    draw = np.random.default_rng(1)
    x = np.column_stack([x, x + difference * draw.standard_normal(x.shape), np.zeros(len(y))])
    gram, correlation, penalties, slopes = (each[0] for each in _paths([(x, y)], np.logspace(0, -3, 100)))
    assert _violation(gram, correlation, penalties, slopes) < 1e-6
    value = np.einsum("ki,ij,kj->k", slopes, gram, slopes) / 2 - slopes @ correlation
    assert (value + penalties * np.abs(slopes).sum(axis=1) <= 1e-12).all()  # no worse than without any feature
    assert np.abs(slopes).max() < 10


def test_a_target_without_any_correlation_has_no_slopes():
    found = lasso_paths(np.eye(2)[None], np.zeros((1, 2)), np.array([[1.0, 0.1]]))
    assert not found.any()


def test_several_folds_are_fitted_as_each_alone():
    x, y = _problem(rows=50, features=4)
    problems = [(x[:40], y[:40]), (x[10:], y[10:]), (x, np.full(50, 0.25)), (x[:12], y[:12])]
    for together, (features, target) in zip(shrinkage.lassos(problems), problems, strict=True):
        alone = shrinkage.lasso(features, target)
        assert np.array_equal(together.slopes, alone.slopes) and together.intercept == alone.intercept


def test_slopes_are_those_of_coordinate_descent():
    x, y = _problem(features=8, common=0.5)
    slopes, penalties = (_paths([(x, y)], np.array([1.0, 0.3, 0.01]))[place][0] for place in (3, 2))
    for penalty, ours in zip(penalties[1:], slopes[1:], strict=True):
        theirs = Lasso(alpha=penalty, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(x, y).coef_
        assert np.allclose(ours, theirs, atol=1e-8)
