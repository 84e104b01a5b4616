"""Networks as graphs: from a torch module, or from its architecture and weights, to multipartite graphs.

Importing this package needs no torch; tracing a module does.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from prunegraph.catalogue import ENCODINGS, MODES, known, lookup
from prunegraph.graphs import LayerGraphs, MultipartiteGraph
from prunegraph.wiring import Architecture, Layer, trace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Architecture", "Layer", "encode", "encode_weights", "trace"]


def encode(
    network: "nn.Module",
    input_shape: Sequence[int],
    encoding: str = "unrolled",
    mode: str = "clean",
    identity_edges: bool = False,
) -> MultipartiteGraph | LayerGraphs:
    """The graph of a torch network: :func:`trace`, then :func:`encode_weights`.

    Parameters
    ----------
    network
        Any module that :func:`trace` understands; left as it was. Weights removed by
        ``torch.nn.utils.prune`` count as zero.
    input_shape
        (channels, height, width) of one input.
    encoding
        ``unrolled``: one graph whose nodes are the positions of every feature map;
        ``rolled``, ``rolled_channel``: one bipartite graph per layer, by layer name.
    mode
        ``clean``: what the definitions mean; ``compat``: what the published numbers were made with.
    identity_edges
        Whether identity shortcuts make edges of weight 1 in the unrolled graph; the published ones do not.

    Raises
    ------
    UserError
        If a name is unknown or the network holds an operation that has no place in a graph.
    """
    from prunegraph.wiring.tracing import weights_of

    known(ENCODINGS, encoding, "encoding")
    known(MODES, mode, "mode")
    architecture = trace(network, input_shape, identity_edges)
    return encode_weights(architecture, weights_of(network, architecture), encoding, mode)


def encode_weights(
    architecture: Architecture,
    weights: Mapping[str, np.ndarray],
    encoding: str = "unrolled",
    mode: str = "clean",
) -> MultipartiteGraph | LayerGraphs:
    """The graph of an architecture with these weights; needs no torch.

    Parameters
    ----------
    weights
        Arrays by parameter name (``"layer1.0.conv1.weight"``), pruned weights zero. Other
        entries of a state dict are ignored.
    architecture, encoding, mode
        See :func:`trace` and :func:`encode`.

    Raises
    ------
    UserError
        If a name is unknown, or a weight is missing, of another shape or not finite.
    """
    function = lookup(ENCODINGS, encoding, "encoding")
    return function(architecture, weights, known(MODES, mode, "mode"))
