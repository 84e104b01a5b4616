"""One network, one mask, one recipe: the training loop."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.optim.sgd import sgd

from prunegraph.datasets.data import Batch, Data
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.randomness import torch_generator
from prunegraph.training.recipes import Recipe

# Of BatchNorm's eps: below this variance a channel carries nothing but float32 rounding.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Training:
    """What a training left behind: one row an epoch, and whether the loss ceased to be a number."""

    history: list[dict[str, Any]]
    diverged: bool


def train(
    network: nn.Module,
    mask: Mask | None,
    data: Data,
    recipe: Recipe,
    seed: int,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> Training:
    """What :func:`prunegraph.training.train` does; see there."""
    where = data.train.images.device
    if device is not None and torch.device(device).type != where.type:
        raise UserError(f"The images are on {where}, training was asked for on {device}: load the data there.")
    # Channels last is the layout of the fast convolutions, on CPUs as on GPUs.
    network.to(where, memory_format=torch.channels_last)
    trainer = Trainer(network, mask, recipe, math.ceil(len(data.train) / recipe.batch_size))
    generator = torch_generator(seed, "train")
    history: list[dict[str, Any]] = []
    diverged = False
    for epoch in range(1, recipe.epochs + 1):
        began, before = time.perf_counter(), _copy(network)
        seen = trainer.epoch(data.epoch(recipe.batch_size, generator))
        diverged = not math.isfinite(seen["loss"])
        if diverged:
            network.load_state_dict(before)
            break
        if recipe.recalibrate and epoch == recipe.epochs:
            recalibrate(network, data.epoch(recipe.batch_size, generator))
        held_out = evaluate(network, data.validation.batches())
        row = {"epoch": epoch, "learning_rate": trainer.learning_rate, **_named("train", seen)}
        row |= {**_named("validation", held_out), "seconds": time.perf_counter() - began}
        history.append(row)
        if on_epoch is not None:
            on_epoch(row)
    network.to(memory_format=torch.contiguous_format).eval()
    return Training(history, diverged)


class Trainer:
    """Steps of stochastic gradient descent that leave removed weights at zero.

    Parameters
    ----------
    network
        Trained in place; its removed weights are set to zero at once.
    mask
        None keeps every weight.
    recipe, steps_per_epoch
        Decide the learning rate of every step.
    """

    def __init__(self, network: nn.Module, mask: Mask | None, recipe: Recipe, steps_per_epoch: int):
        self.network, self.recipe, self.steps_per_epoch = network, recipe, steps_per_epoch
        self.step_number = 0
        self.learning_rate = recipe.learning_rate
        self._parameters = list(network.parameters())
        self._momenta: list[torch.Tensor | None] = [None] * len(self._parameters)
        self._weights: list[nn.Parameter] = []
        self._kept: list[torch.Tensor] = []
        if mask is not None:
            named = dict(mask.apply(network) and network.named_parameters())
            self._weights = [named[name] for name in mask]
            self._kept = [torch.from_numpy(mask[name]).to(named[name]) for name in mask]

    def epoch(self, batches: Iterable[Batch]) -> dict[str, float | None]:
        """One pass in training mode; {accuracy, loss} over its images, each before the step it took part in."""
        self.network.train()
        tally = Tally()
        for images, labels in batches:
            # A last batch of one image has no variance for BatchNorm; it takes part in another epoch.
            if len(labels) > 1:
                tally.add(self.step(images, labels), labels)
        return tally.result()

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One step on one batch; the logits before it."""
        self.learning_rate = self.recipe.learning_rate_at(self.step_number, self.steps_per_epoch)
        for parameter in self._parameters:
            parameter.grad = None
        logits = self.network(images)
        functional.cross_entropy(logits, labels).backward()
        self._clear([weight.grad for weight in self._weights])
        self._descend()
        self._clear(self._weights)
        self.step_number += 1
        return logits.detach()

    @torch.no_grad()
    def _descend(self) -> None:
        # torch's own step in its functional form: the class torch.optim.SGD imports torch's compiler, which takes
        # longer than training a small network.
        used = [place for place, parameter in enumerate(self._parameters) if parameter.grad is not None]
        momenta = [self._momenta[place] for place in used]
        sgd(
            [self._parameters[place] for place in used],
            [self._parameters[place].grad for place in used],
            momenta,
            foreach=True,
            weight_decay=self.recipe.weight_decay,
            momentum=self.recipe.momentum,
            lr=self.learning_rate,
            dampening=0.0,
            nesterov=self.recipe.nesterov,
            maximize=False,
        )
        for place, momentum in zip(used, momenta, strict=True):
            self._momenta[place] = momentum

    @torch.no_grad()
    def _clear(self, values: list[torch.Tensor | None]) -> None:
        # A layer that takes no part in the forward pass has no gradient.
        pairs = [(value, kept) for value, kept in zip(values, self._kept, strict=True) if value is not None]
        if pairs:
            torch._foreach_mul_(*zip(*pairs, strict=True))


class Tally:
    """Correct answers and summed cross-entropy, kept on the device until :meth:`result`."""

    def __init__(self) -> None:
        self.images = 0
        self.correct: torch.Tensor | float = 0.0
        self.loss: torch.Tensor | float = 0.0

    def add(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count one batch: logits (N, classes) and labels (N,)."""
        self.images += len(labels)
        self.correct = self.correct + (logits.argmax(1) == labels).sum()
        self.loss = self.loss + functional.cross_entropy(logits, labels, reduction="sum").double()

    def result(self) -> dict[str, float | None]:
        """{accuracy, loss} per image, None without any."""
        if not self.images:
            return {"accuracy": None, "loss": None}
        return {"accuracy": int(self.correct) / self.images, "loss": float(self.loss) / self.images}


@torch.no_grad()
def evaluate(network: nn.Module, batches: Iterable[Batch]) -> dict[str, float | None]:
    """What :func:`prunegraph.training.evaluate` does; see there."""
    was_training = network.training
    network.eval()
    tally = Tally()
    for images, labels in batches:
        tally.add(network(images), labels)
    network.train(was_training)
    return tally.result()


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Replace BatchNorm's running mean and variance by their averages over `batches`, weights untouched.

    Running statistics trail behind the weights (averaging them anew: Izmailov et
    al. 2018, section 3.2). Where pruning left a channel constant the variance is 0
    and BatchNorm multiplies by 1 / sqrt(1e-5) what is rounding alone, layer after
    layer; such a network knows its images in training mode and answers at chance in
    evaluation mode. A constant channel gets variance 1 here, which gives the shift
    of BatchNorm, as in training mode.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain average over all batches
    network.train()
    for images, labels in batches:
        if len(labels) > 1:
            network(images)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.running_var[layer.running_var < ROUNDING * layer.eps] = 1


def _copy(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _named(part: str, result: dict[str, float | None]) -> dict[str, float | None]:
    return {f"{part}_loss": result["loss"], f"{part}_accuracy": result["accuracy"]}
