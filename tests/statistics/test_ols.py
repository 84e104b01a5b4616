"""Least squares on published data and against the definitions."""

import numpy as np
import pytest

from prunegraph.statistics import ols
from prunegraph.statistics.leave_out import cross_predict

# F. J. Anscombe, "Graphs in Statistical Analysis", The American Statistician 27 (1973), data set 1:
# y = 3.0 + 0.5 x, R2 = 0.667 (his table: "multiple R2 .667", regression sum of squares 27.50 of 41.25 ).
X = np.array([[10.0], [8], [13], [9], [11], [14], [6], [4], [12], [7], [5]])
Y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])


def test_anscombe():
    model = ols.fit(X, Y)
    assert model.slopes[0] / model.scales[0] == pytest.approx(0.5001, abs=1e-4)
    assert model.predict(np.array([[0.0]]))[0] == pytest.approx(3.0001, abs=1e-4)
    r2 = ols.r_squared(Y, model.predict(X))
    assert r2 == pytest.approx(0.6665, abs=1e-4)
    assert ols.adjusted(r2, 11, 1) == pytest.approx(1 - (1 - 0.66654) * 10 / 9, abs=1e-4)


def test_collinear_and_constant_columns_do_not_count():
    draw = np.random.default_rng(0)
    x = draw.standard_normal((50, 2))
    both = np.column_stack([x, x[:, 0] - 2 * x[:, 1], np.full(50, 0.1)])
    y = draw.standard_normal(50)
    assert ols.fit(both, y).rank == 2
    assert np.allclose(ols.fit(both, y).predict(both), ols.fit(x, y).predict(x))


def test_units_of_features_do_not_matter():
    draw = np.random.default_rng(1)
    x, y = draw.standard_normal((40, 3)), draw.standard_normal(40)
    assert np.allclose(ols.fit(x, y).predict(x), ols.fit(x * [1e-9, 1, 1e9] + 5, y).predict(x * [1e-9, 1, 1e9] + 5))


def test_degenerate_scores_are_missing():
    assert np.isnan(ols.r_squared(np.ones(5), np.ones(5)))
    assert np.isnan(ols.adjusted(0.9, 4, 3))


def test_leave_one_out_agrees_with_the_hat_matrix():
    # e_i / (1 - h_ii): the leave-one-out residual of least squares, without refitting.
    draw = np.random.default_rng(2)
    x, y = draw.standard_normal((30, 3)), draw.standard_normal(30)
    design = np.column_stack([np.ones(30), x])
    hat = design @ np.linalg.pinv(design)
    left_out = y - (y - hat @ y) / (1 - np.diag(hat))
    assert np.allclose(cross_predict(x, y, np.arange(30)), left_out)
