"""Weights times activations, the baseline of pruning that looks at data (Sun, Liu, Bair & Kolter, ICLR 2024)."""

import torch

from prunegraph.catalogue import known
from prunegraph.pruning.activations import input_gram
from prunegraph.pruning.dpp.edges import kept_by_unit
from prunegraph.pruning.selection import join, largest
from prunegraph.pruning.task import Task

SCALES = ("norm", "deviation")


def wanda(task: Task, *, scale: str = "norm") -> dict[str, torch.Tensor]:
    """Keep the inputs of each unit with the largest magnitude of weight times the input's size over all images.

    Sizes are those in the unpruned network, of all layers alike.

    Parameters
    ----------
    scale
        ``norm``: Euclidean norm of an input over the images; ``deviation``: its standard deviation, as a constant input
        could be moved into the bias.

    Raises
    ------
    UserError
        If there is no such scale, data are missing, fewer than two images or not finite, a weight is not finite, or
        nothing would be left of a unit.
    """
    known(SCALES, scale, f"scale of pruner {task.name!r}:")
    join(task.weights, task.name)
    kept = {}
    for name, counts in kept_by_unit(task).items():
        gram = input_gram(task, task.network, name)
        size = gram.norms if scale == "norm" else gram.deviations
        weight = task.weights[name].detach()
        rows = weight.flatten(1).abs() * size.repeat_interleave(len(weight) // len(size), dim=0)
        masks = [largest(row, count) for row, count in zip(rows, counts, strict=True)]
        kept[name] = torch.stack(masks).view(weight.shape)
    return kept
