"""Train, prune, rewind, again: iterative magnitude pruning (Frankle & Carbin 2019; Frankle et al. 2020)."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from prunegraph.datasets.data import Data
from prunegraph.errors import UserError
from prunegraph.masks import Mask, kept_weights
from prunegraph.models import prunable
from prunegraph.pruning.magnitude import strongest
from prunegraph.training import loop
from prunegraph.training.checkpoint import Checkpoint
from prunegraph.training.loop import Training
from prunegraph.training.recipes import Recipe
from prunegraph.training.run import steps_per_epoch


class MaskFrom:
    """Training with every weight until a step, and with a mask from there on.

    With the images in the same order, the weights at that step are those of every training before (on a GPU, whose
    sums have no fixed order, but for rounding). So this is rewinding to it, with nothing to store: weights, momentum,
    learning rate and the order of images are all what they were. The step itself is left out, since its gradient is
    that of the whole network.
    """

    skip_step_on_update = True

    def __init__(self, mask: Mask, start: int):
        self.mask, self.start = mask, start

    def update(self, step: int, steps: int, weights: Mapping, gradients: Mapping, kept: Mapping) -> dict | None:
        """The mask at its step, else None."""
        if step != self.start:
            return None
        return {name: torch.from_numpy(self.mask[name]).to(values.device) for name, values in kept.items()}

    def state(self) -> dict[str, torch.Tensor]:
        """Nothing: it depends on the number of the step only."""
        return {}

    def restore(self, state: Mapping) -> None:
        """Nothing to do."""


def train(
    network: nn.Module,
    data: Data,
    recipe: Recipe,
    seed: int,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    checkpoint: Checkpoint | None = None,
    *,
    sparsity: float,
    rounds: int,
    rewind: int,
    scope: str,
) -> Training:
    """Train `network` in place `rounds` + 1 times, with fewer weights each time; see ``iterative_magnitude``.

    Returns
    -------
    Training
        The last one's history, and its mask of exactly round(N (1 - sparsity)) weights; ``diverged`` if any diverged.

    Raises
    ------
    UserError
        If the training is too short for the step to rewind to, or weights stop being finite.
    """
    steps = recipe.epochs * steps_per_epoch(data, recipe)
    if rewind and rewind >= steps:
        raise UserError(
            f"Option 'rewind' of pruner 'iterative_magnitude' is {rewind}, but training has {steps} steps; "
            "expected a smaller number. Lower it or train for more epochs."
        )
    start = {name: value.detach().clone() for name, value in network.state_dict().items()}
    everything = Mask({name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(network).items()})
    mask, diverged = everything, False
    for turn in range(rounds + 1):
        if turn:
            left = kept_weights(mask.size, 1 - (1 - sparsity) ** (turn / rounds))
            mask = _pruned(network, mask, left, scope)
            network.load_state_dict(start)
        later = MaskFrom(mask, rewind) if turn and rewind else None
        phase = None if checkpoint is None else checkpoint.phase(f"round{turn}")
        begun = everything if later else mask
        found = loop.train(network, begun, data, recipe, seed, device, on_epoch, later, phase)
        diverged |= found.diverged
    mask.apply(network)  # a last round that diverges before the step of its mask ends with all weights
    return dataclasses.replace(found, diverged=diverged, mask=mask)


def _pruned(network: nn.Module, mask: Mask, count: int, scope: str) -> Mask:
    """The `count` largest weights among those of `mask`."""
    scores = {
        name: weight.detach().abs().cpu().masked_fill(~torch.from_numpy(mask[name]), -1.0)
        for name, weight in prunable(network).items()
    }
    return Mask(strongest(scores, count, scope, "iterative_magnitude"))
