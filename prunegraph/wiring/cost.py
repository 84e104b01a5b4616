"""Counting the parameters and operations of a network.

Operations are multiply-accumulates (MACs) of convolutions and linear layers, which are often called "FLOPs" in this
field; biases, BatchNorm, activations and pooling are not counted.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from prunegraph.errors import UserError
from prunegraph.wiring.tracing import evaluation
from prunegraph.wiring.units import image_of


class Cost(NamedTuple):
    """Parameters and operations of a network for one image.

    Attributes
    ----------
    parameters, nonzero
        Number of parameters of all layers, with biases and BatchNorm but without running statistics; and of those that
        are not 0.
    macs, nonzero_macs
        Number of multiply-accumulates of convolutions and linear layers; and of those by weights that are not 0.
    """

    parameters: int
    nonzero: int
    macs: int
    nonzero_macs: int


def cost(network: nn.Module, input_shape: Sequence[int]) -> Cost:
    """Count the parameters and operations of a network; it runs once, in evaluation mode, and is not changed.

    Parameters
    ----------
    network
        Any module. The operations of a layer that is called several times count each time; layers other than Conv2d and
        Linear count only by their parameters.
    input_shape
        (channels, height, width) of one image.

    Raises
    ------
    UserError
        If the network fails on such an input.
    """
    macs = [0, 0]

    def count(layer: nn.Module, _: Any, result: torch.Tensor) -> None:
        values = result.numel() // len(layer.weight)  # positions
        macs[0] += values * layer.weight.numel()
        macs[1] += values * int(torch.count_nonzero(layer.weight))

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with evaluation(network), torch.no_grad():
            network(image_of(network, input_shape))
    except RuntimeError as problem:
        reason = str(problem).partition("\n")[0]
        raise UserError(f"The network fails on an input of shape {tuple(input_shape)}: {reason}") from problem
    finally:
        for hook in hooks:
            hook.remove()
    parameters = list(network.parameters())
    nonzero = sum(int(torch.count_nonzero(parameter)) for parameter in parameters)
    return Cost(sum(parameter.numel() for parameter in parameters), nonzero, *macs)


def ratio(all_of: int, left: int) -> float:
    """How many times less is left; infinite if nothing is."""
    return all_of / left if left else float("inf")
