"""Motifs of size four: the exact number of connected subgraphs on four nodes."""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Neighbours

NEIGHBOUR, WEDGES, ONE = np.uint32(2**31), np.uint32(2**31 - 1), np.uint32(1)
RELABELLING_COST = 2  # visits by degree read memory in random order; they must reduce the wedges by this factor


class Subgraphs(NamedTuple):
    """Number of occurrences of each small graph as a subgraph that need not be induced."""

    stars: int
    paths: int
    cycles: int
    paws: int
    diamonds: int
    cliques: int

    @property
    def motifs(self) -> int:
        """Number of connected induced subgraphs on four nodes.

        An induced 4-cycle contains four 3-edge paths and one cycle; a paw contains one star, two paths and itself; and
        so on, up to the clique (4 stars, 12 paths, 3 cycles, 12 paws, 6 diamonds). With the coefficients used here
        every induced subgraph counts exactly once.
        """
        trees = self.stars + self.paths
        return trees - 3 * self.cycles - 2 * self.paws + 4 * self.diamonds - 6 * self.cliques


def motifs(graph: Neighbours) -> int:
    """Count the sets of four nodes that induce a connected subgraph (undirected, parallel edges as one).

    The count is exact; the published tables hold a random estimate (RAND-ESU) of the same number. Time O(wedges), which
    are pairs of edges that share a node; memory 4 bytes for each end of an edge, besides the graph. Intermediate counts
    may reach 2^63 (a node of 3.8 million edges).

    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "motifs of size 4"; cycles and
    triangles by ordered wedges, N. Chiba, T. Nishizeki, "Arboricity and subgraph listing
    algorithms", SIAM J. Comput. 14 (1985).
    """
    return subgraphs(graph).motifs


def subgraphs(graph: Neighbours) -> Subgraphs:
    """Count the occurrences of the connected graphs on four nodes, induced or not, exactly."""
    return subgraphs_and_triangles(graph)[0]


def subgraphs_and_triangles(graph: Neighbours) -> tuple[Subgraphs, np.ndarray]:
    """Compute the counts of :func:`subgraphs`, and the number of triangles at every node (nodes, int64)."""
    graph, rank = _cheaper_order(graph.simple())
    degree = graph.degree
    cycles, at_node, at_edge, cliques = _cycles_and_triangles(graph.start, graph.neighbour.view(np.uint32))
    triangles = int(at_node.sum()) // 3
    found = Subgraphs(
        stars=stars(degree),
        paths=int(_middle_edges(graph.start, graph.neighbour)) - 3 * triangles,
        cycles=int(cycles),
        paws=int((at_node * (degree - 2)).sum()),
        diamonds=int(_pairs_of(at_edge)),
        cliques=int(cliques),
    )
    return found, at_node if rank is None else at_node[rank]


