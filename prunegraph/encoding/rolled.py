"""The rolled encodings: one bipartite graph for each layer, each weight or kernel an edge."""

from collections.abc import Mapping

import numpy as np

from prunegraph.encoding.rounding import edge_weights
from prunegraph.graphs import Block, Geometry, LayerGraphs, MultipartiteGraph
from prunegraph.wiring.architecture import Architecture, Layer


def rolled(architecture: Architecture, weights: Mapping[str, np.ndarray], mode: str) -> LayerGraphs:
    """Left: input channels times kernel taps (number ``(c*height + dy)*width + dx``); right: output channels.

    One edge for each non-zero weight, of weight |w|. A linear layer joins its inputs to
    its outputs. The "rolled" bipartite encoding of Cunegatti et al., TMLR 2024. In compat
    mode weights are rounded through float16.
    """
    return _layers(architecture, weights, mode, lambda layer, values: values)


def rolled_channel(architecture: Architecture, weights: Mapping[str, np.ndarray], mode: str) -> LayerGraphs:
    """Left: input channels; right: output channels. One edge for each kernel with a non-zero weight.

    Its weight is the L2 norm of the kernel. A linear layer joins its inputs to its outputs.
    The "rolled-channel" bipartite encoding of Cunegatti et al., TMLR 2024. In compat mode
    norms are rounded through float16.
    """
    return _layers(architecture, weights, mode, _channel_norms)


def _channel_norms(layer: Layer, values: np.ndarray) -> np.ndarray:
    if values.ndim == 2:
        return values
    norms = np.sqrt(np.square(values, dtype=np.float64).sum(axis=(2, 3)))
    # A norm too small for float32 must not unmake its edge.
    return np.where(norms > 0, np.maximum(norms, np.finfo(np.float32).smallest_subnormal), 0)


def _layers(architecture: Architecture, weights: Mapping[str, np.ndarray], mode: str, reduce) -> LayerGraphs:
    graphs = {}
    for layer in architecture.layers:
        # Identities have no weights; the spans of a layer that reads a concatenation share one.
        if not layer.weight or layer.name in graphs:
            continue
        values = architecture.weights_of(layer, weights)
        kept = int(np.count_nonzero(values))
        matrix = reduce(layer, values).reshape(len(values), -1).astype(np.float32)
        graphs[layer.name] = _bipartite(layer, matrix, mode, kept, values.size)
    return LayerGraphs(graphs)


def _bipartite(layer: Layer, matrix: np.ndarray, mode: str, kept: int, parameters: int) -> MultipartiteGraph:
    right, left = len(matrix), matrix.shape[1] * layer.groups
    geometry = Geometry(0, (left, 1, 1), left, (right, 1, 1), groups=layer.groups)
    matrix = matrix[:, :, None, None]
    block = Block(layer.name, matrix != 0, edge_weights(matrix[matrix != 0], mode), geometry)
    return MultipartiteGraph((left, right), (block,), mode, kept, parameters)
