"""Cut edges, cut nodes and components of a dense graph of blocks, from a small part of its edges.

Adding edges between nodes of one biconnected block changes no cut edge, no cut node and
no component. So: draw a few edges of every node, find the largest biconnected block of
that sample, and complete the sample with *all* edges of all nodes outside the block. What
is missing lies inside it, and Tarjan's search on the rest is exact. The larger the block,
the fewer edges are ever looked at; whatever was drawn, the result is the same.

Source: the sparse certificates of H. Nagamochi, T. Ibaraki, Algorithmica 7 (1992), in a randomised form.
"""

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Neighbours
from prunegraph.metrics.explicit.cuts import Cuts, cuts, search
from prunegraph.metrics.implicit.adjacency import PackedBlocks, pack
from prunegraph.metrics.implicit.layout import Layout

DRAWN = 1  # edges drawn for every node in each of its blocks


def certified_cuts(layout: Layout, packed: PackedBlocks | None = None) -> Cuts:
    """The counts of :func:`prunegraph.metrics.explicit.cuts.cuts`, for a graph of blocks without parallel edges.

    `packed`: the packed layout, if there is one already. Exact; definitions and normalisation are those there.
    O(nodes + weights), and the edges at nodes outside the block: few in dense graphs, in sparse ones perhaps all.
    """
    packed = pack(layout) if packed is None else packed
    sample = _undirected(layout.nodes, *_draw(packed, DRAWN))
    found = search(sample.start, sample.neighbour)
    inside = _members(*found[3:])
    if inside.all():
        return Cuts(*map(int, found[:3]))
    counts = _incident(packed, inside, np.zeros(0, np.int32), np.zeros(0, np.int32))
    ends = np.empty(counts, np.int32), np.empty(counts, np.int32)
    _incident(packed, inside, *ends)
    if np.count_nonzero(inside) <= 2:  # the block is a single edge, which may be cut
        return cuts(_undirected(layout.nodes, *_kept(sample.start, sample.neighbour, inside, *ends)))
    source, target, absent = _closed(inside, *ends)
    found = cuts(_undirected(layout.nodes, source, target))
    return found._replace(components=found.components - int(absent))


def _undirected(nodes: int, source: np.ndarray, target: np.ndarray) -> Neighbours:
    """Neighbour lists of edges given in any order and direction, duplicates merged."""
    return Neighbours(*_rows(nodes, source, target))


@njit(cache=True)
def _rows(nodes, source, target):
    start = np.zeros(nodes + 2, np.int64)
    for e in range(len(source)):
        start[source[e] + 2] += 1
        start[target[e] + 2] += 1
    for u in range(nodes + 1):
        start[u + 1] += start[u]
    neighbour = np.empty(2 * len(source), np.int32)
    for e in range(len(source)):
        u, v = source[e], target[e]
        neighbour[start[u + 1]] = v
        start[u + 1] += 1
        neighbour[start[v + 1]] = u
        start[v + 1] += 1
    kept, begin = 0, 0
    for u in range(nodes):
        end, first = start[u + 1], kept
        start[u] = first
        for e in range(begin, end):
            # Rows are short: each entry finds its place among those before it, unless it is there already.
            v, place = neighbour[e], kept
            while place > first and neighbour[place - 1] > v:
                place -= 1
            if place > first and neighbour[place - 1] == v:
                continue
            for i in range(kept, place, -1):
                neighbour[i] = neighbour[i - 1]
            neighbour[place] = v
            kept += 1
        begin = end
    start[nodes] = kept
    return start[: nodes + 1], neighbour[:kept]


@njit(cache=True)
def _kept(start, neighbour, inside, source, target):
    """The edges of the sample with both ends `inside`, once each, and the edges given."""
    count = 0
    for u in range(len(start) - 1):
        for e in range(start[u], start[u + 1]):
            count += u < neighbour[e] and inside[u] and inside[neighbour[e]]
    sources, targets = np.empty(count + len(source), np.int32), np.empty(count + len(source), np.int32)
    sources[count:], targets[count:] = source, target
    count = 0
    for u in range(len(start) - 1):
        for e in range(start[u], start[u + 1]):
            v = neighbour[e]
            if u < v and inside[u] and inside[v]:
                sources[count], targets[count] = u, v
                count += 1
    return sources, targets


@njit(cache=True)
def _closed(inside, source, target):
    """The edges given and a cycle in place of the block, and how many of its nodes are left out.

    Of the block only nodes with edges that lead out of it matter: a cycle through them joins them as firmly.
    """
    nodes, wanted = len(inside), 0
    stays = np.zeros(nodes, np.bool_)
    for e in range(len(source)):
        for u in (source[e], target[e]):
            if inside[u] and not stays[u]:
                stays[u] = True
                wanted += 1
    for u in range(nodes):
        if wanted >= 3:  # fewer make no cycle
            break
        if inside[u] and not stays[u]:
            stays[u] = True
            wanted += 1
    sources, targets = np.empty(len(source) + wanted, np.int32), np.empty(len(source) + wanted, np.int32)
    sources[wanted:], targets[wanted:] = source, target
    count, first, last, absent = 0, -1, -1, 0
    for u in range(nodes):
        absent += inside[u] and not stays[u]
        if not stays[u]:
            continue
        if last < 0:
            first = u
        else:
            sources[count], targets[count] = last, u
            count += 1
        last = u
    sources[count], targets[count] = last, first
    return sources, targets, absent


@njit(cache=True)
def _members(found, low, parent):
    """Whether each node is in the largest biconnected block (bool), from the search.

    A node opens a block if its subtree reaches no node above its parent; else it is in the block of its parent.
    """
    nodes = len(found)
    order = np.empty(nodes, np.int32)
    for u in range(nodes):
        order[found[u] - 1] = u
    block, size = np.full(nodes, -1, np.int32), np.zeros(nodes, np.int32)
    for u in order:
        above = parent[u]
        if above < 0:
            continue
        block[u] = u if low[u] >= found[above] else block[above]
        size[block[u]] += 1
    largest = np.argmax(size)
    inside = block == largest
    if size[largest]:
        inside[parent[largest]] = True
    return inside


@njit(cache=True)
def _mixed(number):
    """A number that looks random, always the same for the same `number` (splitmix64)."""
    z = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _draw(packed: PackedBlocks, drawn):
    """Draw some edges of every node in each of its blocks: both ends, int32; an edge may be drawn twice."""
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
    """A neighbour of u through relation `r`: the first from a random place on; -1 if there is none."""
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
def _incident(packed: PackedBlocks, inside, source, target):
    """Write all edges with an end that is not `inside`, once each; their number. Into empty arrays: count only."""
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
