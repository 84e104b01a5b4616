"""Nodes within two steps of those of a part, where blocks use different maps for the same nodes.

From each node every edge of the first step is followed. The second step adds a row of bits for each position that it
reaches: all channels of the position at once. No list of edges is needed, and the cost is the number of first steps
times the number of positions that a second step reaches.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic

from prunegraph.graphs.blocks import Bundle
from prunegraph.graphs.geometry import Map
from prunegraph.metrics.implicit.steps import pack_steps


def spaces(blocks: list[Bundle]) -> list[tuple[int, Map]] | None:
    """List the target maps of blocks, (first node, map); None if two of them number the same nodes differently."""
    found: list[tuple[int, Map]] = []
    for block in blocks:
        own = block.geometry.target_offset, block.geometry.target_map
        if own in found:
            continue
        for first, map_ in found:
            if max(first, own[0]) < min(first + int(np.prod(map_)), block.target_range[1]):
                return None
        found.append(own)
    return found


class _Spaces(NamedTuple):
    """The target maps of second steps, and the nodes on them that are reached from one node.

    Attributes
    ----------
    facts
        (maps, 6) int64: first node, size, nodes of a channel, words of a row, first word, first position.
    of_block
        (blocks,) int64: target map of each block of the second step.
    bits
        uint64, a bit for every channel of every position: whether it is reached.
    seen
        int64: the last node that reached each position; bits of positions that another node reached have no meaning.
    opened
        int32 (positions, 2): first word and number of words of each reached position.
    """

    facts: np.ndarray
    of_block: np.ndarray
    bits: np.ndarray
    seen: np.ndarray
    opened: np.ndarray


def reached(first: int, last: int, blocks: list[Bundle]) -> int | None:
    """Count the nodes within two steps along the blocks, without the node itself, summed over the nodes first:last.

    None if two blocks of the second step number the same targets differently.
    """
    once = [block for block in blocks if _meet(block.source_range, (first, last))]
    twice = [b for b in blocks if any(_meet(b.source_range, one.target_range) for one in once)]
    maps = spaces(twice)
    if maps is None:
        return None
    return int(_reached(pack_steps(once), pack_steps(twice), _empty(maps, twice), first, last))


def _empty(maps: list[tuple[int, Map]], blocks: list[Bundle]) -> _Spaces:
    facts, words, positions = np.zeros((len(maps), 6), np.int64), 0, 0
    for number, (offset, (channels, height, width)) in enumerate(maps):
        row = -(-channels // 64)
        facts[number] = offset, channels * height * width, height * width, row, words, positions
        words += height * width * row
        positions += height * width
    of_block = np.array([maps.index((b.geometry.target_offset, b.geometry.target_map)) for b in blocks], np.int64)
    seen, opened = np.full(positions, -1, np.int64), np.empty((positions, 2), np.int32)
    return _Spaces(facts, of_block, np.zeros(words, np.uint64), seen, opened)


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


@intrinsic
def _popcount(typing, word):
    """Count the bits that are set."""
    del typing

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@njit(cache=True)
def _reached(once, twice, spaces, first, last):
    total, marked = 0, _marked(once, spaces.facts)
    bits, opened = spaces.bits, spaces.opened
    for u in range(first, last):
        count = 0
        for k in range(len(once.facts)):
            fact = once.facts[k]
            i = u - fact[0]
            if i < 0 or i >= fact[1]:
                continue
            place, channel = once.where[once.first[k] + i, 0], once.where[once.first[k] + i, 1]
            for e in range(once.start[place], once.start[place + 1]):
                for w in range(fact[5]):
                    word = once.words[once.leads[e, 0] + channel + w]
                    while word:
                        low = word & (~word + np.uint64(1))
                        word ^= low
                        channel_there = w * 64 + np.int64(_popcount(low - np.uint64(1)))
                        v = fact[3] + channel_there * fact[4] + once.leads[e, 1]
                        opens = _mark(v, u, spaces, count) if marked[k] else -1
                        total += opens < 0  # no second step reaches the map of this node
                        count = max(count, opens)
                        count = _spread(v, u, twice, spaces, count)
        for i in range(count):
            for w in range(opened[i, 0], opened[i, 0] + opened[i, 1]):
                total += np.int64(_popcount(bits[w]))
    return total


@njit(cache=True)
def _marked(once, facts):
    """Whether each block of the first step may lead to nodes of the spaces."""
    marked = np.zeros(len(once.facts), np.bool_)
    for k in range(len(once.facts)):
        first, last = once.facts[k, 3], once.facts[k, 3] + once.facts[k, 4] * 64 * once.facts[k, 5]
        for s in range(len(facts)):
            marked[k] |= max(first, facts[s, 0]) < min(last, facts[s, 0] + facts[s, 1])
    return marked


@njit(cache=True)
def _mark(v, u, spaces, count):
    """Mark node v as reached from u; return the number of reached positions, or -1 if no map holds the node."""
    facts, bits, seen, opened = spaces.facts, spaces.bits, spaces.seen, spaces.opened
    for s in range(len(facts)):
        i = v - facts[s, 0]
        if 0 <= i < facts[s, 1]:
            channel = i // facts[s, 2]
            position = i - channel * facts[s, 2]
            begin = facts[s, 4] + position * facts[s, 3]
            if seen[facts[s, 5] + position] != u:
                seen[facts[s, 5] + position] = u
                bits[begin : begin + facts[s, 3]] = 0
                opened[count, 0], opened[count, 1] = begin, facts[s, 3]
                count += 1
            bits[begin + channel // 64] |= np.uint64(1) << np.uint64(channel % 64)
            return count
    return -1


@njit(cache=True)
def _spread(v, u, twice, spaces, count):
    """Mark all nodes that one step from v reaches; return the number of reached positions.

    The bits of a position are cleared when it is reached first.
    """
    facts, bits, seen, opened = spaces.facts, spaces.bits, spaces.seen, spaces.opened
    for k in range(len(spaces.of_block)):
        i = v - twice.facts[k, 0]
        if i < 0 or i >= twice.facts[k, 1]:
            continue
        words = np.uint32(twice.facts[k, 5])
        s = spaces.of_block[k]
        first_word, first_position = np.uint32(facts[s, 4]), np.uint32(facts[s, 5])
        node = np.uint32(twice.first[k] + i)
        place, channel = twice.where[node, 0], twice.where[node, 1]
        for e in range(twice.start[place], twice.start[place + np.uint32(1)]):
            row, position = twice.leads[e, 0] + channel, twice.leads[e, 1]
            at = first_word + position * words
            position += first_position
            if seen[position] == u:
                for w in range(words):
                    bits[at + w] |= twice.words[row + w]
            else:
                seen[position] = u
                opened[count, 0], opened[count, 1] = at, words
                count += 1
                for w in range(words):
                    bits[at + w] = twice.words[row + w]
    return count
