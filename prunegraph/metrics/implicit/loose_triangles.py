"""Triangles through the loose blocks of a separable layout.

See :mod:`prunegraph.metrics.implicit.separable` for the meaning of separable, and for the reason of this count.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.graphs.blocks import Bundle
from prunegraph.graphs.geometry import Map
from prunegraph.metrics.implicit.adjacency import PackedBlocks, channels_last
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.relations import Relation
from prunegraph.metrics.implicit.spans import Links, Span
from prunegraph.metrics.implicit.two_step_paths import pairs_of


def loose_triangles(layout: Layout, packed: PackedBlocks) -> tuple[np.ndarray, int]:
    """Count the triangles with an edge of a loose block at every node (int64), and pairs of them that share an edge.

    `packed` is the packed layout.
    """
    number, at_node, diamonds = channels_last(layout), np.zeros(layout.nodes, np.int64), 0
    for block in layout.loose:
        source, target = (number[ends] for ends in _edges_beside_others(layout, block))
        for one, two in ((source, target), (target, source)):
            # First at the edges of one end, then of the other; the edges of the block itself are the same both times.
            order = np.argsort(one, kind="stable")
            beside, sharing = _apexes(packed, one[order], two[order], at_node)
            diamonds += int(sharing)
        diamonds += pairs_of(beside)
    return at_node[number], diamonds


class _Taps(NamedTuple):
    """A block for compiled code: two maps with their first nodes, mask, and the tap that joins each two rows."""

    source: int
    source_map: Map
    target: int
    target_map: Map
    mask: np.ndarray
    rows: Links
    columns: Links

    @classmethod
    def of(cls, block: Bundle) -> "_Taps":
        relation, geometry = Relation.of(block), block.geometry
        return cls(
            geometry.source_offset,
            geometry.source_map,
            geometry.target_offset,
            geometry.target_map,
            np.ascontiguousarray(relation.mask),
            Links.of(relation.rows),
            Links.of(relation.columns),
        )


class _Meeting(NamedTuple):
    """Whether rows (columns) of two parts are joined with the same row (column) of a third part."""

    rows: np.ndarray
    columns: np.ndarray


def _edges_beside_others(layout: Layout, block: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """List the edges of a loose block whose ends, by their rows and columns, may be joined with the same nodes."""
    taps, found = _Taps.of(block), [np.zeros((2, 0), np.int64)]
    for one in layout.parts_in(block.source_range):
        for two in layout.parts_in(block.target_range):
            middles = sorted(layout.joined[one].keys() & layout.joined[two].keys())
            if middles:
                ways = [[Relation.between(layout.joined[part][m], part) for part in (one, two)] for m in middles]
                spans = Span.of(layout, one), Span.of(layout, two)
                found.append(_edges_that_meet(taps, *spans, _Meeting(*(_meet(ways, a) for a in ("rows", "columns")))))
    return tuple(np.concatenate(found, axis=1))


def _meet(ways: list[list[Relation]], axis: str) -> np.ndarray:
    return np.any([(getattr(a, axis) >= 0) @ (getattr(b, axis) >= 0).T for a, b in ways], axis=0)


@njit(cache=True)
def _edges_that_meet(block, one, two, meeting):
    """List the edges of a block between two spans whose ends may have common neighbours: int64 (2, edges)."""
    offset, (channels, height, width) = block.source, block.source_map
    inputs, length = block.mask.shape[3], block.mask.shape[4]
    size, breadth = block.target_map[1] * block.target_map[2], block.target_map[2]
    rows, columns, there = meeting.rows, meeting.columns, two.place
    sources, targets = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    for s in range(max(offset, one.first), min(offset + channels * height * width, one.last)):
        place, channel = (s - offset) % (height * width), (s - offset) // (height * width)
        y, x, group = place // width, place % width, channel // inputs
        up, left = one.place[s - one.first, 1], one.place[s - one.first, 2]
        for i in range(block.rows.start[y], block.rows.start[y + 1]):
            for j in range(block.columns.start[x], block.columns.start[x + 1]):
                kept = block.mask[block.rows.number[i], block.columns.number[j], group, channel % inputs]
                t = block.target + (group * length - 1) * size + block.rows.other[i] * breadth + block.columns.other[j]
                for o in range(length):
                    t += size
                    if not (kept[o] and two.first <= t < two.last):
                        continue
                    if rows[up, there[t - two.first, 1]] and columns[left, there[t - two.first, 2]]:
                        sources.append(s)
                        targets.append(t)
    found = np.empty((2, len(sources)), np.int64)
    for e in range(len(sources)):
        found[0, e], found[1, e] = sources[e], targets[e]
    return found


class _Tally(NamedTuple):
    """Triangles at every node; apexes of the triangles on the edges at one node, with their numbers and a list."""

    at_node: np.ndarray
    count: np.ndarray
    listed: np.ndarray


@njit(cache=True)
def _apexes(packed, one, two, at_node):
    """Count the common neighbours ("apexes") of pairs of nodes, sorted by the first, and pairs that share an edge.

    For every pair and apex, `at_node` is increased by one at the first node; and at the apex, if the first node is the
    lower one.
    """
    beside, sharing, nodes = np.zeros(len(one), np.int64), 0, len(packed.part)
    tally = _Tally(at_node, np.zeros(nodes, np.int32), np.empty(nodes, np.int32))
    size = 0
    for e in range(len(one)):
        s, t = one[e], two[e]
        if e and one[e - 1] != s:
            sharing += _cleared(tally, size)
            size = 0
        for a in range(packed.start[packed.part[s]], packed.start[packed.part[s] + 1]):
            for b in range(packed.start[packed.part[t]], packed.start[packed.part[t] + 1]):
                if packed.relations[a].to == packed.relations[b].to:
                    found, size = _shared(packed, (s, a), (t, b), tally, size)
                    beside[e] += found
        at_node[s] += beside[e]
    return beside, sharing + _cleared(tally, size)


@njit(cache=True)
def _cleared(tally, size):
    """Count the pairs of edges that have an apex in common, and clear the tally."""
    sharing = 0
    for i in range(size):
        c = np.int64(tally.count[tally.listed[i]])
        sharing += c * (c - 1) // 2
        tally.count[tally.listed[i]] = 0
    return sharing


@njit(cache=True)
def _shared(packed, one, two, tally, size):
    """Count the common neighbours of two nodes, each over one relation; also return the number of listed apexes."""
    (s, a), (t, b) = one, two
    found, first, second = 0, packed.relations[a], packed.relations[b]
    other = first.to
    row_s, columns_s, first_s, mask_s = _reached(packed, s, a)
    row_t, columns_t, first_t, mask_t = _reached(packed, t, b)
    step_s = packed.shape[packed.part[s], 0] * first.channels
    step_t = packed.shape[packed.part[t], 0] * second.channels
    low = max(first_s, first_t)
    high = min(first_s + first.channels, first_t + second.channels)
    for i in range(packed.reach_start[row_s], packed.reach_start[row_s + 1]):
        for k in range(packed.reach_start[row_t], packed.reach_start[row_t + 1]):
            if packed.reach[i, 1] != packed.reach[k, 1]:
                continue
            for j in range(packed.reach_start[columns_s], packed.reach_start[columns_s + 1]):
                for m in range(packed.reach_start[columns_t], packed.reach_start[columns_t + 1]):
                    if packed.reach[j, 1] != packed.reach[m, 1]:
                        continue
                    x = packed.first[other]
                    x += (packed.reach[i, 1] * packed.shape[other, 2] + packed.reach[j, 1]) * packed.shape[other, 0]
                    in_s = mask_s + (packed.reach[i, 0] * first.taps + packed.reach[j, 0]) * step_s - first_s
                    in_t = mask_t + (packed.reach[k, 0] * second.taps + packed.reach[m, 0]) * step_t - first_t
                    for c in range(low, high):
                        if packed.mask[in_s + c] and packed.mask[in_t + c]:
                            found += 1
                            tally.at_node[x + c] += s < t
                            if not tally.count[x + c]:
                                tally.listed[size] = x + c
                                size += 1
                            tally.count[x + c] += 1
    return found, size


@njit(cache=True)
def _reached(packed, u, r):
    """Find the targets of a relation from a node: tables of rows and columns, first channel, position in the mask."""
    p, place, relation = packed.part[u], packed.place[u], packed.relations[r]
    channels, width = packed.shape[p, 0], packed.shape[p, 2]
    c = u - packed.first[p] - place * channels
    row_table, column_table = relation.rows + place // width, relation.columns + place % width
    return row_table, column_table, c // relation.own * relation.channels, relation.mask + c * relation.channels
