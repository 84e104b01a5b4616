"""What a pruner is asked, and what it may look at."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from prunegraph.errors import UserError
from prunegraph.masks import kept_weights
from prunegraph.pruning.batches import Batch, peek
from prunegraph.pruning.weights import size
from prunegraph.randomness import torch_generator

if TYPE_CHECKING:
    from prunegraph.datasets.data import Data


class TrainingImages:
    """Training images for a pruner.

    Parameters
    ----------
    source
        A prepared data set; or an iterable of (images, labels), which decides the size of its batches itself; or None.
    seed
        Seed of the order and augmentation of batches of a data set, stream (seed, "prune", "batches").
    pruner
        Name of the pruner, for error sentences.
    """

    def __init__(self, source: "Data | Iterable[Batch] | None", seed: int, pruner: str):
        self.source, self.seed, self.pruner = source, seed, pruner

    @property
    def given(self) -> bool:
        """Whether there are any."""
        return self.source is not None

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(channels, height, width) of one image. The batch of an iterator that is looked at is still given later.

        Raises
        ------
        UserError
            If no images were given.
        """
        if hasattr(self._there(), "train"):
            return tuple(self.source.train.images.shape[1:])
        endless = iter(self.source) is self.source
        images, rest = peek(self.source, self.pruner)
        if endless:
            self.source = rest
        return tuple(images.shape[1:])

    def batches(self, size: int = 128) -> Iterator[Batch]:
        """Random batches of `size` without end, augmented where the data set is; from the first one at every call.

        Raises
        ------
        UserError
            If no images were given.
        """
        if hasattr(self._there(), "train"):
            return self.source.batches(size, torch_generator(self.seed, "prune", "batches"))
        return iter(self.source)

    def once(self, size: int = 1000) -> Iterator[Batch]:
        """Every training image once, in order, not augmented; the last batch may be smaller than `size`.

        Raises
        ------
        UserError
            If no images were given, or only an iterator, which may be endless.
        """
        if hasattr(self._there(), "train"):
            return self.source.train.batches(size)
        if iter(self.source) is self.source:
            raise UserError(
                f"Pruner {self.pruner!r} looks at every training image once, but was given an iterator, which may be "
                "endless; pass a data set (prunegraph.datasets.load) or a list of batches."
            )
        return iter(self.source)

    @property
    def content(self) -> tuple[Any, ...]:
        """What :meth:`once` depends on, for :mod:`.remembering`; never the same for what cannot be looked through."""
        if hasattr(self._there(), "train"):
            return self.source.train.images, self.source.train.labels, self.source.mean, self.source.std
        return ("batches", self.source) if isinstance(self.source, Sequence) else ("unknown", uuid.uuid4().hex)

    def _there(self) -> "Data | Iterable[Batch]":
        if self.source is None:
            raise UserError(
                f"Pruner {self.pruner!r} scores weights on training data, but no batches were given; "
                "pass batches=..., an iterable of (images, labels) or a data set."
            )
        return self.source


@dataclass(frozen=True)
class Task:
    """What a pruner is asked: to choose the part of `weights` that is kept.

    Parameters
    ----------
    network
        A copy in train mode, every parameter trainable, that the pruner may alter.
    weights
        The weights to prune by parameter name, in the order of the network's modules. Those of other layers are kept.
    sparsity
        Share removed, in (0, 1), of what `counts` says; 0 for pruners that find their mask in training.
    seed
        Seed of all random draws; see :meth:`draw`.
    name
        Name of the pruner, for error sentences.
    data
        Training images.
    counts
        A word of :data:`prunegraph.catalogue.COUNTS`.
    architecture
        The traced network (:class:`prunegraph.wiring.architecture.Architecture`): which layer feeds which. None if it
        was not given.
    graphs
        A set of relational graphs. None if it was not given.
    stream
        Word for the random draws, by default the pruner's name.
    sparsities
        All that are asked one after the other, `sparsity` among them; the choice does not depend on them, but what
        serves them all can be computed at once and be remembered (:mod:`.remembering`). Empty: only this one.
    """

    network: nn.Module
    weights: Mapping[str, torch.Tensor]
    sparsity: float
    seed: int
    name: str
    data: TrainingImages
    counts: str = "weights"
    architecture: Any = None
    graphs: Any = None
    stream: str = ""
    sparsities: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Weights to prune, kept or not."""
        return size(self.weights)

    @property
    def kept(self) -> int:
        """How many to keep in all: weights, or, where the sparsity counts units, rows of weights.

        Tied units count as one in :func:`prunegraph.pruning.units.kept_in_all`.
        """
        if self.counts == "units":
            return kept_weights(sum(len(weight) for weight in self.weights.values()), self.sparsity)
        if self.counts == "inputs":
            return sum(len(weight) * self.kept_in[name] for name, weight in self.weights.items())
        return kept_weights(self.size, self.sparsity)

    @property
    def kept_in(self) -> dict[str, int]:
        """How many to keep in each layer: inputs of every unit, or units, where the sparsity counts these.

        An input of a unit is one entry of its row of weights: of a convolution, one channel at one kernel position.
        """
        number = {"inputs": lambda weight: weight[0].numel(), "units": len}[self.counts]
        return {name: kept_weights(number(weight), self.sparsity) for name, weight in self.weights.items()}

    def of(self, scores: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Those of `scores` that belong to the weights to prune."""
        return {name: scores[name] for name in self.weights}

    def draw(self, *purpose: str | int) -> torch.Generator:
        """The random stream of (seed, "prune", pruner, purpose), on the CPU."""
        return torch_generator(self.seed, "prune", self.stream or self.name, *purpose)
