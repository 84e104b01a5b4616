"""Blocks as flat arrays, along whose edges compiled code can step from node to node."""

from typing import NamedTuple

import numpy as np

from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.implicit.relations import Relation


class Steps(NamedTuple):
    """Blocks, read along their edges, as flat arrays for compiled code.

    Attributes
    ----------
    facts
        (blocks, 6) int64: first node of the source, its size and the nodes of a channel; first node of the target,
        the nodes of a channel there, words of a row.
    where
        (nodes, 2) uint32, for every source node of the blocks, one block after the other: the index in `start` of its
        position, and the words of a row times its channel.
    first
        (blocks,) int64: index in `where` of the first node of each block.
    start, leads
        Targets of position i: ``leads[start[i]:start[i + 1]]``, uint32 (first word of the row of channel 0, position of
        the target).
    words
        uint64, for every block (rows of taps, columns of taps, source channels, words): bit c of a row is set where
        the mask joins the source channel with target channel c.
    """

    facts: np.ndarray
    where: np.ndarray
    first: np.ndarray
    start: np.ndarray
    leads: np.ndarray
    words: np.ndarray


def pack_steps(blocks: list[Bundle]) -> Steps:
    """Pack blocks for compiled code."""
    facts, where, first = [], [np.zeros((0, 2), np.uint32)], [0]
    start, leads, words, size = [np.zeros(1, np.int64)], [np.zeros((0, 2), np.int64)], [np.zeros(0, np.uint64)], 0
    for block in blocks:
        relation, geometry = Relation.of(block), block.geometry
        own = _words(relation.mask)
        (channels, *source), (_, *target) = geometry.source_map, geometry.target_map
        area = source[0] * source[1]
        place = geometry.source_offset, channels * area, area, geometry.target_offset, target[0] * target[1]
        facts.append((*place, own.shape[3]))
        position = np.arange(area) + sum(len(part) for part in start) - 1
        channel = np.arange(channels) * own.shape[3]
        where.append(np.stack([np.tile(position, channels), np.repeat(channel, area)], axis=1).astype(np.uint32))
        first.append(first[-1] + channels * area)
        count, led = _leads(relation, target[1])
        leads.append(led * [own[0, 0].size, 1] + [size, 0])
        start.append(start[-1][-1] + np.cumsum(count))
        words.append(own.ravel())
        size += own.size
    flat = [np.concatenate(arrays) for arrays in (where, start, leads, words)]
    flat = [flat[0], np.array(first), flat[1].astype(np.uint32), flat[2].astype(np.uint32), flat[3]]
    return Steps(np.array(facts, np.int64).reshape(-1, 6), *flat)


def _leads(relation: Relation, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Count the targets of each position, and list (tap, position of the target) for each of them, in order."""
    (y, down), (x, right) = np.nonzero(relation.rows >= 0), np.nonzero(relation.columns >= 0)
    tap = relation.rows[y, down][:, None] * relation.mask.shape[1] + relation.columns[x, right]
    position = y[:, None] * len(relation.columns) + x
    order = np.argsort(position, axis=None, kind="stable")
    to = down[:, None] * width + right
    count = np.bincount(position.ravel(), minlength=len(relation.rows) * len(relation.columns))
    return count, np.stack([tap.ravel()[order], to.ravel()[order]], axis=1)


def _words(mask: np.ndarray) -> np.ndarray:
    """Pack rows of target channels into bits: uint64 (rows of taps, columns of taps, source channels, words)."""
    height, width, groups, inputs, outputs = mask.shape
    size = -(-groups * outputs // 64)
    bits = np.zeros((height, width, groups, inputs, size * 64), bool)
    for group in range(groups):
        bits[:, :, group, :, group * outputs : (group + 1) * outputs] = mask[:, :, group]
    packed = np.packbits(bits, axis=-1, bitorder="little").view("<u8").astype(np.uint64)
    return packed.reshape(height, width, groups * inputs, size)
