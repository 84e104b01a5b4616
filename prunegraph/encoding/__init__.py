"""Networks as graphs: from a torch module, or from its architecture, weights and mask, to multipartite graphs.

Importing this package needs no torch; tracing a module does.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from prunegraph.catalogue import ENCODINGS, MODES, known, lookup
from prunegraph.encoding.kept import kept_weights, mask_from_zeros
from prunegraph.graphs import LayerGraphs, MultipartiteGraph
from prunegraph.wiring import Architecture, Layer, trace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Architecture", "Layer", "encode", "encode_weights", "mask_from_zeros", "trace"]


def encode(
    network: "nn.Module",
    input_shape: Sequence[int],
    encoding: str = "unrolled",
    mode: str = "clean",
    identity_edges: bool = False,
    mask: Mapping[str, np.ndarray] | None = None,
) -> MultipartiteGraph | LayerGraphs:
    """Encode a torch network as a graph: :func:`trace`, then :func:`encode_weights`.

    Parameters
    ----------
    network
        Any module that :func:`trace` can trace; it is not changed.
    input_shape
        Shape (channels, height, width) of one input.
    encoding
        ``unrolled``: one graph whose nodes are the positions of every feature map; ``rolled``, ``rolled_channel``: one
        bipartite graph for each layer, by layer name.
    mode
        ``clean``: as the definitions say; ``compat``: as the published numbers were made.
    identity_edges
        Whether identity shortcuts make edges of weight 1 in the unrolled graph; in the published graphs they do not.
    mask
        Mask of the kept weights as in :func:`encode_weights`. With None, the masks of ``torch.nn.utils.prune`` are
        used, if there are any.

    Raises
    ------
    UserError
        If a name is unknown, the network holds an operation that has no place in a graph, or the mask does not fit.
    """
    from prunegraph.wiring.tracing import weights_of

    known(ENCODINGS, encoding, "encoding")
    known(MODES, mode, "mode")
    architecture = trace(network, input_shape, identity_edges)
    weights = weights_of(network, architecture)
    if mask is None:
        state = network.state_dict()
        pruned = [name for name in weights if {f"{name}_orig", f"{name}_mask"} <= state.keys()]
        own = {name: state[f"{name}_mask"] for name in pruned}
        mask = mask_from_zeros(weights) | own
    else:  # layers that the input does not reach are not in the graph
        idle = dict(network.named_parameters()).keys() - weights.keys()
        mask = {name: values for name, values in mask.items() if name not in idle}
    return encode_weights(architecture, weights, encoding, mode, mask)


def encode_weights(
    architecture: Architecture,
    weights: Mapping[str, np.ndarray],
    encoding: str = "unrolled",
    mode: str = "clean",
    mask: Mapping[str, np.ndarray] | None = None,
) -> MultipartiteGraph | LayerGraphs:
    """Encode an architecture with these weights as a graph; this needs no torch.

    Parameters
    ----------
    weights
        Arrays by parameter name (``"layer1.0.conv1.weight"``). Other entries of a state dict are ignored.
    architecture
        Architecture from :func:`trace`.
    encoding, mode
        As in :func:`encode`.
    mask
        Mask of the kept weights: a :class:`prunegraph.masks.Mask`, or boolean arrays by parameter name, each of the
        shape of its weight. A kept weight is an edge, of weight 0 if its value is 0; a removed weight is no edge,
        whatever its value. Weights that the mask does not name are all kept. With None, zeros count as removed
        (:func:`mask_from_zeros`).

    Raises
    ------
    UserError
        If a name is unknown, a weight is missing, a weight or mask of another shape, or a kept weight not finite.
    """
    function, mode = lookup(ENCODINGS, encoding, "encoding"), known(MODES, mode, "mode")
    return function(architecture, *kept_weights(architecture, weights, mask), mode)
