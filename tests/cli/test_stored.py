"""Graph files as input of every subcommand, tables in every format, and what is not installed."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import save_file

from prunegraph import encoding, graphs, models
from prunegraph.cli import main
from prunegraph.metrics import ramanujan, topometrics

SHAPE = (1, 8, 8)
NETWORK = ["network.safetensors", "--model", "conv6", "--input", "1,8,8", "--option", "width=0.05"]


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = models.create("conv6", 10, SHAPE, seed=0, width=0.05)
    save_file(network.state_dict(), "network.safetensors")
    return network


def test_a_graph_file_is_measured_as_the_network_it_was_made_from(network, capsys):
    assert main(["graph", *NETWORK, "--mode", "compat", "--output", "network.graph"]) == 0
    assert main(["measure", *NETWORK, "--mode", "compat", "--output", "direct.json"]) == 0
    capsys.readouterr()
    assert main(["measure", "network.graph", "--output", "stored.json"]) == 0
    direct, stored = (json.loads(Path(name).read_text()) for name in ("direct.json", "stored.json"))
    assert stored["rows"] == direct["rows"]
    expected = topometrics(encoding.encode(network, SHAPE, mode="compat"))
    assert {name: stored["rows"][0][name] for name in expected} == pytest.approx(expected)
    assert stored.pop("weights") == "network.graph" and direct.pop("weights") == "network.safetensors"
    assert stored == direct
    assert (stored["model"], stored["input"], stored["encoding"], stored["mode"]) == (
        "conv6",
        [1, 8, 8],
        "unrolled",
        "compat",
    )


def test_layer_graphs_of_a_file_are_measured_with_their_ramanujan_properties(network):
    assert main(["graph", *NETWORK, "--encoding", "rolled_channel", "--output", "layers.graph"]) == 0
    assert main(["measure", "layers.graph", "--output", "layers.json"]) == 0
    content = json.loads(Path("layers.json").read_text())
    assert content["encoding"] == "rolled_channel"
    layers = encoding.encode(network, SHAPE, encoding="rolled_channel")
    for row, (name, graph) in zip(content["rows"], layers.items(), strict=True):
        assert row["layer"] == name
        assert row["delta_r"] == pytest.approx(ramanujan(graph)["delta_r"])


def test_a_graph_file_is_exported_and_drawn_as_the_network(network, capsys):
    assert main(["graph", *NETWORK, "--output", "network.graph"]) == 0
    assert main(["graph", "network.graph", "--output", "edges.parquet"]) == 0
    source, target, weight = encoding.encode(network, SHAPE).edges()
    edges = pd.read_parquet("edges.parquet")
    np.testing.assert_array_equal(edges["source"], source)
    np.testing.assert_array_equal(edges["target"], target)
    np.testing.assert_array_equal(edges["weight"], weight)
    assert main(["draw", "network.graph", "--output", "stored.png"]) == 0
    assert main(["draw", *NETWORK, "--output", "direct.png"]) == 0
    assert Path("stored.png").read_bytes() == Path("direct.png").read_bytes()


def test_the_table_is_the_same_in_every_format(network):
    for suffix in ("json", "csv", "parquet"):
        assert main(["measure", *NETWORK, "--encoding", "rolled", "--output", f"table.{suffix}"]) == 0
    rows = pd.DataFrame(json.loads(Path("table.json").read_text())["rows"])
    assert len(rows) == 9 and {"delta_r", "two_hop", "spectral_gap"} <= set(rows)
    pd.testing.assert_frame_equal(pd.read_parquet("table.parquet"), rows, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_csv("table.csv"), rows, check_dtype=False)


REFUSED = {
    "leave out --mode": ["measure", "network.graph", "--mode", "compat"],
    "leave out --encoding": ["measure", "network.graph", "--encoding", "rolled"],
    "leave out --identity-edges": ["draw", "network.graph", "--identity-edges", "--output", "a.png"],
    "leave out --mask": ["measure", "network.graph", "--mask", "mask.safetensors"],
    "leave out --option": ["graph", "network.graph", "--option", "width=2", "--output", "a.npz"],
    "give --model and --input": ["measure", "network.safetensors", "--model", "conv6"],
    "the picture is made from the unrolled graph": ["draw", "layers.graph", "--output", "a.png"],
    "absent.graph": ["measure", "absent.graph"],
    "ending in .json, .csv, .parquet": ["measure", "absent.pt", "--output", "table.xlsx"],
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_errors_are_sentences(sentence, network, capsys):
    graphs.save("network.graph", encoding.encode(network, SHAPE))
    graphs.save("layers.graph", encoding.encode(network, SHAPE, encoding="rolled"))
    assert main(REFUSED[sentence]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("Error: ") and captured.err.count("\n") == 1
    assert sentence in captured.err
    assert not list(Path().glob("a.*"))


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("matplotlib", ["draw", *NETWORK, "--output", "a.png"]),
        ("pyarrow", ["measure", *NETWORK, "--output", "a.parquet"]),
        ("zstandard", ["graph", *NETWORK, "--output", "a.graph"]),
    ],
)
def test_a_package_that_is_not_installed_is_named(module, arguments, network, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("multipartite", "style"):
        monkeypatch.delitem(sys.modules, f"prunegraph.figures.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("Error: ") and "Traceback" not in captured.err
    assert f"`prunegraph {arguments[0]}` needs the Python package {module!r}" in captured.err
