"""The layer encodings: hand-drawn layers and both modes."""

import numpy as np
import torch
from torch import nn

from prunegraph import graphs
from prunegraph.encoding import encode, encode_weights, trace
from prunegraph.graphs import LayerGraphs, load


def network_and_weights():
    network = nn.Sequential(
        nn.Conv2d(2, 2, (1, 2), groups=1), nn.Conv2d(2, 4, 1, groups=2), nn.Flatten(), nn.Linear(8, 1)
    )
    weights = {
        # Output 0 keeps input 0, tap 1; output 1 keeps both taps of input 1: 3 and 4.
        "0.weight": np.array([[[[0, 2]], [[0, 0]]], [[[0, 0]], [[3, -4]]]]),
        "1.weight": np.array([1, 0, 0, -2]).reshape(4, 1, 1, 1),
        "3.weight": np.array([[0, 1, 0, 2, 0, 3, 0, 0]]),
    }
    return network, weights


def listed(graph):
    return list(zip(*(array.tolist() for array in graph.edges()), strict=True))


def test_rolled():
    network, weights = network_and_weights()
    layers = encode_weights(trace(network, (2, 2, 2)), weights, "rolled")
    assert list(layers) == ["0", "1", "3"]
    assert {name: graph.parts for name, graph in layers.items()} == {"0": (4, 2), "1": (2, 4), "3": (8, 1)}
    # Left numbers are channel * 2 + tap.
    assert listed(layers["0"]) == [(1, 4, 2), (2, 5, 3), (3, 5, 4)]
    # Groups: outputs 0 and 1 see input 0, outputs 2 and 3 see input 1.
    assert listed(layers["1"]) == [(0, 2, 1), (1, 5, 2)]
    assert listed(layers["3"]) == [(1, 8, 1), (3, 8, 2), (5, 8, 3)]
    assert layers["0"].density == 3 / 8


def test_rolled_channel():
    network, weights = network_and_weights()
    layers = encode_weights(trace(network, (2, 2, 2)), weights, "rolled_channel")
    assert layers["0"].parts == (2, 2)
    assert listed(layers["0"]) == [(0, 2, 2), (1, 3, 5)]
    assert listed(layers["1"]) == [(0, 2, 1), (1, 5, 2)]
    # A linear layer joins its inputs, not the channels they came from.
    assert layers["3"].parts == (8, 1) and layers["3"].number_of_edges() == 3
    # Density is that of the weights, not of the kernels.
    assert layers["0"].density == 3 / 8 and layers["0"].number_of_edges() == 2


def test_compat_rounds_weights_and_norms():
    network = nn.Sequential(nn.Conv2d(1, 2, (1, 2), bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([0.1, 0.1, 1e-9, 0.0]).reshape(2, 1, 1, 2))
    rolled = encode(network, (1, 2, 2), "rolled", "compat")["0"]
    assert listed(rolled) == [(0, 2, 0.0999755859375), (0, 3, 0.0), (1, 2, 0.0999755859375)]
    channel = encode(network, (1, 2, 2), "rolled_channel", "compat")["0"]
    # sqrt(0.02) = 0.1414213562..., in float16 0.1414794921875.
    assert listed(channel) == [(0, 1, 0.1414794921875), (0, 2, 0.0)]
    clean = encode(network, (1, 2, 2), "rolled_channel")["0"]
    np.testing.assert_allclose(clean.edges()[2], [np.sqrt(0.02), 1e-9], rtol=1e-6)


def test_a_shortcut_is_a_layer_like_any_other_and_a_dead_layer_has_no_edges():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.one, self.two, self.side = (nn.Conv2d(1, 1, 1) for _ in range(4))

        def forward(self, x):
            x = self.stem(x)
            return self.two(self.one(x)) + self.side(x)

    weights = {f"{name}.weight": np.ones((1, 1, 1, 1)) for name in ("stem", "one", "two")}
    layers = encode_weights(trace(Block(), (1, 2, 2)), weights | {"side.weight": np.zeros((1, 1, 1, 1))}, "rolled")
    assert {name: graph.number_of_edges() for name, graph in layers.items()} == {
        "stem": 1,
        "one": 1,
        "two": 1,
        "side": 0,
    }


def test_one_file_for_all_layers(tmp_path):
    network, weights = network_and_weights()
    for encoding in ("rolled", "rolled_channel"):
        layers = encode_weights(trace(network, (2, 2, 2)), weights, encoding, "compat")
        graphs.save(tmp_path / "layers.zst", layers, seed=1)
        loaded = load(tmp_path / "layers.zst")
        assert isinstance(loaded, LayerGraphs) and loaded.mode == "compat"
        assert list(loaded.items()) == list(layers.items())
