"""The neighbours of every node as rows of masks: what peeling and searching need, without an edge list.

Nodes are renumbered within their part, channels last: ``first + (y*W + x)*C + c``. The
neighbours of a node through one pair of taps are then consecutive, and which of them are
neighbours is one row of a mask. Memory: two bytes a weight, twice, and a few
bytes a node.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.graphs import EdgeList
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.two_step_paths import Relation


class Arms(NamedTuple):
    """Packed relations; every array is flat, so that compiled code can walk all of them.

    Attributes
    ----------
    first, shape
        (parts + 1) int64: number of the first node of each part; (parts, 3) int64: its map (C, H, W).
    arms
        (parts + 1) int64: the arms of part p are ``arms[p]:arms[p + 1]``.
    facts
        (arms, 8) int64: part that it leads to, channels per group there and here, columns of taps,
        where its mask begins, where its tables of rows and columns begin, whether it leads along the edges.
    reach_start, reach
        Tables: entry i of a table holds the pairs (tap, row) ``reach[reach_start[i]:reach_start[i + 1]]``.
    mask
        0/1, for every arm (rows of taps, columns of taps, channels here, channels of the group there).
    loose_start, loose
        Neighbours through loose blocks, as compressed rows.
    """

    first: np.ndarray
    shape: np.ndarray
    arms: np.ndarray
    facts: np.ndarray
    reach_start: np.ndarray
    reach: np.ndarray
    mask: np.ndarray
    loose_start: np.ndarray
    loose: np.ndarray


def pack(layout: Layout) -> Arms:
    """All blocks of a layout, in both directions."""
    arms, facts, masks, reach_start, reach = [0], [], [], [0], []
    mask_size = 0
    for part in range(len(layout.maps)):
        for other, fit in layout.joined[part].items():
            relation = Relation.between(fit, part)
            tables = []
            for table in (relation.rows, relation.columns):
                tables.append(len(reach_start) - 1)
                _append(table, reach_start, reach)
            height, width, groups, here, there = relation.mask.shape
            facts.append((other, there, here, width, mask_size, *tables, fit.source == part))
            masks.append(relation.mask.reshape(height, width, groups * here, there).astype(np.int16).ravel())
            mask_size += relation.mask.size
        arms.append(len(facts))
    loose = _loose(layout)
    return Arms(
        np.array(layout.offsets),
        np.array(layout.maps).reshape(-1, 3),
        np.array(arms),
        np.array(facts, np.int64).reshape(-1, 8),
        np.array(reach_start),
        np.concatenate(reach) if reach else np.zeros((0, 2), np.int64),
        np.concatenate(masks) if masks else np.zeros(0, np.int16),
        *loose,
    )


def _append(table: np.ndarray, reach_start: list[int], reach: list[np.ndarray]) -> None:
    for row in table:
        there = np.flatnonzero(row >= 0)
        reach.append(np.stack([row[there], there], axis=1))
        reach_start.append(reach_start[-1] + len(there))


def _loose(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every node over loose blocks, both ways, as compressed rows: int64 (nodes + 1), int32."""
    start, number = np.zeros(layout.nodes + 1, np.int64), channels_last(layout)
    if not layout.loose:
        return start, np.zeros(0, np.int32)
    for block in layout.loose:
        for ends, degree in ((block.source_range, block.out_degree()), (block.target_range, block.in_degree())):
            start[1 + number[slice(*ends)]] += degree.ravel()
    np.cumsum(start, out=start)
    neighbour, free = np.empty(start[-1], np.int32), start[:-1].copy()
    for block in layout.loose:
        if isinstance(block, EdgeList):
            _list(number[block.source], number[block.target], free, neighbour)
            continue
        relation, geometry = Relation.of(block), block.geometry
        _walk(
            *(number, np.ascontiguousarray(relation.mask), relation.rows, relation.columns),
            *(geometry.source_offset, geometry.target_offset, free, neighbour),
        )
    return start, neighbour


@njit(cache=True)
def _list(source, target, free, neighbour):
    for s, t in zip(source, target):  # noqa: B905 (compiled code knows no `strict`)
        neighbour[free[s]] = t
        free[s] += 1
        neighbour[free[t]] = s
        free[t] += 1


@njit(cache=True)
def _walk(number, mask, rows, columns, source_offset, target_offset, free, neighbour):
    """Write the edges of a block to both ends' rows; `rows`, `columns`: the tap between each two of them."""
    (height, down), (width, right) = rows.shape, columns.shape
    _, _, groups, inputs, outputs = mask.shape
    for y in range(height):
        for to_y in range(down):
            if rows[y, to_y] < 0:
                continue
            for x in range(width):
                for to_x in range(right):
                    if columns[x, to_x] < 0:
                        continue
                    kept = mask[rows[y, to_y], columns[x, to_x]]
                    for group in range(groups):
                        for c in range(inputs):
                            s = number[source_offset + ((group * inputs + c) * height + y) * width + x]
                            for o in range(outputs):
                                if kept[group, c, o]:
                                    t = number[target_offset + ((group * outputs + o) * down + to_y) * right + to_x]
                                    neighbour[free[s]] = t
                                    free[s] += 1
                                    neighbour[free[t]] = s
                                    free[t] += 1


def channels_last(layout: Layout) -> np.ndarray:
    """The new number of every node (int64): channels last within its part."""
    number = np.empty(layout.nodes, np.int64)
    for first, (channels, height, width) in zip(layout.offsets, layout.maps, strict=False):
        size = channels * height * width
        own = np.arange(size).reshape(height, width, channels).transpose(2, 0, 1)
        number[first : first + size] = own.ravel() + first
    return number


@njit(cache=True)
def places(arms):
    """The part of every node, and its position (y*W + x) there: int32."""
    nodes = arms.first[-1]
    part, place = np.empty(nodes, np.int16), np.empty(nodes, np.int32)
    for p in range(len(arms.shape)):
        channels = arms.shape[p, 0]
        for i in range(arms.first[p + 1] - arms.first[p]):
            part[arms.first[p] + i] = p
            place[arms.first[p] + i] = i // channels
    return part, place
