"""Graphs as the authors of RGP make them: a walk of edge swaps judged by a fixed reference, and its ladder of graphs.

The walk is no search: a swap is compared with the graph that the walk began with, never with the best so far, so it
may lead away from what it has found. It is kept for comparison; :mod:`.search` looks for the same with less effort.
"""

import numpy as np
from numba import njit

from prunegraph.catalogue import known
from prunegraph.relational.adjacency import adjacency_of, checked, tables
from prunegraph.relational.distances import UNLIMITED, aspl, total_distance
from prunegraph.relational.generators import ring_lattice
from prunegraph.relational.limits import CHAINS, check_degree, number_of_graphs
from prunegraph.relational.swaps import room, swap, undo

DIRECTIONS = ("min", "max", "random")


def walk(
    adjacency: np.ndarray,
    draw: np.random.Generator,
    *,
    direction: str = "min",
    up: float = 0.02,
    down: float = 0.01,
    extreme: bool = False,
) -> np.ndarray:
    """One walk of at most n (n - 1) attempted swaps from a graph of n nodes.

    With the average shortest path length (ASPL) b of the first graph, towards ``min`` a swap is taken back if the ASPL
    becomes larger than b or smaller than b - `up`, or the graph falls into pieces; the walk ends with the first that
    lies more than `down` and less than `up` away, unless it is `extreme`. ``max`` is the mirror image. ``random`` takes
    back every swap but the first that lies between `down` and `up` away, on either side, and ends with it. An attempt
    that would make a loop or a parallel edge counts.

    Raises
    ------
    UserError
        For an unknown direction, or an adjacency of no simple connected graph.
    """
    known(DIRECTIONS, direction, "direction of a walk")
    adjacency = checked(adjacency)
    graph = tables(adjacency)
    _walk(*graph, DIRECTIONS.index(direction), up, down, extreme, draw)
    return adjacency_of(graph.neighbours)


def ladder(nodes: int, degree: int, draw: np.random.Generator, number: int | None = None) -> list[np.ndarray]:
    """Graphs from small to large average shortest path length: the states of six chains of walks (`up` .2, `down` .05).

    Each chain begins with the ring lattice, its first state, and goes on from the result of its last walk. For an odd
    degree it begins with the complement of the ring lattice of degree nodes - 1 - degree and goes towards larger
    lengths; where that complement is in several pieces, with the ring lattice that joins opposite nodes.

    Parameters
    ----------
    number
        Graphs in all, a multiple of six; by default as many as the authors kept of the degree.
    """
    check_degree(nodes, degree)
    number = number_of_graphs(degree) if number is None else number
    start, direction = ring_lattice(nodes, degree), "min"
    if degree % 2 and degree < nodes - 3:
        start, direction = ~ring_lattice(nodes, nodes - 1 - degree) & ~np.eye(nodes, dtype=bool), "max"
    found = []
    for stream in draw.spawn(CHAINS):
        state = start
        for _ in range(number // CHAINS):
            found.append(state)
            state = walk(state, stream, direction=direction, up=0.2, down=0.05)
    return sorted(found, key=aspl)


@njit(cache=True)
def _walk(neighbours, degree, bits, direction, up, down, extreme, draw):
    nodes = len(neighbours)
    pairs = nodes * (nodes - 1)
    level, other = np.empty_like(bits), np.empty_like(bits)
    change = room(neighbours, nodes)
    reference = total_distance(neighbours, bits, level, other, UNLIMITED)[0] / pairs
    for _ in range(pairs):
        removed, added = swap(neighbours, degree, bits, nodes, change, draw)
        if not added:
            continue
        total = total_distance(neighbours, bits, level, other, UNLIMITED)[0]
        gain = reference - total / pairs  # how much shorter
        if direction == 1:
            gain = -gain
        between = down < abs(gain) < up
        wanted = between if direction == 2 else 0 <= gain <= up
        if total < 0 or not wanted:
            undo(neighbours, degree, bits, change, removed, added)
        elif between and not extreme:
            return
