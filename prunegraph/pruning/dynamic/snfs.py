"""SNFS: sparse networks from scratch, by sparse momentum (Dettmers & Zettlemoyer, arXiv 1907.04840, 2019)."""

import torch

from prunegraph.catalogue import known
from prunegraph.pruning.allocation import shared
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import Grow, Masks, Moving, Tensors, at_random, with_prefix
from prunegraph.pruning.weights import in_range

AVERAGES = ("kept", "all")
"""Whose gradients the momentum averages."""


class SparseMomentum:
    """An average of gradients: it says which layers grow, and which weights in them.

    Parameters
    ----------
    smoothing
        The average is smoothing * average + (1 - smoothing) * gradient after each step.
    average
        A word of :data:`AVERAGES`. ``kept``: a removed weight counts as having gradient 0, so what it gathered while it
        was kept fades, and one that never was kept has no momentum. ``all``: the dense gradients.
    anywhere
        Scores for growth where there is no momentum.
    """

    def __init__(self, smoothing: float, average: str, anywhere: Grow):
        self.smoothing, self.average, self.anywhere = smoothing, average, anywhere
        self.momentum: Masks = {}

    @torch.no_grad()
    def watch(self, gradients: Tensors, kept: Tensors) -> None:
        """Move the average towards the gradients."""
        if not self.momentum:
            self.momentum = {name: torch.zeros_like(gradients[name]) for name in kept}
        slopes = [gradients[name] for name in self.momentum]
        if self.average == "kept":
            slopes = torch._foreach_mul(slopes, [kept[name].to(gradients[name].dtype) for name in self.momentum])
        averages = [value.to(slope.device) for value, slope in zip(self.momentum.values(), slopes, strict=True)]
        torch._foreach_lerp_(averages, slopes, 1 - self.smoothing)
        self.momentum = dict(zip(self.momentum, averages, strict=True))

    def share(self, kept: Tensors, survivors: Masks) -> dict[str, int]:
        """In proportion to each layer's mean momentum over the weights it kept, as far as there is room (section 3)."""
        dropped = sum(int(mask.sum()) for mask in kept.values()) - sum(int(mask.sum()) for mask in survivors.values())
        means = {name: _mean(self.momentum[name].abs(), mask) for name, mask in kept.items()}
        return shared(dropped, means, {name: int((~mask).sum()) for name, mask in survivors.items()})

    def grow(self, name: str, gradients: Tensors, step: int) -> torch.Tensor:
        """Magnitude of the average; weights without one follow in random order."""
        size = torch.nan_to_num(self.momentum[name].abs())
        # From 1 on in float64, so that every random number, which is below 1, comes after every magnitude.
        there = size > 0
        return torch.where(there, 1 + size.double() / size.max().double(), self.anywhere(name, gradients, step))

    def state(self) -> dict[str, torch.Tensor]:
        """The averages."""
        return {f"momentum.{name}": value.clone() for name, value in self.momentum.items()}

    def restore(self, state: Tensors) -> None:
        """Go on from what :meth:`state` gave."""
        self.momentum = with_prefix(state, "momentum.")


def moves(
    seed: int,
    *,
    interval: int | None = None,
    fraction: float = 0.5,
    end: float = 1.0,
    smoothing: float = 0.9,
    average: str = "kept",
) -> Moving:
    """Drop each layer's weakest weights and let momentum say what grows.

    Only the number of weights of the whole network is constant; layers gain and lose. The paper averages the gradients
    of all weights. Where few weights are kept that fails: a channel without weights has no variance, BatchNorm
    multiplies the gradients there by 1 / sqrt(epsilon) = 316, so removed weights of dead channels have the largest
    momentum, grow together and draw the growth of the whole network into their layer. The default averages those of
    kept weights, as the code of In-Time Over-Parameterization does, which clears the momentum of removed ones.

    Parameters
    ----------
    interval
        Steps between two updates. By default 390, an epoch of CIFAR-10 as in the paper, or
        fewer where the training would then have less than 20 updates.
    fraction
        Share of each layer's weights dropped at first; it fades along half a cosine.
    end
        The share of the training after which the mask stays.
    smoothing
        Weight of the past in the average of gradients, in [0, 1).
    average
        Whose gradients are averaged: ``kept`` weights', or those of ``all``, as in the paper.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    in_range(0 <= smoothing < 1, smoothing, "smoothing", "snfs", "a number in [0, 1)")
    momentum = SparseMomentum(smoothing, known(AVERAGES, average, "average of pruner 'snfs':"), at_random(seed, "snfs"))
    schedule = Schedule("snfs", fraction, end, 390, interval)
    return Moving(schedule, momentum.grow, share=momentum.share, memory=momentum)


def _mean(values: torch.Tensor, mask: torch.Tensor) -> float:
    return float(torch.nan_to_num(values[mask]).mean()) if mask.any() else 0.0
