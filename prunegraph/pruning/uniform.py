"""Uniformly random pruning over all layers together."""

from collections.abc import Iterable

import torch

from prunegraph.masks import kept_weights
from prunegraph.models import prunable
from prunegraph.pruning.batches import Batch
from prunegraph.pruning.selection import split
from prunegraph.pruning.weights import biases, size
from prunegraph.randomness import torch_generator


def uniform(
    network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None
) -> dict[str, torch.Tensor]:
    """Keep round(N d) of N weights, each such subset with the same probability.

    Every layer therefore has density d in expectation. For one seed the masks
    are nested: a higher sparsity keeps a subset of what a lower one keeps.
    """
    weights = prunable(network)
    order = _order(size(weights), seed, "uniform")
    return split(order < kept_weights(order.numel(), sparsity), weights)


def uniform_compat(
    network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None
) -> dict[str, torch.Tensor]:
    """As published: the biases of Conv2d and Linear are in the pool, though never removed afterwards.

    Of N weights and B biases, round((N + B) s) are drawn for removal, so the
    number of weights kept varies from seed to seed.
    """
    pool = {**prunable(network), **biases(network)}
    order = _order(size(pool), seed, "uniform_compat")
    kept = split(order >= round(order.numel() * sparsity), pool)
    return {name: kept[name] for name in prunable(network)}


def _order(count: int, seed: int, pruner: str) -> torch.Tensor:
    return torch.randperm(count, generator=torch_generator(seed, "prune", pruner))
