"""Dense is a pruner that keeps everything."""

import torch

from prunegraph.errors import UserError
from prunegraph.pruning.task import Task


def dense(task: Task) -> dict[str, torch.Tensor]:
    """Keep every weight, so that the unpruned network is one more row of every table.

    Raises
    ------
    UserError
        If the sparsity is not 0.
    """
    raise UserError(f"Pruner 'dense' keeps everything, found sparsity {task.sparsity}; expected 0.")
