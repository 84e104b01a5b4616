"""k-cores of a graph of blocks: nodes are peeled off by subtracting rows of masks from degrees."""

import numpy as np
from numba import njit

from prunegraph.metrics.implicit.adjacency import Arms, channels_last, pack, places
from prunegraph.metrics.implicit.layout import Layout

SHORT = 16_000  # degrees up to here are peeled in 16 bits, which must hold twice as much (see _peel)


def k_core(layout: Layout, degree: np.ndarray, arms: Arms | None = None) -> float:
    """Mean coreness (see :func:`prunegraph.metrics.explicit.coreness.k_core`) from the degrees (nodes,) of all nodes.

    `arms`: the packed layout, if there is one already. O(weights * positions), whatever the number of edges:
    every node subtracts the rows of its masks once. The result is that of Batagelj and Zaversnik's algorithm there;
    here all nodes of degree k or less go at once, then those that this brings down to k.
    """
    core = coreness(layout, degree, arms)
    return int(core.sum(dtype=np.int64)) / layout.nodes


def coreness(layout: Layout, degree: np.ndarray, arms: Arms | None = None) -> np.ndarray:
    """Coreness of every node (nodes, int32), in the order of the graph."""
    highest = int(degree.max(initial=0))
    dtype = np.int16 if highest <= SHORT else np.int32
    number = channels_last(layout)
    left = np.empty(layout.nodes, dtype)
    left[number] = degree
    core = np.zeros(layout.nodes, np.int32)
    _peel(pack(layout) if arms is None else arms, left, core, highest + 1)
    return core[number]


@njit(cache=True)
def _peel(arms: Arms, left, core, lift):
    """Removed nodes are lifted so far that no later subtraction brings them down to a core number again."""
    part, place = places(arms)
    nodes = len(left)
    queue = np.empty(nodes, np.int32)
    position, rows = _positions(arms)  # the row of channels that each node is in, and where the rows begin
    dirty, is_dirty = np.empty(len(rows), np.int32), np.zeros(len(rows), np.bool_)
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
            touched = 0
            for i in range(done, end):
                u = queue[i]
                touched = _remove(arms, u, part[u], place[u], left, position, dirty, is_dirty, touched)
            done = end
            for i in range(touched):
                row = dirty[i]
                is_dirty[row] = False
                first = rows[row]
                last = rows[row + 1] if row + 1 < len(rows) else nodes
                for v in range(first, last):
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
def _positions(arms):
    nodes = arms.first[-1]
    position = np.empty(nodes, np.int32)
    count = 0
    for p in range(len(arms.shape)):
        count += arms.shape[p, 1] * arms.shape[p, 2]
    rows = np.empty(count, np.int64)
    row = 0
    for p in range(len(arms.shape)):
        channels = arms.shape[p, 0]
        for first in range(arms.first[p], arms.first[p + 1], channels):
            rows[row] = first
            position[first : first + channels] = row
            row += 1
    return position, rows


@njit(cache=True)
def _remove(arms, u, part, place, left, position, dirty, is_dirty, touched):
    channels, width = arms.shape[part, 0], arms.shape[part, 2]
    c = u - arms.first[part] - place * channels
    y, x = place // width, place % width
    for a in range(arms.arms[part], arms.arms[part + 1]):
        other, length, group = arms.facts[a, 0], arms.facts[a, 1], arms.facts[a, 2]
        taps, mask_first = arms.facts[a, 3], arms.facts[a, 4]
        row_table, column_table = arms.facts[a, 5] + y, arms.facts[a, 6] + x
        start = arms.first[other] + c // group * length
        for i in range(arms.reach_start[row_table], arms.reach_start[row_table + 1]):
            for j in range(arms.reach_start[column_table], arms.reach_start[column_table + 1]):
                tap = arms.reach[i, 0] * taps + arms.reach[j, 0]
                m = mask_first + (tap * channels + c) * length
                v = start + (arms.reach[i, 1] * arms.shape[other, 2] + arms.reach[j, 1]) * arms.shape[other, 0]
                target, row = left[v : v + length], arms.mask[m : m + length]
                for o in range(length):
                    target[o] -= row[o]
                at = position[v]
                if not is_dirty[at]:
                    is_dirty[at] = True
                    dirty[touched] = at
                    touched += 1
    for e in range(arms.loose_start[u], arms.loose_start[u + 1]):
        v = arms.loose[e]
        left[v] -= 1
        at = position[v]
        if not is_dirty[at]:
            is_dirty[at] = True
            dirty[touched] = at
            touched += 1
    return touched
