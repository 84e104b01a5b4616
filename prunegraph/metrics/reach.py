"""Nodes within two steps where walks cross blocks that see the same nodes as different maps.

From each node every edge of the first step is walked; what the second step adds is a row of
bits for each position that it leads to: all channels there at once. So no list of edges is needed,
and the cost is that of the first steps times the positions that a node leads to.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic

from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.composites import Relation


class Steps(NamedTuple):
    """Blocks read along their edges; every array is flat, so that compiled code can walk all of them.

    Attributes
    ----------
    facts
        (blocks, 12) int64: first node of the source, its channels, height and width; first node of the target, its
        channels, height and width; columns of taps; where rows of words begin; where the tables of rows and
        of columns begin.
    reach_start, reach
        Tables: entry i of a table holds the pairs (tap, target row) ``reach[reach_start[i]:reach_start[i + 1]]``.
    words
        uint64, for every block (rows of taps, columns of taps, source channels, words): bit c of a row is set where
        the mask joins the source channel with target channel c.
    """

    facts: np.ndarray
    reach_start: np.ndarray
    reach: np.ndarray
    words: np.ndarray


def pack_steps(blocks: list[Bundle]) -> Steps:
    """Blocks, packed."""
    facts, reach_start, reach, words, size = [], [0], [np.zeros((0, 2), np.int64)], [np.zeros(0, np.uint64)], 0
    for block in blocks:
        relation, geometry = Relation.of(block), block.geometry
        tables = []
        for table in (relation.rows, relation.columns):
            tables.append(len(reach_start) - 1)
            one, two = np.nonzero(table >= 0)
            reach.append(np.stack([table[one, two], two], axis=1))
            reach_start.extend(reach_start[-1] + np.searchsorted(one, np.arange(1, len(table) + 1)))
        own = _words(relation.mask)
        facts.append(
            (geometry.source_offset, *geometry.source_map, geometry.target_offset, *geometry.target_map)
            + (relation.mask.shape[1], size, *tables)
        )
        words.append(own.ravel())
        size += own.size
    return Steps(
        np.array(facts, np.int64).reshape(-1, 12), np.array(reach_start), np.concatenate(reach), np.concatenate(words)
    )


def _words(mask: np.ndarray) -> np.ndarray:
    """Rows of target channels as bits: uint64 (rows of taps, columns of taps, source channels, words)."""
    height, width, groups, inputs, outputs = mask.shape
    size = -(-groups * outputs // 64)
    bits = np.zeros((height, width, groups, inputs, size * 64), bool)
    for group in range(groups):
        bits[:, :, group, :, group * outputs : (group + 1) * outputs] = mask[:, :, group]
    packed = np.packbits(bits, axis=-1, bitorder="little").view("<u8").astype(np.uint64)
    return packed.reshape(height, width, groups * inputs, size)


def spaces(blocks: list[Bundle]) -> list[tuple[int, tuple[int, int, int]]] | None:
    """The maps that blocks lead to, (first node, map); None if two of them number the same nodes in different ways."""
    found: list[tuple[int, tuple[int, int, int]]] = []
    for block in blocks:
        own = block.geometry.target_offset, block.geometry.target_map
        if own in found:
            continue
        for first, map_ in found:
            if max(first, own[0]) < min(first + int(np.prod(map_)), block.target_range[1]):
                return None
        found.append(own)
    return found


def reached(first: int, last: int, blocks: list[Bundle]) -> int | None:
    """Nodes within two steps along the blocks, summed over the nodes first:last, themselves not counted.

    None if two blocks of the second step lead to the same nodes under different numbers.
    """
    once = [block for block in blocks if _meet(block.source_range, (first, last))]
    twice = [b for b in blocks if any(_meet(b.source_range, one.target_range) for one in once)]
    maps = spaces(twice)
    if maps is None:
        return None
    steps = pack_steps(once + twice)
    facts, bits = np.zeros((len(maps), 6), np.int64), 0
    for number, (offset, (channels, height, width)) in enumerate(maps):
        words = -(-channels // 64)
        facts[number] = offset, offset + channels * height * width, height * width, words, bits, number
        bits += height * width * words
    positions = int(facts[:, 2].sum())
    space = np.array([maps.index((b.geometry.target_offset, b.geometry.target_map)) for b in twice], np.int64)
    return int(_reached(steps, first, last, len(once), facts, space, bits, positions))


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


@intrinsic
def _popcount(typing, word):
    """Number of bits that are set."""
    del typing

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@njit(cache=True)
def _reached(steps, first, last, once, facts, space, size, positions):
    bits, stamp = np.zeros(size, np.uint64), np.full(positions, -1, np.int64)
    opened = np.empty((positions, 2), np.int64)  # where the words of a position begin, and how many they are
    base = np.zeros(len(facts), np.int64)
    for i in range(1, len(facts)):
        base[i] = base[i - 1] + facts[i - 1, 2]
    total = 0
    for u in range(first, last):
        count = 0
        for k in range(once):
            row_table, column_table, begin, inside = _from(steps, k, u)
            if not inside:
                continue
            words = (steps.facts[k, 5] + 63) // 64
            width, area = steps.facts[k, 7], steps.facts[k, 6] * steps.facts[k, 7]
            for i in range(steps.reach_start[row_table], steps.reach_start[row_table + 1]):
                for j in range(steps.reach_start[column_table], steps.reach_start[column_table + 1]):
                    tap = steps.reach[i, 0] * steps.facts[k, 8] + steps.reach[j, 0]
                    row = begin + tap * steps.facts[k, 1] * words
                    at = steps.facts[k, 4] + steps.reach[i, 1] * width + steps.reach[j, 1]
                    for w in range(words):
                        word = steps.words[row + w]
                        while word:
                            low = word & (~word + np.uint64(1))
                            v = at + np.int64(w * 64 + _popcount(low - np.uint64(1))) * area
                            word ^= low
                            opens = _mark(v, u, facts, base, bits, stamp, opened, count)
                            total += opens < 0  # no second step leads to this part
                            count = max(count, opens)
                            count = _spread(steps, once, v, u, facts, base, space, bits, stamp, opened, count)
        for i in range(count):
            for w in range(opened[i, 0], opened[i, 0] + opened[i, 1]):
                total += np.int64(_popcount(bits[w]))
    return total


@njit(cache=True)
def _from(steps, k, u):
    """Tables of rows and columns of a node in a block, where its rows of words begin, whether the block has the node."""
    i = u - steps.facts[k, 0]
    height, width = steps.facts[k, 2], steps.facts[k, 3]
    if i < 0 or i >= steps.facts[k, 1] * height * width:
        return 0, 0, 0, False
    c, place = i // (height * width), i % (height * width)
    words = (steps.facts[k, 5] + 63) // 64
    return steps.facts[k, 10] + place // width, steps.facts[k, 11] + place % width, steps.facts[k, 9] + c * words, True


@njit(cache=True)
def _open(position, u, facts, base, s, bits, stamp, opened, count):
    """Where the words of a position begin, cleared on the first visit from u; and how many positions are open."""
    words = facts[s, 3]
    begin = facts[s, 4] + position * words
    if stamp[base[s] + position] != u:
        stamp[base[s] + position] = u
        bits[begin : begin + words] = 0
        opened[count, 0], opened[count, 1] = begin, words
        count += 1
    return begin, count


@njit(cache=True)
def _mark(v, u, facts, base, bits, stamp, opened, count):
    """Mark one node; the number of open positions, -1 if no space holds the node."""
    for s in range(len(facts)):
        if facts[s, 0] <= v < facts[s, 1]:
            c, position = (v - facts[s, 0]) // facts[s, 2], (v - facts[s, 0]) % facts[s, 2]
            begin, count = _open(position, u, facts, base, s, bits, stamp, opened, count)
            bits[begin + c // 64] |= np.uint64(1) << np.uint64(c % 64)
            return count
    return -1


@njit(cache=True)
def _spread(steps, once, v, u, facts, base, space, bits, stamp, opened, count):
    """Mark all that one step from v reaches."""
    for k in range(once, len(steps.facts)):
        row_table, column_table, begin, inside = _from(steps, k, v)
        if not inside:
            continue
        s, width = space[k - once], steps.facts[k, 7]
        words = facts[s, 3]
        for i in range(steps.reach_start[row_table], steps.reach_start[row_table + 1]):
            for j in range(steps.reach_start[column_table], steps.reach_start[column_table + 1]):
                tap = steps.reach[i, 0] * steps.facts[k, 8] + steps.reach[j, 0]
                row = begin + tap * steps.facts[k, 1] * words
                position = steps.reach[i, 1] * width + steps.reach[j, 1]
                at, count = _open(position, u, facts, base, s, bits, stamp, opened, count)
                for w in range(words):
                    bits[at + w] |= steps.words[row + w]
    return count
