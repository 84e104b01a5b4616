"""One evaluation of a search: train a network whose layers have a relational graph as their mask, and test it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prunegraph import models
from prunegraph.datasets.data import Data
from prunegraph.errors import UserError
from prunegraph.fingerprint import made_from
from prunegraph.masks import Mask
from prunegraph.pruning import selected
from prunegraph.relational.mapping import block_mask, with_loops
from prunegraph.search.ledger import Ledger
from prunegraph.training import loop
from prunegraph.training.evaluation import evaluate
from prunegraph.training.recipes import Recipe


@dataclass(frozen=True)
class Bench:
    """Where graphs are evaluated: a data set, a model, a recipe.

    Parameters
    ----------
    data
        Must have a validation part.
    network
        ``name`` and ``options`` of the model.
    recipe
        How each network is trained.
    graphs
        The candidates: graphs x nodes x nodes, bool.
    layers
        Which layers get the mask, a word of ``catalogue.LAYERS``; the others are dense.
    self_loops
        A word of :data:`prunegraph.relational.mapping.SELF_LOOPS`: ``all`` joins every group of channels to the one of
        the same number in the next layer.
    ledger
        What is known already.
    made_from
        Hash of everything else that an accuracy depends on (images, code).
    """

    data: Data
    network: Mapping[str, Any]
    recipe: Recipe
    graphs: np.ndarray
    layers: str
    self_loops: str
    ledger: Ledger
    made_from: str = ""

    def validation(self, graph: int, seed: int) -> float:
        """The validation accuracy of a network with a candidate as its mask; `seed` is that of weights and images."""
        return self._known("validation", graph, seed)[0]

    def final(self, graph: int, seed: int) -> tuple[float, float]:
        """Validation and test accuracy; for graphs that were chosen already, because a search must not see the test."""
        return tuple(self._known("final", graph, seed))

    def sparsity(self) -> np.ndarray:
        """Of every candidate: the share of the entries of its block matrix that are 0, the diagonal included."""
        return np.array([1 - with_loops(graph, self.self_loops).mean() for graph in self.graphs])

    def _known(self, what: str, graph: int, seed: int) -> list[float]:
        facts = {"network": self.network, "recipe": vars(self.recipe), "layers": self.layers}
        facts |= {"self_loops": self.self_loops, "graph": self.graphs[graph].tobytes().hex(), "what": what}
        key = made_from([self.made_from], seed=seed, **facts)[:32]
        return self.ledger.value(key, lambda: self._accuracies(what, graph, seed))

    def _accuracies(self, what: str, graph: int, seed: int) -> list[float]:
        if not len(self.data.validation):
            raise UserError(
                f"The data set {self.data.name!r} has no validation part, and a search must not choose by the test "
                "part. Set a `split` with validation above 0, such as 0.15."
            )
        network = models.create(
            self.network["name"], self.data.classes, self.data.input_shape, seed, **self.network["options"]
        )
        mask = masked(network, self.graphs[graph], self.layers, self.self_loops)
        loop.train(network, mask, self.data, self.recipe, seed)
        parts = [self.data.validation] if what == "validation" else [self.data.validation, self.data.test]
        return [float(evaluate(network, part.batches())["accuracy"]) for part in parts]


def masked(network: Any, graph: np.ndarray, layers: str, self_loops: str) -> Mask:
    """The mask of a network whose layers of a word of ``catalogue.LAYERS`` have a graph; the others keep everything.

    Raises
    ------
    UserError
        If a layer has fewer channels than the graph has nodes.
    """
    weights = models.prunable(network)
    chosen = selected(list(weights), layers)
    found = {}
    for name, weight in weights.items():
        if name in chosen:
            blocks = block_mask(graph, *weight.shape[:2], self_loops=self_loops)
            blocks = blocks.reshape(*blocks.shape, *[1] * (weight.dim() - 2))
            found[name] = np.broadcast_to(blocks, weight.shape).copy()
        else:
            found[name] = np.ones(weight.shape, bool)
    return Mask(found)
