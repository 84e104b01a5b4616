"""Cut edges, cut nodes and components of a dense graph of blocks, from a small part of its edges.

Further edges between nodes of one biconnected block change no cut edge, no cut node and no component. Therefore a few
edges of every node are drawn, the largest biconnected block of this sample is found, and *all* edges of the nodes
outside of the block are added. All missing edges are inside the block, so that Tarjan's search on the others is exact.
The larger the block, the fewer edges are read. The result does not depend on the drawn edges.

Source: the sparse certificates of H. Nagamochi, T. Ibaraki, Algorithmica 7 (1992), in a randomised form.
"""

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Neighbours
from prunegraph.metrics.explicit.cuts import Cuts, cuts, search
from prunegraph.metrics.implicit.adjacency import PackedBlocks, pack
from prunegraph.metrics.implicit.edges import edges_outside, sampled_edges
from prunegraph.metrics.implicit.layout import Layout

DRAWN = 1  # edges drawn for every node in each of its blocks


def certified_cuts(layout: Layout, packed: PackedBlocks | None = None) -> Cuts:
    """Count cut edges, cut nodes and components for a graph of blocks without parallel edges.

    `packed` is the packed layout, if there is one already. The counts are exact; definitions and normalisation are
    those of :func:`prunegraph.metrics.explicit.cuts.cuts`. Time O(nodes + weights + edges at nodes outside of the
    block): few edges in dense graphs, possibly all edges in sparse ones.
    """
    packed = pack(layout) if packed is None else packed
    sample = _undirected(layout.nodes, *sampled_edges(packed, DRAWN))
    found = search(sample.start, sample.neighbour)
    inside = _members(*found[3:])
    if inside.all():
        return Cuts(*map(int, found[:3]))
    counts = edges_outside(packed, inside, np.zeros(0, np.int32), np.zeros(0, np.int32))
    ends = np.empty(counts, np.int32), np.empty(counts, np.int32)
    edges_outside(packed, inside, *ends)
    if np.count_nonzero(inside) <= 2:  # the block is a single edge, which may be a cut edge
        return cuts(_undirected(layout.nodes, *_kept(sample.start, sample.neighbour, inside, *ends)))
    source, target, absent = _closed(inside, *ends)
    found = cuts(_undirected(layout.nodes, source, target))
    return found._replace(components=found.components - int(absent))


def _undirected(nodes: int, source: np.ndarray, target: np.ndarray) -> Neighbours:
    """Make neighbour lists from edges in any order and direction; duplicates are merged."""
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
            # Rows are short: each entry is inserted among those before it, unless it is there already.
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
    """Join the edges of the sample with both ends `inside`, once each, to the given edges."""
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
    """Add to the given edges a cycle in place of the block; also return the number of its nodes that are left out.

    Only the nodes of the block with edges that leave it matter: a cycle through them is biconnected like the block.
    """
    nodes, wanted = len(inside), 0
    stays = np.zeros(nodes, np.bool_)
    for e in range(len(source)):
        for u in (source[e], target[e]):
            if inside[u] and not stays[u]:
                stays[u] = True
                wanted += 1
    for u in range(nodes):
        if wanted >= 3:  # fewer nodes make no cycle
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

    A node begins a new block if its subtree reaches no node above its parent; otherwise it is in its parent's block.
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
