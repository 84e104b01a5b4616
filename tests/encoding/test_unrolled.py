"""The unrolled encoding: hand-drawn networks, forward differences, the two modes."""

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import models
from prunegraph.encoding import encode, encode_weights, trace
from prunegraph.errors import UserError


def edges(graph):
    return {(int(s), int(t)): float(w) for s, t, w in zip(*graph.edges(), strict=True)}


def with_weights(network, **weights):
    with torch.no_grad():
        for name, values in weights.items():
            parameter = network.get_parameter(name.replace("_", "."))
            parameter.copy_(torch.tensor(values, dtype=torch.float32).reshape(parameter.shape))
    return network


def test_a_tiny_network_drawn_by_hand():
    # Input 1x2x2 padded to 4x4 (nodes 0-15), the image being 5, 6, 9, 10. The kernel keeps its centre (2)
    # and its lower right corner (-3): output (Y, X) sees padded (Y+1, X+1) and (Y+2, X+2). Outputs are 16-19,
    # pooled 2x2 into the only input of two linear outputs, 20 and 21, of which the second has weight zero.
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(1, 2))
    with_weights(network, **{"0_weight": [0, 0, 0, 0, 2, 0, 0, 0, -3], "4_weight": [0.5, 0.0]})
    graph = encode(network, (1, 2, 2))
    assert graph.parts == (16, 4, 2)
    assert edges(graph) == {
        **{(5, 16): 2, (6, 17): 2, (9, 18): 2, (10, 19): 2},
        **{(10, 16): 3, (11, 17): 3, (14, 18): 3, (15, 19): 3},
        **{(16, 20): 0.5, (17, 20): 0.5, (18, 20): 0.5, (19, 20): 0.5},
    }


class Strided(nn.Module):
    """A stem, a strided block of two convolutions with a 1x1 shortcut, on a 1x4x4 input."""

    def __init__(self):
        super().__init__()
        self.stem, self.one = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 3, 2, 1)
        self.two, self.side = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1, 2)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        return self.two(torch.relu(self.one(x))) + self.side(x)


def strided():
    # Only the lower right tap of the 3x3 kernel: output (Y, X) sees (2Y+1, 2X+1).
    return with_weights(Strided(), stem_weight=[1], one_weight=[0] * 8 + [2], two_weight=[3], side_weight=[4])


def test_a_shortcut_leads_from_the_input_of_its_block_to_its_output():
    # Nodes: input 0-15, stem 16-31, one 32-35, two 36-39.
    graph = encode(strided(), (1, 4, 4))
    assert edges(graph) == {
        **{(node, 16 + node): 1 for node in range(16)},
        **{(16 + 5, 32): 2, (16 + 7, 33): 2, (16 + 13, 34): 2, (16 + 15, 35): 2},
        **{(32 + node, 36 + node): 3 for node in range(4)},
        **{(16 + 0, 36): 4, (16 + 2, 37): 4, (16 + 8, 38): 4, (16 + 10, 39): 4},
    }


def test_compat_lays_a_strided_convolution_over_a_map_cropped_too_far():
    # (4 + 2 - 3) % 2 leaves 1, so the published graphs see (2 - 1) * 2 + 3 - 2 = 3 rows and columns: 9 nodes
    # 16-24 stand for the map, outputs begin at 16 + 9 = 25. The shortcut is laid correctly.
    graph = encode(strided(), (1, 4, 4), mode="compat")
    assert graph.mode == "compat" and graph.parts == (16, 16, 4, 4)
    assert edges(graph) == {
        **{(node, 16 + node): 1 for node in range(16)},
        (16 + 1 * 3 + 1, 25): 2,  # output (0, 0) sees (1, 1); the others see row or column 3, outside
        **{(32 + node, 36 + node): 3 for node in range(4)},
        **{(16 + 0, 36): 4, (16 + 2, 37): 4, (16 + 8, 38): 4, (16 + 10, 39): 4},
    }


def test_compat_says_which_layer_it_leaves_without_a_map():
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 3, stride=3, padding=2))
    assert encode(network, (1, 1, 1)).number_of_edges() == 2
    with pytest.raises(
        UserError, match=r"Layer '1': its stride \(3, 3\).* map of 1 x 1.*Use mode .clean. or larger inputs"
    ):
        encode(network, (1, 1, 1), mode="compat")


def test_compat_rounds_after_the_test_for_zero():
    # 1e-9 is below the smallest float16 (6e-8); 0.1 becomes 0.0999755859375; -0.0 is zero.
    network = with_weights(nn.Sequential(nn.Flatten(), nn.Linear(3, 1)), **{"1_weight": [1e-9, 0.1, -0.0]})
    assert edges(encode(network, (1, 1, 3), mode="compat")) == {(0, 3): 0.0, (1, 3): 0.0999755859375}
    clean = edges(encode(network, (1, 1, 3)))
    assert clean == {(0, 3): float(np.float32(1e-9)), (1, 3): float(np.float32(0.1))}


def random_network(draw):
    """A chain of convolutions of every kind, pooling and linear layers; and the shape of its input."""
    size, channels, layers = int(draw.integers(7, 11)), int(draw.integers(1, 3)), []
    shape = (channels, size, size)
    for _ in range(int(draw.integers(1, 4))):
        kernel, stride, padding, dilation = (int(draw.integers(*bounds)) for bounds in ((1, 6), (1, 4), (0, 3), (1, 3)))
        groups = channels if draw.random() < 0.4 else 1
        reach = dilation * (kernel - 1) + 1
        if size + 2 * padding < reach:
            continue
        outputs = groups * int(draw.integers(1, 4))
        layers += [
            nn.Conv2d(channels, outputs, kernel, stride, padding, dilation, groups),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
        channels, size = outputs, (size + 2 * padding - reach) // stride + 1
        pool = int(draw.integers(1, 4))
        if 1 < pool <= size:
            layers.append(nn.AvgPool2d(pool))
            size //= pool
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * size**2, 3), nn.ReLU(), nn.Linear(3, 2)), shape


