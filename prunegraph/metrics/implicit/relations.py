"""A block of edges as a relation between the nodes of two parts, read in either direction."""

from dataclasses import dataclass

import numpy as np

from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.implicit.layout import Fitted


@dataclass(frozen=True, eq=False)
class Relation:
    """A block read in one direction: from the nodes of one part to those of another.

    `mask` is bool (rows of taps, columns of taps, groups, channels from, channels to). The tables `rows` and `columns`
    hold the tap that joins each two rows, or columns: int (height from, height to), -1 for none.
    """

    mask: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, block: Bundle) -> "Relation":
        """Read a block along its edges."""
        geometry = block.geometry
        outputs, inputs, height, width = block.mask.shape
        mask = block.mask.reshape(geometry.groups, outputs // geometry.groups, inputs, height, width)
        rows = _table(geometry.rows, geometry.target_map[1])
        columns = _table(geometry.columns, geometry.target_map[2])
        return cls(mask.transpose(3, 4, 0, 2, 1), rows, columns)

    @classmethod
    def between(cls, fit: Fitted, start: int) -> "Relation":
        """Read the block of `fit` from part `start` to the other part."""
        along = cls.of(fit.block)
        return along if start == fit.source else along.back

    @property
    def back(self) -> "Relation":
        """The same block, read in the other direction."""
        return Relation(self.mask.swapaxes(3, 4), self.rows.T, self.columns.T)

    @property
    def groups(self) -> int:
        """Number of groups of channels; channels are joined only within a group."""
        return self.mask.shape[2]

    def dense(self) -> "Relation":
        """Make the same relation with a single group."""
        if self.groups == 1:
            return self
        height, width, groups, start, end = self.mask.shape
        mask = np.zeros((height, width, groups, start, groups, end), bool)
        each = np.arange(groups)
        mask[:, :, each, :, each, :] = self.mask.transpose(2, 0, 1, 3, 4)
        return Relation(mask.reshape(height, width, 1, groups * start, groups * end), self.rows, self.columns)


def _table(reach: np.ndarray, size: int) -> np.ndarray:
    """Find the tap that joins each source and target row, -1 for none, from the target row of each tap."""
    table = np.full((reach.shape[1], size), -1)
    tap, source = np.nonzero(reach >= 0)
    table[source, reach[tap, source]] = tap
    return table
