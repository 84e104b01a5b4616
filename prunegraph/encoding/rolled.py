"""The rolled encodings: one bipartite graph for each layer, in which each weight or each kernel is an edge."""

from collections.abc import Callable

import numpy as np

from prunegraph.encoding.kept import Arrays, kept_of
from prunegraph.encoding.rounding import edge_weights
from prunegraph.graphs import Block, Geometry, LayerGraphs, MultipartiteGraph
from prunegraph.wiring.architecture import Architecture, Layer


def rolled(architecture: Architecture, weights: Arrays, mask: Arrays, mode: str) -> LayerGraphs:
    """Make the rolled graph of each layer: one edge for each kept weight w, of weight |w|.

    Left nodes are pairs of input channel and kernel tap (number ``(c*height + dy)*width + dx``), right nodes are output
    channels. A linear layer joins its inputs to its outputs. In compat mode weights are rounded to float16.
    Source: the "rolled" bipartite encoding of Cunegatti et al., TMLR 2024.
    """
    return _layers(architecture, weights, mask, mode, lambda values, kept: (values, kept))


def rolled_channel(architecture: Architecture, weights: Arrays, mask: Arrays, mode: str) -> LayerGraphs:
    """Make the rolled-channel graph of each layer: one edge for each kernel with a kept weight.

    Left nodes are input channels, right nodes are output channels. The weight of an edge is the L2 norm of the kernel.
    A linear layer joins its inputs to its outputs. In compat mode norms are rounded to float16. Source: the
    "rolled-channel" bipartite encoding of Cunegatti et al., TMLR 2024.
    """
    return _layers(architecture, weights, mask, mode, _channels)


def _channels(values: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Norm of each kernel, and whether any weight of it is kept: (outputs, inputs) each."""
    if values.ndim == 2:
        return values, kept
    return np.sqrt(np.square(values, dtype=np.float64).sum(axis=(2, 3))), kept.any(axis=(2, 3))


def _layers(architecture: Architecture, weights: Arrays, mask: Arrays, mode: str, reduce: Callable) -> LayerGraphs:
    graphs = {}
    for layer in architecture.layers:
        # Identities have no weights; the spans of a layer that reads a concatenation share one weight.
        if not layer.weight or layer.name in graphs:
            continue
        values, kept = kept_of(architecture, layer, weights, mask)
        counts = int(np.count_nonzero(kept)), kept.size
        matrix, edges = (array.reshape(len(values), -1) for array in reduce(values, kept))
        graphs[layer.name] = _bipartite(layer, matrix, edges, mode, counts)
    return LayerGraphs(graphs)


def _bipartite(
    layer: Layer, matrix: np.ndarray, edges: np.ndarray, mode: str, counts: tuple[int, int]
) -> MultipartiteGraph:
    right, left = len(matrix), matrix.shape[1] * layer.groups
    geometry = Geometry(0, (left, 1, 1), left, (right, 1, 1), groups=layer.groups)
    block = Block(layer.name, edges[:, :, None, None], edge_weights(matrix[edges], mode), geometry)
    return MultipartiteGraph((left, right), (block,), mode, *counts)
