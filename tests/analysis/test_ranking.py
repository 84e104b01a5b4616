import numpy as np
import pandas as pd
import pytest
from helpers.small_study import small_study

from prunegraph.analysis import correlation, ranking, ranking_tests
from prunegraph.tables import features


def _table(predictor) -> pd.DataFrame:
    """One scenario with three methods whose accuracies are 0.9, 0.8, 0.6 (two seeds around them)."""
    rows = []
    for (method, accuracy), value in zip({"snip": 0.9, "grasp": 0.8, "er": 0.6}.items(), predictor, strict=True):
        for seed, shift in ((0, -0.01), (1, 0.01)):
            row = {"source": "own", "dataset": "d", "model": "m", "method": method, "pruner": method}
            row |= {"sparsity": 0.9, "seed": seed}
            rows.append({**row, "accuracy": accuracy + shift, "accuracy_drop": 0.1 - accuracy, "layer_density": value})
    return pd.DataFrame(rows).assign(**{"ramanujan.imdb": 0.0, "ramanujan.imsg": 0.0})


@pytest.mark.parametrize(
    ("predictor", "spearman", "top1", "regret"),
    [((3, 2, 1), 1.0, 1.0, 0.0), ((1, 2, 3), -1.0, 0.0, 0.3), ((2, 3, 1), 0.5, 0.0, 0.1)],
)
def test_one_scenario_by_hand(predictor, spearman, top1, regret):
    result = ranking.ranking(_table(predictor), single=["layer_density"], sets=[]).iloc[0]
    assert result.methods == 3
    assert result.spearman == pytest.approx(spearman)
    assert result.top1 == top1
    assert result.regret == pytest.approx(regret)


@pytest.mark.parametrize("equal", ["predictions", "accuracies"])
def test_where_nothing_is_ordered_the_alphabet_hits_no_best_method(equal):
    table = _table((2, 2, 2) if equal == "predictions" else (3, 2, 1))
    if equal == "accuracies":
        table = table.assign(accuracy=0.1)
    for decimals in (12, None):
        result = ranking.ranking(table, single=["layer_density"], sets=[], tie_decimals=decimals).iloc[0]
        assert result.methods == 3
        assert result[list(ranking.MEASURES)].isna().all()


def test_scenarios_with_two_methods_are_left_out():
    table = _table((3, 2, 1)).query("method != 'er'")
    assert ranking.ranking(table, single=["layer_density"], sets=[]).empty


def test_a_left_out_scenario_does_not_teach_its_own_fit():
    table = small_study().features
    rows = features.pruned(table).dropna(subset=list(features.feature_set("rolled")))
    held = ((rows.model == "conv6") & (rows.sparsity == 0.9)).to_numpy()
    changed = rows.assign(accuracy_drop=rows.accuracy_drop.mask(held, 99.0))
    one, two = (ranking.predict(r, "rolled", "all", ranking.SCENARIO).to_numpy() for r in (rows, changed))
    assert np.allclose(one[held], two[held])
    assert not np.allclose(one[~held], two[~held])
    inside = ranking.predict(changed, "rolled", "all").to_numpy()
    assert not np.allclose(inside[held], two[held])


def test_the_table_of_a_small_study():
    table = ranking.ranking(small_study().features)
    assert set(table.kind) == {"single", "mixture"}
    assert table.groupby(["predictor", "kind", "protocol", "level"]).size().eq(6).all()  # 2 models x 3 sparsities
    assert set(table[table.protocol == "leave_method_out"].level) == {"all"}
    assert set(table[table.protocol == "leave_scenario_out"].level) == {"all", "sparsity", "model", "model_dataset"}
    assert table.spearman.dropna().between(-1, 1).all()
    assert (table.regret.dropna() >= 0).all()
    few = table.query("predictor == 'unrolled' and level == 'sparsity'")
    assert few.spearman.isna().all()
    means = ranking.summary(table).set_index(["predictor", "protocol", "level"])
    expected = table.query("predictor == 'rolled' and protocol == 'in_sample' and level == 'all'").spearman.mean()
    assert means.spearman["rolled", "in_sample", "all"] == pytest.approx(expected)


