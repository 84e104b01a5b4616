"""torchvision's networks at full width: exact edge counts against a formula written from their published tables."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models as zoo

from prunegraph import graphs
from prunegraph.encoding import encode_weights, trace
from prunegraph.graphs import MultipartiteGraph, load
from prunegraph.metrics import topometrics


def windows(size, kernel, stride, padding):
    """Members of each window of a pooling."""
    count = (size + 2 * padding - kernel) // stride + 1
    return [set(range(i * stride - padding, i * stride - padding + kernel)) & set(range(size)) for i in range(count)]


def pairs(size, kernel, stride, padding, members=None, ring=False):
    """How many (source, target) an axis has: each source inside a window that a tap of the target sees, once.

    `members`: of the windows between source and layer. `ring`: the padding has nodes of its own.
    """
    members = [{i} for i in range(size)] if members is None else members
    if ring:
        members = [{i} for i in range(size + 2 * padding)]
        size, padding = size + 2 * padding, 0
    seen = len(members)
    return sum(
        len(
            set().union(
                *(members[t * stride + d - padding] for d in range(kernel) if 0 <= t * stride + d - padding < seen)
            )
        )
        for t in range((seen + 2 * padding - kernel) // stride + 1)
    )


def run_sizes(network, side):
    """Height of the input and output map of every convolution."""
    sizes = {}
    hooks = [
        module.register_forward_hook(lambda _, x, y, name=name: sizes.update({name: (x[0].shape[2], y.shape[2])}))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    return sizes


def expected_edges(network, side, pool_before, head):
    """Edges of the dense network. `pool_before(name)`: [(channels, kernel, stride, padding of the pooling)]."""
    sizes, total = run_sizes(network, side), head
    for number, (name, module) in enumerate((n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d)):
        facts = module.kernel_size[0], module.stride[0], module.padding[0]
        for channels, *pool in pool_before(name, module.in_channels // module.groups):
            # Without a pooling the map is what the layer sees; else what the pooling sees.
            seen, members = sizes[name][0], None
            if pool:
                before = pool[3] if len(pool) > 3 else seen * pool[1]
                members = windows(before, *pool[:3])
                assert len(members) == seen
            total += channels * module.out_channels * pairs(seen, *facts, members, ring=number == 0) ** 2
    return total


def resnet_pools(stem):
    def before(name, channels):
        return [(channels, 3, 2, 1, stem)] if name in {"layer1.0.conv1", "layer1.0.downsample.0"} else [(channels,)]

    return before


def vgg_pools(name, channels):
    return [(channels, 2, 2, 0)] if name in {f"features.{i}" for i in (7, 14, 24, 34)} else [(channels,)]


def densenet_pools(stem):
    """The first channels of each dense block come through a pooling: 3x3 of the stem, then 2x2 of the transition."""
    first = {"1": (64, 3, 2, 1, stem), "2": (128, 2, 2, 0), "3": (256, 2, 2, 0), "4": (512, 2, 2, 0)}

    def before(name, channels):
        if ".denseblock" in name and name.endswith("conv1"):
            pool = first[name.split("denseblock")[1][0]]
            return [pool, (channels - pool[0],)] if channels > pool[0] else [pool]
        if name == "features.transition1.conv":
            return [first["1"], (channels - 64,)]
        if name in {"features.transition2.conv", "features.transition3.conv"}:
            pool = first[name[len("features.transition")]]
            return [pool, (channels - pool[0],)]
        return [(channels,)]

    return before


def shufflenet_pools(stem):
    """Both branches of the first unit read the stem through a 3x3 pooling; shuffling moves no edge in or out."""

    def before(name, channels):
        return [(channels, 3, 2, 1, stem)] if name in {"stage2.0.branch1.0", "stage2.0.branch2.0"} else [(channels,)]

    return before


def plain(name, channels):
    return [(channels,)]


def dense(network, side):
    architecture = trace(network, (3, side, side))
    # Ones of the parameter's shape without their memory.
    ones = {layer.weight: np.broadcast_to(np.float32(1), layer.weight_shape) for layer in architecture.layers}
    return encode_weights(architecture, ones)


MORE = ["shufflenet_v2_x0_5", "mnasnet0_5", "regnet_x_400mf", "convnext_tiny"]


@pytest.mark.parametrize("side", [32, 224])
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenet_v2", "densenet121", "vgg16_bn", *MORE])
def test_edges_of_the_dense_network(name, side):
    network = getattr(zoo, name)(weights=None)
    last = side // 32
    if name.startswith("resnet"):
        features = network.fc.in_features
        before, head = resnet_pools(side // 2), features * last**2 * 1000
    elif name == "mobilenet_v2" or name == "mnasnet0_5":
        before, head = plain, 1280 * last**2 * 1000
    elif name == "regnet_x_400mf":
        before, head = plain, 400 * last**2 * 1000
    elif name == "shufflenet_v2_x0_5":
        before, head = shufflenet_pools(side // 2), 1024 * last**2 * 1000
    elif name == "convnext_tiny":
        # Two linear layers a block, at every position of its map.
        stages = zip((96, 192, 384, 768), (3, 3, 9, 3), (8, 4, 2, 1), strict=True)
        before, head = plain, 768 * last**2 * 1000
        head += sum(blocks * 2 * 4 * width**2 * (last * scale) ** 2 for width, blocks, scale in stages)
    elif name == "densenet121":
        # The head sees the last dense block: the pooled transition's 512 channels and 512 new ones.
        before, head = densenet_pools(side // 2), (512 * (2 * last) ** 2 + 512 * last**2) * 1000
    else:
        # 7x7 windows of the 2x2 pooling of the last map: at side 32 one value enlarged to 49, at 224 disjoint windows.
        before, head = vgg_pools, 512 * (2 * last) ** 2 * 4096 + 4096 * 4096 + 4096 * 1000
    graph = dense(network, side)
    assert graph.number_of_edges() == expected_edges(network, side, before, head)
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert graph.weights == graph.parameters == sum(module.weight.numel() for module in layers)


def test_an_mlp():
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(3072, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )
    graph = dense(network, 32)
    assert graph.number_of_edges() == 3072 * 300 + 300 * 100 + 100 * 10
    assert graph.parts == (3072, 300, 100, 10)


LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("resnet18", "resnet50", "vgg16_bn")]


@pytest.mark.parametrize("name", ["mobilenet_v2", "densenet121", *LONG])
def test_pruned_networks_are_enumerated_stored_and_measured(name, tmp_path):
    """Full width, one weight in five thousand: edges agree with counts and degrees, files hold them, metrics run."""
    network, draw = getattr(zoo, name)(weights=None, num_classes=10), np.random.default_rng(0)
    architecture, weights = trace(network, (3, 32, 32)), {}
    for layer in architecture.layers:
        if layer.weight not in weights:
            size = math.prod(layer.weight_shape)
            values = np.zeros(size, np.float32)
            values[draw.integers(size, size=max(4, size // 5000))] = draw.random()
            weights[layer.weight] = values.reshape(layer.weight_shape)
    graph = encode_weights(architecture, weights)
    source, target, weight = graph.edges()
    nodes = graph.number_of_nodes()
    assert len(source) == graph.number_of_edges() and (source < target).all()
    assert (np.diff(source * nodes + target) > 0).all()
    np.testing.assert_array_equal(graph.out_degree(), np.bincount(source, minlength=nodes))
    np.testing.assert_array_equal(graph.in_degree(), np.bincount(target, minlength=nodes))
    np.testing.assert_allclose(graph.weight_sum(), weight.sum(dtype=np.float64), rtol=1e-9)
    graphs.save(tmp_path / "graph.zst", graph)
    assert load(tmp_path / "graph.zst") == graph
    small = MultipartiteGraph(graph.parts, graph.blocks)
    assert topometrics(small)["one_hop"] == pytest.approx(1 + len(source) / nodes)
