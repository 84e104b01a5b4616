"""How networks are trained: the published recipes and a short one, as plain numbers."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.precision import PRECISIONS

SCHEDULES = ("steps", "cosine", "cosine_epochs", "one_cycle")
OPTIMISERS = ("sgd", "adam")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: optimiser, learning rates, precision.

    Parameters
    ----------
    epochs, batch_size
        Passes over the training part, images a step.
    learning_rate
        The highest.
    momentum, weight_decay
        As in ``torch.optim.SGD``; weight decay acts on every parameter. For ``adam``, momentum is the decay of the
        mean gradient (beta 1).
    schedule
        ``steps``: multiplied by `gamma` after each epoch of `milestones`;
        ``cosine``: to zero along half a cosine, step by step, or (``cosine_epochs``) epoch by epoch;
        ``one_cycle``: up from zero in a straight line for the share `warmup` of all steps, then down to
        zero likewise.
    nesterov
        Nesterov's momentum instead of Polyak's.
    recalibrate
        Take BatchNorm's statistics anew from the training part after the last step, which a short
        training needs (:func:`prunegraph.training.evaluation.recalibrate`).
    optimiser
        ``sgd`` or ``adam`` (Kingma & Ba 2015; beta 2 = 0.999, epsilon = 1e-8).
    label_smoothing
        Share of each label that is spread over all classes (Szegedy et al. 2016, section 7); histories
        and scores hold the plain cross-entropy.
    stop_at
        End after the first epoch whose training accuracy (running, on the images as trained on) reaches this.
    shuffle
        Images in a new random order in each epoch; false: in the order of the data set.
    precision
        Of a training step: ``float32``, ``tf32`` or ``bfloat16`` (:func:`prunegraph.precision.computing`); the
        networks are evaluated in float32. None: see :meth:`precision_on`.

    Raises
    ------
    UserError
        Naming the first value that is out of its range.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: str = "steps"
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    warmup: float = 0.3
    nesterov: bool = False
    recalibrate: bool = False
    optimiser: str = "sgd"
    label_smoothing: float = 0.0
    stop_at: float | None = None
    shuffle: bool = True
    precision: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(self.milestones))
        for name, legal in (("schedule", SCHEDULES), ("optimiser", OPTIMISERS), ("precision", PRECISIONS)):
            if name != "precision" or self.precision is not None:
                known(legal, getattr(self, name), name)
        whole = "a whole number, at least"
        for name, fits, expected in (
            ("epochs", _whole(self.epochs) and self.epochs >= 0, f"{whole} 0"),
            ("batch_size", _whole(self.batch_size) and self.batch_size >= 2, f"{whole} 2 (BatchNorm needs two)"),
            ("learning_rate", 0 < self.learning_rate < math.inf, "a positive number"),
            ("momentum", 0 <= self.momentum < 1, "in [0, 1)"),
            ("weight_decay", 0 <= self.weight_decay < math.inf, "a number, at least 0"),
            ("milestones", all(map(_whole, self.milestones)), "a list of whole numbers"),
            ("gamma", 0 < self.gamma <= 1, "in (0, 1]"),
            ("warmup", 0 <= self.warmup < 1, "in [0, 1)"),
            ("nesterov", not self.nesterov or self.momentum > 0, "false without momentum"),
            ("nesterov", not self.nesterov or self.optimiser == "sgd", "false with another optimiser than sgd"),
            ("label_smoothing", 0 <= self.label_smoothing < 1, "in [0, 1)"),
            ("stop_at", self.stop_at is None or 0 < self.stop_at <= 1, "an accuracy in (0, 1], or null"),
        ):
            if not fits:
                raise UserError(f"In a training recipe, {name} is {getattr(self, name)!r}, expected {expected}.")

    def precision_on(self, device: str) -> str:
        """The precision of a step on a device ("cpu", "cuda"): as set, else float32, but tf32 on a GPU.

        There float32 takes 1.4 (ResNet-20, Wide-ResNet-28-2) to 1.7 times (CONV-6) as long, measured on an H200, and
        torch itself, so most published code, lets convolutions compute in TF32 unless told otherwise.
        """
        return self.precision or ("tf32" if device == "cuda" else "float32")

    def shortened(self, share: float) -> "Recipe":
        """The recipe with that share of its epochs, at least one, or none for the share 0; milestones move along."""
        epochs = max(1, round(share * self.epochs)) if share and self.epochs else 0
        milestones = tuple(round(share * milestone) for milestone in self.milestones)
        return dataclasses.replace(self, epochs=epochs, milestones=milestones)

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate of step number `step` (from 0) of the whole training."""
        if self.schedule == "steps":
            passed = sum(step >= milestone * steps_per_epoch for milestone in self.milestones)
            return self.learning_rate * self.gamma**passed
        steps = self.epochs * steps_per_epoch
        if self.schedule == "cosine_epochs":
            step -= step % steps_per_epoch
        if self.schedule.startswith("cosine"):
            return self.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
        peak = self.warmup * steps
        rising, falling = (step + 1) / (peak + 1), (steps - step) / (steps - peak)
        return self.learning_rate * min(1.0, rising, falling)