def stars(degree: np.ndarray) -> int:
    """Sum of degree choose 3, in Python integers."""
    value, count = np.unique(degree, return_counts=True)
    return sum(c * (d * (d - 1) * (d - 2) // 6) for d, c in zip(value.tolist(), count.tolist(), strict=True))


def _cheaper_order(graph: Neighbours) -> tuple[Neighbours, np.ndarray | None]:
    """Renumber the nodes by degree where this saves enough work (hubs); return the graph and the new numbers."""
    rank = np.empty(graph.nodes, np.int32)
    order = np.argsort(graph.degree, kind="stable")
    rank[order] = np.arange(graph.nodes, dtype=np.int32)
    as_is = _wedges(graph.start, graph.neighbour, np.arange(graph.nodes, dtype=np.int32))
    if as_is <= RELABELLING_COST * _wedges(graph.start, graph.neighbour, rank):
        return graph, None
    return Neighbours(*_renumber(graph.start, graph.neighbour, order, rank)), rank


@njit(cache=True)
def _wedges(start, neighbour, rank):
    """Count the wedges a-u-b with at least one end above the middle: those that the count of cycles visits."""
    total = 0
    for u in range(len(start) - 1):
        degree, lower = start[u + 1] - start[u], 0
        for e in range(start[u], start[u + 1]):
            lower += rank[neighbour[e]] < rank[u]
        total += degree * (degree - 1) // 2 - lower * (lower - 1) // 2
    return total


@njit(cache=True)
def _renumber(start, neighbour, order, rank):
    new_start, new = np.zeros_like(start), np.empty_like(neighbour)
    for i in range(len(order)):
        u = order[i]
        begin = new_start[i]
        end = begin + start[u + 1] - start[u]
        for e in range(start[u], start[u + 1]):
            new[begin + e - start[u]] = rank[neighbour[e]]
        new[begin:end].sort()
        new_start[i + 1] = end
    return new_start, new


@njit(cache=True)
def _middle_edges(start, neighbour):
    """Sum over edges of (degree - 1) at both ends: 3-edge paths, and each triangle three times."""
    total = 0
    for u in range(len(start) - 1):
        others = 0
        for e in range(start[u], start[u + 1]):
            v = neighbour[e]
            others += start[v + 1] - start[v] - 1
        total += (start[u + 1] - start[u] - 1) * others
    return total // 2


@njit(cache=True)
def _pairs_of(count):
    total = 0
    for i in range(len(count)):
        c = np.int64(count[i])
        total += c * (c - 1) // 2
    return total


@njit(cache=True)
def _cycles_and_triangles(start, neighbour):
    """Count 4-cycles, triangles at each node and at each edge (in the list of its higher end), and 4-cliques.

    Every cycle is counted at its highest node v, as two wedges v-u-w with the same w. Every triangle w < u < v is
    counted at v, where w is a neighbour of v: the highest bit of its entry is set. Unsigned numbers avoid the test for
    negative indices in the innermost loops.
    """
    nodes = len(start) - 1
    wedges = np.zeros(nodes, np.uint32)
    touched = np.empty(nodes + 1, np.uint32)
    edge_to = np.empty(nodes, np.int64)
    at_node, at_edge = np.zeros(nodes, np.int64), np.zeros(len(neighbour), np.int32)
    common, in_common = np.empty(nodes, np.uint32), np.full(nodes, -1, np.int64)
    cycles, cliques = np.uint64(0), 0
    for v in range(nodes):
        count, end = 0, start[v]
        while end < start[v + 1] and neighbour[end] < v:
            edge_to[neighbour[end]] = end
            wedges[neighbour[end]] = NEIGHBOUR
            end += 1
        for e in range(start[v], end):
            u, f, shared = neighbour[e], start[neighbour[e]], 0
            while neighbour[f] < u:
                w = neighbour[f]
                seen = wedges[w]
                cycles += seen & WEDGES
                wedges[w] = seen + ONE
                touched[count] = w
                count += seen == 0
                if seen >= NEIGHBOUR:
                    common[shared] = w
                    shared += 1
                    at_edge[f] += 1
                    at_edge[edge_to[w]] += 1
                    at_node[w] += 1
                f += 1
            while neighbour[f] < v:  # v itself ends the list of what is below it
                w = neighbour[f]
                seen = wedges[w]
                cycles += seen & WEDGES
                wedges[w] = seen + ONE
                touched[count] = w
                count += seen == 0
                f += 1
            if shared:
                at_edge[e] += shared
                at_node[u] += shared
                at_node[v] += shared
                cliques += _edges_among(start, neighbour, common[:shared], in_common, e)
        for e in range(start[v], end):
            wedges[neighbour[e]] = 0
        for i in range(count):
            wedges[touched[i]] = 0
    return cycles, at_node, at_edge, cliques


@njit(cache=True)
def _edges_among(start, neighbour, members, mark, stamp):
    """Count the edges between `members` (ascending); `mark` is working memory, `stamp` a number not yet in it."""
    total = 0
    for w in members:
        mark[w] = stamp
        for e in range(start[w], start[w + 1]):
            if neighbour[e] >= w:
                break
            total += mark[neighbour[e]] == stamp
    return total
