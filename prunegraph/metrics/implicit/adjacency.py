"""The neighbours of every node as rows of masks, for cores and cuts, without a list of edges.

Nodes are renumbered within their part, channels last: ``first + (y*W + x)*C + c``. The possible neighbours of a node
through one vertical and one horizontal tap are then consecutive, and one row of a mask says which of them are
neighbours. Memory: two bytes for each weight and direction, and about ten bytes for each node.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.graphs import EdgeList
from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.relations import Relation

# One block, read from one of its parts: the other part, the channels of a group there and here, the number of columns
# of taps, and the positions where its mask, its table of rows and its table of columns begin.
RELATION = np.dtype([(name, np.int64) for name in ("to", "channels", "own", "taps", "mask", "rows", "columns")])


class PackedBlocks(NamedTuple):
    """The blocks of a layout as flat arrays for compiled code; every block is there in both directions.

    Attributes
    ----------
    first, shape
        (parts + 1) int64: number of the first node of each part; (parts, 3) int64: its map (C, H, W).
    part, place
        (nodes,) int16 and int32: the part of every node, and its position (y*W + x) there.
    start, relations
        Records of type RELATION: part p is joined with others by ``relations[start[p]:start[p + 1]]``.
    reach_start, reach
        Tables: entry i of a table holds the pairs (tap, row) ``reach[reach_start[i]:reach_start[i + 1]]``.
    mask
        0/1, for every relation (rows of taps, columns of taps, channels here, channels of the group there).
    loose_start, loose
        Neighbours through loose blocks (:class:`prunegraph.metrics.implicit.layout.Layout`), as compressed rows.
    """

    first: np.ndarray
    shape: np.ndarray
    part: np.ndarray
    place: np.ndarray
    start: np.ndarray
    relations: np.ndarray
    reach_start: np.ndarray
    reach: np.ndarray
    mask: np.ndarray
    loose_start: np.ndarray
    loose: np.ndarray


def pack(layout: Layout) -> PackedBlocks:
    """Pack all blocks of a layout, each in both directions."""
    start, relations, masks, reach_start, reach = [0], [], [], [0], []
    mask_size = 0
    for part in range(len(layout.maps)):
        for other, fit in layout.joined[part].items():
            relation = Relation.between(fit, part)
            tables = []
            for table in (relation.rows, relation.columns):
                tables.append(len(reach_start) - 1)
                _append(table, reach_start, reach)
            height, width, groups, here, there = relation.mask.shape
            relations.append((other, there, here, width, mask_size, *tables))
            masks.append(relation.mask.reshape(height, width, groups * here, there).astype(np.int16).ravel())
            mask_size += relation.mask.size
        start.append(len(relations))
    first, shape = np.array(layout.offsets), np.array(layout.maps).reshape(-1, 3)
    loose = _loose(layout)
    return PackedBlocks(
        first,
        shape,
        *_places(first, shape),
        np.array(start),
        np.array(relations, RELATION),
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


@njit(cache=True)
def _places(first, shape):
    nodes = first[-1]
    part, place = np.empty(nodes, np.int16), np.empty(nodes, np.int32)
    for p in range(len(shape)):
        channels = shape[p, 0]
        for i in range(first[p + 1] - first[p]):
            part[first[p] + i] = p
            place[first[p] + i] = i // channels
    return part, place


def _loose(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """List the neighbours of every node over loose blocks, in both directions, as rows: int64 (nodes + 1), int32."""
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
        else:
            _walk(_Taps.of(block), number, free, neighbour)
    return start, neighbour


@njit(cache=True)
def _list(source, target, free, neighbour):
    """Write edges into the rows of both ends; `free` is the next free position of each row."""
    for s, t in zip(source, target):  # noqa: B905 (compiled code knows no `strict`)
        neighbour[free[s]] = t
        free[s] += 1
        neighbour[free[t]] = s
        free[t] += 1


class _Taps(NamedTuple):
    """A block for compiled code: first nodes, mask, and the tap that joins each two rows, and each two columns."""

    source_offset: int
    target_offset: int
    mask: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, block: Bundle) -> "_Taps":
        relation, geometry = Relation.of(block), block.geometry
        mask = np.ascontiguousarray(relation.mask)
        return cls(geometry.source_offset, geometry.target_offset, mask, relation.rows, relation.columns)


@njit(cache=True)
def _walk(block: _Taps, number, free, neighbour):
    """Write the edges of a block as :func:`_list` does; `number` is the new number of every node."""
    mask, rows, columns = block.mask, block.rows, block.columns
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
                            s = number[block.source_offset + ((group * inputs + c) * height + y) * width + x]
                            for o in range(outputs):
                                if kept[group, c, o]:
                                    there = ((group * outputs + o) * down + to_y) * right + to_x
                                    t = number[block.target_offset + there]
                                    neighbour[free[s]] = t
                                    free[s] += 1
                                    neighbour[free[t]] = s
                                    free[t] += 1


def channels_last(layout: Layout) -> np.ndarray:
    """Number the nodes anew with channels last within each part: (nodes,) int64."""
    number = np.empty(layout.nodes, np.int64)
    for first, (channels, height, width) in zip(layout.offsets, layout.maps, strict=False):
        size = channels * height * width
        own = np.arange(size).reshape(height, width, channels).transpose(2, 0, 1)
        number[first : first + size] = own.ravel() + first
    return number
