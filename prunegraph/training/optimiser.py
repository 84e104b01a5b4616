"""Optimisers: torch's own steps in their functional form.

The classes of torch.optim import torch's compiler, which takes longer than training a small network. The fused
versions take the learning rate as a tensor, so that a recorded step (:mod:`prunegraph.training.recording`) can be
repeated with another one.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from prunegraph.training.recipes import Recipe

Tensors = Mapping[str, torch.Tensor]


class Optimiser(NamedTuple):
    """A step, and what it remembers of every parameter, from zero: tensors of its shape, and single numbers."""

    step: Callable[[Recipe, list, list, dict[str, list], torch.Tensor], None]
    remembers: tuple[str, ...]
    counts: tuple[str, ...] = ()


def _sgd(recipe: Recipe, parameters: list, gradients: list, memory: dict[str, list], rate: torch.Tensor) -> None:
    sgd(
        parameters,
        gradients,
        memory["momentum"],
        fused=True,
        weight_decay=recipe.weight_decay,
        momentum=recipe.momentum,
        lr=rate,
        dampening=0.0,
        nesterov=recipe.nesterov,
        maximize=False,
    )


def _adam(recipe: Recipe, parameters: list, gradients: list, memory: dict[str, list], rate: torch.Tensor) -> None:
    adam(
        parameters,
        gradients,
        memory["mean"],
        memory["square"],
        [],
        memory["steps"],
        fused=True,
        amsgrad=False,
        beta1=recipe.momentum,
        beta2=0.999,
        lr=rate,
        weight_decay=recipe.weight_decay,
        eps=1e-8,
        maximize=False,
    )


OPTIMISERS = {
    "sgd": Optimiser(_sgd, ("momentum",)),
    "adam": Optimiser(_adam, ("mean", "square"), ("steps",)),
}
