from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import small_study

from prunegraph.analysis.importance import (
    importance,
    shapley_r_squared,
    subset_r_squared,
    variance_inflation,
    with_stability,
)
from prunegraph.errors import UserError
from prunegraph.statistics import ols
from prunegraph.statistics.permutation import lost_when_permuted
from prunegraph.tables.features import feature_set


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
    table = importance(small_study().features, times=10)
    whole = table[table.level == "all"]
    assert whole.part.sum() == pytest.approx(whole.r2.iloc[0])
    assert whole.share.sum() == pytest.approx(1)
    by_sparsity = table[table.level == "sparsity"]
    assert by_sparsity.share.isna().all()  # 28 networks for 16 features
    assert (by_sparsity.n == 28).all()
    assert (whole.share_low <= whole.share_high).all()
    assert whole.trained_weights.sum() == 3
    assert whole.family.tolist().count("local") == 5


def test_variance_inflation_by_hand():
    # With two columns of correlation r it is 1 / (1 - r**2) for both.
    x, _ = _example(50, 2)
    r = np.corrcoef(x.T)[0, 1]
    assert variance_inflation(x) == pytest.approx([1 / (1 - r**2)] * 2)
    assert np.isinf(variance_inflation(np.column_stack([x, x[:, 0]]))[[0, 2]]).all()


def test_permutation_finds_what_matters_on_held_out_rows():
    draw = np.random.default_rng(3)
    x = draw.standard_normal((300, 3))
    y = 2 * x[:, 0] + x[:, 1] + 0.1 * draw.standard_normal(300)
    mean, spread = lost_when_permuted(x, y, np.arange(300), seed=1)
    # Shuffling doubles what a feature explains: 2 * 4 / 5 and 2 * 1 / 5 of the variance.
    assert mean == pytest.approx([1.6, 0.4, 0.0], abs=0.1)
    assert (spread < 0.2).all()
    again, _ = lost_when_permuted(x, y, np.arange(300), seed=1)
    assert mean.tolist() == again.tolist()


def test_agreement_of_samples_and_of_halves_is_counted():
    table = small_study(seeds=(0, 1, 2, 3)).features
    _, stability = with_stability(table, features="rolled", times=24, repeats=1, levels=["model"], rows_per_feature=2)
    assert stability.comparison.tolist() == ["within", "between", "within_halves", "between_halves"]
    assert stability.pairs.tolist() == [24, 12, 6, 3]
    assert stability.spearman.between(-1, 1).all()


def _two_groups(differ: bool) -> pd.DataFrame:
    """Two models; the features that matter are the same in both, or not."""
    table = small_study(seeds=(0, 1, 2, 3)).features
    columns = list(feature_set("rolled"))
    draw = np.random.default_rng(5)
    table[columns] = draw.standard_normal((len(table), len(columns)))
    slopes = np.linspace(2, 0, len(columns))
    turned = (table.model == table.model.iloc[-1]).to_numpy() & differ
    values = table[columns].to_numpy()
    drop = np.where(turned, values @ slopes[::-1], values @ slopes) + draw.standard_normal(len(table))
    return table.assign(accuracy_drop=np.where(table.accuracy_drop.notna(), drop, np.nan))


@pytest.mark.parametrize("differ", [False, True])
def test_halves_tell_whether_groups_differ(differ):
    asked = {"features": "rolled", "times": 200, "repeats": 1, "levels": ["model"], "rows_per_feature": 2}
    _, stability = with_stability(_two_groups(differ), **asked)
    rho = stability.set_index("comparison").spearman
    # Bootstrap samples of one group always agree better; halves only if there is something to tell.
    assert rho["within"] > rho["between"]
    assert (rho["within_halves"] - rho["between_halves"] > 0.3) == differ
    if not differ:
        assert rho["within_halves"] - rho["between_halves"] == pytest.approx(0, abs=0.2)


def test_a_level_that_holds_all_networks_says_what_all_says():
    table, _ = with_stability(small_study().features, times=10, levels=["all", "dataset"])
    one, other = (part.drop(columns=["level", "group"]).reset_index(drop=True) for _, part in table.groupby("level"))
    pd.testing.assert_frame_equal(one, other)
    assert one.share.notna().all()
