"""Erdos-Renyi random pruning: random within layers, with densities that favour small layers."""

from collections.abc import Callable, Iterable, Mapping

import torch

from prunegraph.masks import kept_weights
from prunegraph.models import prunable
from prunegraph.pruning.allocation import er_classic_ratio, er_ratio, filled, searched, unclipped, whole_counts
from prunegraph.pruning.batches import Batch
from prunegraph.randomness import torch_generator

Masks = dict[str, torch.Tensor]


def er(network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None) -> Masks:
    """Layer density min(1, epsilon r), r = sum of all weight dimensions / weights; exact in every layer.

    Epsilon is chosen after clipping, so that round(N d) weights are kept. Only one
    epsilon does that, hence these are the layer counts of :func:`erk` too: the
    published ER and ERK differ in what clipping cuts off, which is lost in
    :func:`er_compat`. The random draws are ER's own.
    """
    return _exact(network, sparsity, seed, "er", er_ratio)


def er_classic(network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None) -> Masks:
    """Like :func:`er` with r = (n_in + n_out) / (n_in n_out): kernels ignored (Mocanu et al. 2018)."""
    return _exact(network, sparsity, seed, "er_classic", er_classic_ratio)


def erk(network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None) -> Masks:
    """Erdos-Renyi-Kernel: overfull layers are made dense and the rest rescaled (Evci et al. 2020, RigL).

    Each layer keeps an exact number of weights, uniformly drawn; they sum to round(N d).
    """
    return _exact(network, sparsity, seed, "erk", er_ratio)


def er_compat(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    epsilon_search: bool = True,
) -> Masks:
    """ER as published: epsilon is chosen before clipping, and each weight is kept by its own coin.

    What clipping cuts off goes nowhere, so the density is below the target.

    Parameters
    ----------
    epsilon_search
        True: the public code's search, whose result is off by its last step
        (:func:`.allocation.searched`); with it the published networks' layer counts are met,
        0.345 for 0.4 and 0.178 for 0.2 on ResNet-20. False: the epsilon it
        looks for, which gives 0.349 and 0.183.
    """
    weights = prunable(network)
    ratios, sizes = _describe(weights, er_ratio)
    choose = searched if epsilon_search else unclipped
    densities = choose(ratios, sizes, sum(sizes.values()) * (1 - sparsity))
    return _coins(weights, {name: min(1.0, value) for name, value in densities.items()}, seed, "er_compat")


def erk_compat(network: torch.nn.Module, sparsity: float, seed: int, batches: Iterable[Batch] | None) -> Masks:
    """ERK as published: the densities of :func:`erk`, but each weight is kept by its own coin."""
    weights = prunable(network)
    ratios, sizes = _describe(weights, er_ratio)
    densities = filled(ratios, sizes, sum(sizes.values()) * (1 - sparsity))
    return _coins(weights, densities, seed, "erk_compat")


def _exact(
    network: torch.nn.Module, sparsity: float, seed: int, pruner: str, ratio: Callable[[torch.Tensor], float]
) -> Masks:
    weights = prunable(network)
    ratios, sizes = _describe(weights, ratio)
    total = kept_weights(sum(sizes.values()), sparsity)
    counts = whole_counts(filled(ratios, sizes, total), sizes, total)
    generator = torch_generator(seed, "prune", pruner)
    return {
        name: (torch.randperm(sizes[name], generator=generator) < counts[name]).view(weight.shape)
        for name, weight in weights.items()
    }


def _coins(weights: Mapping[str, torch.Tensor], densities: dict[str, float], seed: int, pruner: str) -> Masks:
    generator = torch_generator(seed, "prune", pruner)
    return {
        name: torch.rand(weight.shape, generator=generator, dtype=torch.float64) < densities[name]
        for name, weight in weights.items()
    }


def _describe(
    weights: Mapping[str, torch.Tensor], ratio: Callable[[torch.Tensor], float]
) -> tuple[dict[str, float], dict[str, int]]:
    ratios = {name: ratio(weight) for name, weight in weights.items()}
    return ratios, {name: weight.numel() for name, weight in weights.items()}
