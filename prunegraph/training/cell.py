"""Networks of one architecture and method, which differ in sparsity and seed: trained together or one by one, saved."""

import functools
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from prunegraph.datasets.data import Data
from prunegraph.fingerprint import made_from
from prunegraph.masks import Mask
from prunegraph.study import written
from prunegraph.training.checkpoint import Checkpoint, never
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.loop import Training, train_together
from prunegraph.training.recipes import Recipe
from prunegraph.training.scoring import save
from prunegraph.training.watching import Watch

logger = logging.getLogger("prunegraph")


@dataclass(frozen=True)
class Member:
    """One network: where it starts, and the files in which its result ends (see :func:`scoring.save`).

    `scalars` is the folder for TensorBoard's files; None: none. `dynamics` moves its mask. `rounds` trains it several
    times to find its mask, in place of one training: see :func:`prunegraph.training.iterative.train`, whose parameters
    it has but for the options.
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


@dataclass(frozen=True)
class Manner:
    """How a cell is trained: no part of what its results are made from.

    Only `stack` changes numbers, by rounding and what training makes of it: :func:`prunegraph.training.train_together`.

    Parameters
    ----------
    checkpoints, every, stop
        Folder of the checkpoints of these networks alone; see :class:`Checkpoint`.
    stack
        ``true``, ``sparsities``, ``false`` or ``auto``; see :func:`groups`.
    """

    checkpoints: Path
    every: int = 5
    stop: Callable[[], bool] = never
    stack: str = "auto"


def train_cell(
    members: Sequence[Member], data: Data, recipe: Recipe, facts: Mapping[str, Any], manner: Manner, device: str = "cpu"
) -> None:
    """Train the `members` and save each with the `facts` of all.

    Checkpoints go when all are saved: a job that fails loses its outputs.
    """
    for group in groups(members, manner.stack, device):
        key = made_from(keys=[member.made_from for member in group])
        # Not all names, since a file system has a longest one; the key tells stacks with the same first member apart.
        folder = f"{written(group[0].sparsity)}-seed{group[0].seed}"
        folder += f"_and_{len(group) - 1}_more" if len(group) > 1 else ""
        checkpoint = Checkpoint(manner.checkpoints / folder, key, manner.every, manner.stop)
        names = [f"sparsity {written(member.sparsity)} seed {member.seed}" for member in group]
        scalars = [member.scalars for member in group if member.scalars]
        networks, masks, seeds = zip(*((member.network, member.mask, member.seed) for member in group), strict=True)
        with Watch(names, recipe.epochs, scalars) as watch:
            if group[0].rounds:
                told = functools.partial(watch, 0)
                found = [group[0].rounds(networks[0], data, recipe, seeds[0], device, told, checkpoint)]
            else:
                found = train_together(
                    networks, masks, data, recipe, seeds, device, watch, checkpoint, dynamics=group[0].dynamics
                )
        for name, member, training in zip(names, group, found, strict=True):
            moved = getattr(member.dynamics, "facts", dict)()
            score = save(
                member.files,
                member.network,
                training,
                data,
                **facts,
                **moved,
                sparsity=member.sparsity,
                seed=member.seed,
                made_from=member.made_from,
            )
            logger.info("%s: test accuracy %.4f, %d weights", name, score["accuracy"], score["kept"])
    shutil.rmtree(manner.checkpoints, ignore_errors=True)


def groups(members: Sequence[Member], stack: str, device: str) -> Iterator[Sequence[Member]]:
    """Who trains together.

    ``auto`` stacks the members on a GPU, which small networks should leave idle (not measured yet), and not on a CPU:
    there grouped convolutions take 1.0 to 1.1 times as long as one network after the other for the networks of the
    default study, 1.9 times for ResNet-20 at 32x32 (benchmarks/training.py). Networks whose
    masks move or are found in rounds train one by one.
    """
    together = stack in ("true", "sparsities") or (stack == "auto" and device != "cpu")
    if members and together and not any(member.dynamics or member.rounds for member in members):
        yield members
    else:
        yield from ([member] for member in members)
