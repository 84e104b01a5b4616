"""Search for graphs with wanted distances: hill climbing and simulated annealing by edge swaps, in several chains."""

import itertools
from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.relational.adjacency import adjacency_of, degrees, tables
from prunegraph.relational.clustering import clustering, clustering_of
from prunegraph.relational.distances import UNLIMITED, aspl, diameter, total_distance
from prunegraph.relational.limits import check_length, shortest_possible
from prunegraph.relational.swaps import room, swap, symmetric, undo

GOALS = ("min", "max", "target", "pair")
METHODS = ("annealing", "climbing")
PREFERENCES = ("aspl", "diameter")

# Temperatures of annealing, first and last: HOT * nodes * sqrt(symmetry) / degree and COLD * symmetry / degree, because
# one edge matters less where there are many. Found by trial for 32 to 64 nodes, degrees 3 to 14, symmetries 1 to 8.
HOT, COLD = 3.0, 6.0

# Compiled code cannot be interrupted, so it goes through a search in so many pieces.
PIECES = 64


class Goal(NamedTuple):
    """What is looked for.

    Parameters
    ----------
    towards
        ``min`` or ``max``: the average shortest path length (ASPL) as small or large as can be. ``target``: the one
        given. ``pair``: that and the clustering given.
    aspl, clustering
        The targets.
    prefer
        ``aspl``; or ``diameter``, which counts first, as in the Graph Golf competition.
    """

    towards: str = "min"
    aspl: float = float("nan")
    clustering: float = float("nan")
    prefer: str = "aspl"


class Found(NamedTuple):
    """A graph that a search found, with its average shortest path length, the lower bound of it, and the rest.

    `chain` is the number of the chain that found it, from 0; `tries` counts the swaps tried in all chains.
    """

    adjacency: np.ndarray
    aspl: float
    bound: float
    diameter: int
    clustering: float
    chain: int
    tries: int


def search(
    start: np.ndarray,
    goal: Goal,
    draw: np.random.Generator,
    *,
    tries: int = 100_000,
    chains: int = 1,
    symmetry: int = 1,
    method: str = "annealing",
    heat: tuple[float, float] | None = None,
) -> Found:
    """The best graph that swaps of edges lead to from `start`, with the same degrees.

    A chain ends early at a graph that cannot be better: at the lower bound, or at the target within half a step of one
    pair of nodes; then no other chain begins.

    Parameters
    ----------
    start
        The adjacency of a connected graph.
    draw
        The source of all random numbers; every chain has a stream of its own.
    tries
        Swaps that a chain tries.
    symmetry
        Order of a rotational symmetry, which `start` must have and every graph keeps: fewer graphs to look at.
    method
        ``annealing``, or ``climbing``, which takes no swap that makes the graph worse.
    heat
        The first and the last temperature of annealing, as a change of the sum of all distances between ordered pairs
        of nodes, in steps; by default one that suits the size of an orbit.

    Raises
    ------
    UserError
        For an unknown word, a budget below one, a graph that is not simple, connected and symmetric, or targets that no
        graph has.
    """
    adjacency = symmetric(start, symmetry)
    _check(adjacency, goal, method, tries, chains)
    if method == "climbing":
        heat = (0.0, 0.0)
    elif heat is None:
        degree = float(degrees(adjacency).mean())
        heat = (HOT * len(adjacency) * symmetry**0.5 / degree, COLD * symmetry / degree)
    best, score, chain, used = adjacency, np.inf, 0, 0
    for number, stream in enumerate(draw.spawn(chains)):
        found, reached, spent = _chain(adjacency, goal, stream, tries, symmetry, heat)
        used += spent
        if reached < score:
            best, score, chain = found, reached, number
        if score <= _enough(adjacency, goal):
            break
    bound = shortest_possible(len(best), int(degrees(best).max()))
    return Found(best, aspl(best), bound, diameter(best), clustering(best), chain, used)


def _check(adjacency: np.ndarray, goal: Goal, method: str, tries: int, chains: int) -> None:
    known(GOALS, goal.towards, "goal of a search")
    known(METHODS, method, "method of a search")
    known(PREFERENCES, goal.prefer, "preference of a search")
    if tries < 1 or chains < 1:
        raise UserError(
            f"A search of {chains} chains with {tries} tries looks at no graph; expected 1 or more of both."
        )
    if goal.towards in ("target", "pair"):
        check_length(len(adjacency), int(degrees(adjacency).max()), goal.aspl)
    if goal.towards == "pair" and not 0 <= goal.clustering <= 1:
        raise UserError(f"The clustering of a graph lies in [0, 1], found the target {goal.clustering}.")


