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
    """The graph of a torch network: :func:`trace`, then :func:`encode_weights`.

    Parameters
    ----------
    network
        Any module that :func:`trace` understands; left as it was.
    input_shape
        (channels, height, width) of one input.
    encoding
        ``unrolled``: one graph whose nodes are the positions of every feature map;
        ``rolled``, ``rolled_channel``: one bipartite graph per layer, by layer name.
    mode
        ``clean``: what the definitions mean; ``compat``: what the published numbers were made with.
    identity_edges
        Whether identity shortcuts make edges of weight 1 in the unrolled graph; the published ones do not.
    mask
        See :func:`encode_weights`. None: where ``torch.nn.utils.prune`` keeps a mask, that one.

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
    else:  # layers that no input reaches have no place in the graph
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
    """The graph of an architecture with these weights; needs no torch.

    Parameters
    ----------
    weights
        Arrays by parameter name (``"layer1.0.conv1.weight"``). Other entries of a state dict are ignored.
    architecture, encoding, mode
        See :func:`trace` and :func:`encode`.
    mask
        Which weights are kept: a :class:`prunegraph.masks.Mask`, or boolean arrays by parameter name, each of its
        weight's shape. A kept weight is an edge, of weight 0 if its value is 0; a removed one is none, whatever its
        value. Weights that it does not name are all kept. None: zeros are removed (:func:`mask_from_zeros`).

    Raises
    ------
    UserError
        If a name is unknown, a weight is missing, a weight or mask of another shape, or a kept weight not finite.
    """
    function, mode = lookup(ENCODINGS, encoding, "encoding"), known(MODES, mode, "mode")
    return function(architecture, *kept_weights(architecture, weights, mask), mode)
