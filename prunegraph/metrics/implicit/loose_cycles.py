"""Cycles of four nodes through the loose blocks of a separable layout.

See :mod:`prunegraph.metrics.implicit.separable` for the meaning of separable, and for the reason of this count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.graphs.blocks import Bundle
from prunegraph.graphs.geometry import Map
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.relations import Relation
from prunegraph.metrics.implicit.spans import Links, Span
from prunegraph.metrics.implicit.two_step_paths import Composite, cycles_within


def loose_cycles(layout: Layout) -> int:
    """Count the cycles of four nodes with an edge of a loose block.

    Such a cycle lies within one loose block; or it joins a pair of nodes by a path over one loose block and a path over
    other blocks.
    """
    sides = [side for block in layout.loose for side in _sides(layout, block)]
    total = sum(cycles_within(block) for block in layout.loose)
    for number, side in enumerate(sides):
        for other in sides[number + 1 :]:
            if other.block is not side.block:
                whole = Span.under(other.first, other.shape)
                total += _cross(side, other.composite, whole, whole)
        for one, two in combinations_with_replacement(side.parts, 2):
            between = _between(layout, one, two)
            if between is not None:
                total += _cross(side, between, Span.of(layout, one), Span.of(layout, two))
    return total


@dataclass(frozen=True, eq=False)
class _Side:
    """Pairs of nodes on one side of a loose block, and the paths between them over the nodes of the other side.

    `first` and `shape` are the first node and the map of this side, `parts` the parts that it overlaps with.
    """

    block: Bundle
    first: int
    shape: Map
    parts: range
    composite: Composite

    def packed(self) -> "_Paths":
        """Pack the paths for compiled code."""
        rows, columns = (Links.of(lists.of) for lists in (self.composite.rows, self.composite.columns))
        return _Paths(self.first, self.shape, rows, columns, self.composite.values)


class _Paths(NamedTuple):
    first: int
    shape: Map
    rows: Links
    columns: Links
    values: np.ndarray


class _Classes(NamedTuple):
    """Number of paths between any two nodes: their class by rows and by columns, and the number for each class."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def _sides(layout: Layout, block: Bundle) -> Iterator[_Side]:
    """Return the pairs of sources of a loose block, and those of its targets."""
    along, geometry = Relation.of(block), block.geometry
    for relation, ends, shape in (
        (along, block.source_range, geometry.source_map),
        (along.back, block.target_range, geometry.target_map),
    ):
        yield _Side(block, ends[0], shape, layout.parts_in(ends), Composite([(relation, relation.back)]))


def _between(layout: Layout, one: int, two: int) -> Composite | None:
    """Find the paths over fitted blocks between two parts, as a single group of channels; None if there is none."""
    joined = layout.joined
    middles = sorted(joined[one].keys() & joined[two].keys())
    if not middles:
        return None
    routes = [(Relation.between(joined[one][m], one), Relation.between(joined[m][two], m)) for m in middles]
    return Composite([tuple(relation.dense() for relation in route) for route in routes])


def _cross(side: _Side, others: Composite, one: Span, two: Span) -> int:
    """Sum the paths over the loose block times the other paths, over nodes u of one span and v > u of another."""
    if not len(side.composite.rows.count) * len(others.rows.count):
        return 0
    return int(_crossed(side.packed(), _Classes(others.rows.of, others.columns.of, others.values), one, two))


@njit(cache=True)
def _crossed(paths, others, one, two):
    first, length, values = paths.first, paths.values.shape[3], paths.values
    channels, height, width = paths.shape
    rows, columns, at, there = others.rows, others.columns, one.place, two.place
    total = 0
    for u in range(max(first, one.first), min(first + channels * height * width, one.last)):
        place = (u - first) % (height * width)
        group, own = (u - first) // (height * width) // length, (u - first) // (height * width) % length
        y, x = place // width, place % width
        channel, up, left = at[u - one.first, 0], at[u - one.first, 1], at[u - one.first, 2]
        lowest = max(u + 1, two.first)
        for i in range(paths.rows.start[y], paths.rows.start[y + 1]):
            for j in range(paths.columns.start[x], paths.columns.start[x + 1]):
                number = values[paths.rows.number[i], paths.columns.number[j], group, own]
                v = first + (group * length * height + paths.rows.other[i]) * width + paths.columns.other[j]
                v -= height * width
                for c in range(length):
                    v += height * width
                    if v < lowest or v >= two.last:
                        continue
                    down = rows[up, there[v - two.first, 1]]
                    if down < 0:
                        continue
                    right = columns[left, there[v - two.first, 2]]
                    if right >= 0:
                        total += np.int64(number[c]) * others.values[down, right, 0, channel, there[v - two.first, 0]]
    return total
