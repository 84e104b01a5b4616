"""Bayesian search as a pruner: a search is a slower prune, and what it finds is a mask like any other."""

import copy
from dataclasses import replace

import numpy as np

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.models import prunable
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.rgp import rgp
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import at_least
from prunegraph.randomness import numpy_generator
from prunegraph.relational.names import sparsity_of
from prunegraph.relational.storage import GraphSet
from prunegraph.relational.vectors import vectors
from prunegraph.search import original
from prunegraph.search.repeats import SEARCHES, Budget, Objective, of_network, search
from prunegraph.search.space import space
from prunegraph.training import loop
from prunegraph.training.evaluation import evaluate
from prunegraph.training.recipes import recipe
from prunegraph.training.rounds import training_data


def graph_search(
    task: Task,
    *,
    search_by: str = "bayesian",
    start: int = 8,
    rounds: int = 4,
    batch: int = 4,
    epochs: int = 8,
    self_loops: str = "none",
    narrow: str = "refuse",
) -> Pruned:
    """Keep the blocks that a relational graph joins, of the graphs that have the sparsity the one that a search finds.

    Every evaluation gives the network's weights the mask of a graph, trains them by the recipe ``quick`` and looks at
    the validation part only. What the winner is worth is for the training that follows.

    Parameters
    ----------
    search_by
        ``bayesian``; or ``random``, the control with the same budget and the same rule to choose; or ``published``, as
        the authors' code does, for the record: a vector of properties is proposed, and a lookup that mixes up the
        properties fetches a graph (:mod:`.original`; `start` 10, `rounds` 40 and `batch` 1 in their code). It takes
        the largest value that it saw, by the validation part here.
    start, rounds, batch
        As :class:`.repeats.Budget`.
    epochs
        Of an evaluation.
    self_loops, narrow
        As of ``rgp``.

    Raises
    ------
    UserError
        If an option is out of its range, there are too few graphs of the sparsity or all are alike, or there is no
        data set with a validation part.
    """
    known((*SEARCHES, "published"), search_by, "kind of search:")
    for name, value, least in (("start", start, 2), ("rounds", rounds, 1), ("batch", batch, 1), ("epochs", epochs, 1)):
        at_least(least, value, name, task.name)
    data, graphs = training_data(task), candidates(task, self_loops)
    if not len(data.validation):
        raise UserError(
            f"Pruner {task.name!r} chooses by the validation part, which {data.name!r} has not. Set a `split` with "
            "validation above 0, such as 0.15."
        )
    how = recipe("quick", data.name, "*", epochs=epochs)

    def pruned(graph: int) -> Pruned:
        one = GraphSet(graphs.adjacency[[graph]], [graphs.rows[graph]])
        return rgp(replace(task, graphs=one), self_loops=self_loops, narrow=narrow)

    def accuracy(graph: int, seed: int) -> float:
        network = copy.deepcopy(task.network).float()
        everything = {name: np.ones(weight.shape, bool) for name, weight in prunable(network).items()}
        loop.train(network, Mask({**everything, **pruned(graph)}), data, how, seed)
        return float(evaluate(network, data.validation.batches())["accuracy"])

    budget = Budget(start, rounds, batch, fresh=0)
    if search_by == "published":
        draw = numpy_generator(task.seed, "search", "published")
        base = original.of_graphs(graphs.adjacency)

        def value(graph: int, number: int) -> float:
            return accuracy(graph, of_network(task.seed, 0, number))

        chosen, expected, _ = original.search(base, value, start, rounds * batch, draw)
        return _named(pruned(chosen), search_by, budget, expected)
    objective = Objective(accuracy, np.zeros(len(graphs.rows)))
    places = space(vectors(graphs.adjacency))
    _, chosen, expected = search(search_by, places, objective, budget, task.seed, 0)
    return _named(pruned(chosen), search_by, budget, expected)


def _named(found: Pruned, search_by: str, budget: Budget, expected: float) -> Pruned:
    facts = {"search_by": search_by, "search_evaluations": budget.evaluations, "search_expected": expected}
    return Pruned(found, facts={**found.facts, **facts})


def candidates(task: Task, self_loops: str) -> GraphSet:
    """The relational graphs that have the sparsity asked for.

    Raises
    ------
    UserError
        If none were given, or none has it.
    """
    if task.graphs is None:
        raise UserError(f"Pruner {task.name!r} needs relational graphs, but none were given; pass graphs=...")
    has = [sparsity_of(int(graph.sum()), len(graph), self_loops) for graph in task.graphs.adjacency]
    fits = [place for place, value in enumerate(has) if abs(value - task.sparsity) < 1e-9]
    if not fits:
        there = ", ".join(f"{value:.10g}" for value in sorted(set(has)))
        raise UserError(f"No relational graph has the sparsity {task.sparsity:.10g}; those given have {there}.")
    return GraphSet(task.graphs.adjacency[fits], [task.graphs.rows[place] for place in fits])
