"""Compressed rows of a graph: the arrays that all explicit metrics use.

Memory: 8 bytes per edge for the directed rows with weights, 8 more for the
undirected neighbour lists (both directions, no weights).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from prunegraph.errors import UserError


@dataclass(frozen=True)
class Adjacency:
    """A directed weighted graph as compressed sparse rows, sorted by (source, target).

    ``start`` (nodes + 1, int64): the edges of node u are ``start[u]:start[u + 1]``;
    ``target`` (edges, int32); ``weight`` (edges, float32).
    """

    start: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    @property
    def nodes(self) -> int:
        """Number of nodes, isolated ones included."""
        return len(self.start) - 1

    @property
    def edges(self) -> int:
        """Number of directed edges."""
        return len(self.target)

    @cached_property
    def out_degree(self) -> np.ndarray:
        """Number of edges that leave each node (nodes, int64)."""
        return np.diff(self.start)

    @cached_property
    def in_degree(self) -> np.ndarray:
        """Number of edges that enter each node (nodes, int64)."""
        return np.bincount(self.target, minlength=self.nodes)

    @cached_property
    def undirected(self) -> "Neighbours":
        """Neighbours without regard to direction; parallel edges are kept."""
        start = _starts(self.out_degree + self.in_degree)
        neighbour = np.empty(2 * self.edges, np.int32)
        if not _fill_both_ways(self.start, self.target, start, neighbour):
            _sort_rows(start, neighbour)
        return Neighbours(start, neighbour)


@dataclass(frozen=True)
class Neighbours:
    """Undirected neighbour lists: those of u are ``neighbour[start[u]:start[u + 1]]``, ascending."""

    start: np.ndarray
    neighbour: np.ndarray

    @property
    def nodes(self) -> int:
        """Number of nodes, isolated ones included."""
        return len(self.start) - 1

    @property
    def degree(self) -> np.ndarray:
        """Number of edges at each node (nodes, int64)."""
        return np.diff(self.start)

    def simple(self) -> "Neighbours":
        """Merge parallel edges into one; returns the graph itself if it has none."""
        first = _first_of_its_kind(self.start, self.neighbour)
        if first.all():
            return self
        row = np.repeat(np.arange(self.nodes), self.degree)
        kept = np.bincount(row[first], minlength=self.nodes)
        return Neighbours(_starts(kept), self.neighbour[first])


def from_arrays(nodes: int, source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Adjacency:
    """Compress an edge list (integers source and target; weights), in any order, to rows.

    Raises
    ------
    UserError
        If there are more nodes than int32 can number, or an edge leaves the graph or joins a node to itself.
    """
    if nodes >= 2**31 - 1:
        raise UserError(f"The graph has {nodes} nodes; metrics are implemented for fewer than 2^31 - 1.")
    source, target, weight = np.asarray(source), np.asarray(target), np.asarray(weight, np.float32)
    _check(nodes, source, target)
    if not _is_sorted(source, target):
        order = np.lexsort((target, source))
        source, target, weight = source[order], target[order], weight[order]
    return Adjacency(_starts(np.bincount(source, minlength=nodes)), target.astype(np.int32), weight)


def from_graph(graph) -> Adjacency:
    """List the edges of a :class:`prunegraph.graphs.MultipartiteGraph` as rows."""
    return from_arrays(graph.number_of_nodes(), *graph.edges())


def _check(nodes: int, source: np.ndarray, target: np.ndarray) -> None:
    if len(source) == 0:
        return
    low, high = min(source.min(), target.min()), max(source.max(), target.max())
    if low < 0 or high >= nodes:
        raise UserError(f"Edges name the nodes {low} to {high}; a graph of {nodes} nodes has 0 to {nodes - 1}.")
    if _has_loop(source, target):
        raise UserError("An edge joins a node to itself; these metrics are defined for graphs without loops.")


def _starts(count: np.ndarray) -> np.ndarray:
    start = np.zeros(len(count) + 1, np.int64)
    np.cumsum(count, out=start[1:])
    return start


@njit(cache=True)
def _is_sorted(source, target):
    for e in range(1, len(source)):
        if source[e] < source[e - 1] or (source[e] == source[e - 1] and target[e] < target[e - 1]):
            return False
    return True


@njit(cache=True)
def _has_loop(source, target):
    loops = 0
    for e in range(len(source)):
        loops += source[e] == target[e]
    return loops > 0


@njit(cache=True)
def _fill_both_ways(out_start, target, start, neighbour):
    """Write the in-neighbours of every node into its row, then its out-neighbours.

    Return whether every edge leads to a higher node; then the rows are sorted.
    """
    free = start[:-1].copy()
    upwards = True
    for u in range(len(out_start) - 1):
        for e in range(out_start[u], out_start[u + 1]):
            v = target[e]
            neighbour[free[v]] = u
            free[v] += 1
            upwards &= u < v
    for u in range(len(out_start) - 1):
        for e in range(out_start[u], out_start[u + 1]):
            neighbour[free[u]] = target[e]
            free[u] += 1
    return upwards


@njit(cache=True)
def _sort_rows(start, neighbour):
    for u in range(len(start) - 1):
        neighbour[start[u] : start[u + 1]].sort()


@njit(cache=True)
def _first_of_its_kind(start, neighbour):
    first = np.ones(len(neighbour), np.bool_)
    for u in range(len(start) - 1):
        for e in range(start[u] + 1, start[u + 1]):
            first[e] = neighbour[e] != neighbour[e - 1]
    return first
