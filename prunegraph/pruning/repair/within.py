"""Repair within a layer: the inputs that a unit keeps absorb the weights that it lost (least squares)."""

import torch
from torch import nn

from prunegraph.models import prunable
from prunegraph.pruning.activations import Gram, input_gram, one_thread
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.repair.absorbing import absorbed, bias_of, checked_ridge, rows_alike
from prunegraph.pruning.repair.order import in_order, owner
from prunegraph.pruning.task import Task


@torch.no_grad()
def least_squares(
    task: Task, pruned: Pruned, *, ridge: float = 1e-4, intercept: bool = True
) -> dict[str, torch.Tensor]:
    """New weights and biases with which each layer's outputs are closest to what all its weights would make of its
    inputs.

    Layers are repaired one after the other, each on what it reads behind the repaired ones before: the layer-wise
    reconstruction of the optimal brain surgeon, ThiNet and SparseGPT, for a given mask. A unit without any weight left
    stays as it is (:func:`.across.compensate` is for these).

    Parameters
    ----------
    ridge
        Weight of the squared changes, relative to the mean of the Gram matrix's diagonal.
    intercept
        Add the mean of what is left over to the bias. Layers without a bias get none, so that the network stays what it
        is.

    Raises
    ------
    UserError
        If data are missing, fewer than two images or not finite.
    """
    checked_ridge(ridge)
    network = pruned_start(task, pruned)
    weights = prunable(network)
    masks = {name: torch.from_numpy(pruned[name]).flatten(1) for name in pruned}
    values: dict[str, torch.Tensor] = {}
    for name in in_order(task, network):
        if name not in masks or masks[name].all():
            continue
        weight, module = weights[name], owner(network, name)
        dense = weight.detach().flatten(1).clone()
        kept = masks[name]
        if kept.any():
            gram = input_gram(task, network, name, passing=bool(values))
            bias = bias_of(module)
            new, shift = _repaired(gram, dense, kept, ridge, intercept and bias is not None)
            values[name] = new.view_as(weight)
            if bias is not None and shift.any():
                values[name.removesuffix("weight") + "bias"] = bias + shift
                module.bias.copy_(bias + shift)
            dense = new
        weight.copy_((dense * kept).view_as(weight))
    return values


def pruned_start(task: Task, pruned: Pruned) -> nn.Module:
    """The task's network on the CPU in float64, with the new values that the pruner itself gave, nothing masked yet."""
    state = task.network.cpu().double().state_dict()
    for name, value in pruned.new_values.items():
        state[name].copy_(torch.from_numpy(value))
    return task.network


def _repaired(
    gram: Gram, dense: torch.Tensor, kept: torch.Tensor, ridge: float, intercept: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """New rows of a weight, and what to add to the bias."""
    new, shift = dense * kept, torch.zeros(len(dense), dtype=dense.dtype)
    each = len(dense) // len(gram.products)
    with one_thread():
        for group in range(len(gram.products)):
            rows = torch.arange(group * each, (group + 1) * each)
            for alike in rows_alike(kept[rows]):
                mine = rows[alike]
                same = kept[mine[0]]
                if same.all() or not same.any():
                    continue
                change, constant = absorbed(gram, group, same, dense[mine] * ~same, ridge, intercept)
                new[mine] += change
                shift[mine] = constant
    return new, shift
