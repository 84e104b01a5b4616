"""Edges given one by one, for graphs that do not come from convolutions."""

from dataclasses import dataclass

import numpy as np

from prunegraph.errors import UserError
from prunegraph.graphs.blocks import check_weights


@dataclass(frozen=True, eq=False)
class EdgeList:
    """Edges as plain arrays, sorted by (source, target), with the methods of a Block.

    Attributes
    ----------
    name
        The name of the edges, for messages and files.
    source, target
        int64, node numbers (edges,).
    values
        float32, edge weights >= 0 (edges,).

    Raises
    ------
    UserError
        If lengths differ, an edge joins a node with itself or occurs twice, a number is
        negative, or a weight is not finite.
    """

    name: str
    source: np.ndarray
    target: np.ndarray
    values: np.ndarray

    def __post_init__(self):
        source, target = (_numbers(self.name, array) for array in (self.source, self.target))
        values = np.array(self.values, dtype=np.float32)
        if not source.shape == target.shape == values.shape:
            raise UserError(
                f"Edges {self.name!r}: {source.shape} sources, {target.shape} targets, {values.shape} weights; "
                "expected three arrays of one length."
            )
        check_weights(f"Edges {self.name!r}", values)
        if (source == target).any():
            raise UserError(f"Edges {self.name!r}: an edge joins a node with itself; remove such loops.")
        # A stable sort needs linear time for arrays that are sorted already.
        order = np.lexsort((target, source))
        source, target, values = source[order], target[order], values[order]
        if ((np.diff(source) == 0) & (np.diff(target) == 0)).any():
            raise UserError(f"Edges {self.name!r}: an edge occurs twice; add up the weights of such edges.")
        for name, array in {"source": source, "target": target, "values": values}.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __eq__(self, other: object) -> bool:
        """Whether name, edges and weights are equal."""
        if not isinstance(other, EdgeList):
            return NotImplemented
        pairs = zip(self.edges(), other.edges(), strict=True)
        return self.name == other.name and all(np.array_equal(*pair) for pair in pairs)

    __hash__ = None

    @property
    def source_range(self) -> tuple[int, int]:
        """Smallest source node, and the number after the largest; (0, 0) without edges."""
        return _range(self.source)

    @property
    def target_range(self) -> tuple[int, int]:
        """Smallest target node, and the number after the largest; (0, 0) without edges."""
        return _range(self.target)

    def number_of_edges(self) -> int:
        """Number of edges."""
        return len(self.source)

    def weight_sum(self) -> float:
        """Sum of all edge weights, in float64."""
        return float(self.values.sum(dtype=np.float64))

    def out_degree(self) -> np.ndarray:
        """Number of edges that leave each node of the source range: int64."""
        first, last = self.source_range
        return np.bincount(self.source - first, minlength=last - first)

    def in_degree(self) -> np.ndarray:
        """Number of edges that enter each node of the target range: int64."""
        first, last = self.target_range
        return np.bincount(self.target - first, minlength=last - first)

    def out_strength(self) -> np.ndarray:
        """Sum of the weights of the edges that leave each node of the source range: float64."""
        first, last = self.source_range
        return np.bincount(self.source - first, self.values, minlength=last - first)

    def in_strength(self) -> np.ndarray:
        """Sum of the weights of the edges that enter each node of the target range: float64."""
        first, last = self.target_range
        return np.bincount(self.target - first, self.values, minlength=last - first)

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(source, target, weight), sorted by source, then target."""
        return self.source.copy(), self.target.copy(), self.values.copy()


def _numbers(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise UserError(f"Edges {name!r}: node numbers are {array.dtype} {array.shape}; expected whole numbers.")
    if array.size and array.min() < 0:
        raise UserError(f"Edges {name!r}: node number {array.min()} is negative.")
    return array.astype(np.int64)


def _range(nodes: np.ndarray) -> tuple[int, int]:
    return (int(nodes.min()), int(nodes.max()) + 1) if nodes.size else (0, 0)
