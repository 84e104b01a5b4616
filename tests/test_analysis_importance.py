from itertools import permutations

import numpy as np
import pytest
from test_analysis_collect import small_study

from prunegraph.analysis import ols
from prunegraph.analysis.importance import importance, shapley_r_squared, subset_r_squared
from prunegraph.errors import UserError


def _r2(x, y, columns):
    chosen = x[:, sorted(columns)]
    return ols.r_squared(y, ols.fit(chosen, y).predict(chosen)) if columns else 0.0


def _example(rows, columns, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((rows, columns)) @ draw.standard_normal((columns, columns))
    return x, x @ draw.standard_normal(columns) + draw.standard_normal(rows)


def test_two_features_by_hand():
    # With two features the part of the first is the mean of what it adds alone and what it adds last.
    x, y = _example(60, 2)
    both, one, two = _r2(x, y, (0, 1)), _r2(x, y, (0,)), _r2(x, y, (1,))
    expected = [(one + both - two) / 2, (two + both - one) / 2]
    assert shapley_r_squared(x, y) == pytest.approx(expected)


def test_agrees_with_all_orders_of_entry():
    x, y = _example(40, 5)
    expected = np.zeros(5)
    orders = list(permutations(range(5)))
    for order in orders:
        for place, feature in enumerate(order):
            expected[feature] += _r2(x, y, order[: place + 1]) - _r2(x, y, order[:place])
    assert shapley_r_squared(x, y) == pytest.approx(expected / len(orders))


def test_subsets_are_numbered_with_the_first_column_slowest():
    x, y = _example(30, 3)
    values = subset_r_squared(x, y)
    assert values[0b100] == pytest.approx(_r2(x, y, (0,)))
    assert values[0b011] == pytest.approx(_r2(x, y, (1, 2)))


@pytest.mark.parametrize("columns", [1, 3, 16])
def test_parts_sum_to_r_squared(columns):
    x, y = _example(200, columns)
    assert shapley_r_squared(x, y).sum() == pytest.approx(_r2(x, y, tuple(range(columns))), abs=1e-9)


def test_twins_share_and_constants_get_nothing():
    x, y = _example(50, 2)
    parts = shapley_r_squared(np.column_stack([x, x[:, 0], np.full(50, 0.3)]), y)
    assert parts[0] == pytest.approx(parts[2])
    assert parts[3] == pytest.approx(0)


def test_too_many_features_are_refused():
    with pytest.raises(UserError, match="21 features"):
        shapley_r_squared(*_example(30, 21))


def test_the_table_of_a_small_study():
    table = importance(small_study().features)
    whole = table[table.level == "all"]
    assert whole.part.sum() == pytest.approx(whole.r2.iloc[0])
    assert whole.share.sum() == pytest.approx(1)
    by_sparsity = table[table.level == "sparsity"]
    assert by_sparsity.share.isna().all()  # 28 networks for 16 features
    assert (by_sparsity.n == 28).all()
