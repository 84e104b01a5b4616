"""Any network against forward differences: an edge exists iff perturbing its source changes its target.

The oracle knows nothing of torch.fx and of blocks. It holds the output of every convolution and linear layer fixed,
perturbs one value of one of them, and looks at what the other layers compute. Weights are positive, normalisation is
the identity and means are maxima, so that a change is the sum of the weights that caused it.
"""

import copy

import numpy as np
import pytest
import torch
from helpers.custom import Body
from torch import nn
from torch.nn import functional as F
from torchvision import models as zoo

from prunegraph.encoding import encode, trace


class Zero(nn.Module):
    def forward(self, x):
        return torch.zeros_like(x)


def narrow(network, factor):
    """The same architecture with `factor` times fewer channels; its input keeps its own."""
    for parent in list(network.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, nn.Conv2d):
                inputs, outputs = (
                    size if size == 3 else size // factor for size in (module.in_channels, module.out_channels)
                )
                groups = inputs if module.groups > 1 else 1
                facts = module.kernel_size, module.stride, module.padding, module.dilation, groups
                setattr(parent, name, nn.Conv2d(inputs, outputs, *facts))
            elif isinstance(module, nn.BatchNorm2d):
                setattr(parent, name, nn.BatchNorm2d(module.num_features // factor, eps=0))
            elif isinstance(module, nn.Linear):
                setattr(parent, name, nn.Linear(module.in_features // factor, module.out_features // factor))
    return network


def with_random_weights(network, seed, kept=0.5):
    """Weights of 1/8 to 1, a share `kept` of them; the others zero; no biases."""
    draw = np.random.default_rng(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                shape = module.weight.shape
                module.weight.copy_(torch.from_numpy(draw.integers(1, 9, shape) / 8 * (draw.random(shape) < kept)))
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.BatchNorm2d):
                module.eps = 0
    return network.eval()


def oracle(network, shape, monkeypatch, shortcuts=(), sample=None):
    """Edges of the network: {(source, target): weight}, the nodes of each part, and which nodes were perturbed.

    `shortcuts`: (name, name of the layer whose nodes it feeds). Only the first layer may read the input.
    `sample`: how many nodes of each part to perturb, None for all.
    """
    monkeypatch.setattr(F, "adaptive_avg_pool2d", lambda x, size: F.adaptive_max_pool2d(x, size))
    monkeypatch.setattr(F, "avg_pool2d", lambda x, kernel, stride=None, *_: F.max_pool2d(x, kernel, stride))
    monkeypatch.setattr(torch.Tensor, "mean", torch.Tensor.amax)
    monkeypatch.setattr(F, "layer_norm", lambda x, *_: x)
    monkeypatch.setattr(F, "gelu", lambda x, *_, **__: x)
    feeds, held, computed = dict(shortcuts), {}, {}
    layers = {module: name for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}

    def hold(module, inputs, output):
        name = layers[module]
        # Nodes are numbered channel by channel, also those of a linear layer of a map with channels last.
        last = isinstance(module, nn.Linear) and output.dim() == 4
        output = output.movedim(-1, 1) if last else output
        computed[name] = output
        if held:
            output = held.get(name, torch.zeros(1)).to(output).expand_as(output).clone()
        return output.movedim(1, -1) if last else output

    for module in layers:
        module.register_forward_hook(hold)
    network, image = network.double(), torch.zeros(1, *shape, dtype=torch.float64)
    with torch.no_grad():
        network(image)
        first = next(module for module, name in layers.items() if name == next(iter(computed)))
        if isinstance(first, nn.Conv2d):
            image = F.pad(image, (first.padding[1],) * 2 + (first.padding[0],) * 2)
            first.padding = (0, 0)
        shapes = {"": image.shape[1:]} | {name: output.shape[1:] for name, output in computed.items()}
        own = [name for name in shapes if name not in feeds]
        parts = [int(np.prod(shapes[name])) for name in own]
        offset, edges, perturbed = dict(zip(own, np.cumsum([0, *parts]).tolist(), strict=False)), {}, []
        for name, size in zip(own, parts, strict=True):
            held.clear()
            chosen = some(size, sample)
            perturbed.append(chosen + offset[name])
            unit = torch.zeros(len(chosen), size, dtype=torch.float64)
            unit[torch.arange(len(chosen)), torch.from_numpy(chosen)] = 1
            unit = unit.reshape(-1, *shapes[name])
            held[name] = unit
            network(unit if name == "" else image.expand(len(unit), *image.shape[1:]))
            for other, change in computed.items():
                target = offset[feeds.get(other, other)]
                found = change.reshape(len(change), -1)
                for s, t in found.nonzero().tolist():
                    key = offset[name] + int(chosen[s]), target + t
                    edges[key] = edges.get(key, 0) + float(found[s, t])
    return edges, tuple(parts), np.concatenate(perturbed)


def some(size, sample):
    """So many of `size` numbers, the first and the last among them; all if `sample` is None."""
    if sample is None or size <= sample:
        return np.arange(size)
    return np.unique([0, size - 1, *np.random.default_rng(size).integers(size, size=sample - 2)])


def compare(graph, network, shape, monkeypatch, shortcuts=(), sample=None):
    source, target, weight = graph.edges()
    expected, parts, perturbed = oracle(network, shape, monkeypatch, shortcuts, sample)
    assert graph.parts == parts
    seen = np.isin(source, perturbed)
    pairs = zip(source[seen].tolist(), target[seen].tolist(), strict=True)
    found = dict(zip(pairs, weight[seen].tolist(), strict=True))
    assert len(found) == seen.sum() and len(source) == graph.number_of_edges()
    assert found == expected
    nodes = graph.number_of_nodes()
    np.testing.assert_array_equal(graph.out_degree(), np.bincount(source, minlength=nodes))
    np.testing.assert_array_equal(graph.in_degree(), np.bincount(target, minlength=nodes))
    np.testing.assert_allclose(graph.out_strength(), np.bincount(source, weight, nodes), rtol=1e-12)
    np.testing.assert_allclose(graph.in_strength(), np.bincount(target, weight, nodes), rtol=1e-12)


def resnet(builder, factor):
    network = narrow(builder(weights=None), factor)
    shortcuts = []
    for name, block in network.named_modules():
        if isinstance(block, zoo.resnet.BasicBlock | zoo.resnet.Bottleneck):
            last = "conv2" if isinstance(block, zoo.resnet.BasicBlock) else "conv3"
            if block.downsample is not None:
                shortcuts.append((f"{name}.downsample.0", f"{name}.{last}"))
    return network, shortcuts


def without_identities(network):
    """As published: an identity shortcut makes no edges."""
    for block in network.modules():
        if isinstance(block, zoo.resnet.BasicBlock | zoo.resnet.Bottleneck) and block.downsample is None:
            block.downsample = Zero()
        elif isinstance(block, zoo.mobilenetv2.InvertedResidual):
            block.use_res_connect = False
        elif isinstance(block, zoo.mnasnet._InvertedResidual):
            block.apply_residual = False
        elif isinstance(block, zoo.regnet.ResBottleneckBlock) and block.proj is None:
            block.proj = Zero()
        elif isinstance(block, zoo.convnext.CNBlock):
            # The block adds its input to this.
            block.forward = lambda x, block=block: block.block(x)
    return network


def convnext():
    network = narrow(zoo.convnext_tiny(weights=None), 32)
    for block in network.modules():
        if isinstance(block, zoo.convnext.CNBlock):
            block.layer_scale = nn.Parameter(torch.ones(len(block.layer_scale) // 32, 1, 1))
        elif isinstance(block, nn.LayerNorm):
            block.normalized_shape = (block.normalized_shape[0] // 32,)
            block.weight, block.bias = (nn.Parameter(part[::32].clone()) for part in (block.weight, block.bias))
    return network, []


def regnet():
    network = narrow(zoo.regnet_x_400mf(weights=None), 8)
    blocks = [
        (name, block) for name, block in network.named_modules() if isinstance(block, zoo.regnet.ResBottleneckBlock)
    ]
    return network, [(f"{name}.proj.0", f"{name}.f.c.0") for name, block in blocks if block.proj is not None]


TORCHVISION = {
    "resnet18": lambda: resnet(zoo.resnet18, 32),
    "resnet50": lambda: resnet(zoo.resnet50, 32),
    "vgg16_bn": lambda: (narrow(zoo.vgg16_bn(weights=None), 64), []),
    "mobilenet_v2": lambda: (narrow(zoo.mobilenet_v2(weights=None), 8), []),
    "densenet121": lambda: (narrow(zoo.densenet121(weights=None), 32), []),
    "shufflenet_v2_x0_5": lambda: (narrow(zoo.shufflenet_v2_x0_5(weights=None), 8), []),
    "squeezenet1_0": lambda: (narrow(zoo.squeezenet1_0(weights=None), 16), []),
    "googlenet": lambda: (narrow(zoo.googlenet(weights=None, aux_logits=False, init_weights=False), 16), []),
    "mnasnet0_5": lambda: (narrow(zoo.mnasnet0_5(weights=None), 8), []),
    "convnext_tiny": convnext,
    "regnet_x_400mf": regnet,
}


QUICK = ["resnet18", "vgg16_bn"]
LONG = [pytest.param(name, marks=pytest.mark.slow) for name in TORCHVISION if name not in QUICK]


@pytest.mark.parametrize("name", [*QUICK, *LONG])
def test_torchvision_architectures_at_reduced_width(name, monkeypatch):
    network, shortcuts = TORCHVISION[name]()
    with_random_weights(network, 0, kept=0.25)
    graph = encode(network, (3, 32, 32))
    compare(graph, without_identities(network), (3, 32, 32), monkeypatch, shortcuts)


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_architectures_at_full_resolution(name, monkeypatch):
    """Edges out of a sample of nodes of every part, at the corners among others."""
    network, shortcuts = TORCHVISION[name]()
    with_random_weights(network, 0, kept=0.25)
    graph = encode(network, (3, 224, 224))
    compare(graph, without_identities(network), (3, 224, 224), monkeypatch, shortcuts, sample=12)


def conv(inputs, outputs, kernel=3, stride=1, padding=None, **options):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, **options)


def pooled(pool):
    """conv, a pooling of its 9x8 map, conv, linear."""
    return nn.Sequential(conv(2, 3), nn.ReLU(), pool, conv(3, 2, 3, 2), nn.Flatten(), nn.LazyLinear(3))


def shuffled(x, groups):
    count, channels, height, width = x.shape
    return x.view(count, groups, channels // groups, height, width).transpose(1, 2).reshape(x.shape)


FEATURES = {
    "maximum 3, stride 2, padding 1": pooled(nn.MaxPool2d(3, 2, 1)),
    "maximum 3, stride 1, padding 1": pooled(nn.MaxPool2d(3, 1, 1)),
    "maximum 2, stride 1": pooled(nn.MaxPool2d(2, 1)),
    "maximum 2, stride 3 leaves gaps": pooled(nn.MaxPool2d(2, 3)),
    "maximum 2 of odd rows with ceil": pooled(nn.MaxPool2d(2, ceil_mode=True)),
    "maximum with dilation": pooled(nn.MaxPool2d(2, 2, dilation=3)),
    "one axis overlaps": pooled(nn.MaxPool2d((3, 2), (1, 2))),
    "overlap upon overlap": pooled(nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2, 1))),
    "adaptive, uneven": pooled(nn.AdaptiveMaxPool2d((4, 3))),
    "adaptive, enlarging": pooled(nn.AdaptiveAvgPool2d((12, 8))),
    "global, then enlarged before a linear layer": nn.Sequential(
        conv(2, 3), nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d((3, 2)), nn.Flatten(), nn.Linear(18, 4)
    ),
    "concatenation of a map with itself and another": Body(
        lambda self, x: self.c(torch.cat([self.b(y := self.a(x)), y, y], 1)),
        a=conv(2, 3),
        b=conv(3, 2),
        c=conv(8, 3),
    ),
    "concatenation behind pooling": Body(
        lambda self, x: self.c(F.max_pool2d(torch.cat([self.b(y := self.a(x)), y], 1), 3, 2, 1)),
        a=conv(2, 3),
        b=conv(3, 2),
        c=conv(5, 3),
    ),
    "concatenation of a map with its own pooling": Body(
        lambda self, x: self.b(torch.cat([y := self.a(x), F.max_pool2d(y, 3, 1, 1)], 1)), a=conv(2, 3), b=conv(6, 2)
    ),
    "depthwise and grouped convolutions of a concatenation": Body(
        lambda self, x: self.d(self.c(torch.cat([self.b(y := self.a(x)), y], 1))),
        a=conv(2, 4),
        b=conv(4, 2),
        c=conv(6, 12, groups=6),
        d=conv(12, 4, groups=2),
    ),
    "groups that a concatenation cuts": Body(
        lambda self, x: self.c(torch.cat([self.b(y := self.a(x)), y, y], 1)),
        a=conv(2, 4),
        b=conv(4, 1),
        c=conv(9, 6, groups=3),
    ),
    "concatenation of flat maps of different size": Body(
        lambda self, x: self.c(torch.cat([F.max_pool2d(y := self.a(x), 3).flatten(1), self.b(y).flatten(1)], 1)),
        a=conv(2, 3),
        b=conv(3, 1, 3, 2),
        c=nn.Linear(3 * 3 * 2 + 5 * 4, 3),
    ),
    "a permuted linear layer": Body(
        lambda self, x: self.c(self.b(F.relu(self.a(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)),
        a=conv(2, 3),
        b=nn.Linear(3, 4),
        c=conv(4, 2),
    ),
    "channel shuffles": Body(
        lambda self, x: self.c(shuffled(self.b(shuffled(self.a(x), 2)), 3)),
        a=conv(2, 4),
        b=conv(4, 6, groups=2),
        c=conv(6, 4, groups=2),
    ),
    "slices of channels, rows and columns": Body(
        lambda self, x: self.c(torch.cat([self.b(y := self.a(x))[:, 1:, ::2, 3:], y[:, ::2, 4:, 1:6]], 1)),
        a=conv(2, 4),
        b=conv(4, 3),
        c=conv(4, 2),
    ),
    "padding on two sides": Body(
        lambda self, x: self.c(F.pad(self.b(F.pad(self.a(x), (0, 1, 2, 0))), (0, -1, 1, 1))),
        a=conv(2, 3),
        b=conv(3, 2, 3, 2, 0),
        c=conv(2, 2),
    ),
    "padding before pooling and of channels": Body(
        lambda self, x: self.c(F.pad(F.max_pool2d(F.pad(self.a(x), (1, 0, 0, 1)), 2), (0, 0, 0, 0, 1, 2))),
        a=conv(2, 3),
        c=conv(6, 4, groups=2),
    ),
    "reflected, replicated and circular padding": Body(
        lambda self, x: self.d(self.c(self.b(F.pad(self.a(x), (2, 1, 0, 2), mode="reflect")))),
        a=conv(2, 3),
        b=conv(3, 2, padding_mode="replicate"),
        c=conv(2, 2, 4, padding="same", padding_mode="circular"),
        d=conv(2, 2, 5, 2, padding_mode="reflect"),
    ),
    "enlarged by copies": nn.Sequential(conv(2, 3), nn.Upsample(scale_factor=2), conv(3, 2, 3, 2)),
    "flipped, rolled and cut into pixels": Body(
        lambda self, x: self.b(F.pixel_unshuffle(F.pad(self.a(x).flip(3).roll(1, 2), (0, 0, 0, 1)), 2)),
        a=conv(2, 3),
        b=conv(12, 2),
    ),
    "flattened with channels last": Body(
        lambda self, x: self.b(self.a(x).permute(0, 2, 3, 1).flatten(1)), a=conv(2, 3, 3, 3), b=nn.Linear(3 * 3 * 3, 2)
    ),
    "means of other shapes": Body(
        lambda self, x: self.b(torch.cat([(y := self.a(x)).mean(3).mean(2), y.flatten(2).mean(-1), y.mean((2, 3))], 1)),
        a=conv(2, 3),
        b=nn.Linear(9, 2),
    ),
    "a mean over rows": Body(lambda self, x: self.b(self.a(x).mean(2, keepdim=True)), a=conv(2, 3), b=conv(3, 2)),
    "dilated groups": nn.Sequential(
        conv(2, 4), conv(4, 6, 3, 2, 2, dilation=2, groups=2), conv(6, 2, (2, 3), (1, 2), 1)
    ),
    "padding and ceil": pooled(nn.MaxPool2d(3, 2, 1, ceil_mode=True)),
    "chunks and splits": Body(
        lambda self, x: self.c(torch.cat([self.b((y := self.a(x)).chunk(2, 1)[1]), y.split([1, 3], dim=1)[0]], 1)),
        a=conv(2, 4),
        b=conv(2, 2),
        c=conv(3, 2),
    ),
}
PARALLEL = {
    "3x3 beside 1x1": (
        lambda self, x: self.c(self.b(x := self.s(x)) + self.a(x)),
        {"a": conv(3, 2), "b": conv(3, 2, 1)},
    ),
    "strided": (
        lambda self, x: self.c(self.a(x := self.s(x)) + self.b(x)),
        {"a": conv(3, 2, 3, 2), "b": conv(3, 2, 1, 2)},
    ),
    "dilated beside a module": (
        lambda self, x: self.c(self.a(x := self.s(x)) + self.b(x)),
        {"a": conv(3, 2, 5, padding=4, dilation=2), "b": nn.Sequential(conv(3, 2))},
    ),
    "pooled beside plain": (
        lambda self, x: self.c(self.a(x := self.s(x)) + self.b(F.max_pool2d(x, 3, 1, 1))),
        {"a": conv(3, 2), "b": conv(3, 2, 1)},
    ),
}


@pytest.mark.parametrize("name", FEATURES)
def test_structural_features(name, monkeypatch):
    network, shape = FEATURES[name], (2, 9, 8)
    network(torch.zeros(1, *shape))
    for seed in range(2):
        with_random_weights(network, seed)
        compare(encode(network, shape), copy.deepcopy(network), shape, monkeypatch)


@pytest.mark.parametrize("name", PARALLEL)
def test_layers_beside_each_other_make_an_edge_once(name, monkeypatch):
    function, branches = PARALLEL[name]
    network = with_random_weights(Body(function, s=conv(2, 3), **branches, c=conv(2, 2)), 0)
    names = [name for name, _ in branches["b"].named_modules(prefix="b")][-1:]
    graph = encode(network, (2, 9, 8))
    runs = [layer.name for layer in trace(network, (2, 9, 8)).layers]
    short, main = sorted(["a", *names], key=runs.index)
    compare(graph, network, (2, 9, 8), monkeypatch, [(short, main)])
    assert len(graph.blocks) == 3 and len(graph.parts) == 4


class Random(nn.Module):
    """A network of random steps, each of which reads some earlier maps; every map is read at the end."""

    def __init__(self, draw):
        super().__init__()
        self.layers, self.steps, self.shortcuts = nn.ModuleList(), [], []
        maps = [(2, int(draw.integers(6, 10)), int(draw.integers(6, 10)))]
        self.shape = maps[0]
        self.convolve(maps, 0, draw, like=None)
        for _ in range(int(draw.integers(2, 6))):
            source = int(draw.integers(1, len(maps)))
            kind = draw.choice(["convolve", "pool", "adapt", "join", "beside"])
            getattr(self, kind)(maps, source, draw, None)
        self.head = nn.Linear(sum(int(np.prod(map_)) for map_ in maps[1:]), 2)

    def layer(self, maps, source, draw, like):
        """A convolution of `source`; with the output map of `like` (kernel, padding, stride of the layer) if given."""
        channels, height, width = maps[source]
        groups = int(draw.choice([g for g in (1, 2, 3) if channels % g == 0]))
        outputs = groups * int(draw.integers(1, 3)) if like is None else like.out_channels
        groups = groups if outputs % groups == 0 else 1
        if like is None:
            kernel, stride, dilation = int(draw.integers(1, 4)), int(draw.integers(1, 3)), int(draw.integers(1, 3))
            reach = dilation * (kernel - 1) + 1
            padding = max(int(draw.integers(0, 3)), (reach - min(height, width) + 1) // 2)
        else:
            stride, dilation, extra = like.stride, 1, int(draw.integers(0, 2))
            reach = like.dilation[0] * (like.kernel_size[0] - 1) + 1
            kernel, padding = reach + 2 * extra, like.padding[0] + extra
        self.layers.append(nn.Conv2d(channels, outputs, kernel, stride, padding, dilation, groups, bias=False))
        return len(self.layers) - 1

    def append(self, maps, step):
        self.steps.append(step)
        maps.append(self.run([torch.zeros(1, *map_) for map_ in maps], step).shape[1:])

    def convolve(self, maps, source, draw, like):
        self.append(maps, ("layers", source, [self.layer(maps, source, draw, None)]))

    def beside(self, maps, source, draw, like):
        first = self.layer(maps, source, draw, None)
        self.append(maps, ("layers", source, [first, self.layer(maps, source, draw, self.layers[first])]))
        self.shortcuts.append((f"layers.{first}", f"layers.{first + 1}"))

    def pool(self, maps, source, draw, like):
        kernel = int(draw.integers(1, 1 + min(3, *maps[source][1:])))
        facts = kernel, int(draw.integers(1, 4)), int(draw.integers(0, kernel // 2 + 1)), 1, bool(draw.integers(2))
        self.append(maps, ("pool", source, facts))

    def adapt(self, maps, source, draw, like):
        self.append(maps, ("adapt", source, tuple(draw.integers(1, 8, 2).tolist())))

    def join(self, maps, source, draw, like):
        same = [place for place, map_ in enumerate(maps) if place and map_[1:] == maps[source][1:]]
        self.append(maps, ("join", source, draw.choice(same, 2).tolist()))

    def run(self, maps, step):
        kind, source, facts = step
        x = maps[source]
        if kind == "layers":
            return (
                sum(self.layers[place](x) for place in facts[1:]) + self.layers[facts[0]](x)
                if facts[1:]
                else self.layers[facts[0]](x)
            )
        if kind == "pool":
            return F.max_pool2d(x, *facts)
        return (
            F.adaptive_avg_pool2d(x, facts) if kind == "adapt" else torch.cat([x, *(maps[place] for place in facts)], 1)
        )

    def forward(self, x):
        maps = [x]
        for step in self.steps:
            maps.append(self.run(maps, step))
        return self.head(torch.cat([map_.flatten(1) for map_ in maps[1:]], 1))


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed, monkeypatch):
    network = with_random_weights(Random(np.random.default_rng(seed)), seed, kept=0.4)
    graph = encode(network, network.shape)
    runs = [layer.name for layer in trace(network, network.shape).layers]
    shortcuts = [sorted(pair, key=runs.index) for pair in network.shortcuts]
    compare(graph, network, network.shape, monkeypatch, shortcuts)
