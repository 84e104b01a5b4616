"""A small study of searches on real networks: its tables, and that neither processes nor kills change them."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.small_search import small_case

from prunegraph import datasets, models, relational
from prunegraph.errors import UserError
from prunegraph.search.evaluation import masked
from prunegraph.search.repeats import of_network
from prunegraph.search.study import sentence, study
from prunegraph.training import evaluation, loop
from prunegraph.training.recipes import recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def tables(folder):
    return study([small_case(folder)])


def test_every_table_has_its_rows(tables):
    assert {name: len(rows) for name, rows in tables.items()} == {
        "search_summary": 1,
        "search_graphs": len(tables["search_posterior"]) + 6 + 8,
        "search_signal": 4 * 2 + 6 * 2,
        "search_trace": 2 * 2 * 5,
        "bogp_search": 2 * 2,
        "search_posterior": len({row["graph"] for row in tables["search_graphs"] if row["set"] == "graphs"}),
        "search_trade_off": 2,
    }
    [summary] = tables["search_summary"]
    assert summary["verdict"] in ("not tested", "cannot be tested here") and "2 repeats" in sentence(summary)
    winners = [row["best"] for row in tables["bogp_search"] if row["search"] == "bayesian"]
    assert summary["bayesian"] == pytest.approx(np.mean(winners))
    assert {row["sparsity"] for row in tables["bogp_search"]} == {1 - 24 / 64}
    assert {row["sparsity"] for row in tables["search_trade_off"]} <= {1 - 20 / 64, 1 - 40 / 64}


def test_an_evaluation_is_a_training_with_the_graph_as_mask_and_tested_on_the_validation_part(folder, tables):
    case = small_case(folder)
    data, graphs = datasets.load(case.images), relational.load(case.sets["graphs"])
    row = next(row for row in tables["search_trace"] if row["repeat"] == 1 and row["evaluation"] == 2)
    seed = of_network(0, 1, 1)
    network = models.create("mlp", data.classes, data.input_shape, seed, hidden=[8, 8, 8])
    graph = graphs.adjacency[[each["name"] for each in graphs.rows].index(row["graph"])]
    mask = masked(network, graph, "hidden", "none")
    assert [values.mean() for values in mask.values()] == [1, 24 / 64, 24 / 64, 1]
    loop.train(network, mask, data, recipe("quick", "digits", "mlp", epochs=1), seed)
    assert row["accuracy"] == evaluation.evaluate(network, data.validation.batches())["accuracy"]
    weights = models.prunable(network)["layers.2.weight"].detach().numpy()
    assert (weights[~graph] == 0).all() and (weights[graph] != 0).all()


def test_another_run_evaluates_nothing(folder, tables):
    ledgers = {path: path.read_bytes() for path in (folder / "ledgers").iterdir()}
    assert study([small_case(folder)]) == tables
    assert {path: path.read_bytes() for path in (folder / "ledgers").iterdir()} == ledgers


@pytest.mark.slow  # each process imports torch
def test_more_processes_find_the_same(folder, tables):
    case = replace(small_case(folder), ledgers=folder / "others")
    assert study([case], processes=2) == tables


def test_what_cannot_be_searched_is_said_in_a_sentence(folder):
    with pytest.raises(UserError, match="begins with 50 different candidates"):
        study([small_case(folder, start=50)])
    graphs = relational.load(folder / "graphs.zst")
    alike = [{**graphs.rows[0], "name": f"graph{number}"} for number in range(6)]
    relational.save(folder / "alike.zst", graphs._replace(adjacency=graphs.adjacency[[0] * 6], rows=alike))
    case = small_case(folder)
    with pytest.raises(UserError, match="have the same properties"):
        study([replace(case, sets={"graphs": folder / "alike.zst"})])
    narrow = {"network": {"name": "mlp", "options": {"hidden": [8, 6, 8]}}, "made_from": "narrow"}
    with pytest.raises(UserError, match="8 nodes cannot be the mask of a layer with 6 channels"):
        study([replace(case, **narrow)])
    without = folder / "without.safetensors"
    datasets.prepare("digits", folder, without, 0, 0)
    with pytest.raises(UserError, match="has no validation part, and a search must not choose by the test"):
        study([replace(case, images=without, made_from="without")])
