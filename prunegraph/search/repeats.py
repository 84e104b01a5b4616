"""One repeat of the comparison: Bayesian search and random search, with the same start, budget, rule and seeds.

Both begin with the same candidates. The evaluation of a number trains with the same seed in both, and both choose their
winner by the same rule. What a winner is worth is not what the search saw of it, which is partly luck, but the mean of
new networks with fresh seeds.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from prunegraph.errors import UserError
from prunegraph.randomness import derive, numpy_generator
from prunegraph.search import proposals
from prunegraph.search.space import Space

SEARCHES = ("bayesian", "random")

Rows = list[dict[str, Any]]


class Budget(NamedTuple):
    """How much a search may evaluate.

    Parameters
    ----------
    start
        Candidates at random, to begin with.
    rounds, batch
        Then so many times so many candidates, proposed together.
    fresh
        Networks that say what a winner is worth.
    """

    start: int
    rounds: int
    batch: int
    fresh: int

    @property
    def evaluations(self) -> int:
        """Of each search, without those of its winner."""
        return self.start + self.rounds * self.batch


class Objective(NamedTuple):
    """What a search looks for: (1 - alpha) accuracy + alpha sparsity.

    Parameters
    ----------
    accuracy
        Function of a candidate and a seed.
    sparsity
        Of every candidate.
    alpha
        0: accuracy alone, for candidates of one sparsity.
    """

    accuracy: Callable[[int, int], float]
    sparsity: np.ndarray
    alpha: float = 0.0

    def value(self, graph: int, accuracy: float) -> float:
        """The objective of a candidate whose accuracy is known."""
        return (1 - self.alpha) * accuracy + self.alpha * float(self.sparsity[graph])


def check(space: Space, budget: Budget) -> None:
    """Refuse a search that cannot be made.

    Raises
    ------
    UserError
        If there are fewer candidates than the search begins with.
    """
    if len(space) < budget.start:
        raise UserError(
            f"The search begins with {budget.start} different candidates, but the set has {len(space)} graphs. Lower "
            "`start`, or make a larger set."
        )


def search(
    kind: str, space: Space, objective: Objective, budget: Budget, seed: int, number: int
) -> tuple[Rows, int, float]:
    """One search of a kind of :data:`SEARCHES`.

    Parameters
    ----------
    seed, number
        Of all random draws; `number` is that of the repeat.

    Returns
    -------
    Its trace, a row for each evaluation; the winner; the value that the process expects of it. At the end of a round
    the trace has whom the search would choose by then.
    """
    check(space, budget)
    draw = numpy_generator(seed, "search", kind, number)
    tried: list[int] = []
    values: list[float] = []
    rows: Rows = []
    for turn in range(budget.rounds + 1):
        if turn == 0:
            proposed = proposals.first(space, budget.start, numpy_generator(seed, "search", "start", number))
        elif kind == "bayesian":
            proposed = proposals.by_process(space, tried, values, budget.batch)
        else:
            proposed = proposals.at_random(space, tried, budget.batch, draw)
        for graph in proposed:
            accuracy = objective.accuracy(graph, of_network(seed, number, len(tried)))
            tried.append(graph)
            values.append(objective.value(graph, accuracy))
            row = {"evaluation": len(tried), "round": turn, "graph": graph, "accuracy": accuracy}
            rows.append({**row, "objective": values[-1], "chosen": None, "expected": None})
        chosen, expected = proposals.winner(space, tried, values)
        rows[-1] |= {"chosen": chosen, "expected": expected}
    return rows, chosen, expected


def of_network(seed: int, number: int, evaluation: int) -> int:
    """The seed of the network of an evaluation, the same in all searches of a repeat."""
    return derive(seed, "search", "network", number, evaluation) >> 32


def fresh_seeds(seed: int, number: int, fresh: int) -> Sequence[int]:
    """The seeds of the networks that say what the winners of a repeat are worth."""
    return [derive(seed, "search", "fresh", number, place) >> 32 for place in range(fresh)]


def worth(final: Callable[[int, int], tuple[float, float]], graph: int, seeds: Sequence[int]) -> tuple[float, float]:
    """Mean validation and test accuracy of new networks of a graph."""
    validation, test = np.mean([final(graph, seed) for seed in seeds], axis=0)
    return float(validation), float(test)
