"""The published estimate of the number of motifs, from the connected subgraphs of four nodes at sampled nodes."""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Neighbours
from prunegraph.randomness import numpy_generator

SHARE = 1000  # nodes for each node that is sampled in the published tables


def estimated_motifs(graph: Neighbours, seed: int, sample: int | None = None) -> float:
    """Estimate :func:`prunegraph.metrics.explicit.motifs.motifs` without bias from a random sample of nodes.

    Every connected set of four nodes is assigned to its lowest node. The sets of `sample` nodes, drawn without
    replacement, are counted and scaled up. The default of `sample` is nodes / 1000, at least one, as published; with
    all nodes the number is exact. In the published networks the standard deviation is about 17 % of the number. Time
    O(degree^3) for each sampled node: minutes for graphs of 100 million edges.

    Source: S. Wernicke, "Efficient detection of network motifs", IEEE/ACM TCBB 3 (2006), the enumeration ESU;
    sampled by root as igraph's ``motifs_randesu_estimate`` does, on which the tables of Cunegatti et al.,
    TMLR 2024 (arXiv 2305.16886) rest.
    """
    graph = graph.simple()
    if not graph.nodes:
        return 0.0
    sample = max(1, graph.nodes // SHARE) if sample is None else sample
    roots = numpy_generator(seed, "motifs").choice(graph.nodes, sample, replace=False)
    return int(_rooted(graph.start, graph.neighbour, roots)) * graph.nodes / sample


class _Search(NamedTuple):
    """Neighbour lists; the nodes that may join the set (each listed once), and whether each node is listed."""

    start: np.ndarray
    neighbour: np.ndarray
    listed: np.ndarray
    is_listed: np.ndarray


@njit(cache=True)
def _rooted(start, neighbour, roots):
    """Count the connected sets of four nodes whose lowest node is one of the roots."""
    # Neighbours of members may join the set if their numbers are above the root.
    listed, is_listed = np.empty(len(start), np.int32), np.zeros(len(start), np.bool_)
    search = _Search(start, neighbour, listed, is_listed)
    total = 0
    for root in roots:
        is_listed[root] = True
        first = _add(search, root, root, 0)
        for i in range(first):
            second = _add(search, listed[i], root, first)
            for j in range(i + 1, second):
                new = 0
                u = listed[j]
                for e in range(start[u], start[u + 1]):
                    new += neighbour[e] > root and not is_listed[neighbour[e]]
                total += second - j - 1 + new
            for j in range(first, second):
                is_listed[listed[j]] = False
        for j in range(first):
            is_listed[listed[j]] = False
        is_listed[root] = False
    return total


@njit(cache=True)
def _add(search, u, root, count):
    """List the neighbours of u above the root that are not listed yet; return the new number of listed nodes."""
    for e in range(search.start[u], search.start[u + 1]):
        v = search.neighbour[e]
        if v > root and not search.is_listed[v]:
            search.is_listed[v] = True
            search.listed[count] = v
            count += 1
    return count
