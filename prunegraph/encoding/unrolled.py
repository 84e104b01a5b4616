"""The unrolled encoding: one graph whose nodes are the positions of every feature map."""

import numpy as np

from prunegraph.encoding.kept import Arrays, kept_of
from prunegraph.encoding.rounding import edge_weights
from prunegraph.errors import UserError
from prunegraph.graphs import Block, Geometry, MultipartiteGraph
from prunegraph.graphs.merging import routed, without_parallels
from prunegraph.wiring.architecture import Architecture, Layer, Windows


def unrolled(architecture: Architecture, weights: Arrays, mask: Arrays, mode: str) -> MultipartiteGraph:
    """Make the multipartite graph of a network (Cunegatti et al., TMLR 2024).

    Part 0 is the padded input; then there is one part for the output map of every layer that is no shortcut. Every kept
    weight joins each input position that it multiplies, and all positions that are pooled into it, to the output
    position that receives the product. Where several weights join the same two nodes (overlapping or enlarging pooling,
    parallel layers), they make one edge whose weight is the sum of their magnitudes. Identity shortcuts make no edges
    unless the architecture was traced with ``identity_edges``; biases and BatchNorm make none.

    The mode ``clean`` is this definition. The mode ``compat`` repeats two properties of the published graphs: weights
    are rounded to float16, and a strided convolution whose stride does not divide its padded input uses the node
    numbers of a smaller map (:func:`_cropped`). The published program supports no concatenation, and only disjoint
    pooling windows; layers after these operations keep their true geometry in compat mode, too.
    """
    true, cropped, counts = [], [], {}
    for layer in architecture.layers:
        if layer.weight and layer.weight not in counts:  # a weight that is used twice counts once
            whole = mask[layer.weight]
            counts[layer.weight] = int(np.count_nonzero(whole)), whole.size
        values, kept = (_span(layer, whole) for whole in kept_of(architecture, layer, weights, mask))
        place = _place(architecture, layer)
        magnitudes = edge_weights(values[kept], mode)
        windows = _windows(architecture, layer)
        if windows:
            true.append(routed(layer.name, kept, magnitudes, _reach(architecture, layer, windows), place))
            continue
        geometry = _geometry(architecture, layer, place)
        published = _cropped(layer.name, geometry) if mode == "compat" and _in_line(architecture, layer) else geometry
        (true if published == geometry else cropped).append(Block(layer.name, kept, magnitudes, published))
    blocks = (*without_parallels(true), *cropped)
    order = {layer.name: number for number, layer in reversed(list(enumerate(architecture.layers)))}
    blocks = sorted(blocks, key=lambda block: order.get(block.name, len(order)))
    totals = (sum(count[place] for count in counts.values()) for place in range(2))
    return MultipartiteGraph(architecture.parts, tuple(blocks), mode, *totals)


def _in_line(architecture: Architecture, layer: Layer) -> bool:
    """Whether the layer reads the whole map just before its own, as layers of published networks do (not shortcuts)."""
    whole = layer.channels == (0, architecture.maps[layer.source][0])
    return whole and not layer.shortcut and layer.target == layer.source + 1


def _span(layer: Layer, whole: np.ndarray) -> np.ndarray:
    """Select the layer's part of its weight or mask: (outputs, inputs of a group, kernel height, kernel width)."""
    part = whole[slice(*layer.outputs), slice(*layer.inputs)] if layer.weight else whole
    return part.reshape(len(part), -1, *layer.kernel)


def _place(architecture: Architecture, layer: Layer) -> dict:
    """Facts of the geometry: the nodes of the channels that the layer reads, and of those that it feeds."""
    offsets = np.cumsum([0, *architecture.parts])
    (_, *source), (_, *target) = (architecture.node_maps[part] for part in (layer.source, layer.target))
    first_output = layer.outputs[0]
    return {
        "source_offset": int(offsets[layer.source]) + layer.channels[0] * source[0] * source[1],
        "source_map": (layer.channels[1] - layer.channels[0], *source),
        "target_offset": int(offsets[layer.target]) + first_output * target[0] * target[1],
        "target_map": (layer.outputs[1] - first_output, *target),
        "groups": layer.own_groups,
    }


