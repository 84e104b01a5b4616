"""The multipartite graph of a network: parts of nodes, and blocks of edges between them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from prunegraph.catalogue import MODES, known
from prunegraph.errors import UserError
from prunegraph.graphs.blocks import Block, Bundle
from prunegraph.graphs.edge_list import EdgeList
from prunegraph.graphs.enumeration import Edges


@dataclass(frozen=True, eq=False)
class MultipartiteGraph:
    """A directed, weighted graph whose nodes are numbered part by part.

    Definition: Cunegatti, Farina, Bucur, Iacca, TMLR 2024. Only the blocks are stored; edges, counts and degrees are
    derived from them.

    Attributes
    ----------
    parts
        Number of nodes of each layer, in order.
    blocks
        :class:`Block` or :class:`RoutedBlock` (from layers of a network) or :class:`EdgeList` (plain arrays).
    mode
        ``clean``: as the definitions say; ``compat``: as the published numbers were made. Metrics depend on it.
    weights, parameters
        Number of kept weights, and of all weights, of the encoded layers. They are derived from the masks unless they
        are given (an edge between channels stands for a whole kernel); None where unknown.

    Raises
    ------
    UserError
        If the mode is unknown, a part is empty, or a block reaches beyond the last node.
    """

    parts: tuple[int, ...]
    blocks: tuple[Bundle | EdgeList, ...]
    mode: str = "clean"
    weights: int | None = None
    parameters: int | None = None

    def __post_init__(self):
        known(MODES, self.mode, "mode")
        object.__setattr__(self, "parts", _parts(self.parts))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        self._check_blocks()
        if self.weights is None and all(isinstance(block, Block) for block in self.blocks):
            object.__setattr__(self, "weights", sum(len(block.values) for block in self.blocks))
            object.__setattr__(self, "parameters", sum(block.mask.size for block in self.blocks))
        counts = self.weights, self.parameters
        if counts != (None, None) and not (all(map(_natural, counts)) and counts[0] <= counts[1]):
            raise UserError(f"The graph stands for {counts[0]!r} kept weights of {counts[1]!r}; expected two counts.")

    def _check_blocks(self) -> None:
        for block in self.blocks:
            last = max(block.source_range[1], block.target_range[1])
            if last > self.number_of_nodes():
                raise UserError(
                    f"Block {block.name!r} reaches node {last - 1}, but the parts hold {self.number_of_nodes()} nodes."
                )

    @classmethod
    def from_edges(
        cls,
        parts: Sequence[int],
        source: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray | None = None,
        mode: str = "clean",
    ) -> "MultipartiteGraph":
        """Make a graph of plain edges in any order, all of weight 1 if no weights are given.

        Edges may join any two different nodes, but no two nodes twice in the same direction.
        """
        weight = np.ones(len(source), dtype=np.float32) if weight is None else weight
        return cls(tuple(parts), (EdgeList("edges", source, target, weight),), mode)

    def __repr__(self) -> str:
        return (
            f"MultipartiteGraph({self.number_of_nodes():,} nodes in {len(self.parts)} parts, "
            f"{self.number_of_edges():,} edges, {self.mode})"
        )

    def __eq__(self, other: object) -> bool:
        """Whether parts, mode, counts and blocks are equal, value by value."""
        if not isinstance(other, MultipartiteGraph):
            return NotImplemented
        facts = ("parts", "mode", "weights", "parameters", "blocks")
        return all(getattr(self, name) == getattr(other, name) for name in facts)

    __hash__ = None

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Number of the first node of each part, followed by the number of nodes."""
        return tuple(int(number) for number in np.cumsum([0, *self.parts]))

    @property
    def density(self) -> float | None:
        """Kept weights divided by all weights, None where unknown."""
        return self.weights / self.parameters if self.parameters else None

    def outputs(self) -> tuple[int, ...]:
        """Numbers of the parts that no layer reads, beside the last one: a network may have several outputs.

        Only geometry tells them from parts that lost all edges, so a graph of listed edges is taken to have one output.
        """
        if not all(isinstance(block, Bundle) for block in self.blocks):
            return ()
        read = {self._part(block.source_range[0]) for block in self.blocks}
        return tuple(number for number in range(1, len(self.parts) - 1) if number not in read)

    def _part(self, node: int) -> int:
        return bisect_right(self.offsets, node) - 1

    def number_of_nodes(self) -> int:
        """Number of nodes, isolated ones included."""
        return self.offsets[-1]

    def number_of_edges(self) -> int:
        """Exact number of edges from counts of taps, in O(weights); no edge is listed."""
        return sum(block.number_of_edges() for block in self.blocks)

    def weight_sum(self) -> float:
        """Sum of all edge weights, in float64."""
        return sum(block.weight_sum() for block in self.blocks)

    def out_degree(self) -> np.ndarray:
        """Number of edges that leave each node: int64 (nodes,)."""
        return self._gather("out_degree", "source_range", np.int64)

    def in_degree(self) -> np.ndarray:
        """Number of edges that enter each node: int64 (nodes,)."""
        return self._gather("in_degree", "target_range", np.int64)

    def out_strength(self) -> np.ndarray:
        """Sum of the weights of the edges that leave each node: float64 (nodes,)."""
        return self._gather("out_strength", "source_range", np.float64)

    def in_strength(self) -> np.ndarray:
        """Sum of the weights of the edges that enter each node: float64 (nodes,)."""
        return self._gather("in_strength", "target_range", np.float64)

    def _gather(self, quantity: str, place: str, dtype: type) -> np.ndarray:
        total = np.zeros(self.number_of_nodes(), dtype=dtype)
        for block in self.blocks:
            total[slice(*getattr(block, place))] += getattr(block, quantity)().ravel()
        return total

    def edges(self) -> Edges:
        """List all edges: (source int64, target int64, weight float32), sorted by source and target; 20 bytes each.

        Raises
        ------
        UserError
            In clean mode, if two blocks make the same edge. The encodings never make such blocks.
        """
        blocks = sorted(self.blocks, key=lambda block: block.source_range)
        count = self.number_of_edges()
        edges = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.float32)
        start = 0
        for bundle in _overlapping(blocks):
            stop = start + sum(block.number_of_edges() for block in bundle)
            for whole, part in zip(edges, _merged(bundle, self.number_of_nodes(), self.mode == "clean"), strict=True):
                whole[start:stop] = part
            start = stop
        return edges


