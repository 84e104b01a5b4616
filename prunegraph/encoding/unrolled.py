"""The unrolled encoding: one graph whose nodes are the positions of every feature map."""

from collections.abc import Mapping

import numpy as np

from prunegraph.encoding.architecture import Architecture, Layer
from prunegraph.encoding.rounding import edge_weights
from prunegraph.graphs import Block, Geometry, MultipartiteGraph


def unrolled(architecture: Architecture, weights: Mapping[str, np.ndarray], mode: str) -> MultipartiteGraph:
    """The multipartite graph of a network (Cunegatti et al., TMLR 2024).

    Part 0 is the padded input, then one part for the output map of every layer that is no
    shortcut. Every non-zero weight joins each input position that it is multiplied with,
    and all positions pooled into it, to the output position that receives the product.
    Identity shortcuts, biases and BatchNorm make no edges.

    Modes: ``clean`` is this definition. ``compat`` repeats two properties of the published
    graphs: weights are rounded through float16, and a strided convolution that does
    not divide its padded input is laid over a map that is cropped too far
    (:func:`_cropped`).
    """
    blocks = tuple(_block(architecture, layer, weights, mode) for layer in architecture.layers)
    return MultipartiteGraph(architecture.parts, blocks, mode)


def _block(architecture: Architecture, layer: Layer, weights: Mapping[str, np.ndarray], mode: str) -> Block:
    geometry = _geometry(architecture, layer)
    if mode == "compat" and not layer.shortcut:
        geometry = _cropped(geometry)
    values = architecture.weights_of(layer, weights).reshape(geometry.weight_shape)
    mask = values != 0
    return Block(layer.name, mask, edge_weights(values[mask], mode), geometry)


def _geometry(architecture: Architecture, layer: Layer) -> Geometry:
    offsets = np.cumsum([0, *architecture.parts])
    above, left = layer.padding
    if layer.source == 0:
        # The padding of the input consists of nodes, so it is not to be added again.
        above, left = above - architecture.margin[0], left - architecture.margin[2]
    return Geometry(
        source_offset=int(offsets[layer.source]),
        source_map=architecture.node_maps[layer.source],
        target_offset=int(offsets[layer.target]),
        target_map=architecture.node_maps[layer.target],
        kernel=layer.kernel,
        stride=layer.stride,
        padding=(above, left),
        dilation=layer.dilation,
        pool=layer.pool,
        groups=layer.groups,
    )


def _cropped(geometry: Geometry) -> Geometry:
    """The geometry of the published graphs, which differs where the stride leaves a remainder.

    There the padded input is cropped to what the kernel sees, and then loses a ring of
    padding on both sides although only one is left: node numbers of a map of
    ``(H_out - 1) * stride + kernel - 2 * padding`` rows are laid over the true one, and
    the targets begin right behind that smaller map.
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
    if all(new // pool == old // pool for new, old, pool in zip(seen, source, geometry.pool, strict=True)):
        return geometry
    height, width = seen
    facts = geometry.to_dict() | {
        "source_map": (channels, height, width),
        "target_offset": geometry.source_offset + channels * height * width,
    }
    return Geometry.from_dict(facts)