def _margin(architecture: Architecture, layer: Layer) -> tuple[int, int]:
    """Numbers of rows and of columns of padding nodes before the source map itself."""
    return (architecture.margin[0], architecture.margin[2]) if layer.source == 0 else (0, 0)


def _geometry(architecture: Architecture, layer: Layer, place: dict) -> Geometry:
    # The padding of the input consists of nodes, so that it must not be added again.
    padding = tuple(own - margin for own, margin in zip(layer.padding, _margin(architecture, layer), strict=True))
    facts = {name: getattr(layer, name) for name in ("kernel", "stride", "dilation", "pool")}
    return Geometry(**place, padding=padding, **facts)


def _windows(architecture: Architecture, layer: Layer) -> tuple[Windows, Windows] | None:
    """Return the windows between the layer and its source; None if a plain geometry can describe them."""
    if layer.windows or layer.pool == (1, 1) or not any(_margin(architecture, layer)):
        return layer.windows
    # Disjoint windows of the input begin after the margin, which no plain geometry can describe.
    sizes = architecture.maps[layer.source][1:]
    return tuple(
        tuple(tuple(range(start, start + pool)) for start in range(0, size - pool + 1, pool))
        for size, pool in zip(sizes, layer.pool, strict=True)
    )


def _reach(architecture: Architecture, layer: Layer, windows: tuple[Windows, Windows]) -> tuple[np.ndarray, np.ndarray]:
    """For rows and for columns, bool (taps, source, target): whether the tap reads a window that holds the source."""
    margin, axes = _margin(architecture, layer), []
    for axis, seen_through in enumerate(windows):
        size, count = (architecture.node_maps[part][1 + axis] for part in (layer.source, layer.target))
        reach = np.zeros((layer.kernel[axis], size, count), bool)
        for tap, target in np.ndindex(len(reach), count):
            seen = target * layer.stride[axis] + tap * layer.dilation[axis] - layer.padding[axis]
            if 0 <= seen < len(seen_through):
                reach[tap, [row + margin[axis] for row in seen_through[seen]], target] = True
        axes.append(reach)
    return tuple(axes)


def _cropped(name: str, geometry: Geometry) -> Geometry:
    """Make the geometry of the published graphs, which differs from the true one if the stride leaves a remainder.

    In that case the published program crops the padded input to the positions that the kernel reads, and then removes
    the padding on both sides, although only one side still has it. Its node numbers are therefore those of a map of
    ``(H_out - 1) * stride + kernel - 2 * padding`` rows, and the targets begin just after this smaller map.

    Raises
    ------
    UserError
        If nothing is left of the map.
    """
    channels, *source = geometry.source_map
    seen = []
    for axis in range(2):
        reach = geometry.dilation[axis] * (geometry.kernel[axis] - 1) + 1
        padding, pool, stride = geometry.padding[axis], geometry.pool[axis], geometry.stride[axis]
        size = source[axis] // pool
        if (size + 2 * padding - reach) % stride:
            size = (geometry.target_map[1 + axis] - 1) * stride + reach - 2 * padding
        seen.append(size * pool)
    if min(seen) < 1:
        raise UserError(
            f"Layer {name!r}: its stride {geometry.stride} does not divide its map of {source[0]} x {source[1]}. Mode "
            "'compat' crops such maps as the published program does, this one to nothing. Use mode 'clean' or larger "
            "inputs."
        )
    if all(new // pool == old // pool for new, old, pool in zip(seen, source, geometry.pool, strict=True)):
        return geometry
    height, width = seen
    facts = geometry.to_dict() | {
        "source_map": (channels, height, width),
        "target_offset": geometry.source_offset + channels * height * width,
    }
    return Geometry.from_dict(facts)
