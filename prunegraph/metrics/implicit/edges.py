"""Some edges of a graph of blocks, read from packed masks: a random sample, or those of chosen nodes."""

import numpy as np
from numba import njit

from prunegraph.metrics.implicit.adjacency import PackedBlocks


@njit(cache=True)
def sampled_edges(packed: PackedBlocks, drawn):
    """Draw `drawn` edges of every node in each of its blocks; return both ends, int32. An edge may be drawn twice."""
    nodes = len(packed.part)
    room = 0
    for p in range(len(packed.shape)):
        size = packed.first[p + 1] - packed.first[p]
        room += size * drawn * (packed.start[p + 1] - packed.start[p])
    source, target = np.empty(room + drawn * nodes, np.int32), np.empty(room + drawn * nodes, np.int32)
    count = 0
    for u in range(nodes):
        p = packed.part[u]
        for r in range(packed.start[p], packed.start[p + 1]):
            for i in range(drawn):
                v = _one(packed, u, r, _mixed((u * 64 + r % 32) * 2 + i))
                if v >= 0:
                    source[count], target[count] = u, v
                    count += 1
        begin, end = packed.loose_start[u], packed.loose_start[u + 1]
        for i in range(min(drawn, end - begin)):
            chosen = begin + np.int64(_mixed(u * 2 + i) % np.uint64(end - begin))
            source[count], target[count] = u, packed.loose[chosen]
            count += 1
    return source[:count], target[:count]


@njit(cache=True)
def _one(packed, u, r, chance):
    """Find a neighbour of u through relation `r`: the first one after a random position; -1 if there is none."""
    part, place, relation = packed.part[u], packed.place[u], packed.relations[r]
    channels, width = packed.shape[part, 0], packed.shape[part, 2]
    c = u - packed.first[part] - place * channels
    other, length, taps, mask_first = relation.to, relation.channels, relation.taps, relation.mask
    row_table, column_table = relation.rows + place // width, relation.columns + place % width
    row_first, column_first = packed.reach_start[row_table], packed.reach_start[column_table]
    rows = packed.reach_start[row_table + 1] - row_first
    columns = packed.reach_start[column_table + 1] - column_first
    if rows * columns == 0:
        return -1
    pairs = rows * columns
    pair = np.int64(chance % np.uint64(pairs))
    begin = np.int64((chance >> np.uint64(20)) % np.uint64(length))
    for _ in range(pairs):
        i, j = row_first + pair // columns, column_first + pair % columns
        m = mask_first + ((packed.reach[i, 0] * taps + packed.reach[j, 0]) * channels + c) * length
        v = packed.first[other] + c // relation.own * length
        v += (packed.reach[i, 1] * packed.shape[other, 2] + packed.reach[j, 1]) * packed.shape[other, 0]
        for o in range(begin, length):
            if packed.mask[m + o]:
                return v + o
        for o in range(begin):
            if packed.mask[m + o]:
                return v + o
        pair = pair + 1 if pair + 1 < pairs else 0
    return -1


@njit(cache=True)
def _mixed(number):
    """Compute a pseudo-random number that depends only on `number` (splitmix64)."""
    z = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def edges_outside(packed: PackedBlocks, inside, source, target):
    """Write all edges with an end that is not `inside`, once each, and return their number.

    With empty arrays `source` and `target`, edges are only counted.
    """
    count, store = 0, len(source) > 0
    for u in range(len(packed.part)):
        if inside[u]:
            continue
        p, place = packed.part[u], packed.place[u]
        channels, width = packed.shape[p, 0], packed.shape[p, 2]
        c = u - packed.first[p] - place * channels
        y, x = place // width, place % width
        for r in range(packed.start[p], packed.start[p + 1]):
            relation = packed.relations[r]
            other, length = relation.to, relation.channels
            start = packed.first[other] + c // relation.own * length
            row_table, column_table = relation.rows + y, relation.columns + x
            for i in range(packed.reach_start[row_table], packed.reach_start[row_table + 1]):
                for j in range(packed.reach_start[column_table], packed.reach_start[column_table + 1]):
                    tap = packed.reach[i, 0] * relation.taps + packed.reach[j, 0]
                    m = relation.mask + (tap * channels + c) * length
                    at = packed.reach[i, 1] * packed.shape[other, 2] + packed.reach[j, 1]
                    v = start + at * packed.shape[other, 0]
                    for o in range(length):
                        if packed.mask[m + o] and (inside[v + o] or u < v + o):
                            if store:
                                source[count], target[count] = u, v + o
                            count += 1
        for e in range(packed.loose_start[u], packed.loose_start[u + 1]):
            v = packed.loose[e]
            if inside[v] or u < v:
                if store:
                    source[count], target[count] = u, v
                count += 1
    return count
