"""Numbers of nodes within one or two steps along the edges."""

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Adjacency


def one_hop(graph: Adjacency) -> float | None:
    """Mean number of nodes within one step, including the node itself; None without nodes.

    Without parallel edges this is 1 + edges / nodes. Published tables divide it by the number of edges. O(edges).
    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "neighbor connectivity".
    """
    return _mean(graph.nodes + _distinct_targets(graph.start, graph.target), graph.nodes)


def two_hop(graph: Adjacency) -> float | None:
    """Mean number of nodes within two steps, including the node itself; None without nodes.

    The number is exact: for every node, its targets and their targets are marked and counted once. Time O(sum over
    edges u -> v of out-degree(v)). Normalisation and source as for :func:`one_hop`.
    """
    return _mean(within_two(graph.start, graph.target.view(np.uint32), np.arange(graph.nodes)), graph.nodes)


def _mean(total: int, nodes: int) -> float | None:
    return int(total) / nodes if nodes else None


@njit(cache=True)
def _distinct_targets(start, target):
    total = 0
    for u in range(len(start) - 1):
        for e in range(start[u], start[u + 1]):
            total += e == start[u] or target[e] != target[e - 1]
    return total


@njit(cache=True)
def within_two(start, target, starts):
    """Count the nodes within two steps of each node in `starts`, including itself; return the sum."""
    nodes = len(start) - 1
    seen = np.full(nodes, nodes, np.uint32)  # the last node that reached this one; unsigned, to avoid index checks
    total = 0
    for node in starts:
        u = np.uint32(node)
        seen[u] = u
        total += 1
        for e in range(start[u], start[u + 1]):
            v = target[e]
            if seen[v] != u:
                seen[v] = u
                total += 1
            for f in range(start[v], start[v + 1]):
                w = target[f]
                total += seen[w] != u
                seen[w] = u
    return total
