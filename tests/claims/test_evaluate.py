"""Verdicts follow from tables by stated rules: each kind of test on numbers whose answer is seen at a glance."""

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import ROOT

from prunegraph.analysis import claim_files, claim_tests, claims
from prunegraph.analysis.claim_tests import FAILS, HOLDS, PART, UNTESTED, Untestable, evaluate
from prunegraph.analysis.claims import joined
from prunegraph.errors import UserError

FOLDER = ROOT / "claims"

SCENES = list("abcdefghij")
SMALL = np.array([0.10, 0.12, 0.08, 0.11, 0.09, 0.10, 0.13, 0.07, 0.10, 0.10])


def table(ours, theirs, names=("ours", "theirs")):
    rows = [(name, scene, value) for name, values in zip(names, (ours, theirs), strict=True)
            for scene, value in zip(SCENES, values, strict=False)]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "scene", "score"]).assign(n=100)


def test_of(**changes):
    test = {"kind": "greater", "table": "t", "value": "score", "groups": ["scene"]}
    return test | {"more": {"method": "ours"}, "less": {"method": "theirs"}} | changes


test_of.__test__ = False


@pytest.mark.parametrize(
    ("ours", "verdict", "in_favour"),
    [([2, 2, 2, 2], HOLDS, 4), ([2, 2, 0, 0], PART, 2), ([2, 0, 0, 0], FAILS, 1), ([1, 1, 1, 1], FAILS, 0)],
)
def test_every_group_counts(ours, verdict, in_favour):
    found = evaluate(test_of(), table(ours, [1, 1, 1, 1]))
    assert (found["verdict"], found["in_favour"], found["groups"]) == (verdict, in_favour, 4)
    assert found["value"] == np.mean(ours) and found["against"] == 1


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [(SMALL, HOLDS), (SMALL - 0.1 + np.array([0.02] * 5 + [0.0] * 5), PART), (-SMALL, FAILS)],
)
def test_the_interval_of_the_mean_decides(ours, verdict):
    found = evaluate(test_of(judge="mean"), table(ours, np.zeros(10)))
    assert found["verdict"] == verdict
    half = 2.262157 * np.std(ours, ddof=1) / np.sqrt(10)  # Student's t, 9 degrees of freedom
    assert found["low"] == pytest.approx(np.mean(ours) - half, rel=1e-6)
    assert found["high"] == pytest.approx(np.mean(ours) + half, rel=1e-6)


def test_one_group_has_no_interval_and_does_not_hold_by_its_mean():
    assert evaluate(test_of(judge="mean"), table([2], [1]))["verdict"] == PART


def test_a_margin_finer_than_one_image_is_not_tested():
    rows = table([0.9] * 4, [0.8] * 4).rename(columns={"score": "accuracy"}).assign(test_images=360)
    test = test_of(value="accuracy", margin=0.002)
    with pytest.raises(Untestable, match=r"margin of 0\.002 is finer than the test part of 360 images .* is 0\.0028"):
        evaluate(test, rows)
    assert evaluate({**test, "margin": 0.003}, rows)["verdict"] == HOLDS
    assert evaluate(test, rows.assign(test_images=pd.NA))["verdict"] == HOLDS  # published, unknown
    with pytest.raises(Untestable, match="finer"):  # the smallest of several test parts
        evaluate({**test, "margin": 0.003}, rows.assign(test_images=[360] * 7 + [10]))


def test_margins():
    scores = table([1.0, 1.2], [1.1, 1.1])
    assert evaluate(test_of(margin=0.05), scores)["in_favour"] == 1
    assert evaluate(test_of(margin=0.2), scores)["in_favour"] == 0
    assert evaluate(test_of(kind="not_greater", margin=0.2), scores)["verdict"] == HOLDS
    assert evaluate(test_of(kind="not_greater"), scores)["verdict"] == PART


def test_thresholds():
    scores = table([0.8, 0.9], [0.1, 0.95])
    only = {"kind": "at_least", "table": "t", "value": "score", "groups": ["scene"], "threshold": 0.85}
    assert evaluate({**only, "where": {"method": "ours"}}, scores)["verdict"] == PART
    assert (
        evaluate({**only, "where": {"method": "ours"}, "kind": "at_most", "threshold": 0.95}, scores)["verdict"]
        == HOLDS
    )
    found = evaluate({**only, "each": "method", "threshold": 0.5}, scores)
    assert (found["verdict"], found["held"], found["parts"], found["least"]) == (PART, 1, 2, "theirs")


