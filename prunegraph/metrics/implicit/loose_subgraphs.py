"""Cycles and triangles through blocks that see the nodes of a part as another map than its neighbours do.

The strided blocks of ``compat`` graphs lay a map of 31 x 31 nodes over one of 32 x 32. Between
two nodes there are as many paths over such a block and back as one map says, and as many over
the other blocks as the other map says; both are sums of entries of matrix products, class by class
(:mod:`prunegraph.metrics.implicit.two_step_paths`). Only the pairs of nodes that are joined both ways need to
be visited one by one, and they are few, because maps that do not match have few neighbours in common.

This holds where every cycle through a loose block consists of two pairs of edges, each pair
of one loose block or of fitted blocks, and every triangle of one loose edge and two others; what
the published graphs make of a network in line is like that. Other graphs are left to the list of edges.
"""

from itertools import combinations, combinations_with_replacement

import numpy as np
from numba import njit

from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.implicit.adjacency import Arms, channels_last
from prunegraph.metrics.implicit.adjacency import places as arm_places
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.two_step_paths import Composite, Relation

FITTED = 1  # the label of a fitted block between two atoms; loose blocks are numbered behind it


def labels(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """The graph of atoms, the ranges of nodes that no end of a block divides: their bounds, and which block joins two.

    Labels int64 (atoms, atoms), symmetric: 0 none, `FITTED`, or 2 + the number of a loose block.
    """
    offsets = layout.offsets
    fitted = [(FITTED, offsets[f.source : f.source + 2], offsets[f.target : f.target + 2]) for f in layout.fitted]
    loose = [(2 + i, block.source_range, block.target_range) for i, block in enumerate(layout.loose)]
    bounds = np.unique([bound for _, *ends in (*fitted, *loose) for pair in ends for bound in pair])
    joined = np.zeros((len(bounds), len(bounds)), np.int64)
    for label, source, target in (*fitted, *loose):
        rows, columns = (slice(*np.searchsorted(bounds, ends)) for ends in (source, target))
        joined[rows, columns] = label
        joined[columns, rows] = label
    return bounds, joined


def separable(layout: Layout) -> bool:
    """Whether the cycles and triangles through loose blocks are of the kind that this file counts."""
    if not all(isinstance(block, Bundle) for block in layout.loose):
        return False
    if any(max(b.source_range[0], b.target_range[0]) < min(b.source_range[1], b.target_range[1]) for b in layout.loose):
        return False
    bounds, joined = labels(layout)
    near = [np.flatnonzero(row) for row in joined]
    part = np.searchsorted(layout.offsets, bounds, side="right") - 1
    pairs = [(a, b) for a, b in np.argwhere(joined > FITTED) if a < b]
    beside: dict[tuple[int, int], int] = {}
    return all(
        _cycles_split(a, b, joined, near) and _triangles_split(layout, a, b, joined, part, beside) for a, b in pairs
    )


def _cycles_split(a: int, b: int, joined: np.ndarray, near: list[np.ndarray]) -> bool:
    for c in near[b]:
        for d in near[c]:
            if joined[d, a]:
                around = joined[a, b], joined[b, c], joined[c, d], joined[d, a]
                at_corner = around[0] == around[1] and around[2] == around[3]
                if not at_corner and not (around[1] == around[2] and around[3] == around[0]):
                    return False
    return True


def _triangles_split(layout: Layout, a: int, b: int, joined: np.ndarray, part: np.ndarray, beside: dict) -> bool:
    apexes = np.flatnonzero((joined[a] > 0) & (joined[b] > 0))
    for c in apexes:
        if joined[a, c] != FITTED or joined[b, c] != FITTED:
            return False
        # An edge beside triangles of two kinds would hold pairs of them that nobody counts.
        if any(layout.joined[part[end]].keys() & layout.joined[part[c]].keys() for end in (a, b)):
            return False
        if any(beside.setdefault((min(end, c), max(end, c)), joined[a, b]) != joined[a, b] for end in (a, b)):
            return False
    return not any(joined[c, d] for c, d in combinations(apexes, 2))


class Overlaid:
    """Counts of the loose blocks of a separable layout, among themselves and with the fitted blocks."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.sides = [side for block in layout.loose for side in _sides(layout, block)]

    def cycles(self) -> int:
        """Cycles of four nodes with a loose edge: two paths over one block and two over others, for a pair of nodes."""
        total = sum(_within(block) for block in self.layout.loose)
        for number, side in enumerate(self.sides):
            for other in self.sides[number + 1 :]:
                if other.block is not side.block:
                    total += _cross(side, other, *other.ends, *other.ends)
            for one, two in combinations_with_replacement(side.parts, 2):
                through = _between(self.layout, one, two)
                if through is not None:
                    total += _cross(side, through, *_ends(self.layout, one), *_ends(self.layout, two))
        return total

    def triangles(self, arms: Arms) -> tuple[np.ndarray, int]:
        """Triangles with a loose edge at every node (int64), and pairs of them that share an edge.

        `arms`: the packed layout.
        """
        part, place = arm_places(arms)
        number, at_node, diamonds = channels_last(self.layout), np.zeros(self.layout.nodes, np.int64), 0
        for block in self.layout.loose:
            source, target = (number[ends] for ends in _edges_beside_others(self.layout, block))
            for one, two in ((source, target), (target, source)):
                # At each end's edges in turn; the edges of the block itself are the same both times.
                order = np.argsort(one, kind="stable")
                beside, sharing = _apexes(arms, part, place, one[order], two[order], at_node)
                diamonds += int(sharing)
            diamonds += _pairs(beside)
        return at_node[number], diamonds


class _Through:
    """How many paths join any two nodes over some middle, as classes of two maps."""

    def __init__(self, block, ends, maps, composite: Composite):
        self.block, self.ends, self.maps, self.composite = block, ends, maps, composite
        self._values = None

    @property
    def values(self) -> np.ndarray:
        if self._values is None:
            self._values = self.composite.values()
        return self._values


def _sides(layout: Layout, block: Bundle):
    """The pairs of sources of a loose block, and those of its targets."""
    forth, geometry = Relation.of(block), block.geometry
    for relation, ends, own in (
        (forth, block.source_range, geometry.source_map),
        (forth.back, block.target_range, geometry.target_map),
    ):
        side = _Through(block, ends, (own, own), Composite([(relation, relation.back)]))
        side.parts = layout.parts_in(ends)
        yield side


def _within(block: Bundle) -> int:
    forth = Relation.of(block)
    ways = [(forth, block.out_degree), (forth.back, block.in_degree)]
    composites = [(Composite([(there, there.back)]), degree) for there, degree in ways]
    composite, degree = min(composites, key=lambda way: way[0].cost)
    return (composite.tally().pairs - _pairs(degree())) // 2


def _pairs(count: np.ndarray) -> int:
    count = count.astype(np.int64)
    return int((count * (count - 1) // 2).sum())


def _ends(layout: Layout, part: int) -> tuple[int, int]:
    return layout.offsets[part], layout.offsets[part + 1]


def _between(layout: Layout, one: int, two: int) -> _Through | None:
    """Paths over fitted blocks from a part to a part."""
    middles = sorted(layout.joined[one].keys() & layout.joined[two].keys())
    if not middles:
        return None
    joined = layout.joined
    routes = [(Relation.between(joined[one][m], one), Relation.between(joined[m][two], m)) for m in middles]
    routes = [tuple(relation.dense() for relation in route) for route in routes]
    return _Through(None, _ends(layout, one), (layout.maps[one], layout.maps[two]), Composite(routes))


def _cross(side: _Through, through: _Through, first: int, last: int, begin: int, end: int) -> int:
    """Sum over pairs of nodes u < v, u in first:last and v in begin:end, of paths of both kinds multiplied."""
    rows, columns = (_near(lists.of) for lists in (side.composite.rows, side.composite.columns))
    if not len(side.composite.rows.count) * len(through.composite.rows.count):
        return 0
    return int(
        _crossed(
            *(side.ends[0], np.array(side.maps[0]), *rows, *columns, side.values),
            *(first, last, places(through.maps[0]), begin, end, places(through.maps[1])),
            *(through.composite.rows.of, through.composite.columns.of, through.values),
        )
    )


def _near(of: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that have a list with each row: where they start, which rows, which lists."""
    one, two = np.nonzero(of >= 0)
    return np.searchsorted(one, np.arange(len(of) + 1)), two, of[one, two]


def places(map_: tuple[int, int, int]) -> np.ndarray:
    """Channel, row and column of every node of a map: int32 (nodes, 3)."""
    return np.stack(np.unravel_index(np.arange(np.prod(map_)), map_), axis=1).astype(np.int32)


@njit(cache=True)
def _crossed(
    offset, shape, row_start, row, row_list, column_start, column, column_list, values,
    first, last, at, begin, end, there, rows, columns, others,
):  # fmt: skip
    height, width, length = shape[1], shape[2], values.shape[3]
    total = 0
    for u in range(max(offset, first), min(offset + shape[0] * height * width, last)):
        place = (u - offset) % (height * width)
        group, own = (u - offset) // (height * width) // length, (u - offset) // (height * width) % length
        y, x = place // width, place % width
        channel, up, left = at[u - first, 0], at[u - first, 1], at[u - first, 2]
        lowest = max(u + 1, begin)
        for i in range(row_start[y], row_start[y + 1]):
            for j in range(column_start[x], column_start[x + 1]):
                paths = values[row_list[i], column_list[j], group, own]
                v = offset + (group * length * height + row[i]) * width + column[j] - height * width
                for c in range(length):
                    v += height * width
                    if v < lowest or v >= end:
                        continue
                    down = rows[up, there[v - begin, 1]]
                    if down < 0:
                        continue
                    right = columns[left, there[v - begin, 2]]
                    if right >= 0:
                        total += np.int64(paths[c]) * others[down, right, 0, channel, there[v - begin, 0]]
    return total


def _edges_beside_others(layout: Layout, block: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """The edges of a loose block whose ends are joined with the same nodes, as far as their rows and columns tell."""
    forth, geometry, found = Relation.of(block), block.geometry, [np.zeros((2, 0), np.int64)]
    for one in layout.parts_in(block.source_range):
        for two in layout.parts_in(block.target_range):
            middles = layout.joined[one].keys() & layout.joined[two].keys()
            if not middles:
                continue
            ways = [
                [Relation.between(layout.joined[part][middle], part) for part in (one, two)]
                for middle in sorted(middles)
            ]
            meet = [
                np.any([(getattr(a, axis) >= 0) @ (getattr(b, axis) >= 0).T for a, b in ways], axis=0)
                for axis in ("rows", "columns")
            ]
            found.append(
                _edges_that_meet(
                    *(block.source_range[0], np.array(geometry.source_map), block.target_range[0]),
                    *(np.array(geometry.target_map), np.ascontiguousarray(forth.mask)),
                    *(*_near(forth.rows), *_near(forth.columns)),
                    *(*_ends(layout, one), places(layout.maps[one])),
                    *(*_ends(layout, two), places(layout.maps[two]), *meet),
                )
            )
    return tuple(np.concatenate(found, axis=1))


@njit(cache=True)
def _edges_that_meet(
    offset, shape, target_offset, target_shape, mask, row_start, row, row_tap, column_start, column, column_tap,
    first, last, at, begin, end, there, rows, columns,
):  # fmt: skip
    """Edges of a block, from first:last to begin:end, whose ends may have common neighbours by their places."""
    height, width, inputs, length = shape[1], shape[2], mask.shape[3], mask.shape[4]
    size = target_shape[1] * target_shape[2]
    sources, targets = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    for s in range(max(offset, first), min(offset + shape[0] * height * width, last)):
        place, channel = (s - offset) % (height * width), (s - offset) // (height * width)
        y, x, group = place // width, place % width, channel // inputs
        up, left = at[s - first, 1], at[s - first, 2]
        for i in range(row_start[y], row_start[y + 1]):
            for j in range(column_start[x], column_start[x + 1]):
                kept = mask[row_tap[i], column_tap[j], group, channel % inputs]
                t = target_offset + (group * length - 1) * size + row[i] * target_shape[2] + column[j]
                for o in range(length):
                    t += size
                    if not (kept[o] and begin <= t < end):
                        continue
                    if rows[up, there[t - begin, 1]] and columns[left, there[t - begin, 2]]:
                        sources.append(s)
                        targets.append(t)
    found = np.empty((2, len(sources)), np.int64)
    for e in range(len(sources)):
        found[0, e], found[1, e] = sources[e], targets[e]
    return found


@njit(cache=True)
def _apexes(arms, part, place, one, two, at_node):
    """Common neighbours of pairs of nodes, sorted by the first: how many each pair has, and pairs that share an edge.

    Adds one to `at_node` for every pair and apex at the first node; and at the apex, if the first is the lower one.
    """
    beside, sharing = np.zeros(len(one), np.int64), 0
    count, touched = np.zeros(len(part), np.int32), np.empty(len(part), np.int32)
    touches = 0
    for e in range(len(one)):
        s, t = one[e], two[e]
        if e and one[e - 1] != s:
            for i in range(touches):
                c = np.int64(count[touched[i]])
                sharing += c * (c - 1) // 2
                count[touched[i]] = 0
            touches = 0
        for a in range(arms.arms[part[s]], arms.arms[part[s] + 1]):
            for b in range(arms.arms[part[t]], arms.arms[part[t] + 1]):
                if arms.facts[a, 0] == arms.facts[b, 0]:
                    found, touches = _shared(arms, part, place, s, t, a, b, count, touched, touches, at_node)
                    beside[e] += found
        at_node[s] += beside[e]
    for i in range(touches):
        c = np.int64(count[touched[i]])
        sharing += c * (c - 1) // 2
    return beside, sharing


@njit(cache=True)
def _shared(arms, part, place, s, t, a, b, count, touched, touches, at_node):
    """Common neighbours of s over arm a and t over arm b."""
    found, other = 0, arms.facts[a, 0]
    row_s, columns_s, first_s, mask_s = _reached(arms, part, place, s, a)
    row_t, columns_t, first_t, mask_t = _reached(arms, part, place, t, b)
    low = max(first_s, first_t)
    high = min(first_s + arms.facts[a, 1], first_t + arms.facts[b, 1])
    for i in range(arms.reach_start[row_s], arms.reach_start[row_s + 1]):
        for k in range(arms.reach_start[row_t], arms.reach_start[row_t + 1]):
            if arms.reach[i, 1] != arms.reach[k, 1]:
                continue
            for j in range(arms.reach_start[columns_s], arms.reach_start[columns_s + 1]):
                for m in range(arms.reach_start[columns_t], arms.reach_start[columns_t + 1]):
                    if arms.reach[j, 1] != arms.reach[m, 1]:
                        continue
                    x = arms.first[other]
                    x += (arms.reach[i, 1] * arms.shape[other, 2] + arms.reach[j, 1]) * arms.shape[other, 0]
                    tap_s = arms.reach[i, 0] * arms.facts[a, 3] + arms.reach[j, 0]
                    tap_t = arms.reach[k, 0] * arms.facts[b, 3] + arms.reach[m, 0]
                    in_s = mask_s + tap_s * arms.shape[part[s], 0] * arms.facts[a, 1] - first_s
                    in_t = mask_t + tap_t * arms.shape[part[t], 0] * arms.facts[b, 1] - first_t
                    for c in range(low, high):
                        if arms.mask[in_s + c] and arms.mask[in_t + c]:
                            found += 1
                            at_node[x + c] += s < t
                            if not count[x + c]:
                                touched[touches] = x + c
                                touches += 1
                            count[x + c] += 1
    return found, touches


@njit(cache=True)
def _reached(arms, part, place, u, a):
    """Tables of rows and columns of a node's arm, the first channel of the group that it leads to, the mask's place."""
    p = part[u]
    channels, width = arms.shape[p, 0], arms.shape[p, 2]
    c = u - arms.first[p] - place[u] * channels
    length, group = arms.facts[a, 1], arms.facts[a, 2]
    row_table, column_table = arms.facts[a, 5] + place[u] // width, arms.facts[a, 6] + place[u] % width
    return row_table, column_table, c // group * length, arms.facts[a, 4] + c * length
