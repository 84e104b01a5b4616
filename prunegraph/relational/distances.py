"""Shortest paths between all pairs, level by level, on sets of bits.

Level t holds for every node the set of nodes within t steps: level t + 1 is the union of those of its neighbours. The
distances add up to the number of ordered pairs that are not yet reached, summed over the levels.
"""

import numpy as np
from numba import njit

from prunegraph.errors import UserError
from prunegraph.relational.adjacency import tables
from prunegraph.relational.bits import popcount

#: No limit for :func:`total_distance`.
UNLIMITED = np.int64(1) << 62


def aspl(adjacency: np.ndarray) -> float:
    """The average shortest path length: the mean distance of ordered pairs of different nodes, in steps.

    Raises
    ------
    UserError
        If the graph is not connected.
    """
    return _measured(adjacency)[0] / (len(adjacency) * (len(adjacency) - 1))


def diameter(adjacency: np.ndarray) -> int:
    """The largest distance of two nodes, in steps.

    Raises
    ------
    UserError
        If the graph is not connected.
    """
    return _measured(adjacency)[1]


def _measured(adjacency: np.ndarray) -> tuple[int, int]:
    neighbours, _, bits = tables(adjacency)
    total, levels = total_distance(neighbours, bits, np.empty_like(bits), np.empty_like(bits), UNLIMITED)
    if total < 0:
        raise UserError(
            "The graph is in several pieces, so some of its distances are infinite; expected a connected one."
        )
    return int(total), int(levels)


@njit(cache=True)
def total_distance(neighbours, bits, level, other, limit):
    """(sum of the distances of ordered pairs, diameter) of a graph; (-1, -1) if it is not connected.

    Parameters
    ----------
    neighbours, bits
        See :class:`prunegraph.relational.adjacency.Tables`.
    level, other
        Room for two levels, each like `bits`; overwritten.
    limit
        Where the sum exceeds it, some number above it is returned before all is known.
    """
    if len(bits) == len(neighbours):
        return _in_one_word(neighbours, bits, level, other, limit)
    return _in_words(neighbours, bits, level, other, limit)


@njit(cache=True)
def _in_one_word(neighbours, bits, level, other, limit):
    nodes, width = neighbours.shape
    by_four = width - width % 4
    source, target, spare = bits, level, other
    total, steps, reached = nodes * (nodes - 1), 1, _size(bits)
    while reached < nodes * nodes:
        total += nodes * nodes - reached
        if total > limit:
            return total, steps
        now = 0
        for v in range(nodes):
            row = neighbours[v]
            word = source[v]
            j = 0
            while j < by_four:  # by hand: as compiled from the plain loop it takes 1.3 to 2 times as long
                word |= (source[row[j]] | source[row[j + 1]]) | (source[row[j + 2]] | source[row[j + 3]])
                j += 4
            while j < width:
                word |= source[row[j]]
                j += 1
            target[v] = word
            now += popcount(word)
        if now == reached:
            return -1, -1
        reached = now
        steps += 1
        source = target
        target, spare = spare, target
    return total, steps


@njit(cache=True)
def _in_words(neighbours, bits, level, other, limit):
    nodes, width = neighbours.shape
    words = len(bits) // nodes
    source, target, spare = bits, level, other
    total, steps, reached = nodes * (nodes - 1), 1, _size(bits)
    while reached < nodes * nodes:
        total += nodes * nodes - reached
        if total > limit:
            return total, steps
        for v in range(nodes):
            here = v * words
            for place in range(words):
                word = source[here + place]
                for j in range(width):
                    word |= source[np.int64(neighbours[v, j]) * words + place]
                target[here + place] = word
        now = _size(target)
        if now == reached:
            return -1, -1
        reached = now
        steps += 1
        source = target
        target, spare = spare, target
    return total, steps


@njit(cache=True)
def _size(sets):
    found = 0
    for word in sets:
        found += popcount(word)
    return found