def test_correlations():
    frame = pd.DataFrame({"x": [1, 2, 3, 4, 5], "y": [5, 4, 3, 2, 0], "z": [1, 2, 4, 8, 16]})
    test = {"kind": "correlation_at_most", "table": "t", "x": "x", "y": "y", "threshold": -0.5}
    assert evaluate(test, frame)["value"] == pytest.approx(-1)
    assert evaluate(test, frame)["verdict"] == HOLDS
    assert evaluate({**test, "y": "z"}, frame)["verdict"] == FAILS
    assert evaluate({**test, "kind": "correlation_at_least", "y": "z"}, frame)["verdict"] == HOLDS
    with pytest.raises(Untestable, match="needs 1 groups"):
        evaluate({**test, "rows": 6}, frame)


def test_each_of_either_side():
    scores = pd.concat([table([2, 2], [1, 1]), table([3, 3], [9, 9], names=("other", "giant"))], ignore_index=True)
    less = {"method": ["theirs", "giant", "absent"]}
    found = evaluate(test_of(less=less, each="method", each_of="less"), scores)
    assert (found["verdict"], found["held"], found["parts"], found["least"]) == (PART, 1, 2, "giant")
    more = {"method": ["ours", "other"]}
    assert evaluate(test_of(more=more, each="method"), scores)["verdict"] == HOLDS


def test_only_groups_that_both_have_are_compared():
    assert evaluate(test_of(), table([2, 2, 2], [1]))["groups"] == 1
    assert evaluate(test_of(), table([2, np.nan, 2], [1, 1, np.nan]))["groups"] == 1


def test_sizes_instead_of_values():
    assert evaluate(test_of(absolute=True), table([-3, -3], [1, -1]))["verdict"] == HOLDS


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ({"scene": "a"}, 1), ({"scene": ["a", "b"]}, 2), ({"scene": {"not": "a"}}, 2),
        ({"scene": {"not": ["a", "b"]}}, 1),
        ({"score": {"at_least": 1}}, 2), ({"score": {"above": 1}}, 1), ({"score": {"at_most": 1, "above": 0}}, 1),
        ({"score": {"below": 1}}, 1), ({"scene": "z"}, 0),
    ],
)  # fmt: skip
def test_conditions(where, left):
    frame = pd.DataFrame({"scene": ["a", "b", "c"], "score": [0, 1, 2]})
    assert len(claim_tests._chosen(frame, where)) == left


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fewest": 5}, "the test needs 5 groups; there are 2"),
        ({"fewest": 3, "where": {"n": {"at_least": 80}}}, "needs 3 groups with n at least 80; there are 2"),
        ({"value": "rank"}, "no column rank"),
        ({"groups": ["place"]}, "no column place"),
        ({"less": {"method": "nobody"}}, "needs 1 groups; there are 0"),
        ({"less": {"method": "nobody"}, "each": "method", "each_of": "less"}, "no method has them"),
    ],
)
def test_what_cannot_be_tested_says_why(changes, words):
    with pytest.raises(Untestable, match=words):
        evaluate(test_of(**changes), table([2, 2], [1, 1]))


@pytest.mark.parametrize(
    ("published", "own", "verdict"),
    [
        (HOLDS, HOLDS, HOLDS), (FAILS, FAILS, FAILS), (HOLDS, FAILS, PART), (HOLDS, PART, PART), (FAILS, HOLDS, PART),
        (HOLDS, UNTESTED, HOLDS), (UNTESTED, FAILS, FAILS), (UNTESTED, UNTESTED, UNTESTED),
    ],
)  # fmt: skip
def test_two_kinds_of_evidence(published, own, verdict):
    found = joined({"verdict": published, "reason": "P."}, {"verdict": own, "reason": "O."})
    assert found["verdict"] == verdict
    assert ("P." in found["reason"]) == (published != UNTESTED or own == UNTESTED)
    assert ("O." in found["reason"]) == (own != UNTESTED or published == UNTESTED)


CLAIM = {"id": "c", "claim": "Ours is better.", "source": "abstract", "quantity": "score", "target": "t.csv"}


def content(**changes):
    return {"system": "rgp", "paper": "p", "claims": [CLAIM | {"test": test_of()} | changes.pop("claim", {})]} | changes


def theirs(**frames):
    """The tables of a study of published networks, of one system."""
    return {"rgp": frames.get}


