"""MobileNetV2 for small images: the published graph, every pruner over depthwise layers."""

import numpy as np
import pytest
import torch
from helpers.toy import CASES

from prunegraph import encoding, models
from prunegraph.catalogue import PRUNERS, settings
from prunegraph.masks import Mask
from prunegraph.pruning import prune, selected

# So that each takes milliseconds here.
SMALL = {
    "snip": {"batch_size": 16},
    "grasp": {"samples_per_class": 2},
    "synflow": {"rounds": 5},
    "prospr": {"batch_size": 16, "lr": 0.01},
}


@pytest.fixture(scope="module")
def architecture():
    return encoding.trace(models.create("mobilenet_v2", 10), (3, 32, 32))


def test_nodes_and_prunable_weights_are_the_published_ones(architecture):
    network = models.create("mobilenet_v2", 10)
    graph = encoding.encode(network, (3, 32, 32))
    assert graph.number_of_nodes() == 1_676_182  # Cunegatti et al. 2024, their unrolled.csv
    assert sum(weight.numel() for weight in models.prunable(network).values()) == graph.weights == 2_261_824


def test_dense_edges_counted_by_hand():
    network = models.create("mobilenet_v2", 10)
    edges = 3 * 32 * (3 * 32) ** 2  # the nodes of the input include its padding
    side = 32
    for block in network.layers:
        inputs, inner, outputs = block.conv1.in_channels, block.conv1.out_channels, block.conv3.out_channels
        halved = block.conv2.stride == (2, 2)
        edges += inputs * inner * side**2
        side = side // 2 if halved else side
        # A 3x3 kernel loses its taps on the padding: at both ends of a row, or, with stride 2, at one.
        edges += inner * (3 * side - (1 if halved else 2)) ** 2
        edges += inner * outputs * side**2
        edges += inputs * outputs * side**2 if not halved and inputs != outputs else 0
    edges += 320 * 1280 * 4**2 + 1280 * 10 * 4**2
    assert encoding.encode(network, (3, 32, 32)).number_of_edges() == edges


def test_four_blocks_have_a_convolution_in_their_shortcut():
    network = models.create("mobilenet_v2", 10)
    shortcuts = [name for name, part in network.named_modules() if name.endswith("shortcut.0")]
    assert shortcuts == [f"layers.{place}.shortcut.0" for place in (0, 1, 10, 16)]
    assert len(network.layers) == 17
    assert all(block.conv2.groups == block.conv2.in_channels for block in network.layers)


# The unrolled graphs published for CIFAR-10: smallest and largest number of edges of three seeds.
PUBLISHED = [
    ("er", 0.8, 36_388_176, 36_416_000),
    ("er", 0.98, 4_202_118, 4_219_984),
    ("erk", 0.8, 41_585_472, 41_653_600),
    ("erk", 0.98, 4_258_823, 4_338_533),
    ("uniform", 0.9, 9_007_575, 9_066_224),
]


@pytest.mark.parametrize(("pruner", "sparsity", "low", "high"), PUBLISHED)
def test_random_pruners_land_on_the_published_number_of_edges(architecture, pruner, sparsity, low, high):
    mask = prune(models.create("mobilenet_v2", 10), pruner, sparsity, seed=0, compat=True)
    weights = {name: values.astype(np.float32) for name, values in mask.items()}
    graph = encoding.encode_weights(architecture, weights, mode="compat")
    assert 0.99 * low < graph.number_of_edges() < 1.01 * high


@pytest.mark.parametrize(("pruner", "options"), CASES)
def test_every_pruner_takes_depthwise_layers(pruner, options):
    network = models.create("mobilenet_v2", 4, (1, 8, 8), width=0.125)
    images = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    batches = [(images, torch.arange(64) % 4)]
    sparsity = 0 if pruner == "dense" else 0.5
    left = 1 if pruner == "dense" or PRUNERS[pruner].trains else 0.5  # those that train find their mask in training
    mask = prune(network, pruner, sparsity, 0, batches, **options, **SMALL.get(pruner, {}))
    assert list(mask) == list(models.prunable(network))
    chosen = Mask({name: mask[name] for name in selected(list(mask), settings(pruner)["layers"])})
    assert chosen.density == pytest.approx(left, abs=0.1)
    assert encoding.encode(mask.apply(network), (1, 8, 8)).number_of_edges() > 0
