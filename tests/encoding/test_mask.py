"""The mask says what is an edge: kept weights of zero are, removed ones never; without a mask zeros are removed."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from prunegraph import graphs
from prunegraph.catalogue import ENCODINGS
from prunegraph.encoding import encode, encode_weights, mask_from_zeros, trace
from prunegraph.errors import UserError
from prunegraph.graphs import MultipartiteGraph
from prunegraph.masks import Mask

SHAPE = (2, 1, 2)


def drawn():
    """Of 2x1x2 inputs a convolution of 1x2 kernels, and a linear layer of its two 1x1 maps."""
    network = nn.Sequential(nn.Conv2d(2, 2, (1, 2)), nn.Flatten(), nn.Linear(2, 2))
    weights = {
        "0.weight": np.array([[[[3, 0]], [[7, np.nan]]], [[[0, 0]], [[0, 0]]]]),
        "2.weight": np.array([[0, -2], [np.inf, 5]]),
    }
    mask = {
        # Kernels: 3 and a zero, both kept; two numbers removed; one zero kept; all removed.
        "0.weight": np.array([[[[1, 1]], [[0, 0]]], [[[0, 1]], [[0, 0]]]], bool),
        # A kept zero, a kept weight; two removed numbers.
        "2.weight": np.array([[1, 1], [0, 0]], bool),
    }
    return network, weights, mask


def listed(graph):
    return list(zip(*(array.tolist() for array in graph.edges()), strict=True))


def equal(one, other):
    """Of graphs, or of the graphs of all layers."""
    return one == other if isinstance(one, MultipartiteGraph) else list(one.items()) == list(other.items())


@pytest.mark.parametrize("mode", ["clean", "compat"])
def test_unrolled(mode):
    network, weights, mask = drawn()
    graph = encode_weights(trace(network, SHAPE), weights, "unrolled", mode, mask)
    # Inputs 0 and 1 (channel 0), 2 and 3 (channel 1); maps 4 and 5; outputs 6 and 7.
    assert listed(graph) == [(0, 4, 3), (1, 4, 0), (1, 5, 0), (4, 6, 0), (5, 6, 2)]
    assert (graph.weights, graph.parameters) == (5, 12) and graph.number_of_edges() == 5 and graph.weight_sum() == 5
    assert graph.out_degree().tolist() == [1, 2, 0, 0, 1, 1, 0, 0] and graph.in_degree().tolist() == [0] * 4 + [
        2,
        1,
        2,
        0,
    ]
    assert graph.out_strength().tolist() == [3, 0, 0, 0, 0, 2, 0, 0]


@pytest.mark.parametrize("mode", ["clean", "compat"])
def test_rolled(mode):
    network, weights, mask = drawn()
    layers = encode_weights(trace(network, SHAPE), weights, "rolled", mode, mask)
    assert listed(layers["0"]) == [(0, 4, 3), (1, 4, 0), (1, 5, 0)] and layers["0"].density == 3 / 8
    assert listed(layers["2"]) == [(0, 2, 0), (1, 2, 2)] and layers["2"].density == 2 / 4


@pytest.mark.parametrize("mode", ["clean", "compat"])
def test_rolled_channel(mode):
    network, weights, mask = drawn()
    layers = encode_weights(trace(network, SHAPE), weights, "rolled_channel", mode, mask)
    assert listed(layers["0"]) == [(0, 2, 3), (0, 3, 0)] and layers["0"].density == 3 / 8
    assert listed(layers["2"]) == [(0, 2, 0), (1, 2, 2)]


@pytest.mark.parametrize("kind", ENCODINGS)
def test_removed_weights_are_none_whatever_their_values(kind):
    network, weights, mask = drawn()
    architecture = trace(network, SHAPE)
    clean = {name: np.where(mask[name], values, 0) for name, values in weights.items()}
    assert encode_weights(architecture, weights, kind, mask=mask) == encode_weights(
        architecture, clean, kind, mask=mask
    )


@pytest.mark.parametrize("kind", ENCODINGS)
def test_edges_of_weight_zero_are_saved(kind, tmp_path):
    network, weights, mask = drawn()
    graph = encode_weights(trace(network, SHAPE), weights, kind, mask=mask)
    graphs.save(tmp_path / "graph", graph)
    loaded = graphs.load(tmp_path / "graph")
    assert equal(loaded, graph)
    assert 0 in (loaded if kind == "unrolled" else loaded["2"]).edges()[2]


def test_weights_that_meet_on_one_edge_make_it_if_one_is_kept():
    # Windows of two inputs, one apart: taps 0 and 1 of the convolution both lead from input 1 to the output.
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d((1, 2), 1), nn.Conv2d(1, 1, (1, 2)))
    weights = {"0.weight": np.zeros((1, 1, 1, 1)), "2.weight": np.array([0.0, 9.0]).reshape(1, 1, 1, 2)}
    mask = {name: values == 0 for name, values in weights.items()}
    graph = encode_weights(trace(network, (1, 1, 3)), weights, mask=mask)
    assert listed(graph) == [(0, 3, 0), (1, 4, 0), (2, 5, 0), (3, 6, 0), (4, 6, 0)]


@pytest.mark.parametrize("kind", ENCODINGS)
def test_without_a_mask_zeros_are_removed(kind):
    network, weights, _ = drawn()
    weights = {name: np.nan_to_num(values, posinf=4) for name, values in weights.items()}
    found = mask_from_zeros(weights)
    assert found["2.weight"].tolist() == [[False, True], [True, True]]
    assert mask_from_zeros({"": np.array([-0.0, 1e-45])})[""].tolist() == [False, True]
    architecture = trace(network, SHAPE)
    graph = encode_weights(architecture, weights, kind)
    assert equal(graph, encode_weights(architecture, weights, kind, mask=found))
    whole = graph if kind == "unrolled" else graph["0"]
    assert listed(whole)[0] == (0, whole.parts[0], 3) and 0 not in whole.edges()[2]


def test_weights_that_a_mask_does_not_name_are_all_kept():
    network, weights, mask = drawn()
    graph = encode_weights(
        trace(network, SHAPE), {**weights, "2.weight": np.zeros((2, 2))}, mask={"0.weight": mask["0.weight"]}
    )
    assert graph.weights == 3 + 4


def test_masks_of_a_network():
    network, weights, mask = drawn()
    with torch.no_grad():
        for name, values in weights.items():
            network.get_parameter(name).copy_(torch.from_numpy(values))
    expected = encode_weights(trace(network, SHAPE), weights, mask=mask)
    assert encode(network, SHAPE, mask=Mask(mask)) == expected
    assert encode(network, SHAPE, mask={name: torch.from_numpy(kept) for name, kept in mask.items()}) == expected


class Idle(nn.Module):
    """A layer that nothing runs through beside one that is used."""

    def __init__(self):
        super().__init__()
        self.used, self.idle = nn.Conv2d(1, 1, 1), nn.Linear(1, 1)

    def forward(self, x):
        return self.used(x)


def test_masks_may_name_layers_that_nothing_runs_through():
    graph = encode(Idle(), (1, 1, 1), mask=Mask({"used.weight": [[[[1]]]], "idle.weight": [[0]]}))
    assert graph.number_of_edges() == 1


def test_torchs_own_masks_are_masks():
    network, weights, mask = drawn()
    with torch.no_grad():
        for name, values in weights.items():
            network.get_parameter(name).copy_(torch.from_numpy(np.nan_to_num(values, posinf=4)))
    expected = encode_weights(trace(network, SHAPE), weights, "rolled", mask=mask)
    prune.custom_from_mask(network[0], "weight", torch.from_numpy(mask["0.weight"]))
    found = encode(network, SHAPE, "rolled")
    assert found["0"] == expected["0"]
    # The other layer has none, so its zero is removed.
    assert listed(found["2"]) == [(0, 3, 4), (1, 2, 2), (1, 3, 5)]


def test_masks_that_do_not_fit_are_refused():
    network, weights, mask = drawn()
    architecture = trace(network, SHAPE)
    with pytest.raises(UserError, match=r"layer '3\.weight' that the network lacks; it has 0\.weight, 2\.weight"):
        encode_weights(architecture, weights, mask={**mask, "3.weight": np.ones(2, bool)})
    with pytest.raises(UserError, match="that the network lacks"):
        encode(network, SHAPE, mask={**mask, "3.weight": np.ones(2, bool)})
    with pytest.raises(UserError, match=r"Layer '2\.weight': the mask has shape \(4,\), the weight \(2, 2\)"):
        encode_weights(architecture, weights, mask={**mask, "2.weight": np.ones(4, bool)})
    with pytest.raises(UserError, match="holds only 0 and 1"):
        encode_weights(architecture, weights, mask={**mask, "2.weight": np.full((2, 2), 0.5)})
    with pytest.raises(UserError, match="not a number"):
        encode_weights(architecture, weights, mask={"0.weight": mask["0.weight"]})
