"""Triangles of a graph: clustering and transitivity."""

import numpy as np
from numba import njit

from prunegraph.relational.adjacency import degrees
from prunegraph.relational.bits import popcount


def triangles(adjacency: np.ndarray) -> np.ndarray:
    """How many triangles each node is part of."""
    joined = adjacency.astype(np.float64)  # exact up to 2^53, and a product of floats is fast
    return np.rint(((joined @ joined) * joined).sum(1) / 2).astype(np.int64)


def clustering(adjacency: np.ndarray) -> float:
    """The mean over nodes of the share of pairs of neighbours that are joined; 0 for a node with fewer than two.

    Source: D. Watts, S. Strogatz, "Collective dynamics of 'small-world' networks", Nature 393 (1998).
    """
    pairs = _pairs(adjacency)
    return float(np.mean(triangles(adjacency) / np.maximum(pairs, 1)))


def transitivity(adjacency: np.ndarray) -> float:
    """The share of pairs of neighbours, of all nodes together, that are joined; 0 without such pairs."""
    return float(triangles(adjacency).sum() / max(_pairs(adjacency).sum(), 1))


def _pairs(adjacency: np.ndarray) -> np.ndarray:
    degree = degrees(adjacency)
    return degree * (degree - 1) // 2


@njit(cache=True)
def clustering_of(neighbours, degree, bits):
    """As :func:`clustering`, of tables (:class:`prunegraph.relational.adjacency.Tables`)."""
    nodes = len(neighbours)
    words = len(bits) // nodes
    found = 0.0
    for v in range(nodes):
        if degree[v] < 2:
            continue
        # Each set holds its own node: of the sets of v and w both v and w are common, so two too many for each w.
        common = -2 * degree[v]
        for j in range(degree[v]):
            w = np.int64(neighbours[v, j])
            for word in range(words):
                common += popcount(bits[v * words + word] & bits[w * words + word])
        found += common / (degree[v] * (degree[v] - 1))
    return found / nodes
