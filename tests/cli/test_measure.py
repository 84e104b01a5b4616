"""The command: what it reads, what it prints and writes, and how it refuses."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import networkx
import numpy as np
import pyarrow.parquet
import pytest
import scipy.io
import scipy.sparse
import torch
from helpers import ROOT
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

from prunegraph import graphs, models
from prunegraph.cli import checkpoint, main
from prunegraph.cli.table import table
from prunegraph.encoding import encode
from prunegraph.masks import Mask
from prunegraph.metrics import ramanujan, topometrics

MODEL = """
import torch
from torch import nn

def build(classes=3, width=4):
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Flatten(),
        nn.Linear(width * 9, classes),
    )

def up():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 1, 2))

def fails():
    raise RuntimeError("no such luck")

number = 5
def five():
    return number
"""
SHAPE = (1, 6, 5)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "some_models.py").write_text(MODEL)
    yield tmp_path
    sys.modules.pop("some_models", None)


@pytest.fixture
def network():
    layers = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Flatten()
    network, draw = nn.Sequential(*layers, nn.Linear(36, 3)), np.random.default_rng(0)
    with torch.no_grad():
        for layer in (network[0], network[5]):
            kept = draw.random(layer.weight.shape) < 0.4
            layer.weight.copy_(torch.from_numpy(draw.normal(size=layer.weight.shape) * kept))
    return network


def run(*arguments, command="measure", shape="1,6,5", model="some_models:build"):
    return main([command, *map(str, arguments), "--model", model, "--input", shape])


def wrapped(network):
    return {f"module.{name}": value for name, value in network.state_dict().items()}


def pruned(network):
    for layer in (network[0], network[5]):
        kept = layer.weight.detach() != 0
        with torch.no_grad():
            layer.weight[~kept] = 7.0
        prune.custom_from_mask(layer, "weight", kept)
    return network.state_dict()


SAVED = {
    "plain.pt": lambda network: network.state_dict(),
    "nested.pth": lambda network: {"epoch": 3, "state_dict": network.state_dict(), "best": 0.5},
    "parallel.ckpt": lambda network: {"model": wrapped(network)},
    "pruned.pt": pruned,
    "half.bin": lambda network: {name: value.half() for name, value in network.half().state_dict().items()},
    "plain.safetensors": lambda network: network.state_dict(),
    "bfloat.safetensors": lambda network: {
        name: value.clone() for name, value in network.bfloat16().state_dict().items()
    },
}


@pytest.mark.parametrize("name", SAVED)
def test_every_kind_of_checkpoint_is_measured_alike(name, here, network, capsys):
    content = SAVED[name](network)
    save_file(content, name) if name.endswith(".safetensors") else torch.save(content, name)
    assert run(name, "--json", "out.json", "--csv", "out.csv") == 0
    graph = encode(network.float(), SHAPE)
    expected = topometrics(graph)
    written = json.loads(Path("out.json").read_text())
    (row,) = written["rows"]
    assert {key: row[key] for key in expected} == pytest.approx(expected)
    assert (row["nodes"], row["edges"], row["weights_kept"]) == (
        graph.number_of_nodes(),
        graph.number_of_edges(),
        graph.weights,
    )
    assert written["input"] == [1, 6, 5] and written["weights"] == name and written["mode"] == "clean"
    with open("out.csv") as file:
        (line,) = csv.DictReader(file)
    assert line["motifs"] == str(expected["motifs"]) and line["layer"] == ""
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert printed["edges"] == f"{graph.number_of_edges():,}" and printed["k_core"] == f"{expected['k_core']:.7g}"


def test_layers_are_measured_and_fit_the_terminal(here, network, capsys, monkeypatch):
    torch.save(network.state_dict(), "net.pt")
    monkeypatch.setenv("COLUMNS", "100")
    assert run("net.pt", "--encoding", "rolled", "--csv", "out.csv") == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["layer", "nodes", "edges", "density", "delta_r", "imdb", "imsg"] and len(lines) == 2
    with open("out.csv") as file:
        rows = list(csv.DictReader(file))
    for row, (name, graph) in zip(rows, encode(network, SHAPE, "rolled").items(), strict=True):
        assert row["layer"] == name and int(row["two_hop"] != "") and row["density"] == str(graph.density)
        assert row["delta_r"] == str(ramanujan(graph)["delta_r"])
    monkeypatch.setenv("COLUMNS", "30")
    assert run("net.pt", "--encoding", "rolled_channel") == 0
    assert max(map(len, capsys.readouterr().out.splitlines()[:-1])) <= 30


def test_a_model_of_the_catalogue_with_the_classes_of_the_checkpoint(here, capsys):
    network = models.create("conv6", 7, (1, 8, 8), width=0.0625)
    torch.save(network.state_dict(), "net.pt")
    assert run("net.pt", "--option", "width=0.0625", model="conv6", shape="1,8,8") == 0
    assert f"{encode(network, (1, 8, 8)).number_of_edges():,}" in capsys.readouterr().out


def test_masks_modes_and_normalisation(here, network, capsys):
    torch.save(network.state_dict(), "net.pt")
    Mask({"5.weight": torch.zeros(3, 36)}).save("mask.safetensors")
    assert run("net.pt", "--mask", "mask.safetensors", "--normalised", "--mode", "compat", "--json", "out.json") == 0
    with torch.no_grad():
        network[5].weight.zero_()
    expected = topometrics(encode(network, SHAPE, mode="compat"), normalised=True)
    (row,) = json.loads(Path("out.json").read_text())["rows"]
    assert {key: row[key] for key in expected} == pytest.approx(expected)


def test_masks_keep_weights_of_zero(here, network, capsys):
    """By --mask and by torch.nn.utils.prune, both: what both keep."""
    one, other = np.random.default_rng(1).random((2, 3, 36)) < 0.5
    with torch.no_grad():
        network[5].weight.zero_()
    torch.save(network.state_dict(), "net.pt")
    prune.custom_from_mask(network[5], "weight", torch.from_numpy(other))
    torch.save(network.state_dict(), "pruned.pt")
    Mask({"5.weight": one}).save("mask.safetensors")
    cases = {("net.pt",): 0, ("net.pt", "--mask", "mask.safetensors"): one.sum(), ("pruned.pt",): other.sum()}
    cases["pruned.pt", "--mask", "mask.safetensors"] = (one & other).sum()
    first = int(np.count_nonzero(network[0].weight.detach()))
    for arguments, kept in cases.items():
        assert run(*arguments, "--json", "out.json") == 0
        (row,) = json.loads(Path("out.json").read_text())["rows"]
        assert row["weights_kept"] == first + kept
    assert encode(network, SHAPE).weights == first + other.sum()


def test_edges_are_exported_in_every_format(here, network, capsys):
    torch.save(network.state_dict(), "net.pt")
    for suffix in (".parquet", ".graphml", ".mtx", ".npz", ".graph"):
        assert run("net.pt", "--output", f"edges{suffix}", command="graph") == 0
    graph = encode(network, SHAPE)
    source, target, weight = graph.edges()
    edges = pyarrow.parquet.read_table("edges.parquet")
    np.testing.assert_array_equal(edges["target"], target)
    np.testing.assert_array_equal(edges["weight"], weight)
    for matrix in (scipy.sparse.load_npz("edges.npz"), scipy.io.mmread("edges.mtx", spmatrix=False)):
        assert abs(matrix - graphs.to_scipy(graph)).max() < 1e-6 and matrix.nnz == len(source)
    assert np.load("edges.npz")["parts"].tolist() == list(graph.parts)
    other = networkx.read_graphml("edges.graphml")
    assert other.number_of_nodes() == graph.number_of_nodes() and other.is_directed()
    assert other.nodes[f"n{graph.number_of_nodes() - 1}"]["part"] == 2
    found = {(int(s[1:]), int(t[1:])): w for s, t, w in other.edges(data="weight")}
    assert found == dict(zip(zip(source.tolist(), target.tolist(), strict=True), weight.tolist(), strict=True))
    assert graphs.load("edges.graph") == graph and graphs.provenance("edges.graph")["model"] == "some_models:build"
    capsys.readouterr()
    assert run("net.pt", "--encoding", "rolled", "--output", "sub/layers.npz", command="graph") == 0
    assert [path.name for path in sorted(Path("sub").iterdir())] == ["layers.0.npz", "layers.5.npz"]
    assert run("net.pt", "--encoding", "rolled", "--output", "layers.graph", command="graph") == 0
    assert list(graphs.load("layers.graph")) == ["0", "5"]


def test_a_picture_is_drawn(here, network, capsys):
    torch.save(network.state_dict(), "net.pt")
    for suffix in ("png", "pdf"):
        assert run("net.pt", "--output", f"net.{suffix}", "--most-edges", 50, command="draw") == 0
        assert Path(f"net.{suffix}").stat().st_size > 2000
    assert run("net.pt", "--output", "net.gif", command="draw") == 1
    assert ".pdf or .png" in capsys.readouterr().err


class Evil:
    def __reduce__(self):
        return os.mkdir, ("it_ran",)


REFUSED = {
    "There is no file absent.pt": ["absent.pt"],
    "of no known kind": ["some_models.py"],
    "could run code": ["evil.pt"],
    "no readable file of torch.save|more than tensors, or is damaged": ["cut.pt"],
    "no readable safetensors": ["cut.safetensors"],
    "holds list and no state dict": ["list.pt"],
    "'0.weight_mask' and '0.weight_orig' are of the shapes": ["other_mask.pt"],
    "weights that the model lacks, such as '9.weight'": ["foreign.pt"],
    "There is no weight '5.weight'": ["half.pt"],
    "'5.weight' is of shape .*--classes and --option": ["net.pt", "--classes", "4"],
    "Unknown model 'resnet'": ["net.pt", "--model", "resnet"],
    "lacks the weight .* of resnet20": ["net.pt", "--model", "resnet20"],
    "There is no some_models:absent": ["net.pt", "--model", "some_models:absent"],
    "There is no nowhere:f": ["net.pt", "--model", "nowhere:f"],
    "no such luck": ["net.pt", "--model", "some_models:fails"],
    "expected a torch.nn.Module": ["net.pt", "--model", "some_models:five"],
    "takes no number of classes": ["net.pt", "--model", "some_models:five", "--classes", "4"],
    "ConvTranspose2d '1' cannot be represented": ["up.pt", "--model", "some_models:up"],
    "no KEY=VALUE": ["net.pt", "--option", "width"],
    "fails on an input of shape": ["net.pt", "--input", "1,3,3"],
    "belong to the unrolled graph": ["net.pt", "--identity-edges", "--encoding", "rolled"],
    "The mask's layer 'a'": ["net.pt", "--mask", "mask.safetensors"],
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_errors_are_sentences(sentence, here, network, capsys):
    state = network.state_dict()
    torch.save(state, "net.pt")
    save_file(state, "net.safetensors")
    torch.save({"a": Evil()}, "evil.pt")
    torch.save([1, 2], "list.pt")
    torch.save({"0.weight_orig": state["0.weight"], "0.weight_mask": torch.ones(2)}, "other_mask.pt")
    torch.save({**state, "9.weight": torch.ones(2, 2)}, "foreign.pt")
    torch.save({"0.weight": state["0.weight"]}, "half.pt")
    torch.save({"0.weight": torch.ones(2, 1, 3, 3)}, "up.pt")
    Mask({"a": torch.ones(2)}).save("mask.safetensors")
    for name in ("net.pt", "net.safetensors"):
        Path(name.replace("net", "cut")).write_bytes(Path(name).read_bytes()[:-700])
    capsys.readouterr()
    weights, *options = REFUSED[sentence]
    assert main(["measure", weights, "--model", "some_models:build", "--input", "1,6,5", *options]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("Error: ")
    assert re.search(sentence, captured.err), captured.err
    assert not Path("it_ran").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["measure"],
        ["measure", "net.pt", "--model", "conv6", "--input", "3,32"],
        ["measure", "net.pt", "--model", "conv6", "--input", "3,32,0"],
        ["measure", "net.pt", "--model", "conv6", "--input", "3,32,32", "--classes", "none"],
        ["measure", "net.pt", "--model", "conv6", "--input", "3,32,32", "--encoding", "rolled-channel"],
        ["draw", "net.pt", "--model", "conv6", "--input", "3,32,32"],
    ],
)
def test_bad_usage_ends_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2 and "error: " in capsys.readouterr().err


def test_unknown_output_is_refused_before_any_work(here, capsys):
    assert run("absent.pt", "--output", "edges.xml", command="graph") == 1
    assert ".parquet, .graphml, .mtx, .npz, .graph" in capsys.readouterr().err


def test_a_graph_too_large_for_the_machine_is_refused(here, network, capsys, monkeypatch):
    torch.save(network.state_dict(), "net.pt")
    monkeypatch.setattr("prunegraph.memory.BYTES_PER_EDGE", 1 << 60)
    for command, output in (("graph", "edges.npz"), ("draw", "graph.png")):
        assert run("net.pt", "--output", output, command=command) == 1
        assert "edges must be listed, which takes about" in capsys.readouterr().err
        assert not Path(output).exists()


@pytest.mark.parametrize("width", [40, 100])
@pytest.mark.parametrize("command", ["measure", "graph", "draw", "predict"])
def test_help_is_complete_and_fits(command, width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    for word in ("WEIGHTS", "--model", "--input", "--classes", "--mask", "--mode", "--identity-edges", "weight_mask"):
        assert word in said
    prose = said[said.index("WEIGHTS is") : said.index("example")]
    assert max(map(len, prose.splitlines())) <= width


def test_the_module_runs_from_the_shell_without_torch_for_help():
    code = "import sys, prunegraph.cli.command as c; c.parser().format_help(); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False"]
    shell = subprocess.run([sys.executable, "-m", "prunegraph", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert shell.returncode == 0 and shell.stdout.startswith("prunegraph ")


def test_tables():
    rows = [{"layer": "a", "edges": 12345, "gap": None}, {"layer": "long", "edges": 7, "gap": 0.123456789}]
    assert table(rows, 40).splitlines() == [
        "layer   edges        gap",
        "a      12,345          -",
        "long        7  0.1234568",
    ]
    assert table(rows, 20).split("\n\n")[0].splitlines() == ["layer  a", "edges  12,345", "gap    -"]


def test_masks_beside_weights():
    arrays = {"a_orig": np.array([2.0, 3.0]), "a_mask": np.array([1.0, 0.0]), "b": np.ones(1)}
    found, masks = checkpoint.masked(arrays, "file")
    assert sorted(found) == ["a", "b"] and found["a"].tolist() == [2, 0]
    assert list(masks) == ["a"] and masks["a"].tolist() == [True, False]
    found, masks = checkpoint.masked({"causal_mask": np.ones(2)}, "file")
    assert found.keys() == {"causal_mask"} and not masks
    assert checkpoint.without_prefix({"module._orig_mod.a": 1}) == {"a": 1} and checkpoint.without_prefix({}) == {}
    assert checkpoint.without_prefix({"module.a": 1, "b": 2}) == {"module.a": 1, "b": 2}