def ours(system="rgp", **frames):
    """The tables of a study of own networks, of one system."""
    return {system: {"mine": frames.get}}


def the_only(contents, published=None, own=None):
    found = claims.ledger(contents, theirs(t=published), ours(t=own))
    assert list(found.columns) == list(claims.COLUMNS)
    return found.iloc[0]


def test_a_ledger_of_both_kinds_of_numbers():
    row = the_only([content()], published=table([2, 2], [1, 1]), own=table([0, 2], [1, 1]))
    assert (row.published_verdict, row.own_verdict, row.verdict) == (HOLDS, PART, PART)
    assert row.published_reason == "2.000 against 1.000; in favour in 2 of 2 groups."
    assert (row.own_value, row.own_against, row.own_in_favour) == (1.0, 1.0, 1)


def test_numbers_in_the_file_take_the_place_of_published_tables():
    reported = {"t": {"columns": ["method", "scene", "score"], "rows": [["ours", "a", 1], ["theirs", "a", 2]]}}
    row = the_only([content(reported=reported)], published=table([2, 2], [1, 1]))
    assert (row.published_verdict, row.published_against, row.verdict) == (FAILS, 2.0, FAILS)
    other = {"kind": "at_least", "table": "t", "value": "score", "threshold": 1}
    other["where"] = {"method": ["ours", "theirs"]}
    row = the_only([content(reported=reported, claim={"published_test": other})])
    assert (row.published_value, row.published_verdict) == (1.5, HOLDS)


def test_networks_of_another_study_are_no_evidence():
    scores = table([2, 2], [1, 1])
    (row,) = claims.ledger([content()], theirs(), ours(t=scores)).itertuples()
    assert row.own_verdict == HOLDS
    (row,) = claims.ledger([content()], theirs(), ours("mge", t=scores)).itertuples()
    assert (row.own_verdict, row.own_reason) == (UNTESTED, "No networks of the system rgp yet.")
    (row,) = claims.ledger([content()], theirs(), ours(networks=scores)).itertuples()
    assert (row.own_verdict, row.own_reason) == (UNTESTED, "There is no table t yet.")


def test_every_study_of_a_system_gets_a_verdict_of_its_own():
    both = {"rgp": {"small": {"t": table([2, 2], [1, 1])}.get, "large": {"t": table([0, 0], [1, 1])}.get}}
    found = claims.ledger([content(claim={"target": "tables/{study}/t.csv"})], theirs(), both)
    assert found[["study", "own_verdict", "target"]].to_numpy().tolist() == [
        ["small", HOLDS, "tables/small/t.csv"],
        ["large", FAILS, "tables/large/t.csv"],
    ]
    (row,) = claims.ledger([content()], theirs(), ours("mge")).itertuples()
    assert row.study == ""


def variants():
    """Two methods of one pruner, unrepaired 0.30 and repaired 0.93, in mean 0.615, and a baseline of 0.50."""
    rows = [("dpp_node", "dpp_node", 0.30), ("dpp_node_repaired", "dpp_node", 0.93), ("importance", "importance", 0.50)]
    return pd.DataFrame(rows, columns=["method", "pruner", "accuracy"])


BEATS = {"kind": "greater", "table": "t", "value": "accuracy", "less": {"method": "importance"}}


@pytest.mark.parametrize(
    "more", [{"pruner": "dpp_node"}, {"method": {"not": "importance"}}, {"accuracy": {"at_least": 0.1, "not": 0.5}}]
)
def test_a_mean_over_variants_of_a_pruner_is_no_verdict(more):
    row = the_only([content(claim={"test": BEATS | {"more": more}})], own=variants())
    assert row.own_verdict == row.verdict == UNTESTED
    assert np.isnan(row.own_value)
    assert row.own_reason.startswith("The rows compared are of several methods (dpp_node, dpp_node_repaired)")
    assert "name one method, or list those to average" in row.own_reason
    for method, verdict in (("dpp_node", FAILS), ("dpp_node_repaired", HOLDS)):
        one = BEATS | {"more": {"method": method}}
        assert the_only([content(claim={"test": one})], own=variants()).verdict == verdict
    threshold = {"kind": "at_least", "table": "t", "value": "accuracy", "threshold": 0.5, "where": more}
    assert the_only([content(claim={"test": threshold})], own=variants()).verdict == UNTESTED


