"""Which units a layer keeps: by a k-DPP, at random, or the largest outgoing weights (Acharyya et al., 2020)."""

import torch

from prunegraph.models import prunable
from prunegraph.pruning.activations import output_gram, unit_gram
from prunegraph.pruning.dpp.edges import checked_kernel, stream, subsets
from prunegraph.pruning.dpp.kernels import distances, mean_of, rbf, warn
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.selection import join
from prunegraph.pruning.task import Task
from prunegraph.pruning.units import groups_of, kept_in, largest_units, unit_masks
from prunegraph.wiring.units import Group


def dpp_node(
    task: Task, *, beta: float | None = None, jitter: float = 0.01, sampler: str = "exact", compat: bool = False
) -> Pruned:
    """Keep units whose activations differ: one k-DPP for each group of units.

    The kernel is exp(-beta |a_i - a_j|^2) + jitter I, where a_i are what the layers behind read of unit i, over all
    training images (and positions), in the unpruned network.

    Parameters
    ----------
    beta
        Inverse scale of the squared distances, summed over the images. None: 1 / their median.
    jitter
        Added to the diagonal.
    sampler
        ``exact``, or ``dppy`` on kernels where that library is sound.
    compat
        As the authors': what units compute before the activation and without their bias, beta 0.3 if none is given.

    Raises
    ------
    UserError
        If an option is out of its range, data are missing, fewer than two images or not finite, a weight is not
        finite, units cannot be told apart, or none would be left.
    """
    checked_kernel(task, beta, jitter, sampler)
    beta = 0.3 if compat and beta is None else beta
    join(task.weights, task.name)
    groups = groups_of(task)
    kept, facts = [], []
    for group, k in zip(groups, kept_in(task, groups), strict=True):
        kernel = rbf(distances(_products(task, group, compat)), beta, jitter)
        ((chosen, fact),) = subsets(kernel, [k], sampler, stream(task, group.rows[0][0]))
        stays = torch.zeros(group.units, dtype=torch.bool)
        stays[chosen] = True
        kept.append(stays)
        facts.append(fact)
    warn(mean_of(facts), task.name)
    return Pruned(unit_masks(task, groups, kept), facts=mean_of(facts))


def random_node(task: Task) -> dict[str, torch.Tensor]:
    """Keep a random subset of the units of each layer, every one with the same probability; tied units are one.

    Raises
    ------
    UserError
        If units cannot be told apart, or none would be left.
    """
    groups = groups_of(task)
    scores = [torch.rand(group.units, generator=task.draw(group.rows[0][0]), dtype=torch.float64) for group in groups]
    return unit_masks(task, groups, largest_units(task, groups, scores))


def importance_node(task: Task) -> dict[str, torch.Tensor]:
    """Keep the units of largest mean absolute outgoing weight.

    Of units that no layer reads, those of the output layer, the ingoing weights count.

    Raises
    ------
    UserError
        If units cannot be told apart, none would be left, or a weight is not finite.
    """
    join(task.weights, task.name)
    groups = groups_of(task)
    return unit_masks(task, groups, largest_units(task, groups, [_outgoing(task, group) for group in groups]))


def _outgoing(task: Task, group: Group) -> torch.Tensor:
    weights = {name: weight.detach().abs().double() for name, weight in prunable(task.network).items()}
    total, number = torch.zeros(group.units, dtype=torch.float64), torch.zeros(group.units, dtype=torch.float64)
    for axis, places in ((1, group.columns),) if group.columns else ((0, group.rows),):
        for name, units in places:
            for unit, there in enumerate(units):
                picked = weights[name].index_select(axis, torch.tensor(there, device=weights[name].device).long())
                total[unit] += float(picked.sum())
                number[unit] += picked.numel()
    return total / number.clamp(min=1)


def _products(task: Task, group: Group, compat: bool) -> torch.Tensor:
    """Inner products (units, units) of what the units of a group give."""
    if group.columns and not compat:
        return sum(unit_gram(task, task.network, name, units) for name, units in group.columns)
    name, units = group.rows[0]
    rows = torch.tensor([places[0] for places in units])
    return output_gram(task, task.network, name)[rows][:, rows]
