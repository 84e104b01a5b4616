"""Dense is a pruner that keeps everything."""

from collections.abc import Iterable

import torch

from prunegraph.errors import UserError
from prunegraph.models import prunable
from prunegraph.pruning.batches import Batch


def dense(
    network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None
) -> dict[str, torch.Tensor]:
    """Keep every weight, so that the unpruned network is one more row of every table.

    Raises
    ------
    UserError
        If `sparsity` is not 0.
    """
    if sparsity:
        raise UserError(f"Pruner 'dense' keeps everything, found sparsity {sparsity}; expected 0.")
    return {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(network).items()}
