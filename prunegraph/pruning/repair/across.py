"""Repairs of whole units in the layers that read them: what removed units emitted is absorbed there."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import fx

from prunegraph.errors import UserError
from prunegraph.models import prunable
from prunegraph.pruning.activations import input_gram, one_thread
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.repair.absorbing import absorbed, bias_of, checked_ridge, rows_alike
from prunegraph.pruning.repair.order import columns_of, in_order, owner, removed_units, traced
from prunegraph.pruning.repair.within import pruned_start
from prunegraph.pruning.task import Task
from prunegraph.pruning.units import input_shape
from prunegraph.wiring.constants import readings
from prunegraph.wiring.tracing import evaluation
from prunegraph.wiring.units import Wires


@torch.no_grad()
def compensate(task: Task, pruned: Pruned, *, ridge: float = 1e-4, intercept: bool = True) -> dict[str, torch.Tensor]:
    """New weights of the layers that read removed units: the units that stay absorb what those fed to them.

    Weights that read removed units become 0. A mask that removes no whole unit gives nothing to absorb and no new
    values. Layers one after the other, each on what it reads behind the repaired ones before.

    Parameters
    ----------
    ridge, intercept
        As of :func:`.within.least_squares`.

    Raises
    ------
    UserError
        If data are missing, fewer than two images or not finite, or torch.fx cannot trace the network.
    """
    checked_ridge(ridge)
    network = pruned_start(task, pruned)
    weights = prunable(network)
    gone: dict[str, list[int]] = {}
    for group in traced(task, network)[1].groups():
        for name, columns in columns_of(group, removed_units(group, pruned)).items():
            gone.setdefault(name, []).extend(columns)
    values: dict[str, torch.Tensor] = {}
    # Rows of removed units are left alive: once every layer behind is repaired, nothing reads them.
    for name in in_order(task, network):
        kept = torch.from_numpy(pruned[name]) if name in pruned else torch.ones(weights[name].shape, dtype=torch.bool)
        if gone.get(name):
            values |= _absorb(task, name, kept, gone[name], ridge, intercept)
        elif name in pruned:
            alive = kept.flatten(1).any(1)
            weights[name][alive] *= kept[alive]
    return values


def _absorb(
    task: Task, name: str, kept: torch.Tensor, gone: list[int], ridge: float, intercept: bool
) -> dict[str, torch.Tensor]:
    """Repair one layer, in place and as new values."""
    weight, module = prunable(task.network)[name], owner(task.network, name)
    bias, gram = bias_of(module), input_gram(task, task.network, name, passing=True)
    lost = torch.zeros_like(weight)
    lost[:, gone] = weight.detach()[:, gone]
    stays = kept.clone()
    stays[:, gone] = False
    lost, stays, alive = lost.flatten(1), stays.flatten(1), kept.flatten(1).any(1)
    new, shift = weight.detach().flatten(1) * stays, torch.zeros(len(lost), dtype=lost.dtype)
    with one_thread():
        for rows in rows_alike(stays):
            if stays[rows[0]].any():
                change, constant = absorbed(gram, 0, stays[rows[0]], lost[rows], ridge, intercept and bias is not None)
                new[rows] += change
                shift[rows] = constant
    values = {name: new.view_as(weight)}
    if bias is not None and shift.any():
        values[name.removesuffix("weight") + "bias"] = bias + shift
        module.bias.copy_(bias + shift)
    # A row that is itself removed stays alive for the layers behind, without what it read from removed units.
    weight.copy_(torch.where(alive.unsqueeze(1), new, weight.detach().flatten(1) - lost).view_as(weight))
    return values


@torch.no_grad()
def fold(task: Task, pruned: Pruned) -> dict[str, torch.Tensor]:
    """New biases that hold what removed units emit, and weights of 0 that read them.

    A unit without weights emits a constant, its bias behind BatchNorm and activation. Where the mask leaves the weights
    that read it, outputs stay the same; where it removes them, too, they become so. A constant stays where it is if the
    layer that reads it has no bias, or pads it with zeros (it would be another one at the border).

    Raises
    ------
    UserError
        If the mask removes no whole unit, or torch.fx cannot trace the network.
    """
    network = pruned_start(task, pruned)
    graph, wires = traced(task, network)
    gone: dict[str, list[int]] = {}
    removed = 0
    for group in wires.groups():
        units = removed_units(group, pruned)
        removed += len(units)
        for name, columns in columns_of(group, units).items():
            gone.setdefault(name, []).extend(columns)
    if not removed:
        raise UserError(
            "Repair 'fold' puts the constants that removed units emit into biases, but the mask removes no whole unit; "
            "choose repair: least_squares for single weights, or none."
        )
    weights = prunable(network)
    masks = {name: torch.from_numpy(pruned[name].copy()) for name in pruned}
    alive = {name: mask.flatten(1).any(1) for name, mask in masks.items()}
    # Weights that read removed units count as there until their constant is folded.
    for name in masks:
        columns = masks[name][:, gone.get(name, [])]
        masks[name][:, gone.get(name, [])] = columns | (~columns.any(dim=0) & _by_row(alive[name], columns))
    for name, mask in masks.items():
        weights[name].copy_(torch.where(mask, weights[name], 0))
    kept = {name: masks.get(f"{name}.weight", torch.ones(graph.get_submodule(name).weight.shape, dtype=torch.bool))
            for name in wires.rows()}  # fmt: skip
    return _folded(task, graph, wires, {name: mask.numpy() for name, mask in kept.items()}, gone)


def _folded(
    task: Task, graph: fx.GraphModule, wires: Wires, kept: Mapping[str, np.ndarray], gone: Mapping[str, list[int]]
) -> dict[str, torch.Tensor]:
    """New values, layer after layer, as a folded constant may make another one behind it."""
    values: dict[str, torch.Tensor] = {}
    for name in in_order(task, task.network):
        module = owner(task.network, name)
        if not gone.get(name) or module.bias is None:
            continue
        with evaluation(graph):
            read = readings(graph, wires, input_shape(task), kept)[name.rpartition(".")[0]]
        columns = [column for column in gone[name] if read.foldable[column]]
        constants = torch.from_numpy(read.values)[columns]
        per_column = module.weight.detach().flatten(2).sum(2) if module.weight.dim() > 2 else module.weight.detach()
        module.bias.add_(per_column[:, columns] @ constants)
        module.weight[:, columns] = 0
        bias = name.removesuffix("weight") + "bias"
        values |= {name: module.weight.detach().clone(), bias: module.bias.detach().clone()}
    return values


def _by_row(rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return rows.view(-1, *[1] * (like.dim() - 1)).expand_as(like)
