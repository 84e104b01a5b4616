"""A training under way: one network, and everything that its next step depends on."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from prunegraph.datasets.data import Batch, Data
from prunegraph.masks import Mask
from prunegraph.randomness import torch_generator
from prunegraph.training.checkpoint import Checkpoint
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.evaluation import evaluate, recalibrate
from prunegraph.training.recipes import Recipe
from prunegraph.training.sgd import Descent

Tensors = dict[str, torch.Tensor]


class Run:
    """One network on its way through a recipe, with its mask, order of images, history and checkpoint.

    Parameters
    ----------
    network
        Lies where the images lie.
    mask
        None keeps every weight.
    data, recipe, seed
        As of :func:`prunegraph.training.train`.
    dynamics
        Moves the mask.
    checkpoint
        Whose state, if there is one of the same key, is taken up at once.
    on_epoch
        Called with every row of the history.
    """

    def __init__(
        self,
        network: nn.Module,
        mask: Mask | None,
        data: Data,
        recipe: Recipe,
        seed: int,
        dynamics: MovingMask | None = None,
        checkpoint: Checkpoint | None = None,
        on_epoch: Callable[[dict[str, Any]], None] = lambda row: None,
    ):
        self.network, self.mask, self.data, self.recipe = network, mask, data, recipe
        self.dynamics, self.checkpoint, self.on_epoch = dynamics, checkpoint, on_epoch
        kept = {} if mask is None else dict(mask.check(network).items())
        kept = {name: torch.from_numpy(values) for name, values in kept.items()}
        self.descent = Descent(network, kept, recipe, steps_per_epoch(data, recipe), dynamics)
        self.generator = torch_generator(seed, "train")
        self.history: list[dict[str, Any]] = []
        self.diverged = self.stopped = False
        self.epoch = 0  # how many are done
        self._begin()
        self.resumed = checkpoint is not None and self._resume(checkpoint)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.epoch == self.recipe.epochs or self.diverged or self.stopped

    def batches(self) -> Iterator[Batch]:
        """Every batch of the training that is left; the caller takes a step on each and then calls :meth:`count`."""
        while not self.finished:
            self._began = time.perf_counter() - self.seconds
            self.network.train()
            for number, (images, labels) in enumerate(self._epoch()):
                # A last batch of one image has no variance for BatchNorm; it takes part in another epoch.
                if number >= self.steps and len(labels) > 1:
                    yield images, labels
            self._close()
            self._begin()
            if self.checkpoint is not None and (self.finished or self.epoch % self.checkpoint.every == 0):
                self.save()

    def count(self) -> None:
        """Note that a step was taken."""
        self.steps, self.seconds = self.steps + 1, time.perf_counter() - self._began

    def final_mask(self) -> Mask | None:
        """The mask at the end."""
        if self.dynamics is None:
            return self.mask
        return Mask(self.descent.kept, self.mask.provenance)

    def tensors(self) -> Tensors:
        """Every tensor that a step changes, in place."""
        descent = self.descent
        memory = {f"memory.{part}": values for part, values in descent.memory.items()}
        parts = {"parameters": descent.parameters, "buffers": dict(self.network.named_buffers()), "kept": descent.kept}
        parts |= {**memory, "tally": {"correct": descent.tally.correct, "loss": descent.tally.loss}}
        return {f"{part}/{name}": value.detach() for part, values in parts.items() for name, value in values.items()}

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Everything that the rest of the training depends on, as arrays and plain values."""
        tensors = {
            **self.tensors(),
            **_under("before", self._before if self.steps else {}),
            **_under("dynamics", self.dynamics.state() if self.dynamics else {}),
            "order": self._order,
        }
        facts = {name: getattr(self, name) for name in ("epoch", "steps", "seconds", "history", "diverged", "stopped")}
        facts |= {name: getattr(self.descent, name) for name in ("step_number", "learning_rate")}
        facts |= {"images": self.descent.tally.images}
        return {name: value.cpu().numpy() for name, value in tensors.items()}, facts

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state` gave."""
        saved = {name: torch.from_numpy(array) for name, array in arrays.items()}
        first = next(iter(self.descent.memory))
        for name in _below(f"memory.{first}", saved):
            self.descent.make_room(name)
        for name, value in self.tensors().items():
            value.copy_(saved[name])
        self.descent.apply_kept()
        if self.dynamics:
            self.dynamics.restore(_below("dynamics", saved))
        self.generator.set_state(saved["order"].clone())  # torch reads a state from the start of its memory
        self.descent.step_number, self.descent.learning_rate = facts["step_number"], facts["learning_rate"]
        counted = {name: saved[f"tally/{name}"] for name in ("correct", "loss")}
        for name in ("epoch", "history", "diverged", "stopped"):
            setattr(self, name, facts[name])
        self._begin()
        self.steps, self.seconds = facts["steps"], facts["seconds"]
        if self.steps:
            self.descent.tally.set(facts["images"], **counted)
            self._before = {name: value.to(self.descent.device) for name, value in _below("before", saved).items()}

    def save(self) -> None:
        """Write the state to the checkpoint."""
        self.checkpoint.write(*self.state())

    def _resume(self, checkpoint: Checkpoint) -> bool:
        saved = checkpoint.read()
        if saved is not None:
            self.restore(*saved)
        return saved is not None

    def _begin(self) -> None:
        """Reset the counters at the start of an epoch, and keep what a network that diverges returns to."""
        self.steps, self.seconds = 0, 0.0
        self.descent.tally.reset()
        self._before = {name: value.clone() for name, value in self._network().items()}
        self._order = self.generator.get_state()

    def _epoch(self) -> Iterator[Batch]:
        return self.data.epoch(self.recipe.batch_size, self.generator, self.recipe.shuffle)

    @torch.no_grad()
    def _close(self) -> None:
        """End an epoch with a row of the history; a network whose loss is no number returns to where it began it."""
        self.epoch += 1
        seen = self.descent.tally.result()
        self.diverged = not math.isfinite(seen["loss"])
        if self.diverged:
            for name, value in self._network().items():
                value.copy_(self._before[name])
            self.descent.apply_kept()
            return
        wanted = self.recipe.stop_at
        self.stopped = wanted is not None and seen["accuracy"] >= wanted
        if self.recipe.recalibrate and self.finished:
            recalibrate(self.network, self._epoch())
        held_out = evaluate(self.network, self.data.validation.batches())
        row = {"epoch": self.epoch, "learning_rate": self.descent.learning_rate, **_named("train", seen)}
        row |= {**_named("validation", held_out), "seconds": time.perf_counter() - self._began}
        self.history.append(row)
        self.on_epoch(row)

    def _network(self) -> Tensors:
        """Parameters, buffers and mask."""
        wanted = ("parameters/", "buffers/", "kept/")
        return {name: value for name, value in self.tensors().items() if name.startswith(wanted)}


def steps_per_epoch(data: Data, recipe: Recipe) -> int:
    """Steps of one pass over the training part; a last batch of one image is none."""
    full, rest = divmod(len(data.train), recipe.batch_size)
    return full + (rest > 1)


def _under(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{part}/{name}": value for name, value in values.items()}


def _below(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(f"{part}/"): value for name, value in values.items() if name.startswith(f"{part}/")}


def _named(part: str, result: dict[str, float | None]) -> dict[str, float | None]:
    return {f"{part}_loss": result["loss"], f"{part}_accuracy": result["accuracy"]}
