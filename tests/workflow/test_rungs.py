"""Methods that stand for many: one for each graph of a set of relational graphs."""

import pytest
import yaml
from helpers import ROOT

from prunegraph.errors import UserError
from prunegraph.relational import sets
from prunegraph.relational.names import entries, sparsity_of
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import AT_ONCE, Plan

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
SETS = {
    "drawn": {"kind": "random", "nodes": 12, "degrees": [4, 5], "number": 3},
    "mine": {"kind": "file", "path": "graphs.npy"},
}


def configuration(studied=(0.5,), **method):
    selected = {"datasets": ["digits"], "models": ["mlp_five"], "methods": ["dense", "blocks"], "measured": False}
    changes = {
        "models": {"mlp_five": {"model": "mlp", "options": {"hidden": [24, 24, 24]}}},
        "relational_graphs": SETS,
        "methods": {"blocks": {"pruner": "rgp", "graphs": "drawn", **method}},
        "studies": {"rgp": {**selected, "sparsities": list(studied)}},
    }
    return Configuration(DEFAULT | changes, read_schema(ROOT / "rules/config.schema.yaml"))


def cells(found):
    return [(cell.method, cell.sparsity) for cell in found.studies["rgp"].cells() if cell.method != "dense"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("regular", {"nodes": 16, "degrees": [3, 4], "rungs": 3, "tries": 500}),
        ("crossed", {"nodes": 12, "degrees": [4], "aspl": [1.7, 2.0], "clustering": [0.1, 0.4], "tries": 100}),
        ("random", {"nodes": 10, "degrees": [3, 4], "number": 2}),
        ("circulant", {"nodes": 8, "steps": [[1, 2], [1, 4]]}),
        ("authors", {"nodes": 10, "degrees": [4], "number": 6}),
    ],
)
def test_names_and_entries_are_known_before_the_graphs_are(kind, options):
    made = sets.make(kind, 0, **options)
    found = {row["name"]: int(graph.sum()) for row, graph in zip(made.rows, made.adjacency, strict=True)}
    assert entries(kind, options) == found


def test_sparsity_counts_the_diagonal():
    assert sparsity_of(64 * 4, 64) == 1 - 4 / 64
    assert sparsity_of(64 * 4, 64, "all") == 1 - 5 / 64
    assert sparsity_of(12 * 5, 12) == 0.5833333333  # as a path can name it


def test_every_graph_is_a_method_at_its_own_sparsity():
    found = configuration(rungs="all")
    expected = [(f"blocks_degree{degree}_{place}", sparsity)
                for degree, sparsity in ((4, "0.6666666667"), (5, "0.5833333333")) for place in range(3)]  # fmt: skip
    assert cells(found) == expected


@pytest.mark.parametrize(
    ("rungs", "names"),
    [
        ([0], ["blocks_degree4_0", "blocks_degree5_0"]),
        (["degree5_2", "degree4_1"], ["blocks_degree4_1", "blocks_degree5_2"]),
    ],
)
def test_rungs_are_chosen_by_number_or_name(rungs, names):
    assert [method for method, _ in cells(configuration(rungs=rungs))] == names


def test_sparsities_of_a_family_choose_its_degrees():
    assert {sparsity for _, sparsity in cells(configuration(rungs="all", sparsities=[0.6666666667]))} == {
        "0.6666666667"
    }


def test_a_method_without_rungs_is_one_at_the_sparsities_of_the_study():
    assert cells(configuration([0.6666666667])) == [("blocks", "0.6666666667")]


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ({}, r"no graph of the set has the sparsity 0.5, .* There are 0.5833333333, 0.6666666667\."),
        ({"rungs": "all", "sparsities": [0.9]}, r"method blocks: no graph of the set has the sparsity 0.9"),
        ({"rungs": ["degree6_0"]}, r"Unknown graph of the set: 'degree6_0'"),
        ({"graphs": "mine", "rungs": "all"}, r"is known when it is made. List their names as `rungs`"),
        ({"graphs": "nowhere"}, r"Unknown set of relational graphs 'nowhere'"),
        ({"graphs": None}, r"graphs: found None, expected the name of a set"),
        ({"pruner": "uniform"}, r"has no use for relational graphs"),
        ({"pruner": "uniform", "rungs": "all"}, r"name a pruner that needs one"),
    ],
)
def test_what_cannot_be_is_one_sentence(method, message):
    with pytest.raises(UserError, match=message):
        configuration(**method)


def test_graphs_of_the_user_are_named():
    found = configuration(graphs="mine", rungs=["graph0", "graph3"], sparsities=[0.5])
    assert cells(found) == [("blocks_graph0", "0.5"), ("blocks_graph3", "0.5")]


def test_one_job_for_a_family_and_its_set_of_graphs_is_read():
    plan = Plan(configuration(rungs="all", together=True))
    (ends,) = plan.at_once()
    assert plan.at_once()[ends] == [("digits", "mlp_five", "blocks")]
    assert ends[0] == "_degree4_0-0.6666666667" and len(ends) == 6
    place = ("digits", "mlp_five", "blocks")
    assert plan.reads(AT_ONCE, place)["graphs"] == plan.manifest("relate", ("drawn",))
    cell = plan.cells_at_once(place)[1]
    assert plan.asked("prune", cell) == plan.asked("train", cell) == plan.asked(AT_ONCE, place)
    assert [cell["rung"] for cell in plan.facts(AT_ONCE, place)["cells"]][:2] == ["degree4_0", "degree4_1"]


def test_other_graphs_make_other_masks(monkeypatch):
    one = Plan(configuration(rungs=[0]))
    cell = ("digits", "mlp_five", "blocks_degree4_0", "0.6666666667")
    monkeypatch.setitem(SETS["drawn"], "seed", 1)
    other = Plan(configuration(rungs=[0]))
    assert one.asked("prune", cell) != other.asked("prune", cell)
    assert one.facts("prune", cell)["choice"]["rung"] == "degree4_0"
