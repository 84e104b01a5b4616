"""Graphs to begin with: ring lattices, circulant graphs, random regular graphs."""

from collections.abc import Sequence

import numpy as np

from prunegraph.relational.adjacency import connected
from prunegraph.relational.limits import check_degree, check_steps


def circulant(nodes: int, steps: Sequence[int]) -> np.ndarray:
    """The graph that joins node v to v + s and v - s (modulo `nodes`) for every step s.

    Raises
    ------
    UserError
        For steps outside 1 ... nodes / 2, or a graph in several pieces.
    """
    check_steps(nodes, steps)
    return _circulant(nodes, steps)


def ring_lattice(nodes: int, degree: int) -> np.ndarray:
    """The ring on which every node is joined to the `degree` / 2 nearest on each side.

    An odd degree joins opposite nodes as well.

    Raises
    ------
    UserError
        If there is no graph of this degree.
    """
    check_degree(nodes, degree)
    return _circulant(nodes, [*range(1, degree // 2 + 1), *([nodes // 2] if degree % 2 else [])])


def random_regular(nodes: int, degree: int, draw: np.random.Generator) -> np.ndarray:
    """A random simple connected graph in which every node has `degree` neighbours.

    Stubs are paired at random; pairs that would be loops or parallel edges are given back and paired again, and where
    nothing can be paired any more, or the graph is in several pieces, all begins anew. Every graph can come; for small
    degrees nearly uniform.

    Source: A. Steger, N. Wormald, "Generating random regular graphs quickly", Combinatorics, Probability and Computing
    8 (1999).

    Raises
    ------
    UserError
        If there is no graph of this degree.
    """
    check_degree(nodes, degree)
    if degree > (nodes - 1) // 2:
        return _complement_of_random(nodes, degree, draw)
    while True:
        found = _paired(nodes, degree, draw)
        if found is not None and connected(found):
            return found


def _complement_of_random(nodes: int, degree: int, draw: np.random.Generator) -> np.ndarray:
    """As dense graphs are hard to pair, what is not joined is drawn; it may be in several pieces."""
    while True:
        absent = _paired(nodes, nodes - 1 - degree, draw)
        if absent is not None:
            found = ~absent & ~np.eye(nodes, dtype=bool)
            if connected(found):
                return found


def _circulant(nodes: int, steps: Sequence[int]) -> np.ndarray:
    found = np.zeros((nodes, nodes), bool)
    here = np.arange(nodes)
    for step in steps:
        there = (here + step) % nodes
        found[here, there] = found[there, here] = True
    return found


def _paired(nodes: int, degree: int, draw: np.random.Generator) -> np.ndarray | None:
    """One attempt to pair stubs; None where the rest cannot be paired."""
    found = np.zeros((nodes, nodes), bool)
    stubs = np.repeat(np.arange(nodes), degree)
    while len(stubs):
        draw.shuffle(stubs)
        left = []
        for a, b in stubs.reshape(-1, 2):
            if a == b or found[a, b]:
                left += [a, b]
            else:
                found[a, b] = found[b, a] = True
        if len(left) == len(stubs) and not _can_pair(found, left):
            return None
        stubs = np.array(left, dtype=np.int64)
    return found


def _can_pair(found: np.ndarray, stubs: list[int]) -> bool:
    ends = np.unique(stubs)
    return bool((~found[np.ix_(ends, ends)] & ~np.eye(len(ends), dtype=bool)).any())