def test_a_network_without_any_subgraph_counts_as_zero_margin():
    table = small_study().features.copy()
    table.loc[0, ["ramanujan.imdb", "ramanujan.imsg"]] = np.nan
    assert ranking._no_subgraph_is_zero(table).loc[0, "ramanujan.imdb"] == 0
    table.loc[0, "layer_density"] = np.nan  # not measured at all
    assert np.isnan(ranking._no_subgraph_is_zero(table).loc[0, "ramanujan.imdb"])


def test_correlations_by_hand():
    table = _table((3, 2, 1)).assign(**{"ramanujan.delta_r": 1.0})
    result = correlation.with_drop(table).set_index("property")
    assert result.spearman["layer_density"] == pytest.approx(-1)
    assert np.isnan(result.pearson["ramanujan.delta_r"])


def test_layers_denser_by_construction_have_more_margin():
    result = correlation.with_density(small_study().ramanujan).set_index(["model", "property"])
    assert result.pearson["all", "delta_r"] == pytest.approx(1)
    assert result.n["all", "imdb"] < result.n["all", "delta_r"]


def test_summary_of_correlations_by_hand():
    table = _table((3, 2, 1)).assign(**{"ramanujan.delta_r": [1.0, 1, 2, 2, 3, 3.5]})
    found = correlation.summary(correlation.with_drop(table), table, levels=["all"]).set_index("property")
    # The drop is 0.1 - accuracy, whose mean falls by rank: denser = less drop.
    assert found.mean_spearman["layer_density"] == pytest.approx(-1)
    assert found.mean_abs_spearman["layer_density"] == pytest.approx(1)
    assert found.pooled_spearman["layer_density"] == pytest.approx(-1)
    assert found.scenarios.tolist() == [1, 0, 0, 1]
    assert np.isnan(found.mean_pearson_low["layer_density"])  # one scenario has no interval


def test_a_predictor_that_is_always_better_wins_the_test():
    rows = []
    for number in range(12):
        for predictor, rho in (("unrolled", 0.9), ("rolled", 0.1 + 0.01 * number)):
            row = {"predictor": predictor, "kind": "mixture", "protocol": "in_sample", "level": "all"}
            row |= {"source": "own", "dataset": "d", "model": "m", "sparsity": number / 20, "spearman": rho}
            rows.append(row)
    found = ranking_tests.tests(pd.DataFrame(rows)).iloc[0]
    assert (found.predictor, found.against, found.scenarios) == ("unrolled", "rolled", 12)
    assert found.difference == pytest.approx(0.8 - 0.01 * 5.5)
    assert found.wilcoxon_p == pytest.approx(2 / 2**12)  # exact: one of 2**12 sign patterns on each side
    assert found.low > 0


def _scenarios_of(differences):
    """Two predictors whose rank correlations differ by these numbers."""
    label = {"protocol": "in_sample", "level": "all", "source": "own", "dataset": "d", "model": "m"}
    rows = []
    for number, difference in enumerate(differences):
        for name, rho in (("unrolled", 0.1 + difference), ("rolled", 0.1)):
            kind = {"predictor": name, "kind": "mixture", "sparsity": number / 20, "spearman": rho}
            rows.append(label | kind)
    return pd.DataFrame(rows)


def test_rounding_neither_ranks_equal_differences_nor_makes_some_of_none():
    # By hand: without the two zeros the sizes 0.2 (three times) and 0.4 have the ranks 2, 2, 2, 4. The negative one has
    # 2, and 1 + 3 of the 16 patterns of signs have a sum of 0 or 2: p = 2 * 4 / 16.
    exact = [0.2, 0.2, -0.2, 0.4, 0.0, 0.0]
    noise = np.array([1, -3, 2, -1, 5, -5]) * 1e-16
    ((one,), (other,)) = (ranking_tests.tests(_scenarios_of(d)).wilcoxon_p for d in (exact, exact + noise))
    assert one == other
    assert one == pytest.approx(0.5)
    assert ranking_tests.tests(_scenarios_of(noise)).wilcoxon_p.tolist() == [1.0]


def test_layers_of_chosen_networks():
    study = small_study()
    wanted = study.networks[study.networks.model == "conv6"]
    found = correlation.layers_of(study.ramanujan, wanted)
    assert set(found.model) == {"conv6"}
    assert len(found) == (study.ramanujan.model == "conv6").sum()
