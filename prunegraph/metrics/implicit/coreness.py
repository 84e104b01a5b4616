"""k-cores of a graph of blocks: nodes are peeled off by subtracting rows of masks from degrees."""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.implicit.adjacency import PackedBlocks, channels_last, pack
from prunegraph.metrics.implicit.layout import Layout

SHORT = 16_000  # degrees up to this number are stored in 16 bits, which must hold twice as much (see _peel)


def k_core(layout: Layout, degree: np.ndarray, packed: PackedBlocks | None = None) -> float:
    """Mean coreness (see :func:`prunegraph.metrics.explicit.coreness.k_core`) from the degrees (nodes,) of all nodes.

    `packed` is the packed layout, if there is one already. Time O(weights * positions), whatever the number of edges:
    every node subtracts the rows of its masks once. The result is that of Batagelj and Zaversnik's algorithm; here all
    nodes of degree k or less are removed at once, then the nodes whose degree thereby falls to k.
    """
    core = coreness(layout, degree, packed)
    return int(core.sum(dtype=np.int64)) / layout.nodes


def coreness(layout: Layout, degree: np.ndarray, packed: PackedBlocks | None = None) -> np.ndarray:
    """Coreness of every node (nodes, int32), in the order of the graph."""
    highest = int(degree.max(initial=0))
    dtype = np.int16 if highest <= SHORT else np.int32
    number = channels_last(layout)
    left = np.empty(layout.nodes, dtype)
    left[number] = degree
    core = np.zeros(layout.nodes, np.int32)
    _peel(pack(layout) if packed is None else packed, left, core, highest + 1)
    return core[number]


class _Rows(NamedTuple):
    """Rows of consecutive nodes, which are the channels of one position; in marked rows the degree of a node fell.

    `of` int32 (nodes,): the row of every node; `first` int64 (rows + 1); `marked` int32 (rows,) lists the rows that
    `is_marked` bool (rows,).
    """

    of: np.ndarray
    first: np.ndarray
    marked: np.ndarray
    is_marked: np.ndarray


@njit(cache=True)
def _peel(packed: PackedBlocks, left, core, lift):
    """Write the coreness of every node into `core`; `left` holds the degrees.

    The degree of a removed node is increased by `lift`, so that later subtractions cannot reduce it to a core number.
    """
    nodes = len(left)
    queue = np.empty(nodes, np.int32)
    rows = _rows(packed)
    done, k = 0, 0
    while done < nodes:
        k = max(k, _lowest(left))
        end = done
        for u in range(nodes):
            if left[u] <= k:
                queue[end] = u
                end += 1
                core[u] = k
                left[u] += lift
        while done < end:
            marks = 0
            for i in range(done, end):
                marks = _remove(packed, queue[i], left, rows, marks)
            done = end
            for i in range(marks):
                row = rows.marked[i]
                rows.is_marked[row] = False
                for v in range(rows.first[row], rows.first[row + 1]):
                    if left[v] <= k:
                        queue[end] = v
                        end += 1
                        core[v] = k
                        left[v] += lift


@njit(cache=True)
def _lowest(left):
    lowest = left[0]
    for v in left:
        lowest = min(lowest, v)
    return np.int64(lowest)


@njit(cache=True)
def _rows(packed):
    nodes = packed.first[-1]
    of = np.empty(nodes, np.int32)
    count = 0
    for p in range(len(packed.shape)):
        count += packed.shape[p, 1] * packed.shape[p, 2]
    starts = np.empty(count + 1, np.int64)
    row = 0
    for p in range(len(packed.shape)):
        channels = packed.shape[p, 0]
        for first in range(packed.first[p], packed.first[p + 1], channels):
            starts[row] = first
            of[first : first + channels] = row
            row += 1
    starts[count] = nodes
    return _Rows(of, starts, np.empty(count, np.int32), np.zeros(count, np.bool_))


@njit(cache=True)
def _remove(packed, u, left, rows, marks):
    """Subtract one node from the degrees of its neighbours and mark their rows; return the number of marked rows.

    The code for marking is written twice: as a separate function it doubles the time of the whole.
    """
    part, place = packed.part[u], packed.place[u]
    channels, width = packed.shape[part, 0], packed.shape[part, 2]
    c = u - packed.first[part] - place * channels
    y, x = place // width, place % width
    for r in range(packed.start[part], packed.start[part + 1]):
        relation = packed.relations[r]
        other, length, taps, mask_first = relation.to, relation.channels, relation.taps, relation.mask
        row_table, column_table = relation.rows + y, relation.columns + x
        start = packed.first[other] + c // relation.own * length
        for i in range(packed.reach_start[row_table], packed.reach_start[row_table + 1]):
            for j in range(packed.reach_start[column_table], packed.reach_start[column_table + 1]):
                tap = packed.reach[i, 0] * taps + packed.reach[j, 0]
                m = mask_first + (tap * channels + c) * length
                v = start + (packed.reach[i, 1] * packed.shape[other, 2] + packed.reach[j, 1]) * packed.shape[other, 0]
                target, row = left[v : v + length], packed.mask[m : m + length]
                for o in range(length):
                    target[o] -= row[o]
                at = rows.of[v]
                if not rows.is_marked[at]:
                    rows.is_marked[at] = True
                    rows.marked[marks] = at
                    marks += 1
    for e in range(packed.loose_start[u], packed.loose_start[u + 1]):
        v = packed.loose[e]
        left[v] -= 1
        at = rows.of[v]
        if not rows.is_marked[at]:
            rows.is_marked[at] = True
            rows.marked[marks] = at
            marks += 1
    return marks
