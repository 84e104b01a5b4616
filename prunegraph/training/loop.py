"""Trainings from their start, or from their checkpoint, to their end."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from prunegraph.datasets.data import Data
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.training.checkpoint import Checkpoint
from prunegraph.training.course import Course
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.memory import keep_freed_memory
from prunegraph.training.recipes import Recipe

logger = logging.getLogger("prunegraph")


@dataclass(frozen=True)
class Training:
    """What a training left behind: one row an epoch, whether the loss ceased to be a number, the mask at the end."""

    history: list[dict[str, Any]]
    diverged: bool
    mask: Mask | None


def train_together(
    networks: Sequence[nn.Module],
    masks: Sequence[Mask | None],
    data: Data,
    recipe: Recipe,
    seeds: Sequence[int],
    device: str | None = None,
    on_epoch: Callable[[int, dict[str, Any]], None] | None = None,
    checkpoint: Checkpoint | None = None,
    dynamics: MovingMask | None = None,
) -> list[Training]:
    """What :func:`prunegraph.training.train_together` does; a single network may have `dynamics`."""
    where = data.train.images.device
    if device is not None and torch.device(device).type != where.type:
        raise UserError(f"The images are on {where}, training was asked for on {device}: load the data there.")
    if dynamics is not None and (len(networks) > 1 or masks[0] is None):
        raise UserError("A mask that moves needs one to start from, and one network at a time.")
    if any(mask is None for mask in masks) and any(mask is not None for mask in masks):
        raise UserError("Some networks have a mask, others None: give each one, or none to all.")
    keep_freed_memory()
    # Channels last is the layout of the fast convolutions, on CPUs as on GPUs, but not of grouped ones.
    layout = torch.channels_last if len(networks) == 1 else torch.contiguous_format
    networks = [network.to(where, memory_format=layout) for network in networks]
    course = Course(networks, masks, data, recipe, seeds, dynamics)
    saved = None if checkpoint is None else checkpoint.read()
    if saved is not None:
        course.restore(*saved)
        logger.info("resumed from %s after %d epochs and %d steps", checkpoint.path, course.epoch, course.steps)
    course.run(checkpoint, on_epoch or (lambda place, row: None))
    if len(networks) > 1:
        course.model.release()
    for network in networks:
        network.to(memory_format=torch.contiguous_format).eval()
    finals = masks if dynamics is None else [Mask(course.kept(0), masks[0].provenance)]
    for network, mask in zip(networks, finals, strict=True):
        if mask is not None:
            _tell_kept(network, mask)
    return [Training(*each) for each in zip(course.histories, course.diverged, finals, strict=True)]


@torch.no_grad()
def _tell_kept(network: nn.Module, mask: Mask) -> None:
    """Give kept weights of exactly zero the smallest normal number, so that weights other than zero are those kept.

    A weight that grew where no gradient arrives stays at zero. No answer depends on it, but the graph of a network has
    an edge for each weight that is not zero, and a weight of a mask that stays is one there though nothing moves it.
    """
    parameters = dict(network.named_parameters())
    for name, values in mask.items():
        weight = parameters[name]
        kept = torch.from_numpy(values).to(weight.device)
        tiny = max(torch.finfo(kind).tiny for kind in (weight.dtype, torch.float32))
        weight[kept & (weight == 0)] = tiny