def _parts(parts: Sequence[int]) -> tuple[int, ...]:
    if not parts or not all(_natural(part) and part > 0 for part in parts):
        raise UserError(f"The parts are {parts!r:.200}; expected the nodes of each layer, all above 0.")
    return tuple(int(part) for part in parts)


def _natural(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and number >= 0


def _overlapping(blocks: list[Bundle | EdgeList]):
    """Collect consecutive blocks whose source ranges overlap; `blocks` are sorted by source range."""
    bundle, end = [], 0
    for block in blocks:
        if bundle and block.source_range[0] >= end:
            yield bundle
            bundle = []
        bundle.append(block)
        end = max(end, block.source_range[1])
    if bundle:
        yield bundle


def _merged(bundle: list[Bundle | EdgeList], nodes: int, clean: bool) -> Edges:
    """Merge the edges of blocks that share sources, in order."""
    parts = [block.edges() for block in bundle]
    if len(parts) == 1:
        return parts[0]
    source, target, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    # A stable sort merges sorted runs in linear time.
    key = source * nodes + target
    order = np.argsort(key, kind="stable")
    if clean and (np.diff(key[order]) == 0).any():
        names = ", ".join(repr(block.name) for block in bundle)
        raise UserError(f"Blocks {names:.300} make the same edge twice; join them with graphs.merging.merged.")
    return source[order], target[order], weight[order]
