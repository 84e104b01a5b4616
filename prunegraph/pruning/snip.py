"""SNIP: single-shot pruning by connection sensitivity (Lee, Ajanthan & Torr, ICLR 2019)."""

from collections.abc import Iterable

import torch

from prunegraph.masks import kept_weights
from prunegraph.models import prunable
from prunegraph.pruning.batches import Batch, take
from prunegraph.pruning.gradients import gradient
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.selection import keep_at_least, keep_largest
from prunegraph.pruning.weights import any_weight, at_least, size


@remembered
def sensitivity(network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """abs(w dL/dw): how much the loss reacts to a multiplicative mask c at c = 1 (equation 5).

    The paper divides by the sum over all weights, which changes no order.
    """
    weights = prunable(network)
    slopes = gradient(network, weights, images, labels)
    return {name: (weight.detach() * slopes[name]).abs() for name, weight in weights.items()}


def snip(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    batch_size: int = 128,
) -> dict[str, torch.Tensor]:
    """Keep the weights of largest :func:`sensitivity` on one batch, in train mode.

    Parameters
    ----------
    batch_size
        Samples in that batch.

    Raises
    ------
    UserError
        If data are missing or too few, or scores not finite.
    """
    scores = _scores(network, batches, batch_size, "snip")
    return keep_largest(scores, kept_weights(size(scores), sparsity), "snip")


def snip_compat(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    batch_size: int = 128,
) -> dict[str, torch.Tensor]:
    """SNIP as published: int(N d) weights, and all that tie with the last of them.

    With N weights and d = 1 - sparsity in floating point, so one weight fewer
    than round(N d) is usual, and more are possible.
    """
    scores = _scores(network, batches, batch_size, "snip_compat")
    return keep_at_least(scores, int(size(scores) * (1 - sparsity)), "snip_compat")


def _scores(
    network: torch.nn.Module, batches: Iterable[Batch] | None, batch_size: int, pruner: str
) -> dict[str, torch.Tensor]:
    at_least(1, batch_size, "batch_size", pruner)
    return sensitivity(network, *take(batches, batch_size, pruner, any_weight(network)))