def stages(network):
    """For each layer of a chain, the function from the nodes before it to its output, biases removed.

    The first convolution reads its input padded already, so that padding is part of the nodes.
    """
    between, found = [], []
    for module in network:
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.bias = None
            flat = [nn.Flatten()] if isinstance(module, nn.Linear) else []
            found.append(nn.Sequential(*between, *flat, module))
            between = []
        elif not isinstance(module, nn.BatchNorm2d | nn.ReLU):
            between.append(module)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_an_edge_exists_where_perturbing_the_source_changes_the_target(seed):
    draw = np.random.default_rng(seed)
    network, shape = random_network(draw)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("weight") and parameter.dim() > 1:
                kept = draw.random(parameter.shape) < 0.6
                parameter.copy_(torch.from_numpy(draw.normal(size=parameter.shape) * kept))
    architecture, graph = trace(network, shape), encode(network, shape)
    expected, maps = {}, architecture.node_maps
    offsets, network = np.cumsum([0, *graph.parts]), network.double()
    for index, stage in enumerate(stages(network)):
        window = np.prod([float(module.kernel_size) ** 2 for module in stage if isinstance(module, nn.AvgPool2d)])
        if index == 0 and isinstance(stage[-1], nn.Conv2d):
            stage[-1].padding = (0, 0)
        with torch.no_grad():
            for source, unit in enumerate(torch.eye(graph.parts[index], dtype=torch.float64)):
                change = stage(unit.reshape(1, *maps[index])).ravel()
                for target in change.nonzero().ravel().tolist():
                    pair = int(offsets[index]) + source, int(offsets[index + 1]) + target
                    expected[pair] = abs(float(change[target])) * window
    found = edges(graph)
    assert found.keys() == expected.keys()
    assert graph.number_of_edges() == len(found)
    np.testing.assert_allclose([found[pair] for pair in expected], list(expected.values()), rtol=1e-6)
    nodes = graph.number_of_nodes()
    np.testing.assert_array_equal(graph.out_degree(), np.bincount([s for s, _ in found], minlength=nodes))
    np.testing.assert_array_equal(graph.in_degree(), np.bincount([t for _, t in found], minlength=nodes))


# Edges with all weights 1 for 3x32x32 inputs and 10 classes, in both modes, and the compat counts of sinks and
# sources beyond a whole layer, and edges at them with the published index conditions: an independent prototype.
ALL_ONES = {
    "resnet20": (270_896, 37_138_432, 37_278_208, (1504, 2000, 585_040, 748_032)),
    "resnet32": (464_432, 62_783_488, 62_923_264, (1504, 2000, 585_040, 748_032)),
    "wide_resnet28_2": (1_463_984, 194_435_072, 194_994_176, (3008, 4000, 2_331_424, 2_989_184)),
    "conv6": (2_261_184, 241_388_032, 241_388_032, (0, 0, 0, 0)),
}


@pytest.mark.parametrize("model", ALL_ONES)
def test_published_models_with_all_weights_one(model):
    weights, compat_edges, clean_edges, published = ALL_ONES[model]
    architecture = trace(models.create(model, 10), (3, 32, 32))
    ones = {layer.weight: np.ones(layer.weight_shape) for layer in architecture.layers}
    assert sum(values.size for values in ones.values()) == weights

    clean = encode_weights(architecture, ones)
    assert (clean.weights, clean.number_of_edges()) == (weights, clean_edges)
    outgoing, incoming = clean.out_degree(), clean.in_degree()
    first, last = clean.parts[0], clean.number_of_nodes() - clean.parts[-1]
    assert (outgoing[:last] > 0).all() and (incoming[first:] > 0).all()

    compat = encode_weights(architecture, ones, mode="compat")
    outgoing, incoming, node = compat.out_degree(), compat.in_degree(), np.arange(compat.number_of_nodes())
    sink, source = (outgoing == 0) & (incoming > 0), (incoming == 0) & (outgoing > 0)
    assert compat.number_of_edges() == compat_edges == outgoing.sum() == incoming.sum() == compat.weight_sum()
    assert published == (
        sink.sum() - compat.parts[-1],
        source.sum() - first,
        incoming[sink & (node < last - 1)].sum(),
        outgoing[source & (node > first)].sum(),
    )


def test_what_is_refused():
    architecture = trace(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), (1, 2, 2))
    weights = {"1.weight": np.ones((2, 4)), "1.bias": np.ones(2)}
    assert encode_weights(architecture, weights).number_of_edges() == 8
    with pytest.raises(UserError, match=r"no weight '1\.weight'; found other"):
        encode_weights(architecture, {"other": weights["1.weight"]})
    with pytest.raises(UserError, match=r"shape \(4, 2\); the architecture has \(2, 4\)"):
        encode_weights(architecture, {"1.weight": np.ones((4, 2))})
    with pytest.raises(UserError, match=r"Block '1'.*not a number"):
        encode_weights(architecture, {"1.weight": np.full((2, 4), np.nan)})
    with pytest.raises(UserError, match="infinite"):
        encode_weights(architecture, {"1.weight": np.full((2, 4), 1e6)}, mode="compat")
    with pytest.raises(UserError, match="unrolled, rolled, rolled_channel"):
        encode_weights(architecture, weights, "rolled-channel")
    with pytest.raises(UserError, match="clean, compat"):
        encode_weights(architecture, weights, mode="strict")
    with pytest.raises(UserError, match="clean, compat"):
        encode(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), (1, 2, 2), mode="strict")
