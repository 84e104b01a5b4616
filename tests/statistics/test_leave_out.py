"""Predictions of held-out rows by closed forms are those of fits that never saw the rows."""

import numpy as np
import pandas as pd
import pytest

from prunegraph.analysis import folds
from prunegraph.statistics import ols
from prunegraph.statistics.folds import deal
from prunegraph.statistics.leave_out import LeaveOut, cross_predict, orthonormal, refit


def _example(rows=60, columns=4, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((rows, columns)) @ draw.standard_normal((columns, columns)) + 3
    return x, x @ draw.standard_normal(columns) + draw.standard_normal(rows)


def _by_refitting(x, y, fold):
    predicted = np.full(len(y), np.nan)
    for one in np.unique(fold):
        predicted[fold == one] = refit(x, y, fold == one)
    return predicted


@pytest.mark.parametrize("count", [2, 5, 20, 60])
def test_closed_form_is_refitting(count):
    x, y = _example()
    fold = np.random.default_rng(1).permutation(60) % count
    assert np.allclose(cross_predict(x, y, fold), _by_refitting(x, y, fold))


def test_folds_of_unequal_size_and_any_name():
    x, y = _example()
    fold = np.repeat([7, -2, 100], [40, 15, 5])
    assert np.allclose(cross_predict(x, y, fold), _by_refitting(x, y, fold))


def test_a_feature_that_only_the_held_out_rows_have_is_fitted_again():
    # The other rows leave the slope open, so that the closed form would divide by nothing.
    x, y = _example()
    fold = np.arange(60) % 5
    x[:, 0] = fold == 2
    assert np.allclose(cross_predict(x, y, fold), _by_refitting(x, y, fold))
    x[:, 0] = np.arange(60) == 3
    single = np.arange(60)
    assert np.allclose(cross_predict(x, y, single), _by_refitting(x, y, single))


def test_collinear_columns():
    x, y = _example()
    fold = np.arange(60) % 7
    double = np.column_stack([x, x[:, 0] + x[:, 1], np.full(60, 0.3)])
    assert orthonormal(double)[1] == 4
    assert np.allclose(cross_predict(double, y, fold), cross_predict(x, y, fold))


def test_one_fold_leaves_nothing_to_fit():
    x, y = _example(rows=5, columns=1)
    assert np.isnan(cross_predict(x, y, np.zeros(5))).all()


def test_fitted_values_and_leverage():
    x, y = _example()
    model = LeaveOut(x, y)
    assert np.allclose(model.fitted(), ols.fit(x, y).predict(x))
    assert model.leverage().sum() == pytest.approx(1 + 4)  # the trace of the hat matrix counts its parameters


def test_leverage_without_a_fold_by_the_definition():
    # x' (X'X)^-1 x with the design of the other rows.
    x, y = _example()
    fold = np.arange(60) % 4
    design = np.column_stack([np.ones(60), x])
    expected = np.empty(60)
    for row, one in enumerate(fold):
        others = design[fold != one]
        expected[row] = design[row] @ np.linalg.inv(others.T @ others) @ design[row]
    assert np.allclose(LeaveOut(x, y).leverage_without(fold), expected)


def test_leverage_is_infinite_where_the_others_say_nothing():
    x, y = _example()
    x[:, 0] = np.arange(60) == 3
    found = LeaveOut(x, y).leverage_without(np.arange(60))
    assert np.isinf(found[3])
    assert np.isfinite(np.delete(found, 3)).all()


ROWS = pd.DataFrame(
    {
        "model": ["conv6"] * 6,
        "dataset": ["cifar100"] * 2 + ["cifar10"] * 4,
        "method": ["er", "er", "er", "er", "erk", "erk"],
        "sparsity": [0.9, 0.6, 0.6, 0.6, 0.6, 0.6],
        "seed": [0, 0, 0, 1, 0, 1],
    }
)


def test_configurations_are_numbered_by_their_joined_names():
    # "cifar100|" sorts before "cifar10|" and "erk|" before "er|": the folds of the reference rest on this order.
    assert folds.numbers(ROWS).tolist() == [1, 0, 3, 3, 2, 2]
    assert folds.numbers(ROWS, ()).tolist() == [0] * 6


def test_seeds_of_a_configuration_are_held_out_together():
    for fold in folds.dealt(ROWS, "grouped", folds=2, repeats=5):
        assert fold[2] == fold[3]
        assert fold[4] == fold[5]


def test_what_all_networks_share_cannot_be_left_out():
    found = folds.splits(ROWS, list(folds.FOLDS), 2, 3)
    assert "leave_model_out" not in found
    assert len(found["random"]) == 3
    assert found["leave_one_out"][0].tolist() == list(range(6))
    assert set(found["leave_dataset_out"][0]) == {0, 1}


def test_folds_are_those_of_the_protocol():
    assert deal(np.arange(7), 5, 3).tolist() == (np.random.RandomState(3).permutation(7) % 5).tolist()
    groups = np.array([0, 0, 1, 2, 1, 3])
    dealt = deal(groups, 2, 0)
    assert dealt[0] == dealt[1]
    assert dealt[2] == dealt[4]
