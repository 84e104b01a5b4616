"""From the scores of units to masks: what all measures of units share."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.pruning.calibration import agreement, calibration_images, first_images
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.selection import join, largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.units import SCOPES, groups_of, joined, largest_units, unit_masks
from prunegraph.pruning.weights import in_range

Scores = Mapping[str, torch.Tensor]
Measure = Callable[[torch.nn.Module, Sequence[torch.Tensor]], Sequence[Scores]]


def ranked(task: Task, measure: Measure, scope: str, images: int, columns: bool, compat: bool) -> Pruned:
    """Keep the units with the largest scores of a `measure` that looks at images.

    Parameters
    ----------
    measure
        Scores of the rows of layers by the name of the weight, from a network and draws of images: of all together,
        then of each draw.
    scope, images, columns, compat
        Options of :func:`prunegraph.pruning.page_rank.page_rank`.
    """
    if compat:
        return published(task, measure(task.network, [first_images(task, images)])[0], scope, columns)
    known(SCOPES, scope, f"scope of pruner {task.name!r}:")  # before any work
    scores, *halves = measure(task.network, calibration_images(task, images).split((images + 1) // 2))
    found = chosen(task, scores, scope, columns)
    alike = agreement([task.of(half) for half in halves])
    return Pruned(found, facts={"calibration_agreement": float(np.mean(list(alike.values())))})


def chosen(task: Task, scores: Scores, scope: str, columns: bool) -> Pruned:
    """Keep the units with the largest scores, tied ones as one; see :func:`.units.joined`."""
    groups = groups_of(task)
    scores = {**{name: torch.ones(len(weight)) for name, weight in task.weights.items()}, **scores}
    join(task.of(scores), task.name)  # names the layer of what is not finite
    kept = largest_units(task, groups, [joined(group, scores) for group in groups], scope)
    return Pruned(unit_masks(task, groups, kept, columns))


def published(task: Task, scores: Scores, scope: str, columns: bool) -> Pruned:
    """Masks as MLP-Rank's public code makes them; see the option ``compat`` of
    :func:`prunegraph.pruning.page_rank.page_rank`."""
    in_range(not columns, columns, "columns", task.name, "false together with compat, as published")
    missing = [name for name in task.weights if name not in scores]
    if missing:
        raise UserError(
            f"Pruner {task.name!r} has no scores for the units of {missing[0]!r}: it is used several times or never, "
            "or is a grouped convolution. Choose other layers, or a pruner that counts weights."
        )
    flat = join(task.of(scores), task.name)
    sizes = [len(weight) for weight in task.weights.values()]
    if known(SCOPES, scope, f"scope of pruner {task.name!r}:") == "global":
        kept = largest(flat, len(flat) - math.ceil(task.sparsity * len(flat))).split(sizes)
    else:
        kept = [largest(values, len(values) - round(task.sparsity * len(values))) for values in flat.split(sizes)]
    return Pruned(
        {
            name: stays.view(-1, *[1] * (weight.dim() - 1)).expand_as(weight)
            for (name, weight), stays in zip(task.weights.items(), kept, strict=True)
        }
    )
