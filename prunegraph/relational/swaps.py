"""Edge swaps that keep every degree, in compiled code: one swap of random edges, and its undoing.

The swap replaces the edges {a, b} and {c, d} by {a, d} and {c, b}. With a rotational symmetry of order k, the graph
stays the same when every node v becomes v + nodes / k (modulo nodes); then the orbits of the two edges, the k edges
that rotation makes of each, are swapped. An edge of opposite nodes has an orbit of k / 2 edges, if k is even: it gives
each of its nodes one neighbour, where other orbits within the same nodes give two. So there are four more swaps, which
keep the degrees, too; without them an orbit of opposite nodes would never come or go.
"""

import numpy as np
from numba import njit

from prunegraph.errors import UserError
from prunegraph.relational.adjacency import adjacency_of, checked, tables
from prunegraph.relational.bits import flip, has
from prunegraph.relational.distances import UNLIMITED, total_distance
from prunegraph.relational.limits import check_symmetry

# Share of swaps, with a symmetry, that look at one orbit instead of two.
ALONE = 0.125


def shuffled(adjacency: np.ndarray, swaps: int, draw: np.random.Generator, symmetry: int = 1) -> np.ndarray:
    """A graph after `swaps` attempts to swap edges, in which each node has as many neighbours as before.

    A swap that would make a loop, a parallel edge or a graph in several pieces is not made.

    Raises
    ------
    UserError
        If the adjacency is that of no simple connected graph, or has not the symmetry.
    """
    graph = tables(symmetric(adjacency, symmetry))
    _shuffle(*graph, len(adjacency) // symmetry, swaps, draw)
    return adjacency_of(graph.neighbours)


def symmetric(adjacency: np.ndarray, symmetry: int) -> np.ndarray:
    """`adjacency` as booleans, if it is that of a simple connected graph and has a rotational symmetry of that order.

    Raises
    ------
    UserError
        If it is or has not.
    """
    found = checked(adjacency)
    check_symmetry(len(found), symmetry)
    shift = len(found) // symmetry
    if (np.roll(found, (shift, shift), (0, 1)) != found).any():
        raise UserError(
            f"The graph has no rotational symmetry of order {symmetry}: it changes when node v becomes v + {shift}. "
            "Begin with a graph that has, such as a ring lattice."
        )
    return found


@njit(cache=True)
def _shuffle(neighbours, degree, bits, shift, swaps, draw):
    level, other = np.empty_like(bits), np.empty_like(bits)
    change = room(neighbours, shift)
    for _ in range(swaps):
        removed, added = swap(neighbours, degree, bits, shift, change, draw)
        if added and total_distance(neighbours, bits, level, other, UNLIMITED)[0] < 0:
            undo(neighbours, degree, bits, change, removed, added)


@njit(cache=True)
def room(neighbours, shift):
    """Room for the edges that one swap removes and adds."""
    return np.empty((4 * (len(neighbours) // shift), 2), np.int64)


@njit(cache=True)
def swap(neighbours, degree, bits, shift, change, draw):
    """Swap two random edges with their orbits: (number of edges removed, number added); (0, 0) if it cannot be done.

    Parameters
    ----------
    neighbours, degree, bits
        See :class:`prunegraph.relational.adjacency.Tables`; changed.
    shift
        nodes / order of the symmetry; the number of nodes without one.
    change
        Of :func:`room`: the removed edges, then the added ones, for :func:`undo`.
    draw
        A numpy Generator.
    """
    nodes, words = len(neighbours), len(bits) // len(neighbours)
    a, b = _arc(neighbours, degree, draw)
    if shift < nodes and draw.random() < ALONE:
        c, d = a, b
    else:
        c, d = _arc(neighbours, degree, draw)
    old = np.array([[a, b], [c, d]])
    new = np.empty((2, 2), np.int64)
    removes, adds = _plan(nodes, shift, old, new, draw)
    for edge in range(adds):
        if has(bits, words, new[edge, 0], new[edge, 1]):  # a set holds its own node, so loops are refused here, too
            return 0, 0
    removed, added = 0, 0
    for edge in range(removes if adds else 0):
        removed += _orbit(nodes, shift, old[edge, 0], old[edge, 1], change[removed:])
    for edge in range(adds):
        added += _orbit(nodes, shift, new[edge, 0], new[edge, 1], change[removed + added :])
    _apply(neighbours, degree, bits, change[:removed], change[removed : removed + added])
    return removed, added


@njit(cache=True)
def undo(neighbours, degree, bits, change, removed, added):
    """Take a swap back."""
    _apply(neighbours, degree, bits, change[removed : removed + added], change[:removed])


@njit(cache=True)
def _plan(nodes, shift, old, new, draw):
    """How many of the two `old` edges go, how many `new` ones come for them, each with its orbit; (0, 0) for none."""
    a, b, c, d = old[0, 0], old[0, 1], old[1, 0], old[1, 1]
    turns = nodes // shift
    if shift == nodes:
        new[0, 0], new[0, 1], new[1, 0], new[1, 1] = a, d, c, b
        return 2, 2
    half = _halved(nodes, shift, a, b)
    turned = (b + shift * int(draw.random() * turns)) % nodes
    if a == c and b == d:
        if half or _halved(nodes, shift, a, turned):
            return 0, 0
        if turns % 2 == 0 and (a - b) % shift and draw.random() < 0.5:  # one orbit becomes two of opposite nodes
            new[0, 0], new[0, 1] = a, (a + nodes // 2) % nodes
            new[1, 0], new[1, 1] = b, (b + nodes // 2) % nodes
            return 1, 2
        new[0, 0], new[0, 1] = a, turned
        return 1, 1
    if _same_orbit(nodes, shift, a, b, c, d):
        return 0, 0
    if half and _halved(nodes, shift, c, d):  # two orbits of opposite nodes become one
        new[0, 0], new[0, 1] = a, (c + turned - b) % nodes
        return 2, 1
    if half:
        return 0, 0  # the same with the edges in the other order is done
    new[1, 0], new[1, 1] = c, b
    new[0, 0], new[0, 1] = a, d
    if _halved(nodes, shift, c, d):  # opposite nodes c and d become a and c, and opposite nodes b
        new[0, 0], new[0, 1] = a, c
        new[1, 0], new[1, 1] = b, (b + nodes // 2) % nodes
        return (0, 0) if _halved(nodes, shift, a, c) else (2, 2)
    if _halved(nodes, shift, a, d) or _halved(nodes, shift, c, b) or _same_orbit(nodes, shift, a, d, c, b):
        return 0, 0
    return 2, 2


@njit(cache=True)
def _arc(neighbours, degree, draw):
    node = int(draw.random() * len(neighbours))
    return node, np.int64(neighbours[node, int(draw.random() * degree[node])])


@njit(cache=True)
def _halved(nodes, shift, a, b):
    """Whether rotation comes back to the edge {a, b} after half a turn."""
    return 2 * ((b - a) % nodes) == nodes and (b - a) % shift == 0


@njit(cache=True)
def _same_orbit(nodes, shift, a, b, c, d):
    ahead = (c - a) % shift == 0 and (c - a - d + b) % nodes == 0
    return ahead or ((d - a) % shift == 0 and (d - a - c + b) % nodes == 0)


@njit(cache=True)
def _orbit(nodes, shift, a, b, edges):
    """Write the orbit of {a, b} to the first rows of `edges`; their number."""
    size = nodes // shift
    if _halved(nodes, shift, a, b):
        size //= 2
    for turn in range(size):
        edges[turn, 0] = (a + turn * shift) % nodes
        edges[turn, 1] = (b + turn * shift) % nodes
    return size


@njit(cache=True)
def _apply(neighbours, degree, bits, removed, added):
    words = len(bits) // len(neighbours)
    for edge in range(len(removed)):
        a, b = removed[edge, 0], removed[edge, 1]
        _take(neighbours, degree, a, b)
        _take(neighbours, degree, b, a)
        flip(bits, words, a, b)
        flip(bits, words, b, a)
    for edge in range(len(added)):
        a, b = added[edge, 0], added[edge, 1]
        neighbours[a, degree[a]] = b
        neighbours[b, degree[b]] = a
        degree[a] += 1
        degree[b] += 1
        flip(bits, words, a, b)
        flip(bits, words, b, a)


@njit(cache=True)
def _take(neighbours, degree, node, other):
    last = degree[node] - 1
    for place in range(last + 1):
        if neighbours[node, place] == other:
            neighbours[node, place] = neighbours[node, last]
            neighbours[node, last] = node
            degree[node] = last
            return
