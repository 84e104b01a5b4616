"""Erdos-Renyi random pruning: random within layers, with densities that favour small layers."""

from collections.abc import Callable, Mapping

import torch

from prunegraph.pruning.allocation import er_classic_ratio, er_ratio, filled, searched, unclipped, whole_counts
from prunegraph.pruning.task import Task

Masks = dict[str, torch.Tensor]


def er(task: Task, *, compat: bool = False, epsilon_search: bool = True) -> Masks:
    """Layer density min(1, epsilon r), r = sum of all weight dimensions / weights; exact in every layer.

    Epsilon is chosen after clipping, so that round(N d) weights are kept. Only one
    epsilon does that, hence these are the layer counts of :func:`erk` too: the
    published ER and ERK differ in what clipping cuts off, which is lost with
    `compat`. The random draws are ER's own.

    Parameters
    ----------
    compat
        As published: epsilon is chosen before clipping, and each weight is kept by its own coin.
        What clipping cuts off goes nowhere, so the density is below the target.
    epsilon_search
        With `compat` only. True: the public code's search, whose result is off by its last step
        (:func:`.allocation.searched`); with it the published networks' layer counts are met,
        0.345 for 0.4 and 0.178 for 0.2 on ResNet-20. False: the epsilon it
        looks for, which gives 0.349 and 0.183.
    """
    if not compat:
        return _exact(task, er_ratio)
    ratios, sizes = _describe(task.weights, er_ratio)
    choose = searched if epsilon_search else unclipped
    densities = choose(ratios, sizes, task.size * (1 - task.sparsity))
    return _coins(task, {name: min(1.0, value) for name, value in densities.items()})


def er_classic(task: Task) -> Masks:
    """Like :func:`er` with r = (n_in + n_out) / (n_in n_out): kernels ignored (Mocanu et al. 2018)."""
    return _exact(task, er_classic_ratio)


def erk(task: Task, *, compat: bool = False) -> Masks:
    """Erdos-Renyi-Kernel: overfull layers are made dense and the rest rescaled (Evci et al. 2020, RigL).

    Each layer keeps an exact number of weights, uniformly drawn; they sum to round(N d).

    Parameters
    ----------
    compat
        As published: the same densities, but each weight is kept by its own coin.
    """
    if not compat:
        return _exact(task, er_ratio)
    ratios, sizes = _describe(task.weights, er_ratio)
    return _coins(task, filled(ratios, sizes, task.size * (1 - task.sparsity)))


def _exact(task: Task, ratio: Callable[[torch.Tensor], float]) -> Masks:
    ratios, sizes = _describe(task.weights, ratio)
    counts = whole_counts(filled(ratios, sizes, task.kept), sizes, task.kept)
    generator = task.draw()
    return {
        name: (torch.randperm(sizes[name], generator=generator) < counts[name]).view(weight.shape)
        for name, weight in task.weights.items()
    }


def _coins(task: Task, densities: dict[str, float]) -> Masks:
    generator = task.draw()
    return {
        name: torch.rand(weight.shape, generator=generator, dtype=torch.float64) < densities[name]
        for name, weight in task.weights.items()
    }


def _describe(
    weights: Mapping[str, torch.Tensor], ratio: Callable[[torch.Tensor], float]
) -> tuple[dict[str, float], dict[str, int]]:
    ratios = {name: ratio(weight) for name, weight in weights.items()}
    return ratios, {name: weight.numel() for name, weight in weights.items()}
