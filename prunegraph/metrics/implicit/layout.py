"""Which blocks of a graph fit together as maps of nodes, so that they can be counted without listing edges."""

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

    The map (channels, height, width) of a part is the one under which most weights see it; a part that no block uses
    is a map of single nodes. A block fits if its source and its target are whole parts, each seen under its map. All
    others are `loose`:

    - blocks that see some channels of a part only: a network that splits a feature map in two has two of them,
      whatever the mode;
    - the strided blocks of ``compat`` graphs, whose maps of 31 x 31 nodes are laid over maps of 32 x 32;
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
        """The parts with which a range of nodes overlaps."""
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
        """The same layout with those fitted blocks only that have both ends in `parts`, and no loose ones."""
        kept = tuple(fit for fit in self.fitted if {fit.source, fit.target} <= parts)
        return Layout(self.offsets, self.maps, kept, ())


def layout(graph: "MultipartiteGraph") -> Layout | None:
    """How the blocks of the graph fit together, or None if two of them might make the same edge twice."""
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
    """The same graph, in which maps that only linear layers see have become maps of single nodes.

    A linear layer on a map is a kernel as large as the map, one tap for each position; where no other block
    needs the positions, one row of taps with a channel for each node says the same in less.
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
    """A linear layer with one tap and a channel for each node that it sees."""
    geometry = block.geometry
    if geometry.source_map[1:] == (1, 1):
        return block
    facts = {"source_map": (geometry.source_size, 1, 1), "kernel": (1, 1), "stride": (1, 1)}
    # Nodes are numbered channel by channel and row by row, as the weights are.
    mask = block.mask.reshape(len(block.mask), -1, 1, 1)
    return Block(block.name, mask, block.values, replace(geometry, **facts))


def _maps(graph, parts) -> tuple[Map, ...]:
    """For every part the map under which most of its weights see it."""
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
    """Whether no two blocks can join the same two nodes, in either direction (and none does so by itself)."""
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
    """Which ranges (n, 2) of the one share a number with which of the other: bool (n, n)."""
    return np.maximum.outer(one[:, 0], other[:, 0]) < np.minimum.outer(one[:, 1], other[:, 1])
