"""The job that encodes: edges are what the mask of the trained network keeps."""

import numpy as np
import pytest
from helpers import ROOT
from helpers.scripts import main_of
from helpers.workflow import snakemake
from torch import nn

from prunegraph import graphs, tensors
from prunegraph.encoding import trace
from prunegraph.masks import Mask
from prunegraph.pool import filling, manifest_path

encode = main_of(ROOT / "workflow_scripts" / "encode.py")
KINDS = ["unrolled", "rolled", "rolled_channel"]


@pytest.fixture
def files(tmp_path):
    """One linear layer: weights 0, 2 and 3, of which the mask keeps the first two."""
    with filling(initial(tmp_path)) as cell:
        trace(nn.Sequential(nn.Flatten(), nn.Linear(3, 1)), (1, 1, 3)).save(cell.path("architecture.json"))
        cell.add("architecture", "key", "architecture.json")
    train(tmp_path, [1, 1, 0])
    return tmp_path


def initial(folder):
    return manifest_path(folder / "model", "0" * 12)


def trained(folder):
    return manifest_path(folder / "trained", "0" * 12)


def train(folder, kept):
    with filling(trained(folder)) as cell:
        names = [f"seed4/{name}.safetensors" for name in ("weights", "mask")]
        tensors.save(cell.path(names[0]), {"1.weight": np.float32([[0, 2, 3]])}, seed=4)
        Mask({"1.weight": [kept]}).save(cell.path(names[1]))
        cell.add("seed4", str(kept), *names)


def graph(folder, kind):
    return folder / f"graphs/seed4/{kind}.graph"


def edges(folder):
    manifest = manifest_path(folder / "graphs", "0" * 12)
    encode(manifest, initial(folder), trained(folder), KINDS, "clean", [4], "code")
    whole, *layers = (graphs.load(graph(folder, kind)) for kind in KINDS)
    found = [[array.tolist() for array in part.edges()] for part in (whole, *(part["1"] for part in layers))]
    assert found[0] == found[1] == found[2]
    return found[0]


def test_edges_are_those_of_the_mask(files):
    assert edges(files) == [[0, 1], [3, 3], [0, 2]]


def test_graphs_are_made_again_when_the_mask_changes_and_only_then(files):
    edges(files)
    before = [graph(files, kind).stat().st_mtime_ns for kind in KINDS]
    edges(files)
    assert before == [graph(files, kind).stat().st_mtime_ns for kind in KINDS]
    train(files, [1, 0, 1])
    assert edges(files) == [[0, 2], [3, 3], [0, 3]]


def test_the_workflow_gives_the_mask_of_the_trained_network(tmp_path):
    """Of a method whose mask moves: it is not the one that training began with, and some weights that grew are 0."""
    cell = "digits/small/set-0.98/seed0"
    options = ["models={'small':{'model':'conv6','options':{'width':0.125}}}"]
    options += ["seeds=[0]", "training={'recipe':'quick','epochs':2}", "encodings=[rolled]"]
    snakemake(tmp_path, "results/graphs/digits/small/set-0.98.json", config=options)
    results = tmp_path / "results"
    mask = Mask.load(results / "trained" / cell / "mask.safetensors")
    weights, _ = tensors.load(results / "trained" / cell / "weights.safetensors")
    layers = graphs.load(results / "graphs" / cell / "rolled.graph")
    start = Mask.load(results / "masks" / f"{cell}.safetensors")
    assert any((start[name] != mask[name]).any() for name in mask)
    assert any((weights[name][kept] == 0).any() for name, kept in mask.items())
    for name, graph in layers.items():
        kept = mask[f"{name}.weight"]
        (block,) = graph.blocks
        assert np.array_equal(block.mask.ravel(), kept.ravel())
        assert np.array_equal(block.values, np.abs(weights[f"{name}.weight"][kept]))
    assert sum(graph.weights for graph in layers.values()) == mask.kept
