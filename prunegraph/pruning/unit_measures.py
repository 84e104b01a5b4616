"""Measures of units that look at no image: the norm of their weights, and chance."""

import torch

from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.ranking import chosen, published
from prunegraph.pruning.sweep import share
from prunegraph.pruning.task import Task
from prunegraph.pruning.units import groups_of, largest_units, unit_masks


def unit_l1(task: Task, *, scope: str = "layer", columns: bool = False, compat: bool = False) -> Pruned:
    """Keep the units whose weights have the largest sum of magnitudes (Li, Kadav, Durdanovic, Samet & Graf, ICLR 2017).

    Parameters
    ----------
    scope, columns, compat
        As of :func:`prunegraph.pruning.page_rank.page_rank`: for ``global``, sums are divided by the layer's mean.

    Raises
    ------
    UserError
        If there is no such scope, a weight is not finite, units cannot be told apart, or none would be left.
    """
    scores = {name: share(weight.detach().double().flatten(1).abs().sum(1)) for name, weight in task.weights.items()}
    return published(task, scores, scope, columns) if compat else chosen(task, scores, scope, columns)


def unit_random(task: Task, *, scope: str = "layer", columns: bool = False) -> Pruned:
    """Keep a random subset of units: the control of every other measure.

    Parameters
    ----------
    scope
        ``layer``: the same share of each layer; ``global``: of all units, but at least one of each layer.
    columns
        As of :func:`prunegraph.pruning.page_rank.page_rank`.

    Raises
    ------
    UserError
        If there is no such scope, units cannot be told apart, or none would be left.
    """
    groups = groups_of(task)
    draw = task.draw("units")
    scores = [torch.rand(group.units, dtype=torch.float64, generator=draw) for group in groups]
    return Pruned(unit_masks(task, groups, largest_units(task, groups, scores, scope), columns))
