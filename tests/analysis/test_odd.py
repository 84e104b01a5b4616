"""Studies of an odd shape: what cannot be computed is missing, nothing is made of rounding, no rule breaks down."""

import json

import numpy as np
import pytest
from helpers.small_study import small_study

from prunegraph.analysis import correlation, differences, importance, ranking, regression, transfer
from prunegraph.statistics import ols
from prunegraph.statistics.permutation import lost_when_permuted
from prunegraph.tables.features import FEATURE_SETS, pruned

SETS = ("layer_density", "ramanujan", "unrolled_mask", "unrolled")
ASKED = {"sets": SETS, "rows_per_feature": 2, "repeats": 1}


def one_configuration(table):
    only = pruned(table).iloc[[0] * 40].assign(seed=range(40))
    draw = np.random.default_rng(0)
    columns = sorted({column for columns in FEATURE_SETS.values() for column in columns})
    return only.assign(**{column: draw.standard_normal(40) for column in [*columns, "accuracy_drop"]})


def same_accuracy(table):
    # 1 - 0.1 / 0.97 has no exact double, and the mean of many copies is another one.
    return table.assign(accuracy=0.1, accuracy_drop=1 - 0.1 / 0.97)


def one_model_at_chance(table):
    return table.assign(accuracy_drop=table.accuracy_drop.where(table.model != "conv6", 1 - 0.1 / 0.97))


def same_graph(table):
    columns = {column for columns in FEATURE_SETS.values() for column in columns}
    return table.assign(**dict.fromkeys(columns, 0.1))


def one_seed(table):
    return table[table.seed == table.seed.min()]


def one_pruner(table):
    return table[table.pruner.isin(["dense", "snip"])]


def no_edges_left(table):
    columns = list({column for columns in FEATURE_SETS.values() for column in columns})
    gone = table.sparsity == table.sparsity.max()
    return table.assign(**{column: table[column].mask(gone) for column in columns})


def a_pruner_missing_at_one_sparsity(table):
    return table[(table.method != "snip") | (table.sparsity != table.sparsity.max())]


ODD = [one_configuration, same_accuracy, one_model_at_chance, same_graph, one_seed, one_pruner, no_edges_left]
ODD.append(a_pruner_missing_at_one_sparsity)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.__name__)
def test_every_study_comes_to_an_end(odd):
    table = odd(small_study().features).reset_index(drop=True)
    fits = regression.regression(table, **ASKED)
    assert not np.isinf(fits.select_dtypes("float")).any(axis=None)
    assert fits.r2.dropna().between(-1e-9, 1 + 1e-9).all()
    regression.out_of_fold(table, levels=["all", "model"], lasso_repeats=1, **ASKED)
    differences.differences(table, pairs=[("unrolled", "layer_density")], times=20, rows_per_feature=2)
    importance.with_stability(table, times=20, rows_per_feature=2)
    scenarios = ranking.ranking(table, sets=["ramanujan", "unrolled"], rows_per_feature=2)
    ranking.summary(scenarios, times=20)
    correlation.summary(correlation.with_drop(table), table, times=20)
    transfer.transfer(table, rows_per_feature=2)
    tested = transfer.coverage(table, rows_per_feature=2)
    assert np.isfinite(tested[["coverage", "width"]]).all(axis=None)
    json.dumps(transfer.fitted(table, tested, rows_per_feature=2), allow_nan=False)


def test_nothing_is_explained_of_an_accuracy_that_never_varies():
    table = same_accuracy(small_study().features)
    fits = regression.regression(table, **ASKED)
    numbers = ["r2", "adjusted_r2", "cv_r2", "grouped_cv_r2", "loo_r2"]
    assert (fits.n > 0).any() and fits[numbers].isna().all(axis=None)
    parts, stability = importance.with_stability(table, times=20, rows_per_feature=2)
    assert parts[["r2", "part", "share", "share_low", "permutation", "beta"]].isna().all(axis=None)
    assert len(stability) and stability.spearman.isna().all()


def test_rounding_is_no_variance():
    target = np.full(7, 0.1)
    assert ((target - target.mean()) ** 2).sum() > 0  # what this is about
    assert ols.is_constant(target) and np.isnan(ols.r_squared(target, target + 1e-3))
    assert ols.is_constant(np.zeros(3)) and not ols.is_constant(np.array([1e-30, 2e-30]))
    x = np.random.default_rng(0).standard_normal((7, 2))
    assert np.isnan(importance.shapley_r_squared(x, target)).all()


def test_one_configuration_promises_nothing_and_predicts_nothing():
    table = one_configuration(small_study().features)
    found = transfer.transfer(table, systems=["mge"], sets=["log_edges"], rows_per_feature=2)
    assert found.status.tolist() == ["not yet: no other configurations to fit to"]
    assert found.n.tolist() == [0] and found.r2.isna().all()
    tested = transfer.coverage(table, rows_per_feature=2)
    assert tested.empty
    assert transfer.fitted(table, tested, rows_per_feature=2)["models"] == {}
    x, y = np.random.default_rng(0).standard_normal((8, 2)), np.arange(8.0)
    mean, spread = lost_when_permuted(x, y, np.zeros(8, dtype=int))
    assert np.isnan(mean).all() and np.isnan(spread).all()


@pytest.mark.parametrize(("networks", "promised"), [(8, False), (9, True)])
def test_an_interval_needs_nine_errors(networks, promised):
    # The k-th smallest of n errors holds k / (n + 1) of new ones: 0.9 needs the 9th of 9.
    rows = pruned(small_study().features).drop_duplicates(["model", "method", "sparsity"]).head(networks)
    table = rows.assign(log_edges=np.arange(networks, dtype=float))
    models = transfer.fitted(table, transfer.coverage(table), rows_per_feature=2)["models"]
    assert ("log_edges" in models) == promised
