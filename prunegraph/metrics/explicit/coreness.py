"""k-cores: the depth of each node in the densely connected core of the graph."""

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Neighbours


def k_core(graph: Neighbours) -> float | None:
    """Mean coreness of the nodes of the undirected graph; None without nodes.

    The coreness of a node is the largest k such that it belongs to a subgraph in which
    every node has degree at least k; isolated nodes have 0. A mean over nodes; published tables divide it
    by the number of edges. O(nodes + edges).

    Source: S. Seidman, "Network structure and minimum degree", Social Networks 5 (1983); as a topometric
    Cunegatti et al., TMLR 2024 (arXiv 2305.16886).
    """
    return int(coreness(graph).sum(dtype=np.int64)) / graph.nodes if graph.nodes else None


def coreness(graph: Neighbours) -> np.ndarray:
    """Coreness of every node (nodes, int32); each of several parallel edges counts.

    Source: V. Batagelj, M. Zaversnik, "An O(m) algorithm for cores decomposition of networks" (2003): nodes are in
    buckets by degree, and the node of lowest degree is removed first.
    """
    return _peel(graph.start, graph.neighbour)


@njit(cache=True)
def _peel(start, neighbour):
    nodes = len(start) - 1
    degree = (start[1:] - start[:-1]).astype(np.int32)
    order, place, bucket = _by_degree(degree)
    for i in range(nodes):
        u = order[i]
        for e in range(start[u], start[u + 1]):
            v = neighbour[e]
            if degree[v] > degree[u]:
                # v becomes the last node of the next lower bucket: swap it with the first of its own.
                first = bucket[degree[v]]
                other = order[first]
                order[place[v]], order[first] = other, v
                place[other], place[v] = place[v], first
                bucket[degree[v]] += 1
                degree[v] -= 1
    return degree


@njit(cache=True)
def _by_degree(degree):
    """Nodes ordered by degree, the position of each node in that order, and the position where each degree begins."""
    highest = degree.max() if len(degree) else 0
    bucket = np.zeros(highest + 2, np.int64)
    for d in degree:
        bucket[d + 1] += 1
    bucket = np.cumsum(bucket)
    order, place = np.empty(len(degree), np.int32), np.empty(len(degree), np.int64)
    free = bucket.copy()
    for u in range(len(degree)):
        place[u] = free[degree[u]]
        order[place[u]] = u
        free[degree[u]] += 1
    return order, place, bucket
