"""Trainings from their start, or from their checkpoint, to their end: alone, or several beside each other on a GPU."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from prunegraph.datasets.data import Data
from prunegraph.errors import Interrupted, UserError
from prunegraph.masks import Mask
from prunegraph.training.checkpoint import Checkpoint
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.layout import layout
from prunegraph.training.memory import keep_freed_memory
from prunegraph.training.recipes import Recipe
from prunegraph.training.recording import RecordedSteps, Recorder, cuda_graph, seconds_a_step
from prunegraph.training.run import Run

logger = logging.getLogger("prunegraph")

MOST_TOGETHER = 8
"""Networks in one recording at most: beyond, an H100 gained nothing with ResNet-20."""


@dataclass(frozen=True)
class Training:
    """What a training left behind: one row an epoch, whether the loss ceased to be a number, the mask at the end."""

    history: list[dict[str, Any]]
    diverged: bool
    mask: Mask | None


@dataclass(frozen=True)
class Start:
    """Where the training of one network begins; see :func:`train` for each."""

    network: nn.Module
    mask: Mask | None
    seed: int
    dynamics: MovingMask | None = None
    checkpoint: Checkpoint | None = None
    on_epoch: Callable[[dict[str, Any]], None] | None = None


def train(
    network: nn.Module,
    mask: Mask | None,
    data: Data,
    recipe: Recipe,
    seed: int,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    dynamics: MovingMask | None = None,
    checkpoint: Checkpoint | None = None,
) -> Training:
    """Train `network` in place with the weights outside `mask` at exactly zero.

    Gradient descent on the cross-entropy, as `recipe` says. Gradients
    are masked, so that momentum never collects what a removed weight would have
    wanted, and removed weights are set to zero again after every step. Biases and
    BatchNorm are always trained. Every epoch ends with an evaluation on the
    validation part; the test part is not looked at. On a GPU the step is recorded as a CUDA graph and repeated.

    Parameters
    ----------
    network
        Moved to `device` and left there, in evaluation mode.
    mask
        Which weights are kept; None keeps all.
    data
        Whose images lie on the device.
    recipe
        See :func:`prunegraph.training.recipe`.
    seed
        Seed of the order and augmentation of the images, stream (seed, "train"). On the
        CPU the same seed, network and number of threads give the same weights.
    device
        Default: where the images are.
    on_epoch
        Called with each row of the history as it is made, for progress.
    dynamics
        Moves the mask while the network trains (:class:`prunegraph.training.dynamics.MovingMask`); `mask` is where it
        starts. None leaves the mask as it is.
    checkpoint
        Where the state is kept, so that a training that was killed goes on and ends with the same weights, bit for bit
        on a CPU. None keeps none.

    Returns
    -------
    Training
        ``history``, one dict an epoch: epoch (from 1), learning_rate (of its last
        step), train_loss, train_accuracy (running, on the images as trained on),
        validation_loss, validation_accuracy (None without a validation part),
        seconds. ``diverged``: the loss became infinite or no number. Training then
        ends, that epoch has no row, and the weights are those of the epoch before,
        so that the network can still be encoded and measured. ``mask``: the mask at the end.

    Raises
    ------
    UserError
        If the mask does not fit the network, the network and the images lie on different devices, or the GPU's
        memory does not suffice.
    Interrupted
        If the checkpoint was asked to stop.
    """
    start = Start(network, mask, seed, dynamics, checkpoint, on_epoch)
    return next(train_each([start], data, recipe, device))


def train_each(starts: Sequence[Start], data: Data, recipe: Recipe, device: str | None = None) -> Iterator[Training]:
    """Train several networks of one architecture, as :func:`train` would each alone, and give each as it is done.

    On a GPU as many as pay train beside each other (:func:`number_together`), elsewhere one after the other. Each has
    its own mask, order and augmentation of images, checkpoint and end, and does not depend on the others, but for
    the rounding of a GPU whose sums have no fixed order. One that diverges stands still from then on.

    Raises
    ------
    UserError, Interrupted
        As :func:`train`; when one is asked to stop the states of all those beside it are on disk.
    """
    where = data.train.images.device
    if device is not None and torch.device(device).type != where.type:
        raise UserError(f"The images are on {where}, training was asked for on {device}: load the data there.")
    if any(start.dynamics is not None and start.mask is None for start in starts):
        raise UserError("A mask that moves needs one to start from.")
    keep_freed_memory()
    record = cuda_graph if where.type == "cuda" else None
    waiting, together = list(starts), None if record else 1
    while waiting:
        if together is None:
            together = number_together([begun(start, data, recipe) for start in waiting[:MOST_TOGETHER]], record)
        runs = [begun(start, data, recipe) for start in waiting[:together]]
        advance(runs, record)
        yield from map(finished, runs)
        del waiting[:together]


def begun(start: Start, data: Data, recipe: Recipe) -> Run:
    """The run of a network that is about to be trained, or that goes on from its checkpoint."""
    device = data.train.images.device
    network = start.network.to(device, memory_format=layout(start.network, device))
    told = start.on_epoch or (lambda row: None)
    run = Run(network, start.mask, data, recipe, start.seed, start.dynamics, start.checkpoint, told)
    if run.resumed:
        where = start.checkpoint.path
        logger.info("resumed from %s after %d epochs and %d steps", where, run.epoch, run.steps)
    return run


def finished(run: Run) -> Training:
    """What a run that has ended leaves behind."""
    run.network.to(memory_format=torch.contiguous_format).eval()
    return Training(run.history, run.diverged, run.final_mask())


def number_together(runs: Sequence[Run], record: Recorder) -> int:
    """How many of these runs train beside each other: 1, 2, 4, ..., as long as a network's share of a step shrinks.

    Small networks leave most of a GPU idle, large ones fill it alone. Measured with recorded steps, which leave the
    runs as they are; by at least 3 %, more than measurements scatter. Never more than fit into its memory.
    """
    runs = [run for run in runs if not run.finished]
    if len(runs) < 2:
        return 1
    best, share = 1, math.inf
    for number in (1, 2, 4, 8):
        some = runs[:number]
        try:
            found = seconds_a_step(some, record) / len(some)
        except torch.OutOfMemoryError:
            break
        if len(some) < number / 2 or found > 0.97 * share:
            break
        best, share = len(some), found
    logger.info("%d networks train beside each other, %.2f ms a step for each", best, 1e3 * share)
    return best


def advance(runs: Sequence[Run], record: Recorder | None) -> None:
    """Train `runs` to their ends, a step of each in turn.

    Full batches of all runs make one recorded step where there is a recorder; smaller last ones are taken one by one,
    as are all where there is none. Recorded anew when a run ends before the others.

    Raises
    ------
    UserError
        If the GPU's memory does not suffice.
    Interrupted
        When a checkpoint was asked to stop; the states of all runs are on disk then.
    """
    supplies = {run: run.batches() for run in runs}
    recorded = None
    while True:
        _stop_if_asked(list(supplies))
        offers = {run: batch for run, supply in supplies.items() if (batch := next(supply, None)) is not None}
        supplies = {run: supplies[run] for run in offers}
        if not offers:
            return
        try:
            if record is not None and (recorded is None or recorded.runs != list(offers)):
                recorded = None  # gives its memory back before the next needs some
                recorded = _recorded(list(offers), list(offers.values()), record)
            if recorded is not None and recorded.fits(list(offers.values())):
                recorded.step(list(offers.values()))
            else:
                for run, batch in offers.items():
                    run.descent.step(*batch)
        except torch.OutOfMemoryError as problem:
            raise UserError(_no_room(len(offers), problem)) from None
        for run in offers:
            run.count()


def _recorded(runs: list[Run], batches: Sequence[Any], record: Recorder) -> RecordedSteps | None:
    """Recorded steps, if these batches are full: an epoch may be nothing but a small batch, or begin with its end."""
    full = all(len(labels) == run.recipe.batch_size for run, (_, labels) in zip(runs, batches, strict=True))
    return RecordedSteps(runs, record) if full else None


def _stop_if_asked(runs: Sequence[Run]) -> None:
    """Write every state and raise, if a checkpoint was asked to stop."""
    runs = [run for run in runs if run.checkpoint is not None and not run.finished]
    asked = [run.checkpoint for run in runs if run.checkpoint.stop()]
    if not asked:
        return
    for run in runs:
        run.save()
    done = "; ".join(f"{run.epoch} of {run.recipe.epochs} epochs and {run.steps} steps of the next" for run in runs)
    raise Interrupted(
        f"Stopped on a signal after {done}; {asked[0].path} holds the state. "
        "Run the same again: the training goes on from there."
    )


def _no_room(number: int, problem: Exception) -> str:
    return (
        f"Training {number} network{'s' * (number > 1)} does not fit into the GPU's memory ({problem}). "
        "Let fewer jobs share the GPU (--resources gpu=1), end other programs on it, set a smaller batch_size in the "
        "recipe, or run with --config device=cpu."
    )
