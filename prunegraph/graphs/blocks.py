"""A convolution as a bundle of edges: mask, edge weights and geometry; counts and degrees in closed form."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from prunegraph.errors import UserError
from prunegraph.graphs.enumeration import block_edges
from prunegraph.graphs.geometry import Geometry
from prunegraph.graphs.routes import Routes


@dataclass(frozen=True, eq=False)
class Bundle:
    """Edges between two maps of nodes: one for each True of the mask and each position where its tap is inside the map.

    A tap is one position of a kernel. :class:`Block` and :class:`RoutedBlock` say which nodes a tap joins.

    Attributes
    ----------
    name
        The layer's name, for messages and files.
    mask
        bool, of shape ``geometry.weight_shape``. It is separate from the values, because a weight that is rounded to
        zero is still an edge.
    values
        float32, one edge weight >= 0 for each True of the mask, in C order.
    geometry
        The rows of source and target that each vertical tap joins, and the columns that each horizontal tap joins.

    Raises
    ------
    UserError
        If shapes disagree, or a value is negative or not finite.
    """

    name: str
    mask: np.ndarray
    values: np.ndarray
    geometry: Geometry | Routes

    def __post_init__(self):
        mask, values = np.array(self.mask), np.array(self.values, dtype=np.float32)
        if mask.dtype != bool or mask.shape != self.geometry.weight_shape:
            raise UserError(
                f"Block {self.name!r}: the mask is {mask.dtype} {mask.shape}; "
                f"expected bool {self.geometry.weight_shape}."
            )
        kept = int(np.count_nonzero(mask))
        if values.shape != (kept,):
            raise UserError(f"Block {self.name!r}: {values.shape} edge weights for {kept} kept weights.")
        check_weights(f"Block {self.name!r}", values)
        for name, array in {"mask": mask, "values": values}.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __eq__(self, other: object) -> bool:
        """Whether name, geometry, mask and values are equal."""
        if type(other) is not type(self):
            return NotImplemented
        same = self.name == other.name and self.geometry == other.geometry
        return same and np.array_equal(self.mask, other.mask) and np.array_equal(self.values, other.values)

    __hash__ = None

    @property
    def source_range(self) -> tuple[int, int]:
        """Number of the first node of the source map, and the number after that of its last."""
        return self.geometry.source_offset, self.geometry.source_offset + self.geometry.source_size

    @property
    def target_range(self) -> tuple[int, int]:
        """Number of the first node of the target map, and the number after that of its last."""
        return self.geometry.target_offset, self.geometry.target_offset + self.geometry.target_size

    @property
    def dense_values(self) -> np.ndarray:
        """Edge weights in the shape of the mask, zero where there is none: float32."""
        dense = np.zeros(self.mask.shape, dtype=np.float32)
        dense[self.mask] = self.values
        return dense

    @cached_property
    def _edges(self) -> int:
        per_tap = np.count_nonzero(self.mask, axis=(0, 1))
        return int((per_tap * self.geometry.edges_per_tap).sum())

    def number_of_edges(self) -> int:
        """Exact number of edges: kept weights at each tap times the positions at which that tap lies inside the map."""
        return self._edges

    def weight_sum(self) -> float:
        """Sum of all edge weights, in float64."""
        per_tap = self.dense_values.sum(axis=(0, 1), dtype=np.float64)
        return float((per_tap * self.geometry.edges_per_tap).sum())

    def out_degree(self) -> np.ndarray:
        """Number of edges that leave each node of the source map: int64 (C, H, W)."""
        return np.rint(self._leaving(self.mask)).astype(np.int64)

    def in_degree(self) -> np.ndarray:
        """Number of edges that enter each node of the target map: int64 (C, H, W)."""
        return np.rint(self._entering(self.mask)).astype(np.int64)

    def out_strength(self) -> np.ndarray:
        """Sum of the weights of the edges that leave each node of the source map: float64 (C, H, W)."""
        return self._leaving(self.dense_values)

    def in_strength(self) -> np.ndarray:
        """Sum of the weights of the edges that enter each node of the target map: float64 (C, H, W)."""
        return self._entering(self.dense_values)

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(source, target, weight), int64, int64, float32, sorted by source, then target."""
        return block_edges(self.geometry, self.mask, self.dense_values)

    def _leaving(self, per_weight: np.ndarray) -> np.ndarray:
        rows, columns = (self.geometry.rows >= 0) * 1.0, (self.geometry.columns >= 0) * 1.0
        _, inputs, height, width = per_weight.shape
        grouped = per_weight.reshape(self.geometry.groups, -1, inputs, height, width)
        per_tap = grouped.sum(axis=1, dtype=np.float64).reshape(-1, height, width)
        return rows.T @ per_tap @ columns

    def _entering(self, per_weight: np.ndarray) -> np.ndarray:
        per_tap = per_weight.sum(axis=1, dtype=np.float64)
        rows = _hits(self.geometry.rows, self.geometry.target_map[1])
        columns = _hits(self.geometry.columns, self.geometry.target_map[2])
        return rows.T @ per_tap @ columns


class Block(Bundle):
    """All edges of one convolution or linear layer.

    Each True of the mask is a kept weight. It makes an edge from every node of a pooling window to an output node, at
    all positions where its tap lies inside the source map (see :class:`Geometry`). Windows are disjoint, so that no
    edge is made twice.
    """

    geometry: Geometry


class RoutedBlock(Bundle):
    """All edges between two maps where several weights can join the same two nodes.

    This happens after pooling with overlapping or enlarging windows, and where several layers join the same maps. Such
    weights make one edge, whose weight is the sum of their magnitudes: each True of the mask stands for a set of
    weights (:func:`prunegraph.graphs.merging.merged`), so that nothing is counted twice.
    """

    geometry: Routes

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(source, target, weight), int64, int64, float32, sorted by source, then target."""
        source, target, weight = super().edges()
        # Sets of taps have no natural order along the rows, so the enumeration does not give sorted edges.
        order = np.lexsort((target, source))
        return source[order], target[order], weight[order]


def _hits(reach: np.ndarray, size: int) -> np.ndarray:
    """Count the source rows that each tap joins with each target row: float64 (taps, size)."""
    hits = np.zeros((len(reach), size))
    tap, source = np.nonzero(reach >= 0)
    np.add.at(hits, (tap, reach[tap, source]), 1.0)
    return hits


def check_weights(where: str, weights: np.ndarray) -> None:
    """Refuse edge weights that are negative or not finite."""
    if weights.size and not np.isfinite(weights).all():
        raise UserError(f"{where}: an edge weight is infinite or not a number; did the training diverge?")
    if weights.size and weights.min() < 0:
        raise UserError(f"{where}: edge weight {weights.min()} is negative; expected magnitudes.")
