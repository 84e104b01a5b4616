"""The layout of a graph: which of its blocks fit together as maps, to be counted without a list of edges."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from prunegraph.graphs import Block
from prunegraph.graphs.blocks import Bundle
from prunegraph.graphs.geometry import Map

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph

ENDS = "source_range", "target_range"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A block that joins two whole parts: their numbers and the block."""

    source: int
    target: int
    block: Bundle


@dataclass(frozen=True, eq=False)
class Layout:
    """The parts of a graph as maps, the blocks that fit them, and the loose blocks that do not.

    The map (channels, height, width) of a part is the one that most weights use for it; a part that no block uses is a
    map of single nodes. A block fits if its source and its target are whole parts and it uses the maps of both. All
    other blocks are `loose`:

    - blocks that read or feed only some channels of a part: a network that splits a feature map in two has two of them,
      whatever the mode;
    - the strided blocks of ``compat`` graphs, which number 31 x 31 nodes within a map of 32 x 32;
    - lists of edges.
    """

    offsets: tuple[int, ...]
    maps: tuple[Map, ...]
    fitted: tuple[Fitted, ...]
    loose: tuple[object, ...]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.offsets[-1]

    @cached_property
    def touched(self) -> frozenset[int]:
        """Parts in which a loose block has an end."""
        return frozenset(part for block in self.loose for ends in ENDS for part in self.parts_in(getattr(block, ends)))

    def parts_in(self, ends: tuple[int, int]) -> range:
        """List the parts with which a range of nodes overlaps."""
        first, last = np.searchsorted(self.offsets, (ends[0], ends[1] - 1), side="right") - 1
        return range(int(first), int(last) + 1) if ends[0] < ends[1] else range(0)

    @cached_property
    def joined(self) -> dict[int, dict[int, Fitted]]:
        """For every part, the fitted block that joins it with each of its neighbours."""
        joined = {part: {} for part in range(len(self.maps))}
        for fit in self.fitted:
            joined[fit.source][fit.target] = joined[fit.target][fit.source] = fit
        return joined

    def only(self, parts: frozenset[int] | set[int]) -> "Layout":
        """Make the same layout with only those fitted blocks that have both ends in `parts`, and no loose blocks."""
        kept = tuple(fit for fit in self.fitted if {fit.source, fit.target} <= parts)
        return Layout(self.offsets, self.maps, kept, ())


def layout(graph: "MultipartiteGraph") -> Layout | None:
    """Find how the blocks of the graph fit together; None if two of them might make the same edge twice."""
    if not _simple(graph.blocks):
        return None
    parts = {ends: part for part, ends in enumerate(pairwise(graph.offsets))}
    maps = _maps(graph, parts)
    fitted, loose = [], []
    for block in graph.blocks:
        if not block.number_of_edges():
            continue
        source, target = parts.get(block.source_range), parts.get(block.target_range)
        fits = (
            isinstance(block, Bundle)
            and source is not None
            and target is not None
            and source < target
            and (maps[source], maps[target]) == (block.geometry.source_map, block.geometry.target_map)
        )
        if fits:
            fitted.append(Fitted(source, target, block))
        else:
            loose.append(block)
    return Layout(graph.offsets, maps, tuple(fitted), tuple(loose))


def flattened(graph: "MultipartiteGraph") -> "MultipartiteGraph":
    """Replace maps that only linear layers use by maps of single nodes; the graph stays the same.

    A linear layer on a map is a kernel as large as the map, with one tap for each position. Where no other block needs
    the positions, a single tap with a channel for each node describes the same edges with less data.
    """
    parts = {ends: part for part, ends in enumerate(pairwise(graph.offsets))}
    seen = np.zeros(len(graph.parts), bool)
    for block in graph.blocks:
        for ends in ENDS:
            first, last = np.searchsorted(graph.offsets, getattr(block, ends), side="right") - (1, 0)
            flat = ends == "source_range" and block.source_range in parts and _is_linear(block)
            flat |= isinstance(block, Bundle) and ends == "target_range" and block.geometry.target_map[1:] == (1, 1)
            if not flat:
                seen[first:last] = True
    blocks = tuple(
        _flat(block) if block.source_range in parts and not seen[parts[block.source_range]] else block
        for block in graph.blocks
    )
    return replace(graph, blocks=blocks)


def _is_linear(block) -> bool:
    geometry = block.geometry if isinstance(block, Block) else None
    return (
        geometry is not None
        and geometry.kernel == geometry.source_map[1:]
        and geometry.target_map[1:] == geometry.pool == geometry.dilation == (1, 1)
        and (geometry.padding, geometry.groups) == ((0, 0), 1)
    )


def _flat(block: Block) -> Block:
    """Make a linear layer with one tap and a channel for each node that it reads."""
    geometry = block.geometry
    if geometry.source_map[1:] == (1, 1):
        return block
    facts = {"source_map": (geometry.source_size, 1, 1), "kernel": (1, 1), "stride": (1, 1)}
    # Nodes are numbered channel by channel and row by row, as the weights are.
    mask = block.mask.reshape(len(block.mask), -1, 1, 1)
    return Block(block.name, mask, block.values, replace(geometry, **facts))


def _maps(graph, parts) -> tuple[Map, ...]:
    """Find for every part the map that most of its weights use."""
    votes = [{} for _ in graph.parts]
    for block in graph.blocks:
        if not isinstance(block, Bundle):
            continue
        geometry = block.geometry
        for ends, seen in ((block.source_range, geometry.source_map), (block.target_range, geometry.target_map)):
            if ends in parts:
                vote = votes[parts[ends]]
                vote[seen] = vote.get(seen, 0) + block.mask.size
    return tuple(
        max(vote, key=vote.get) if vote else (size, 1, 1) for vote, size in zip(votes, graph.parts, strict=True)
    )


def _simple(blocks) -> bool:
    """Whether no two blocks, and no single block twice, can join the same two nodes, in either direction."""
    if not all(isinstance(block, Bundle) for block in blocks):
        return False
    source, target = (np.array([getattr(b, ends) for b in blocks]).reshape(-1, 2) for ends in ENDS)
    same = np.argwhere(_overlap(source, source) & _overlap(target, target))
    back = np.argwhere(_overlap(source, target) & _overlap(target, source))
    return all(i == j for i, j in same) and all(i == j and _upwards(blocks[i]) for i, j in back)


def _upwards(block: Bundle) -> bool:
    source, target, _ = block.edges()
    return bool((source < target).all())


def _overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether each range (n, 2) of `one` shares a number with each range of `other`: bool (n, n)."""
    return np.maximum.outer(one[:, 0], other[:, 0]) < np.minimum.outer(one[:, 1], other[:, 1])
