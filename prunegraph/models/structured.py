"""Layers that compute block masks for real: the channels that a group of outputs reads are gathered, then convolved.

Where every node of a relational graph has as many neighbours, each group of outputs reads as many channels, so one
grouped convolution does all groups at once. It computes what the masked dense layer does, in another order of sums.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from prunegraph.errors import UserError
from prunegraph.relational.adjacency import degrees


class BlockConv2d(nn.Module):
    """A convolution whose weight is zero outside the blocks of a regular graph.

    Parameters
    ----------
    dense
        The layer that it stands for; its weights outside the blocks are passed over.
    adjacency
        nodes x nodes of 0 and 1, row: groups of outputs, column: groups of inputs; self-loops on the diagonal, if any.

    Raises
    ------
    UserError
        If the nodes have different numbers of neighbours or do not divide the channels, or the layer has groups.
    """

    def __init__(self, dense: nn.Conv2d, adjacency: np.ndarray):
        super().__init__()
        nodes, neighbours = len(adjacency), degrees(adjacency)
        if neighbours.min() != neighbours.max():
            raise UserError(
                f"A structured convolution needs as many neighbours of every node, found {neighbours.min()} to "
                f"{neighbours.max()}; leave the layer as it is."
            )
        outputs, inputs = dense.weight.shape[:2]
        if dense.groups != 1 or outputs % nodes or inputs % nodes:
            raise UserError(
                f"A structured convolution needs channels that {nodes} nodes divide, and no groups; found {inputs} "
                f"inputs, {outputs} outputs and {dense.groups} groups. Leave the layer as it is."
            )
        channels = torch.arange(inputs).reshape(nodes, -1)
        read = torch.stack([channels[torch.from_numpy(np.flatnonzero(row))].flatten() for row in adjacency])
        rows = torch.arange(outputs).reshape(nodes, -1, 1)
        weight = dense.weight.detach()[rows.to(dense.weight.device), read[:, None].to(dense.weight.device)]
        self.weight = nn.Parameter(weight.flatten(0, 1).contiguous())
        self.bias = None if dense.bias is None else nn.Parameter(dense.bias.detach().clone())
        self.register_buffer("read", read.flatten(), persistent=False)
        self.nodes, self.stride, self.padding, self.dilation = nodes, dense.stride, dense.padding, dense.dilation
        if dense.padding_mode != "zeros":
            raise UserError(f"A structured convolution pads with zeros, found padding_mode: {dense.padding_mode}.")

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) as the masked dense layer does."""
        gathered = features.index_select(1, self.read)
        return functional.conv2d(
            gathered, self.weight, self.bias, self.stride, self.padding, self.dilation, groups=self.nodes
        )


@torch.no_grad()
def structured(
    network: nn.Module, adjacency: np.ndarray, images: torch.Tensor, *, times: int = 5, measured: bool = True
) -> dict[str, float]:
    """Replace convolutions of a masked `network`, in place, by structured ones where these are faster on `images`.

    Only layers whose weights are zero outside the blocks are candidates, and only if the nodes divide their channels.

    Parameters
    ----------
    network
        In evaluation mode, its masks applied.
    images
        A batch of the size that matters; where it lies is where time is measured.
    times
        Calls of each layer; their median counts.
    measured
        Whether to choose by time; else every candidate is replaced.

    Returns
    -------
    dict[str, float]
        How many times as fast each candidate is, by name; those above 1 were replaced.
    """
    inputs: dict[nn.Module, torch.Tensor] = {}
    layers = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    hooks = [layer.register_forward_hook(lambda layer, given, _: inputs.update({layer: given[0]}))
             for layer in layers.values()]  # fmt: skip
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    gains = {}
    for name, layer in layers.items():
        block = _candidate(layer, adjacency)
        if block is None or layer not in inputs:
            continue
        gains[name] = _seconds(layer, inputs[layer], times) / _seconds(block, inputs[layer], times)
        if gains[name] > 1 or not measured:
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, block)
    return gains


def _candidate(layer: nn.Conv2d, adjacency: np.ndarray) -> BlockConv2d | None:
    """The structured layer that computes the same as `layer`, None if there is none."""
    try:
        block = BlockConv2d(layer, adjacency)
    except UserError:
        return None
    return block if int(torch.count_nonzero(block.weight)) == int(torch.count_nonzero(layer.weight)) else None


def _seconds(layer: Callable, features: torch.Tensor, times: int) -> float:
    """The median time of a call, after one that does not count."""
    found = []
    for _ in range(times + 1):
        _wait(features)
        began = time.perf_counter()
        layer(features)
        _wait(features)
        found.append(time.perf_counter() - began)
    return float(np.median(found[1:]))


def _wait(features: torch.Tensor) -> None:
    if features.is_cuda:
        torch.cuda.synchronize(features.device)
