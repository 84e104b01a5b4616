"""Uniformly random pruning over all layers together."""

import torch

from prunegraph.pruning.selection import split
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import biases, size


def uniform(task: Task, *, compat: bool = False) -> dict[str, torch.Tensor]:
    """Keep round(N d) of N weights, each such subset with the same probability.

    Every layer therefore has density d in expectation. For one seed the masks
    are nested: a higher sparsity keeps a subset of what a lower one keeps.

    Parameters
    ----------
    compat
        As published: the biases of Conv2d and Linear are in the pool, though never removed afterwards. Of N weights and
        B biases, round((N + B) s) are drawn for removal, so the number of weights kept varies from seed to seed.
    """
    pool = {**task.weights, **biases(task.network, task.weights)} if compat else task.weights
    order = torch.randperm(size(pool), generator=task.draw())
    kept = order >= round(order.numel() * task.sparsity) if compat else order < task.kept
    return task.of(split(kept, pool))
