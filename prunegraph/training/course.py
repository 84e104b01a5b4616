"""A training under way, of one network or of several together: everything that its next step depends on."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from prunegraph.datasets.data import Batch, Data
from prunegraph.errors import Interrupted
from prunegraph.masks import Mask
from prunegraph.randomness import torch_generator
from prunegraph.training.checkpoint import Checkpoint
from prunegraph.training.descent import Descent
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.evaluation import Tally, evaluate, recalibrate
from prunegraph.training.recipes import Recipe
from prunegraph.training.stack import Stack

Tensors = dict[str, torch.Tensor]


class Course:
    """K networks on their way through one recipe, each with its own mask, order of images and history.

    Parameters
    ----------
    networks, masks, seeds
        One of each for every network; either all masks are None or none.
    data, recipe
        The same for all.
    dynamics
        Of a single network.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        masks: Sequence[Mask | None],
        data: Data,
        recipe: Recipe,
        seeds: Sequence[int],
        dynamics: MovingMask | None = None,
    ):
        self.networks, self.data, self.recipe = list(networks), data, recipe
        self.model = networks[0] if len(networks) == 1 else Stack(networks)
        self.descent = Descent(self.model, _together(networks, masks), recipe, steps_per_epoch(data, recipe), dynamics)
        self.generators = [torch_generator(seed, "train") for seed in seeds]
        self.histories: list[list[dict[str, Any]]] = [[] for _ in networks]
        self.diverged = [False] * len(networks)
        self.epoch = 0  # how many are done
        self._begin()

    def _begin(self) -> None:
        """Stand at the start of an epoch."""
        self.steps, self.seconds, self.tally = 0, 0.0, Tally()
        self._before = {name: value.detach().clone() for name, value in self._values().items()}
        self._order = torch.stack([generator.get_state() for generator in self.generators])

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.epoch == self.recipe.epochs or all(self.diverged)

    def run(self, checkpoint: Checkpoint | None, on_epoch: Callable[[int, dict[str, Any]], None]) -> None:
        """Go on to the end, writing to `checkpoint` on the way.

        Raises
        ------
        Interrupted
            When the checkpoint was asked to stop; the state is on disk then.
        """
        self._save(checkpoint)
        while not self.finished:
            began = time.perf_counter() - self.seconds
            self.model.train()
            for images, labels in self._batches():
                self.tally.add(self.descent.step(images, labels), labels)
                self.steps, self.seconds = self.steps + 1, time.perf_counter() - began
                self._save(checkpoint)
            self._close(began, on_epoch)
            self._begin()
            self._save(checkpoint, due=True)

    def kept(self, place: int) -> Tensors:
        """The present mask of one network."""
        return {name: self._of(place, values) for name, values in self.descent.kept.items()}

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Everything, as arrays and plain values."""
        dynamics = self.descent.dynamics
        tensors = {
            **self._values(),
            **_under("momenta", self.descent.momenta),
            **_under("before", self._before if self.steps else {}),
            **_under("dynamics", dynamics.state() if dynamics else {}),
            **_under("epoch", {"order": self._order, "correct": self.tally.correct, "loss": self.tally.loss}),
        }
        facts = {name: getattr(self, name) for name in ("epoch", "steps", "seconds", "histories", "diverged")}
        facts |= {name: getattr(self.descent, name) for name in ("step_number", "learning_rate")}
        facts |= {"images": self.tally.images}
        arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items() if value is not None}
        return arrays, facts

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state` gave."""
        saved = {name: torch.from_numpy(array) for name, array in arrays.items()}
        self._set(slice(None), saved)
        # In the layout of their parameters, as if they had been made here.
        for name, value in _below("momenta", saved).items():
            self.descent.momenta[name] = torch.empty_like(self.descent.parameters[name].detach()).copy_(value)
        if self.descent.dynamics:
            self.descent.dynamics.restore(_below("dynamics", saved))
        for generator, state in zip(self.generators, saved["epoch/order"], strict=True):
            generator.set_state(state.clone())  # torch reads a state from the start of its memory
        self.epoch, self.histories, self.diverged = facts["epoch"], facts["histories"], facts["diverged"]
        self.descent.step_number, self.descent.learning_rate = facts["step_number"], facts["learning_rate"]
        self._begin()
        self.steps, self.seconds, self.tally.images = facts["steps"], facts["seconds"], facts["images"]
        if self.steps:
            device = self.data.train.images.device
            self._before = {name: value.to(device) for name, value in _below("before", saved).items()}
            self.tally.correct, self.tally.loss = (saved[f"epoch/{name}"].to(device) for name in ("correct", "loss"))

    def _save(self, checkpoint: Checkpoint | None, due: bool = False) -> None:
        if checkpoint is None:
            return
        asked = checkpoint.stop() and not self.finished
        if asked or (due and (self.finished or self.epoch % checkpoint.every == 0)):
            checkpoint.write(*self.state())
        if asked:
            raise Interrupted(
                f"Stopped on a signal after {self.epoch} of {self.recipe.epochs} epochs and {self.steps} steps of the "
                f"next; {checkpoint.path} holds the state. Run the same again: the training goes on from there."
            )

    def _batches(self) -> Iterator[Batch]:
        """What is left of the present epoch; images and labels of several networks are stacked."""
        epochs = [self.data.epoch(self.recipe.batch_size, generator) for generator in self.generators]
        for number, batches in enumerate(zip(*epochs, strict=True)):
            images, labels = batches[0] if self._single else map(torch.stack, zip(*batches, strict=True))
            # A last batch of one image has no variance for BatchNorm; it takes part in another epoch.
            if number >= self.steps and labels.shape[-1] > 1:
                yield images, labels

    def _close(self, began: float, on_epoch: Callable[[int, dict[str, Any]], None]) -> None:
        """End an epoch: a row for each network whose loss is a number, the others back to where they began it."""
        self.epoch += 1
        for place, seen in enumerate(self.tally.results()):
            self.diverged[place] |= not math.isfinite(seen["loss"])
            if self.diverged[place]:
                self._set(place, self._before)
                continue
            network = self.networks[place]
            if self.recipe.recalibrate and self.epoch == self.recipe.epochs:
                recalibrate(network, self.data.epoch(self.recipe.batch_size, self.generators[place]))
            held_out = evaluate(network, self.data.validation.batches())
            row = {"epoch": self.epoch, "learning_rate": self.descent.learning_rate, **_named("train", seen)}
            row |= {**_named("validation", held_out), "seconds": time.perf_counter() - began}
            self.histories[place].append(row)
            on_epoch(place, row)

    def _values(self) -> Tensors:
        """Parameters, buffers and masks, each (K, ...) if there are several networks."""
        return {
            **_under("parameters", self.descent.parameters),
            **_under("buffers", dict(self.model.named_buffers())),
            **_under("kept", self.descent.kept),
        }

    @torch.no_grad()
    def _set(self, place: int | slice, values: Tensors) -> None:
        """Give parameters, buffers and masks of one network, or of all, the given values."""
        own = self._values()
        for name, value in own.items():
            self._of(place, value).copy_(self._of(place, values[name]))
        self.descent.set_kept(_below("kept", own))

    @property
    def _single(self) -> bool:
        return len(self.networks) == 1

    def _of(self, place: int | slice, value: torch.Tensor) -> torch.Tensor:
        return value if self._single or isinstance(place, slice) else value[place]


def steps_per_epoch(data: Data, recipe: Recipe) -> int:
    """Steps of one pass over the training part; a last batch of one image is none."""
    full, rest = divmod(len(data.train), recipe.batch_size)
    return full + (rest > 1)


def _together(networks: Sequence[nn.Module], masks: Sequence[Mask | None]) -> Tensors:
    """Masks as tensors by parameter name; those of several networks stacked."""
    if None in masks:
        return {}
    checked = [mask.check(network) for network, mask in zip(networks, masks, strict=True)]
    values = {name: [torch.from_numpy(mask[name]) for mask in checked] for name in checked[0]}
    return {name: torch.stack(each) if len(each) > 1 else each[0].clone() for name, each in values.items()}


def _under(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{part}/{name}": value for name, value in values.items()}


def _below(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(f"{part}/"): value for name, value in values.items() if name.startswith(f"{part}/")}


def _named(part: str, result: dict[str, float | None]) -> dict[str, float | None]:
    return {f"{part}_loss": result["loss"], f"{part}_accuracy": result["accuracy"]}
