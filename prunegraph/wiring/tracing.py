"""From a torch network to its architecture: a symbolic run that follows each feature map."""

from collections.abc import Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import fx, nn

from prunegraph.errors import UserError
from prunegraph.wiring.architecture import Architecture
from prunegraph.wiring.dataflow import Follower
from prunegraph.wiring.values import refuse_hooks, single

if TYPE_CHECKING:
    from collections.abc import Iterator


def trace(network: nn.Module, input_shape: Sequence[int], identity_edges: bool = False) -> Architecture:
    """Find the geometry of every convolution and linear layer with torch.fx and one run on a zero input.

    The network runs in evaluation mode and is not changed. Supported are Conv2d and Linear, as modules or as functions
    of a parameter; pooling of every kind (max, average, adaptive, global; overlapping, padded, enlarging); BatchNorm
    and other normalisation; activations, dropout, additions and concatenation; and all operations that only move values
    (flattening, permutations, chunks and slices, channel shuffle, padding, nearest enlargement). A linear layer over
    the channels of every position is a 1x1 convolution.

    At an addition, a branch that is an earlier feature map makes no edges (identity). Of two branches with
    convolutions, the one with a single convolution is the shortcut: it adds no nodes, and its edges lead from the
    block's input to the block's output (Cunegatti et al., TMLR 2024). Of two branches with one convolution each, the
    first is the shortcut.

    Parameters
    ----------
    network
        Any module that torch.fx can trace.
    input_shape
        Shape (channels, height, width) of one input.
    identity_edges
        Whether an identity makes an edge of weight 1 from each of its nodes to the node to which it is added. The
        published graphs have no such edges.

    Raises
    ------
    UserError
        If an operation has no place in a graph; the message names the operation and its place in the network.
    """
    shape = checked_shape(input_shape)
    parameter = next(network.parameters(), torch.empty(0))
    image = torch.zeros((1, *shape), device=parameter.device, dtype=parameter.dtype)
    with evaluation(network), torch.no_grad():
        follower = Follower(symbolic(network), shape, identity_edges)
        follower.run(image)
    return follower.architecture()


def symbolic(network: nn.Module) -> fx.GraphModule:
    """Trace the network as a graph of its operations; its modules are shared, not copied.

    Raises
    ------
    UserError
        If torch.fx cannot trace it.
    """
    try:
        return fx.symbolic_trace(network)
    except Exception as problem:  # the user's own code
        reason = f"{type(problem).__name__}: {str(problem).partition(chr(10))[0]}"
        raise UserError(
            f"torch.fx cannot trace {type(network).__name__} ({reason:.300}). The forward pass must not depend on "
            "the values in its input, and a network that is wrapped (DataParallel, compiled, scripted) must be "
            "given without its wrapper."
        ) from problem


def weights_of(network: nn.Module, architecture: Architecture) -> dict[str, np.ndarray]:
    """Return the weights that `architecture` names as float32 arrays; zero where torch.nn.utils.prune masks them.

    Raises
    ------
    UserError
        If the network has hooks, or a weight is of a kind that cannot be read (:mod:`prunegraph.wiring.values`).
    """
    refuse_hooks(network)
    names = {layer.weight for layer in architecture.layers} - {""}
    return {name: single(attrgetter(name)(network), f"The weight {name!r}") for name in names}


@contextmanager
def evaluation(network: nn.Module) -> "Iterator[None]":
    """Switch to evaluation mode, and restore each module's own mode afterwards."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def checked_shape(input_shape: Sequence[int]) -> tuple[int, int, int]:
    """Check and return the shape of one input; a `UserError` if it is wrong."""
    shape = tuple(input_shape)
    if len(shape) != 3 or not all(isinstance(size, int | np.integer) and size > 0 for size in shape):
        raise UserError(f"The input shape is {shape}; expected (channels, height, width), all above 0.")
    return tuple(int(size) for size in shape)
