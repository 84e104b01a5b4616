"""The masks of a cell: those of one method at one sparsity, for every seed."""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunegraph.fingerprint import made_from
from prunegraph.pool import Manifest, filling

logger = logging.getLogger("prunegraph")


@dataclass(frozen=True)
class Masks:
    """What the masks of a method are made from; :meth:`fill` makes those of one sparsity.

    Parameters
    ----------
    images, initial, start
        Manifests of the data set, of the model with its wiring, and of the weights to prune.
    network, choice
        Name and options of the model; pruner, options, layers, counts, repair of the method, and the one relational
        graph (`rung`) that it may take.
    threads, code
        The results depend on them, too: threads of a CPU, and a hash of the library's code.
    device
        Where to compute, "cpu" or "cuda"; asked for only if something is to be made.
    sparsities
        All for which masks are made by the same process: a pruner may work for all of them at once.
    graphs
        Manifest of the set of relational graphs; None: the pruner needs none.
    """

    images: Manifest
    initial: Manifest
    start: Manifest
    network: Mapping[str, Any]
    choice: Mapping[str, Any]
    threads: int
    code: str
    device: Callable[[], str]
    sparsities: Sequence[float] = ()
    graphs: Manifest | None = None

    def fill(
        self, manifest: Path, sparsity: float, seeds: Sequence[int], network_seeds: Sequence[int], lost: int = 0
    ) -> None:
        """Make the masks of a cell that are not there, and write its `manifest`.

        Parameters
        ----------
        network_seeds
            For each of `seeds`, that of the network which is pruned.
        lost
            See :func:`prunegraph.pool.filling`.
        """
        facts = {"network": self.network, **self.choice, "sparsity": sparsity}
        facts |= {"threads": self.threads, "code": self.code}
        read = [*self.images.content(), *self.initial.content("architecture")]
        read += self.graphs.content("graphs")[:1] if self.graphs else []
        with filling(manifest, lost) as cell:
            for seed, other in zip(seeds, network_seeds, strict=True):
                key = made_from([*read, *self.start.content(f"seed{other}")[:1]], seed=seed, **facts)
                if cell.keep(f"seed{seed}", key):
                    continue
                mask, where = self._chooser(sparsity, seed, self.start.first(f"seed{other}"))
                mask.save(cell.path(f"seed{seed}.safetensors"), made_from=key, **where)
                cell.add(f"seed{seed}", key, f"seed{seed}.safetensors")
                logger.info("seed %d: kept %d of %d weights, collapsed: %s", seed, mask.kept, mask.size, mask.collapsed)

    @functools.cached_property
    def _chooser(self) -> Callable[..., Any]:
        """A function of sparsity, seed and weights; torch is imported only where a mask is to be made."""
        import torch

        from prunegraph import datasets, models, pruning
        from prunegraph.precision import conditions, use_threads
        from prunegraph.wiring.architecture import Architecture

        use_threads(self.threads)
        device = self.device()
        path = self.images.file("images", "images.safetensors")
        images = datasets.load(path, device)
        choice = dict(self.choice)
        options = {"graphs": self._graphs(choice.pop("rung", None)), **choice.pop("options"), **choice}
        options["architecture"] = Architecture.load(self.initial.file("architecture", "architecture.json"))
        options["sparsities"] = self.sparsities

        def choose(sparsity: float, seed: int, weights: Path) -> tuple[Any, dict[str, Any]]:
            made = models.create(self.network["name"], images.classes, images.input_shape, seed,
                                 **self.network["options"])  # fmt: skip
            models.load_weights(made, weights)
            asked = {**options, "sparsity": sparsity, "seed": seed}
            try:
                return pruning.prune(made.to(device), batches=images, **asked), conditions(device)
            except torch.OutOfMemoryError as problem:  # scores in float64 need some GB; the CPU has the same masks
                logger.info("seed %d: on the CPU, because the GPU's memory does not suffice (%s)", seed, problem)
                return pruning.prune(made.to("cpu"), batches=datasets.load(path, "cpu"), **asked), conditions("cpu")

        return choose

    def _graphs(self, rung: str | None) -> Any:
        """The relational graphs that the method may take: all of the set, or one."""
        if self.graphs is None:
            return None
        from prunegraph import relational

        found = relational.load(self.graphs.file("graphs", "graphs.zst"))
        return found if rung is None else found.only(rung)
