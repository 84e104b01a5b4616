"""Random small architectures: the unrolled graphs of networks that nobody would train."""

import numpy as np

from prunegraph.encoding import encode_weights
from prunegraph.errors import UserError
from prunegraph.randomness import numpy_generator
from prunegraph.wiring.architecture import Architecture, Layer
from prunegraph.wiring.features import strided_windows


def random_graph(seed, density=None, mode=None, rich=False, zeros=0):
    """The graph of a random network of convolutions, pools, shortcuts and linear layers, randomly pruned.

    `rich`: with overlapping pooling windows, concatenations and slices of channels, too. `zeros`: the share of kept
    weights that are 0; the others, and all edges, are the same whatever the share.
    """
    draw = numpy_generator(seed, "test", "architecture")
    architecture = random_architecture(draw, rich)
    density = draw.choice([0.15, 0.4, 0.8, 1.0]) if density is None else density
    weights, mask, chance = {}, {}, numpy_generator(seed, "test", "zeros")
    for layer in architecture.layers:
        values = draw.standard_normal(layer.weight_shape).astype(np.float32)
        mask[layer.weight] = draw.random(layer.weight_shape) < density
        weights[layer.weight] = np.where(chance.random(layer.weight_shape) < zeros, 0, values)
    mode = str(draw.choice(["clean", "compat"])) if mode is None else mode
    try:
        return encode_weights(architecture, weights, "unrolled", mode, mask)
    except UserError:  # the maps that `compat` crops may be left without a node
        return encode_weights(architecture, weights, "unrolled", "clean", mask)


def random_architecture(draw, rich=False):
    side = tuple(int(number) for number in draw.integers(4, 9, 2))
    pad = tuple(int(number) for number in draw.integers(0, 2, 2))
    maps = [(int(draw.integers(1, 4)), *side)]
    layers = []
    margin = (pad[0], pad[0], pad[1], pad[1])
    for _ in range(draw.integers(1, 5) + 2 * rich):
        if rich and len(maps) > 2 and draw.random() < 0.5:
            layers.extend(concatenation(draw, maps))
        else:
            layers.append(convolution(draw, maps, pad if not layers else None, rich))
    for _ in range(draw.integers(0, 5)):
        shortcut = side_way(draw, maps, layers)
        if shortcut:
            layers.append(shortcut)
    for _ in range(draw.integers(0, 3)):
        layers.append(linear(draw, maps, len(layers)))
    return Architecture(tuple(maps), margin, tuple(layers))


def convolution(draw, maps, padding, rich=False):
    channels, *size = maps[-1]
    kind = draw.choice(["plain", "groups", "depthwise"], p=[0.6, 0.2, 0.2])
    groups = {"plain": 1, "groups": 2 if channels % 2 == 0 else 1, "depthwise": channels}[kind]
    outputs = groups * int(draw.integers(1, 4))
    first = padding is not None
    while True:
        pool = (1, 1) if first or draw.random() < 0.4 else tuple(int(number) for number in draw.integers(1, 3, 2))
        seen = [length // window for length, window in zip(size, pool, strict=True)]
        windows = overlapping(draw, size) if rich and not first and draw.random() < 0.5 else None
        if windows:
            pool, seen = (1, 1), [len(along) for along in windows]
        kernel, stride, dilation = (tuple(int(n) for n in draw.integers(1, top, 2)) for top in (6, 4, 3))
        around = padding if first else tuple(int(number) for number in draw.integers(0, 3, 2))
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        left = [n + 2 * p - r for n, p, r in zip(seen, around, reach, strict=True)]
        if min(left) >= 0 and all(p < r for p, r in zip(around, reach, strict=True)):
            break
    name = f"layer{len(maps)}"
    shape = (outputs, channels // groups, *kernel)
    maps.append((outputs, *(n // s + 1 for n, s in zip(left, stride, strict=True))))
    place = len(maps) - 2, len(maps) - 1
    return Layer(
        name,
        f"{name}.weight",
        False,
        shape,
        *place,
        pool,
        kernel,
        stride,
        around,
        dilation,
        groups,
        False,
        *whole(shape, channels),
        windows,
    )


def overlapping(draw, size):
    """Windows of rows and of columns, most of them with members in common."""
    kernel, stride = (int(number) for number in draw.integers((2, 1), (4, 3)))
    padding = int(draw.integers(0, kernel // 2 + 1))
    counts = [(length + 2 * padding - kernel) // stride + 1 for length in size]
    if min(counts) < 1:
        return None
    return tuple(strided_windows(n, count, kernel, stride, padding, 1) for n, count in zip(size, counts, strict=True))


def concatenation(draw, maps):
    """A convolution of the last map, and of all or some channels of another of its size if there is one."""
    *_, last = maps
    others = [part for part in range(1, len(maps) - 1) if maps[part][1:] == last[1:]]
    pieces = [(len(maps) - 1, (0, last[0]))]
    for part in draw.permutation(others)[:2]:
        first = int(draw.integers(0, maps[part][0]))
        pieces.append((int(part), (first, maps[part][0])))
    outputs, kernel = int(draw.integers(1, 4)), int(draw.choice([1, 3]))
    inputs = sum(stop - start for _, (start, stop) in pieces)
    name, shape, start = f"layer{len(maps)}", (outputs, inputs, kernel, kernel), 0
    maps.append((outputs, *last[1:]))
    for part, channels in pieces:
        stop = start + channels[1] - channels[0]
        place = part, len(maps) - 1, (1, 1), (kernel, kernel), (1, 1), (kernel // 2,) * 2, (1, 1), 1, False
        yield Layer(name, f"{name}.weight", False, shape, *place, channels, (0, outputs), (start, stop))
        start = stop


def side_way(draw, maps, layers):
    """A convolution without padding that skips one or two layers, its stride and kernel as the sizes demand."""
    if len(maps) < 4:
        return None
    source = int(draw.integers(1, len(maps) - 2))
    target = min(len(maps) - 1, source + int(draw.integers(2, 4)))
    sizes = list(zip(maps[source][1:], maps[target][1:], strict=True))
    if any((layer.source, layer.target) == (source, target) for layer in layers) or any(n < m for n, m in sizes):
        return None
    stride = tuple((n - 1) // (m - 1) if m > 1 else 1 for n, m in sizes)
    kernel = tuple(n - (m - 1) * s for (n, m), s in zip(sizes, stride, strict=True))
    name, shape = f"shortcut{len(layers)}", (maps[target][0], maps[source][0], *kernel)
    return Layer(
        name,
        f"{name}.weight",
        False,
        shape,
        source,
        target,
        (1, 1),
        kernel,
        stride,
        (0, 0),
        (1, 1),
        1,
        True,
        *whole(shape, maps[source][0]),
    )


def linear(draw, maps, number):
    channels, *size = maps[-1]
    outputs = int(draw.integers(1, 7))
    name = f"linear{number}"
    maps.append((outputs, 1, 1))
    place = len(maps) - 2, len(maps) - 1
    shape = (outputs, channels * size[0] * size[1])
    return Layer(
        name,
        f"{name}.weight",
        True,
        shape,
        *place,
        (1, 1),
        tuple(size),
        (1, 1),
        (0, 0),
        (1, 1),
        1,
        False,
        *whole(shape, channels),
    )


def whole(shape, channels):
    """Spans of a layer that reads all channels of its source and stands for all of its weight."""
    return (0, channels), (0, shape[0]), (0, shape[1])