def test_listed_methods_have_equal_weight_and_must_all_be_there():
    rows = variants().assign(dataset="digits")
    rows = pd.concat([rows, rows.iloc[[0, 0]].assign(accuracy=0.36)], ignore_index=True)  # three draws of one method
    both = BEATS | {"more": {"method": ["dpp_node", "dpp_node_repaired"]}, "groups": ["dataset"]}
    assert evaluate(both, rows)["value"] == pytest.approx((0.34 + 0.93) / 2)
    with pytest.raises(Untestable, match="needs 1 groups; there are 0"):
        evaluate(both, rows[rows.method != "dpp_node_repaired"].assign(method=rows.method.replace("importance", "x")))
    one_lacks = pd.concat([rows, rows.iloc[[0, 2]].assign(dataset="mnist")], ignore_index=True)
    assert evaluate(both, one_lacks)["groups"] == 1


def test_methods_are_apart_where_each_or_the_groups_keep_them_apart():
    each = BEATS | {"more": {"method": ["dpp_node", "dpp_node_repaired"]}, "each": "method"}
    assert evaluate(each, variants())["held"] == 1
    threshold = {"kind": "at_least", "table": "t", "value": "accuracy", "threshold": 0.5, "groups": ["method"]}
    assert evaluate(threshold, variants())["groups"] == 3


def test_rows_of_both_sources_are_told_apart():
    both = pd.concat([table([2, 2], [1, 1]).assign(source="own"), table([0, 0], [1, 1]).assign(source="published")])
    row = the_only([content()], published=both, own=both)
    assert (row.own_verdict, row.published_verdict) == (HOLDS, FAILS)


def test_absent_tables():
    row = the_only([content()])
    assert row.verdict == UNTESTED
    assert row.published_reason == "No such numbers are public."
    assert row.own_reason == "No networks of the system rgp yet."
    (reason,) = claims.ledger([content()], theirs(), None).own_reason
    assert reason == "No study of this run has networks of its own."
    row = the_only([content(study="studies/published.yaml")])
    assert row.published_reason == "The published tables have not been analysed; studies/published.yaml does that."


def test_a_reason_of_ones_own():
    row = the_only(
        [content(claim={"reason": "Better by {effect:.1f} in {in_favour} scenes."})], own=table([2, 2], [1, 1])
    )
    assert row.own_reason == "Better by 1.0 in 2 scenes."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"system": "snip"}, "Unknown system 'snip'"),
        ({"note": "x"}, "Unknown key 'note'"),
        ({"claims": [{"id": "c"}]}, "'c' lacks claim, quantity, source, target, test"),
        ({"claim": {"verdict": "holds"}}, "Unknown key of a claim 'verdict'"),
        ({"claim": {"test": test_of(kind="better")}}, "'c': Unknown kind of test 'better'.*Known: greater"),
        ({"claim": {"test": test_of(judge="me")}}, "Unknown judge 'me'"),
        ({"claim": {"test": test_of(values="x")}}, "Unknown key of a test 'values'. Did you mean 'value'"),
        ({"claim": {"test": test_of(where={"n": {"least": 3}})}}, "Unknown condition 'least'"),
        ({"claim": {"test": {"kind": "at_least", "table": "t"}}}, "The test at_least lacks threshold, value"),
        ({"claim": {"published_test": {"kind": "at_most"}}}, "lacks table, threshold, value"),
        ({"claim": {"test": test_of(more={"pruner": "snip"})}}, "'c': Rows are chosen by pruner.*the method instead"),
        ({"claim": {"test": test_of(each="pruner")}}, "Rows are chosen by pruner"),
        ({"reported": {"t": {"columns": ["pruner"], "rows": []}}}, "Rows are chosen by pruner"),
        ({"reported": {"t": {"columns": ["a"], "rows": [[1, 2]]}}}, "has 2 values, expected 1"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, changes, words):
    path = tmp_path / "rgp.yaml"
    path.write_text(yaml.safe_dump(content(**changes)))
    with pytest.raises(UserError, match=words):
        claim_files.read(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "rgp.yaml"
    path.write_text("system: rgp\n")
    with pytest.raises(UserError, match="expected system, paper and a list of claims"):
        claim_files.read(path)


def test_a_ledger_survives_its_file(tmp_path):
    from prunegraph.tables.frames import write

    found = claims.ledger([content()], theirs(t=table([2, 2], [1, 1])), ours())
    write(found, tmp_path / "claims.csv")
    pd.testing.assert_frame_equal(claims.read_ledger(tmp_path / "claims.csv"), found)
