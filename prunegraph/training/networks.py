"""The trained networks of a cell: those of one method at one sparsity, for every seed."""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunegraph.fingerprint import made_from
from prunegraph.pool import Filling, Manifest, filling

logger = logging.getLogger("prunegraph")

FILES = ("weights.safetensors", "mask.safetensors", "history.csv", "score.json")


@dataclass(frozen=True)
class Networks:
    """What the trained networks of a method are made from; :meth:`fill` trains those of one sparsity.

    Parameters
    ----------
    images, start
        Manifests of the data set and of the weights to start with.
    identity
        Names of data set, model and method.
    network, choice
        Name and options of the model; pruner, options, layers, counts and repair of the method.
    recipe
        Name and changed fields of the recipe.
    finetune
        Share of the recipe's epochs; 0: the networks are only tested.
    published_as
        The data set whose published recipe fits.
    threads, code
        The results depend on them, too: threads of a CPU, and a hash of the library's code.
    device
        Where to compute, "cpu" or "cuda"; asked for only if something is to be made.
    """

    images: Manifest
    start: Manifest
    identity: Mapping[str, str]
    network: Mapping[str, Any]
    choice: Mapping[str, Any]
    recipe: Mapping[str, Any]
    finetune: float
    published_as: str
    threads: int
    code: str
    device: Callable[[], str]

    def fill(
        self,
        manifest: Path,
        masks: Path,
        sparsity: float,
        seeds: Sequence[int],
        network_seeds: Sequence[int],
        lost: int = 0,
        checkpoints: Path | None = None,
        every: int = 5,
        scalars: Path | None = None,
        stoppable: Callable[[], AbstractContextManager[Callable[[], bool]]] = lambda: nullcontext(lambda: False),
    ) -> None:
        """Train the networks of a cell that are not there, and write its `manifest`.

        Parameters
        ----------
        masks
            The manifest of its masks.
        network_seeds
            For each of `seeds`, that of the network which was pruned.
        lost
            See :func:`prunegraph.pool.filling`.
        checkpoints, every
            Folder of the cell's checkpoints, and epochs between two; None: beside the networks.
        scalars
            Folder of TensorBoard's files; None: none.
        stoppable
            Whose context gives a function that says whether to stop.
        """
        from prunegraph.training.progress import replay

        identity = {**self.identity, "pruner": self.choice["pruner"]}
        identity |= {"counts": self.choice["counts"], "repair": self.choice["repair"]}
        facts = {**identity, "recipe": self.recipe, "finetune": self.finetune, "published_as": self.published_as}
        facts |= {"network": self.network, "options": self.choice["options"], "sparsity": sparsity}
        facts |= {"threads": self.threads, "code": self.code}
        chosen = Manifest(masks)
        with filling(manifest, lost) as cell:
            lacking = []
            for seed, other in zip(seeds, network_seeds, strict=True):
                read = [*self.images.content(), *self.start.content(f"seed{other}")[:1]]
                key = made_from([*read, *chosen.content(f"seed{seed}")], seed=seed, **facts)
                if not cell.keep(f"seed{seed}", key):
                    lacking.append((seed, other, key))
                elif scalars:
                    replay(scalars / f"seed{seed}", cell.path(f"seed{seed}/history.csv"))
            if lacking:
                with stoppable() as stop:
                    manner = (checkpoints or cell.path("checkpoints"), every, stop)
                    self._train(cell, chosen, sparsity, identity, lacking, manner, scalars)

    def _train(
        self,
        cell: Filling,
        chosen: Manifest,
        sparsity: float,
        identity: Mapping[str, str],
        lacking: Sequence[tuple[int, int, str]],
        manner: tuple[Any, ...],
        scalars: Path | None,
    ) -> None:
        from prunegraph.training.cell import Manner, member, train_cell

        images, recipe = self._loaded
        members = []
        for seed, other, key in lacking:
            files = [cell.path(f"seed{seed}/{name}") for name in FILES]
            first, mask = self.start.first(f"seed{other}"), chosen.first(f"seed{seed}")
            told = scalars / f"seed{seed}" if scalars else None
            members.append(
                member(images, self.network, self.choice, sparsity, seed, key, first, mask, files, told, other)
            )

        def saved(one: Any) -> None:
            cell.add(f"seed{one.seed}", one.made_from, *(f"seed{one.seed}/{name}" for name in FILES))

        identity = {**identity, "recipe": self.recipe["name"], "epochs": recipe.epochs}
        train_cell(members, images, recipe, identity, Manner(*manner), images.train.images.device.type, saved)

    @functools.cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """Images and recipe; torch is imported only where a network is to be trained."""
        from prunegraph import datasets, training
        from prunegraph.precision import use_threads

        use_threads(self.threads)
        images = datasets.load(self.images.file("images", "images.safetensors"), self.device())
        recipe = training.recipe(dataset=self.published_as, model=self.network["name"], **self.recipe)
        return images, recipe.shortened(self.finetune)
