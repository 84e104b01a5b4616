"""Cut edges, cut nodes and connected components, found in one search."""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Neighbours


class Cuts(NamedTuple):
    """Counts in the undirected graph."""

    edges: int
    nodes: int
    components: int


def cuts(graph: Neighbours) -> Cuts:
    """Count bridges, articulation points and connected components of the undirected graph.

    The removal of a cut edge (bridge) or cut node (articulation point) increases the number of components. An isolated
    node is a component. Of two parallel edges neither is a cut edge. Published tables divide cut edges and nodes by the
    number of edges; components are not divided. O(nodes + edges).

    Source: R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1
    (1972); J. Hopcroft, R. Tarjan, Algorithm 447, CACM 16 (1973).
    """
    return Cuts(*map(int, search(graph.start, graph.neighbour)[:3]))


def mean_component(nodes: int, components: int) -> float | None:
    """Mean number of nodes of a component; None without nodes. Published tables divide it by nodes: 1 / components."""
    return nodes / components if components else None


@njit(cache=True)
def search(start, neighbour):
    """Count bridges, articulation points and components by depth-first search.

    Also returns for each node (int32) the time at which it was found, the earliest time that its subtree reaches by one
    back edge, and its parent.
    """
    nodes = len(start) - 1
    found = np.zeros(nodes, np.int32)  # time at which the search found the node, from 1; 0: not yet
    low = np.zeros(nodes, np.int32)  # earliest time that its subtree reaches by one back edge
    parent = np.empty(nodes, np.int32)
    is_cut = np.zeros(nodes, np.bool_)
    came_back = np.zeros(nodes, np.bool_)  # whether the edge to the parent has been skipped once
    cursor = start[:-1].copy()
    time, bridges, components = 0, 0, 0
    for root in range(nodes):
        if found[root]:
            continue
        components += 1
        branches = 0
        time += 1
        found[root] = low[root] = time
        parent[root] = -1
        u = root
        while u >= 0:
            if cursor[u] < start[u + 1]:
                v = neighbour[cursor[u]]
                cursor[u] += 1
                if not found[v]:
                    time += 1
                    found[v] = low[v] = time
                    parent[v] = u
                    branches += u == root
                    u = v
                elif v == parent[u] and not came_back[u]:
                    came_back[u] = True
                else:
                    low[u] = min(low[u], found[v])
            else:
                above = parent[u]
                if above >= 0:
                    low[above] = min(low[above], low[u])
                    bridges += low[u] > found[above]
                    if above != root and low[u] >= found[above]:
                        is_cut[above] = True
                u = above
        is_cut[root] = branches > 1
    return bridges, is_cut.sum(), components, found, low, parent
