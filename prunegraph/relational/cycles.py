"""Cycles of graphs: the shortest, how many of four edges, and the first that a search in depth meets."""

import numpy as np
from numba import njit

from prunegraph.relational.bits import has, popcount


@njit(cache=True)
def four_cycles(bits, nodes):
    """How many cycles of four edges there are: two nodes with c common neighbours are opposite in c (c - 1) / 2."""
    words = len(bits) // nodes
    twice = 0
    for v in range(nodes):
        for w in range(v + 1, nodes):
            common = 0
            for word in range(words):
                common += popcount(bits[v * words + word] & bits[w * words + word])
            if has(bits, words, v, w):  # each set holds its own node
                common -= 2
            twice += common * (common - 1) // 2
    return twice // 2


@njit(cache=True)
def girth(neighbours, degree):
    """The number of edges of the shortest cycle; 0 where there is none. A search in breadth from every node."""
    nodes = len(neighbours)
    best = nodes + 1
    distance, parent, queue = np.empty(nodes, np.int64), np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    for start in range(nodes):
        distance[:] = -1
        distance[start], parent[start], queue[0] = 0, -1, start
        head, tail = 0, 1
        while head < tail:
            v = queue[head]
            head += 1
            if 2 * distance[v] + 1 >= best:
                break
            for j in range(degree[v]):
                w = np.int64(neighbours[v, j])
                if distance[w] < 0:
                    distance[w], parent[w], queue[tail] = distance[v] + 1, v, w
                    tail += 1
                elif w != parent[v]:
                    best = min(best, distance[v] + distance[w] + 1)
        if best == 3:
            return 3
    return best if best <= nodes else 0


@njit(cache=True)
def first_cycle(neighbours, degree):
    """The number of edges of the first cycle that a search in depth from node 0 meets; 0 where there is none.

    Neighbours in the order of their numbers. The published BoGP calls it the number of cycles ("n_cycles"), and reads
    it from the function find_cycle of NetworkX.
    """
    nodes = len(neighbours)
    depth, parent, used = np.full(nodes, -1), np.full(nodes, -1), np.zeros(nodes, np.int64)
    depth[0], v = 0, 0
    while v >= 0:
        if used[v] == degree[v]:
            v = parent[v]
            continue
        w = np.int64(neighbours[v, used[v]])
        used[v] += 1
        if depth[w] < 0:
            depth[w], parent[w] = depth[v] + 1, v
            v = w
        elif w != parent[v]:
            return depth[v] - depth[w] + 1
    return 0
