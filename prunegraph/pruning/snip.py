"""SNIP: single-shot pruning by connection sensitivity (Lee, Ajanthan & Torr, ICLR 2019)."""

import torch

from prunegraph.models import prunable
from prunegraph.pruning.batches import take
from prunegraph.pruning.gradients import gradient
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.selection import keep_at_least, keep_largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import any_weight, at_least


@remembered
def sensitivity(network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """abs(w dL/dw): how much the loss reacts to a multiplicative mask c at c = 1 (equation 5).

    The paper divides by the sum over all weights, which changes no order.
    """
    weights = prunable(network)
    slopes = gradient(network, weights, images, labels)
    return {name: (weight.detach() * slopes[name]).abs() for name, weight in weights.items()}


def snip(task: Task, *, batch_size: int = 128, compat: bool = False) -> dict[str, torch.Tensor]:
    """Keep the weights of largest :func:`sensitivity` on one batch, in train mode.

    Parameters
    ----------
    batch_size
        Samples in that batch.
    compat
        As published: int(N d) of N weights, d = 1 - sparsity in floating point, and all that tie with the last
        of them. So one weight fewer than round(N d) is usual, and more are possible.

    Raises
    ------
    UserError
        If data are missing or too few, or scores not finite.
    """
    at_least(1, batch_size, "batch_size", task.name)
    images, labels = take(task.data.batches(), batch_size, task.name, any_weight(task.network))
    scores = task.of(sensitivity(task.network, images, labels))
    if compat:
        return keep_at_least(scores, int(task.size * (1 - task.sparsity)), task.name)
    return keep_largest(scores, task.kept, task.name)
