"""Structured convolutions compute what masked dense ones do."""

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import models
from prunegraph.errors import UserError
from prunegraph.models.structured import BlockConv2d, structured
from prunegraph.pruning import prune
from prunegraph.relational.generators import random_regular, ring_lattice
from prunegraph.relational.mapping import block_mask
from prunegraph.relational.properties import properties
from prunegraph.relational.storage import GraphSet

GRAPH = random_regular(8, 3, np.random.default_rng(0))


def masked(layer, graph):
    mask = torch.from_numpy(block_mask(graph, *layer.weight.shape[:2], self_loops="graph"))
    layer.weight.data *= mask[:, :, None, None]
    return layer


@pytest.mark.parametrize("graph", [GRAPH, GRAPH | np.eye(8, dtype=bool)], ids=["plain", "loops"])
@pytest.mark.parametrize(
    "facts",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": 3, "stride": 2, "padding": 1, "bias": False},
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 3, "padding": 2, "dilation": 2},
    ],
)
def test_it_is_the_masked_dense_layer(graph, facts):
    torch.manual_seed(0)
    layer = masked(nn.Conv2d(16, 24, **facts).double(), graph)
    features = torch.randn(2, 16, 9, 9, dtype=torch.float64)
    block = BlockConv2d(layer, graph)
    assert block.weight.numel() == torch.count_nonzero(layer.weight)
    torch.testing.assert_close(block(features), layer(features), rtol=1e-12, atol=1e-12)


def test_what_has_no_equal_groups_is_one_sentence():
    with pytest.raises(UserError, match="as many neighbours of every node, found 1 to 2"):
        BlockConv2d(nn.Conv2d(6, 6, 1), np.diag(np.ones(2, bool), 1) | np.diag(np.ones(2, bool), -1))
    with pytest.raises(UserError, match="channels that 8 nodes divide, and no groups; found 12 inputs"):
        BlockConv2d(nn.Conv2d(12, 16, 1), GRAPH)
    with pytest.raises(UserError, match="and 2 groups"):
        BlockConv2d(nn.Conv2d(16, 16, 1, groups=2), GRAPH)


@pytest.mark.parametrize("measured", [True, False])
def test_a_network_gives_the_same_outputs(measured):
    graph = ring_lattice(8, 2)
    network = models.create("resnet18", 5, (3, 16, 16), width=0.25).double().eval()
    graphs = GraphSet(graph[None], [{"name": "ring", **properties(graph)}])
    prune(network, "rgp", 0.75, 0, graphs=graphs).apply(network)
    images = torch.randn(2, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(images)
        gains = structured(network, graph, images, times=1, measured=measured)
        torch.testing.assert_close(network(images), expected, rtol=1e-9, atol=1e-9)
    assert len(gains) == 19 and "conv1" not in gains  # the dense stem is no candidate
    replaced = {name for name, module in network.named_modules() if isinstance(module, BlockConv2d)}
    assert replaced == {name for name, gain in gains.items() if gain > 1 or not measured}