def _enough(adjacency: np.ndarray, goal: Goal) -> float:
    """A score at which nothing better can come."""
    nodes, degree = len(adjacency), int(degrees(adjacency).max())
    if goal.towards == "min":
        total = round(shortest_possible(nodes, degree) * nodes * (nodes - 1))
        return total + (_least_diameter(nodes, degree) * nodes**3 if goal.prefer == "diameter" else 0)
    # Sums of distances of ordered pairs are even, so no graph is nearer to a target than one step, if it is not even.
    return -np.inf if goal.towards == "max" else 1.0 if goal.towards == "target" else 0.0


def _least_diameter(nodes: int, degree: int) -> int:
    reached, shell, steps = 1, degree, 0
    while reached < nodes:
        reached, shell, steps = reached + shell, shell * (degree - 1), steps + 1
    return steps


def _chain(
    adjacency: np.ndarray,
    goal: Goal,
    draw: np.random.Generator,
    tries: int,
    symmetry: int,
    heat: tuple[float, float],
) -> tuple[np.ndarray, float, int]:
    """(best graph, its score, swaps tried) of one chain."""
    graph = tables(adjacency)
    pairs = len(adjacency) * (len(adjacency) - 1)
    wanted = np.array([GOALS.index(goal.towards), goal.aspl * pairs, goal.clustering, goal.prefer == "diameter"], float)
    best, score = graph.neighbours.copy(), np.array([np.nan, np.inf])
    enough = _enough(adjacency, goal)
    borders = np.linspace(0, tries, min(PIECES, tries) + 1).astype(int)
    cooling = (heat[1] / heat[0]) ** (1 / tries) if heat[0] > 0 else 1.0
    for first, last in itertools.pairwise(borders):
        temperature = heat[0] * cooling**first
        _piece(
            *graph, len(adjacency) // symmetry, wanted, last - first, temperature, cooling, enough, best, score, draw
        )
        if score[1] <= enough:
            break
    return adjacency_of(best), float(score[1]), int(last)


@njit(cache=True)
def _piece(neighbours, degree, bits, shift, wanted, tries, temperature, cooling, enough, best, score, draw):
    """Try swaps; `best` and `score` (of the graph, of the best one) are changed in place."""
    level, other = np.empty_like(bits), np.empty_like(bits)
    change = room(neighbours, shift)
    if np.isnan(score[0]):
        score[0] = score[1] = _score(neighbours, degree, bits, level, other, wanted, np.inf)
    for _ in range(tries):
        if score[1] <= enough:
            return
        temperature *= cooling
        removed, added = swap(neighbours, degree, bits, shift, change, draw)
        if not added:
            continue
        allowed = score[0] - temperature * np.log(1 - draw.random())
        reached = _score(neighbours, degree, bits, level, other, wanted, allowed)
        if reached > allowed:
            undo(neighbours, degree, bits, change, removed, added)
            continue
        score[0] = reached
        if reached < score[1]:
            score[1] = reached
            best[:] = neighbours


@njit(cache=True)
def _score(neighbours, degree, bits, level, other, wanted, allowed):
    """What a search makes small, in steps of the sum of all distances; inf if the graph is in several pieces."""
    nodes = len(neighbours)
    by_length = wanted[0] == 0 and wanted[3] == 0
    limit = np.int64(allowed) if by_length and allowed < UNLIMITED else UNLIMITED
    total, steps = total_distance(neighbours, bits, level, other, limit)
    if total < 0:
        return np.inf
    if wanted[0] == 0:
        found = float(total)
    elif wanted[0] == 1:
        found = -float(total)
    else:
        found = abs(total - wanted[1])
    if wanted[0] == 3:  # both as shares of what they can be about: the length asked for, and a clustering of 1
        apart = abs(clustering_of(neighbours, degree, bits) - wanted[2])
        found = (found / wanted[1] + apart) * nodes * (nodes - 1)
    if wanted[3]:
        found += steps * float(nodes) ** 3
    return found
