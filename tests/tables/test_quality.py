"""What the quality table says, and that every table has the columns that are written down for it."""

import numpy as np
import pandas as pd
import pytest
from helpers.graph_study import graph_tables
from helpers.small_search import small_case
from helpers.small_study import beside_itself, remade, small_study, timed
from pandas.testing import assert_frame_equal

from prunegraph.analysis import correlation, differences, ranking_tests, transfer
from prunegraph.analysis.importance import with_stability
from prunegraph.analysis.ranking import ranking, summary
from prunegraph.analysis.regression import out_of_fold, regression
from prunegraph.errors import UserError
from prunegraph.search.study import study as searched
from prunegraph.tables import quality
from prunegraph.tables.frames import read, shaped, write
from prunegraph.tables.schemas import SCHEMAS
from prunegraph.teacher_student.rows import of_pair
from prunegraph.teacher_student.training import Setting


def test_a_step_is_compared_with_what_is_expected():
    rows = [quality.step("keep", 10, 8, 8), quality.step("drop", 8, 7, 6), quality.step("count", 7, 7, None)]
    table = quality.quality(rows, "published")
    assert table.status.tolist() == ["as expected", "changed", "counted"]
    with pytest.raises(UserError, match="drop: found 7, expected 6"):
        quality.insist(table)
    quality.insist(table.drop(index=1))


@pytest.mark.parametrize(("deviation", "status"), [(0.0, "as expected"), (1e-3, "changed"), (np.nan, "changed")])
def test_an_identity_that_does_not_hold_is_a_change(deviation, status):
    assert quality.identity("a = b", deviation, 1e-6)["status"] == status


def test_identities_of_a_normalised_graph_by_hand():
    # A path of 4 nodes: 3 edges, all of them bridges, one component.
    row = {"nodes": 4, "edges": 3, "sink_nodes": 1 / 4, "source_nodes": 1 / 4, "disconnected_nodes": 0.0}
    row |= {"removable_out": 0.0, "removable_in": 0.0, "one_hop": 7 / 12, "two_hop": 10 / 12, "motifs": 1 / 3}
    row |= {"k_core": 1 / 3, "cut_edges": 3 / 3, "cut_nodes": 2 / 3, "components": 1.0, "mean_component": 1.0}
    assert {each["status"] for each in quality.of_unrolled(pd.DataFrame([row]))} == {"as expected"}
    wrong = quality.of_unrolled(pd.DataFrame([row | {"cut_nodes": 2 / 4}]))
    assert [each["what"] for each in wrong if each["status"] == "changed"] == ["cut_nodes * edges is whole"]


def test_own_networks_are_counted():
    study = small_study()
    found = quality.quality(quality.of_own(study.networks, study.features), "own").set_index("what")
    assert found.rows_after["networks"] == 88
    assert found.rows_after["pruned, with an accuracy drop"] == 84
    assert (found.status == "counted").all()
    assert found.rows_after["layers without a weight"] == 28  # those at sparsity 0.98


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """Every table of the studies, of a small synthetic study."""
    study = small_study()
    table, asked = study.features, {"rows_per_feature": 2}
    errors, orders = of_pair(Setting(inputs=20, samples=500), 0, [3], 2, test=500)
    scenarios, ranked = correlation.with_drop(table), ranking(table, **asked)
    searches = searched([small_case(tmp_path_factory.mktemp("search"))])
    parts, stability = with_stability(table, times=4, repeats=1, **asked)
    return {
        "quality": quality.quality(quality.of_own(study.networks, table), "own"),
        "mask_stability": remade(study),
        "latency": timed(study),
        "published_layers": beside_itself(study),
        "teacher_student": shaped(pd.DataFrame(errors), "teacher_student"),
        "order_parameters": shaped(pd.DataFrame(orders), "order_parameters"),
        **{name: shaped(pd.DataFrame(rows), name) for name, rows in searches.items()},
        **graph_tables(),
        "correlation": scenarios,
        "correlation_summary": correlation.summary(scenarios, table, times=20),
        "correlation_layers": correlation.with_density(study.ramanujan),
        "regression": regression(table, repeats=1, **asked),
        "regression_folds": out_of_fold(table, sets=["rolled"], repeats=1, lasso_repeats=1, levels=["model"], **asked),
        "regression_differences": differences.differences(table, times=20, levels=["model"], **asked),
        "importance": parts,
        "importance_stability": stability,
        "ranking": ranked,
        "ranking_summary": summary(ranked, times=20),
        "ranking_tests": ranking_tests.tests(ranked, times=20),
        "coverage": transfer.coverage(table, **asked),
        "transfer": transfer.transfer(table, **asked),
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_tables_have_their_columns_and_survive_both_formats(made, name, tmp_path):
    table = made[name]
    assert list(table) == list(SCHEMAS[name])
    assert len(table)
    write(table, tmp_path / "t.csv", tmp_path / "t.parquet")
    for path in tmp_path.iterdir():
        assert_frame_equal(read(path), table)


def test_one_column_has_one_type_in_all_tables():
    kinds: dict[str, set[str]] = {}
    for columns in SCHEMAS.values():
        for column, (kind, meaning) in columns.items():
            assert meaning
            kinds.setdefault(column, set()).add(kind)
    assert {column for column, found in kinds.items() if len(found) > 1} == set()


def test_three_estimators_and_all_folds(made):
    found = made["regression_folds"].query("group == 'conv6'").set_index(["estimator", "folds"])
    # One model and one data set in the group, so these cannot be left out.
    folds = {"random", "grouped", "leave_one_out", "leave_sparsity_out", "leave_method_out"}
    assert set(found.loc["ols"].index) == folds
    assert set(found.loc["lasso"].index) == set(found.loc["ridge"].index) == folds - {"leave_one_out"}
    short = made["regression"].query("group == 'conv6' and features == 'rolled'").iloc[0]
    assert short.r2 > found.r2["ols", "leave_one_out"]
    assert (found.mae > 0).all()


def test_interval_of_a_difference_of_equal_sets_is_zero():
    found = differences.differences(small_study().features, pairs=[("rolled", "rolled")], rows_per_feature=2, times=20)
    assert found.group.tolist().count("mean") == 2  # of sparsities and of models; there is one data set
    assert found[["difference", "low", "high"]].abs().max().max() == 0


def test_the_mean_of_groups_is_their_mean(made):
    found = made["regression_differences"].query("features == 'unrolled' and against == 'ramanujan'")
    groups = found[found.group != "mean"]
    assert found.difference[found.group == "mean"].item() == pytest.approx(groups.difference.mean())
    assert (found.low <= found.high).all()
