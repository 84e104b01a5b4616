"""Edge connectivity: how many edges must go until a graph is in two pieces."""

import numpy as np
from numba import njit


@njit(cache=True)
def edge_connectivity(neighbours, degree, diameter):
    """The least number of edges whose loss leaves a connected graph in two pieces.

    The smallest degree where the diameter is at most 2. Else, as a smaller cut leaves in each piece a node whose
    neighbours are all there, each piece has a node of every dominating set: the smallest of the largest flows, each
    edge of capacity 1, from one node of such a set to the others.

    Source: J. Plesnik, "Critical graphs of given diameter", Acta Fac. Rerum Natur. Univ. Comenian. Math. 30 (1975);
    D. Matula, "Determining edge connectivity in O(nm)", FOCS (1987); flows by shortest paths: J. Edmonds, R. Karp,
    J. ACM 19 (1972).
    """
    nodes, best = len(neighbours), degree.min()
    if diameter <= 2 or best == 1:
        return best
    flow = np.zeros((nodes, nodes), np.int8)
    parent, queue = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    chosen = _dominating(neighbours, degree)
    for sink in chosen[1:]:
        flow[:] = 0
        found = 0
        while found < best and _more(neighbours, degree, flow, parent, queue, chosen[0], sink):
            found += 1
        best = min(best, found)
    return best


@njit(cache=True)
def _dominating(neighbours, degree):
    """Nodes of which every other has one as a neighbour: again and again the one with the most that have none yet."""
    nodes = len(neighbours)
    gain, covered = degree + 1, np.zeros(nodes, np.bool_)
    chosen = np.empty(nodes, np.int64)
    number, left = 0, nodes
    while left:
        node = np.argmax(gain)
        chosen[number] = node
        number += 1
        for j in range(degree[node] + 1):
            w = np.int64(neighbours[node, j]) if j < degree[node] else node
            if not covered[w]:
                covered[w] = True
                left -= 1
                gain[w] -= 1
                for k in range(degree[w]):
                    gain[neighbours[w, k]] -= 1
    return chosen[:number]


@njit(cache=True)
def _more(neighbours, degree, flow, parent, queue, source, sink):
    """Let one unit more flow from source to sink, if there is a path."""
    parent[:] = -1
    parent[source], queue[0] = source, source
    head, tail = 0, 1
    while head < tail and parent[sink] < 0:
        v = queue[head]
        head += 1
        for j in range(degree[v]):
            w = np.int64(neighbours[v, j])
            if parent[w] < 0 and flow[v, w] < 1:
                parent[w], queue[tail] = v, w
                tail += 1
    if parent[sink] < 0:
        return False
    w = sink
    while w != source:
        v = parent[w]
        flow[v, w] += 1
        flow[w, v] -= 1
        w = v
    return True
