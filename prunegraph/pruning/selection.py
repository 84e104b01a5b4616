"""From scores to masks: keep the largest, over all layers together.

Ties are broken by position: of equal scores, the weight of the earlier layer
is kept first, and within a layer the one earlier in memory (row-major) order.
"""

from collections.abc import Mapping

import numpy as np
import torch

from prunegraph.errors import UserError


def keep_largest(scores: Mapping[str, torch.Tensor], count: int, pruner: str) -> dict[str, torch.Tensor]:
    """Boolean masks, by layer, of exactly the `count` largest scores over all layers.

    Raises
    ------
    UserError
        Naming `pruner` and the layer, if a score is NaN or infinite.
    """
    return split(largest(join(scores, pruner), count), scores)


def keep_at_least(scores: Mapping[str, torch.Tensor], count: int, pruner: str) -> dict[str, torch.Tensor]:
    """Like :func:`keep_largest`, but all that equal the `count`-th largest score are kept too.

    This is how SNIP's public code selects: ties at the threshold all survive,
    so more than `count` weights may be kept. Count 0 keeps nothing.
    """
    flat = join(scores, pruner)
    kept = flat >= _nth_largest(flat, count) if count else torch.zeros_like(flat, dtype=torch.bool)
    return split(kept, scores)


def largest(flat: torch.Tensor, count: int) -> torch.Tensor:
    """Boolean vector of exactly the `count` largest entries of a vector; O(n) time."""
    if count == 0:
        return torch.zeros_like(flat, dtype=torch.bool)
    threshold = _nth_largest(flat, count)
    kept = flat > threshold
    ties = (flat == threshold).nonzero().flatten()
    kept[ties[: count - int(kept.sum())]] = True
    return kept


def join(scores: Mapping[str, torch.Tensor], pruner: str) -> torch.Tensor:
    """All scores as one vector, layer after layer.

    Raises
    ------
    UserError
        Naming `pruner` and the layer, if a score is NaN or infinite.
    """
    for name, values in scores.items():
        wrong = int(values.numel() - torch.isfinite(values).sum())
        if wrong:
            raise UserError(
                f"Pruner {pruner!r} found {wrong} of {values.numel()} scores of layer {name!r} not finite; "
                "look for NaN or huge weights or images, or for options that make its gradients overflow."
            )
    return torch.cat([values.detach().flatten() for values in scores.values()])


def split(flat: torch.Tensor, like: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Undo :func:`join`: cut a vector into the shapes of `like`."""
    pieces = flat.split([values.numel() for values in like.values()])
    return {name: piece.view(like[name].shape) for name, piece in zip(like, pieces, strict=True)}


def _nth_largest(flat: torch.Tensor, count: int) -> torch.Tensor:
    position = flat.numel() - count
    if flat.is_cuda:
        return torch.kthvalue(flat, position + 1).values
    # On the CPU about three times as fast as torch.kthvalue.
    return torch.from_numpy(np.partition(flat.numpy(), position))[position]
