"""Networks of one architecture and method, which differ in sparsity and seed: trained, scored, saved."""

import functools
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from prunegraph import models, pruning
from prunegraph.catalogue import PRUNERS, load
from prunegraph.datasets.data import Data
from prunegraph.masks import Mask
from prunegraph.precision import conditions
from prunegraph.pruning.pruned import Pruned
from prunegraph.training.checkpoint import Checkpoint, never
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.loop import Start, Training, train_each
from prunegraph.training.progress import Watch
from prunegraph.training.recipes import Recipe
from prunegraph.training.scoring import save
from prunegraph.variants import written

logger = logging.getLogger("prunegraph")


@dataclass(frozen=True)
class Member:
    """One network: where it starts, and the files in which its result ends (see :func:`scoring.save`).

    `scalars` is the folder for TensorBoard's files; None: none. `dynamics` moves its mask. `rounds` trains it several
    times to find its mask, in place of one training: see :func:`prunegraph.training.iterative.train`, whose parameters
    it has but for the options. `network_seed` is that of the network that was pruned, where many draws share one.
    """

    sparsity: float
    seed: int
    network: nn.Module
    mask: Mask
    made_from: str
    files: Sequence[Path]
    scalars: Path | None = None
    dynamics: MovingMask | None = None
    rounds: Callable[..., Training] | None = None
    network_seed: int | None = None

    @property
    def name(self) -> str:
        """In the log."""
        return f"sparsity {written(self.sparsity)} seed {self.seed}"


@dataclass(frozen=True)
class Manner:
    """How a cell is trained: no part of what its results are made from.

    Parameters
    ----------
    checkpoints, every, stop
        Folder of the checkpoints of these networks alone; see :class:`Checkpoint`.
    """

    checkpoints: Path
    every: int = 5
    stop: Callable[[], bool] = never

    def of(self, member: Member) -> Checkpoint:
        """The checkpoint of one network."""
        folder = self.checkpoints / f"{written(member.sparsity)}-seed{member.seed}"
        return Checkpoint(folder, member.made_from, self.every, self.stop)


def member(
    data: Data,
    network: Mapping[str, Any],
    choice: Mapping[str, Any],
    sparsity: float,
    seed: int,
    key: str,
    weights: Path,
    mask: Path,
    files: Sequence[Path],
    scalars: Path | None = None,
    network_seed: int | None = None,
) -> Member:
    """A network before its training.

    Parameters
    ----------
    network, choice
        Name and options of the model; pruner and options of the method (:mod:`prunegraph.workflow.plan`).
    key
        What its result is made from.
    weights, mask
        The files that it starts with.
    files, scalars, network_seed
        As for :class:`Member`.
    """
    pruner, options = choice["pruner"], choice["options"]
    made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
    pruned = Pruned.load(mask)
    pruned.apply(models.load_weights(made, weights))
    moving = pruning.dynamics(pruner, sparsity, seed, **options)
    find = PRUNERS[pruner].trains and load(PRUNERS[pruner].trains)
    rounds = functools.partial(find, sparsity=sparsity, **pruning.completed(pruner, options)) if find else None
    return Member(sparsity, seed, made, pruned, key, files, scalars, moving, rounds, network_seed)


def train_cell(
    members: Sequence[Member],
    data: Data,
    recipe: Recipe,
    facts: Mapping[str, Any],
    manner: Manner,
    device: str = "cpu",
    saved: Callable[[Member], None] = lambda member: None,
) -> None:
    """Train the `members` and save each with the `facts` of all, and the conditions of its training.

    `saved` is called when the files of a member are written. Checkpoints go when all are.
    """
    where = data.train.images.device
    facts = {**facts, **conditions(where), "precision": recipe.precision_on(where.type)}
    scalars = [member.scalars for member in members if member.scalars]
    with Watch([member.name for member in members], recipe.epochs, scalars) as watch:
        trainings = _trainings(members, data, recipe, manner, device, watch)
        for member, training in zip(members, trainings, strict=True):
            moved = getattr(member.dynamics, "facts", dict)()
            own = {"sparsity": member.sparsity, "seed": member.seed, "made_from": member.made_from}
            if member.network_seed is not None:
                own["network_seed"] = member.network_seed
            if getattr(member.mask, "facts", None):
                own["facts"] = member.mask.facts
            score = save(member.files, member.network, training, data, **facts, **moved, **own)
            saved(member)
            logger.info("%s: test accuracy %.4f, %d weights", member.name, score["accuracy"], score["kept"])
    shutil.rmtree(manner.checkpoints, ignore_errors=True)


def _trainings(
    members: Sequence[Member], data: Data, recipe: Recipe, manner: Manner, device: str, watch: Watch
) -> Iterator[Training]:
    """The training of each member: one after the other, or as many beside each other as pay."""
    told = [functools.partial(watch, place) for place in range(len(members))]
    if members and members[0].rounds:
        for member, tell in zip(members, told, strict=True):
            yield member.rounds(member.network, data, recipe, member.seed, device, tell, manner.of(member))
        return
    starts = [
        Start(member.network, member.mask, member.seed, member.dynamics, manner.of(member), tell)
        for member, tell in zip(members, told, strict=True)
    ]
    yield from train_each(starts, data, recipe, device)