# Cunegatti et al. 2024, appendix; (data set, model), "*" for the models without a row of their own.
_CIFAR = Recipe(epochs=160, milestones=(80, 120))
_TINY = Recipe(epochs=100, milestones=(30, 60, 80))
_PUBLISHED: Mapping[tuple[str, str], Recipe] = {
    ("cifar10", "*"): _CIFAR,
    ("cifar100", "*"): _CIFAR,
    ("tiny_imagenet", "*"): _TINY,
    ("cifar10", "wide_resnet28_2"): dataclasses.replace(_CIFAR, weight_decay=5e-4),
    ("cifar100", "wide_resnet28_2"): dataclasses.replace(_CIFAR, weight_decay=5e-4),
    ("tiny_imagenet", "wide_resnet28_2"): dataclasses.replace(_TINY, weight_decay=5e-4),
    ("tiny_imagenet", "conv6"): dataclasses.replace(_TINY, milestones=(20, 60, 80)),
}

RECIPES: Mapping[str, Mapping[tuple[str, str], Recipe]] = {
    "quick": {
        ("*", "*"): Recipe(
            epochs=8, batch_size=64, learning_rate=0.1, weight_decay=5e-4, schedule="one_cycle", recalibrate=True
        )
    },
    "published": _PUBLISHED,
    "untrained": {("*", "*"): Recipe(epochs=0)},
}


def recipe(name: str, dataset: str, model: str, base: str | None = None, **overrides: Any) -> Recipe:
    """The recipe `name` for a data set and a model, with the fields in `overrides` replaced.

    A variant of a recipe has a `name` of its own, and `base` is the recipe that it changes.

    ``quick`` serves any pair in seconds. ``published`` is what the main study
    states (Cunegatti et al. 2024) for CIFAR-10, CIFAR-100 and Tiny-ImageNet. ``untrained``
    leaves the weights as they are. An override of None leaves the recipe's value.

    Raises
    ------
    UserError
        If there is no such recipe for the pair, no such field, or a value is out of range.
    """
    name = known(RECIPES, base or name, "recipe")
    table = RECIPES[name]
    keys = [key for key in ((dataset, model), (dataset, "*"), ("*", "*")) if key in table]
    if not keys:
        listed = ", ".join(dict.fromkeys(key[0] for key in table))
        raise UserError(f"The recipe {name!r} is not known for data set {dataset!r}, only for {listed}. Try 'quick'.")
    fields = [field.name for field in dataclasses.fields(Recipe)]
    changed = {known(fields, key, "field of a recipe"): value for key, value in overrides.items()}
    return dataclasses.replace(table[keys[0]], **{key: value for key, value in changed.items() if value is not None})
