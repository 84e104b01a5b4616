"""``predict``: from a network's graph to the accuracy drop to expect."""

import json
import math

import numpy as np
import pytest
from helpers.small_study import small_study
from safetensors.torch import save_file

from prunegraph import encoding, models
from prunegraph.analysis import transfer
from prunegraph.analysis.predictor import Predictor
from prunegraph.cli import main
from prunegraph.files import read_json, write_json
from prunegraph.metrics import topometrics


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a predictor and a small network's checkpoint."""
    monkeypatch.chdir(tmp_path)
    table = small_study().features
    content = transfer.fitted(table, transfer.coverage(table, rows_per_feature=2), rows_per_feature=2)
    write_json("results/predictors/mge.json", content)
    save_file(_network().state_dict(), "network.safetensors")
    return tmp_path


def _network():
    return models.create("conv6", 10, (1, 8, 8), seed=0, width=0.05)


NETWORK = ["network.safetensors", "--model", "conv6", "--input", "1,8,8", "--option", "width=0.05"]


def _predicted(*arguments) -> dict:
    assert main(["predict", *arguments, "--json", "found.json"]) == 0
    with open("found.json") as file:
        return json.load(file)


@pytest.mark.parametrize("name", ["log_edges", "unrolled_mask", "unrolled"])
def test_prediction_is_that_of_the_fitted_plane(here, name, capsys):
    found = _predicted(*NETWORK, "--features", name)
    graph = encoding.encode(_network(), (1, 8, 8))
    with open("results/predictors/mge.json") as file:
        model = Predictor.from_dict(json.load(file)["models"][name])
    row = topometrics(graph, normalised=True)
    values = [math.log10(graph.number_of_edges())] if name == "log_edges" else [row[c[9:]] for c in model.columns]
    expected = model.predict(np.array([values])).iloc[0]
    assert found["drop"] == pytest.approx(expected["drop"])
    assert found["low"] < found["drop"] < found["high"]
    assert found["outside"] == bool(expected.outside)
    said = capsys.readouterr().out
    assert f"{expected['drop']:.3f} (fraction of the dense network's accuracy that is lost)" in " ".join(said.split())
    assert "90% interval" in said
    assert "(new pruner)" in said


@pytest.mark.parametrize("normalised", [[], ["--normalised"]])
def test_json_of_measure_gives_the_same(here, normalised):
    assert main(["measure", *NETWORK, *normalised, "--json", "measured.json"]) == 0
    assert _predicted("measured.json")["drop"] == pytest.approx(_predicted(*NETWORK)["drop"])


def test_a_graph_file_gives_the_same(here):
    assert main(["graph", *NETWORK, "--output", "network.graph"]) == 0
    assert _predicted("network.graph")["drop"] == pytest.approx(_predicted(*NETWORK)["drop"])


def test_a_network_unlike_all_others_is_said_to_be(here, capsys):
    found = _predicted(*NETWORK, "--features", "unrolled")
    # The synthetic networks have tens of thousands of edges and random metrics.
    assert found["outside"]
    assert found["beyond"]
    said = capsys.readouterr().out
    assert "OUTSIDE" in said
    assert "too unlike" in said  # a drop of more than all accuracy
    assert "the fit saw" in " ".join(said.split())


def test_what_is_said_fits_a_terminal(here, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _predicted(*NETWORK, "--features", "unrolled")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(" " * 20) for line in lines)  # goes on below


def test_published_drops_refer_to_the_best_pruner(here, capsys):
    content = read_json("results/predictors/mge.json")
    content["fitted_to"]["source"] = ["published"]
    write_json("published.json", content)
    assert main(["graph", *NETWORK, "--output", "network.graph"]) == 0
    for network in (NETWORK, ["network.graph"]):
        _predicted(*network, "--predictor", "published.json")
        said = capsys.readouterr().out
        assert "the best pruner's" in said
        assert "dense" not in said
        assert "quirks of --mode compat, this one has not" in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["network.safetensors"], "for a checkpoint give --model and --input"),
        ([*NETWORK, "--predictor", "none.json"], "none.json is no predictor. A copy of the repository fits one"),
        ([*NETWORK, "--predictor", "empty.json"], "its study had too few networks"),
        ([*NETWORK, "--features", "unroled"], "Did you mean 'unrolled'"),
        (["layers.json"], "does not hold the topometrics of one unrolled graph"),
        (["layers.graph"], "one graph per layer; the prediction is made from the unrolled graph"),
        (["undefined.json"], "no value of unrolled.motifs"),
    ],
)
def test_errors_are_sentences(here, arguments, words, capsys):
    write_json("empty.json", {"kind": "prunegraph predictor", "models": {}})
    write_json("layers.json", {"encoding": "rolled", "rows": [{"layer": "fc", "nodes": 3, "edges": 2}]})
    assert main(["graph", *NETWORK, "--encoding", "rolled", "--output", "layers.graph"]) == 0
    assert main(["measure", *NETWORK, "--json", "undefined.json"]) == 0
    with open("undefined.json") as file:
        content = json.load(file)
    content["rows"][0]["motifs"] = None
    write_json("undefined.json", content)
    capsys.readouterr()
    assert main(["predict", *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert words in said
