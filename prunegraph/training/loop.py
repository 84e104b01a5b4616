"""One network, one mask, one recipe: the training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from prunegraph.datasets.data import Data
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.randomness import torch_generator
from prunegraph.training.descent import Descent
from prunegraph.training.dynamics import Dynamics
from prunegraph.training.evaluation import Tally, evaluate, recalibrate
from prunegraph.training.recipes import Recipe


@dataclass(frozen=True)
class Training:
    """What a training left behind: one row an epoch, whether the loss ceased to be a number, the mask at the end."""

    history: list[dict[str, Any]]
    diverged: bool
    mask: Mask | None


def train(
    network: nn.Module,
    mask: Mask | None,
    data: Data,
    recipe: Recipe,
    seed: int,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    dynamics: Dynamics | None = None,
) -> Training:
    """What :func:`prunegraph.training.train` does; see there."""
    where = data.train.images.device
    if device is not None and torch.device(device).type != where.type:
        raise UserError(f"The images are on {where}, training was asked for on {device}: load the data there.")
    if mask is None and dynamics is not None:
        raise UserError("A mask that moves needs one to start from: give `mask` as well as `dynamics`.")
    # Channels last is the layout of the fast convolutions, on CPUs as on GPUs.
    network.to(where, memory_format=torch.channels_last)
    kept = {} if mask is None else {name: torch.from_numpy(mask.check(network)[name]) for name in mask}
    descent = Descent(network, kept, recipe, steps_per_epoch(data, recipe), dynamics)
    generator = torch_generator(seed, "train")
    history: list[dict[str, Any]] = []
    diverged = False
    for epoch in range(1, recipe.epochs + 1):
        began, before, kept = time.perf_counter(), _copy(network), dict(descent.kept)
        network.train()
        tally = Tally()
        for images, labels in data.epoch(recipe.batch_size, generator):
            # A last batch of one image has no variance for BatchNorm; it takes part in another epoch.
            if len(labels) > 1:
                tally.add(descent.step(images, labels), labels)
        (seen,) = tally.results()
        diverged = not math.isfinite(seen["loss"])
        if diverged:
            network.load_state_dict(before)
            descent.kept = kept
            break
        if recipe.recalibrate and epoch == recipe.epochs:
            recalibrate(network, data.epoch(recipe.batch_size, generator))
        held_out = evaluate(network, data.validation.batches())
        row = {"epoch": epoch, "learning_rate": descent.learning_rate, **_named("train", seen)}
        row |= {**_named("validation", held_out), "seconds": time.perf_counter() - began}
        history.append(row)
        if on_epoch is not None:
            on_epoch(row)
    network.to(memory_format=torch.contiguous_format).eval()
    return Training(history, diverged, _final(mask, descent.kept, dynamics))


def steps_per_epoch(data: Data, recipe: Recipe) -> int:
    """Steps of one pass over the training part; a last batch of one image is none."""
    full, rest = divmod(len(data.train), recipe.batch_size)
    return full + (rest > 1)


def _final(mask: Mask | None, kept: dict[str, torch.Tensor], dynamics: Dynamics | None) -> Mask | None:
    return mask if dynamics is None else Mask(kept, mask.provenance)


def _copy(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _named(part: str, result: dict[str, float | None]) -> dict[str, float | None]:
    return {f"{part}_loss": result["loss"], f"{part}_accuracy": result["accuracy"]}
