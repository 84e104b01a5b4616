"""In which order the layers of a network run, and which of its units a mask removes."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import fx, nn

from prunegraph.models import prunable
from prunegraph.pruning.task import Task
from prunegraph.pruning.units import input_shape
from prunegraph.wiring.tracing import evaluation, symbolic
from prunegraph.wiring.units import Group, Wires, follow, image_of
from prunegraph.wiring.unsharing import unshare


def owner(network: nn.Module, weight: str) -> nn.Module:
    """The layer that holds a weight."""
    return network.get_submodule(weight.rpartition(".")[0])


def in_order(task: Task, network: nn.Module) -> list[str]:
    """Names of the weights of layers in the order of their first call on an image."""
    order: list[str] = []
    hooks = []
    for name in prunable(network):
        hooks.append(owner(network, name).register_forward_pre_hook(lambda *_, name=name: order.append(name)))
    try:
        with evaluation(network), torch.no_grad():
            network(image_of(network, input_shape(task)))
    finally:
        for hook in hooks:
            hook.remove()
    return list(dict.fromkeys(order))


def traced(task: Task, network: nn.Module) -> tuple[fx.GraphModule, Wires]:
    """The network as a graph that shares its layers, and what becomes of every channel."""
    with evaluation(network), torch.no_grad():
        graph = symbolic(network)
        unshare(graph)
        return graph, follow(graph, input_shape(task))


def removed_units(group: Group, masks: Mapping[str, np.ndarray]) -> list[int]:
    """Units of a group of which no weight is left, in none of the layers that make them."""
    alive = {name: masks[name].reshape(len(masks[name]), -1).any(1) for name, _ in group.rows if name in masks}
    return [
        unit
        for unit in range(group.units)
        if all(name in alive and not alive[name][list(units[unit])].any() for name, units in group.rows)
    ]


def columns_of(group: Group, units: list[int]) -> dict[str, list[int]]:
    """Columns that read these units, by the name of the weight."""
    return {name: [column for unit in units for column in places[unit]] for name, places in group.columns}
