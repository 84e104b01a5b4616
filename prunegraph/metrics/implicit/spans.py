"""Ranges of nodes with their positions on a map, and joined rows of two maps, for compiled code."""

from typing import NamedTuple

import numpy as np

from prunegraph.graphs.geometry import Map
from prunegraph.metrics.implicit.layout import Layout


class Span(NamedTuple):
    """The nodes of a part: the first, the last plus 1; channel, row and column of each, int32 (nodes, 3)."""

    first: int
    last: int
    place: np.ndarray

    @classmethod
    def of(cls, layout: Layout, part: int) -> "Span":
        """Make the span of a part of a layout, with the map that its fitted blocks use."""
        return cls.under(layout.offsets[part], layout.maps[part])

    @classmethod
    def under(cls, first: int, shape: Map) -> "Span":
        """Make the span of all nodes of a map that begins at node `first`."""
        size = int(np.prod(shape))
        place = np.stack(np.unravel_index(np.arange(size), shape), axis=1).astype(np.int32)
        return cls(first, first + size, place)


class Links(NamedTuple):
    """The rows (or columns) that are joined with each row, as compressed rows, and a number for each pair.

    Row y is joined with the rows ``other[start[y]:start[y + 1]]``; all arrays are int64.
    """

    start: np.ndarray
    other: np.ndarray
    number: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray) -> "Links":
        """Make links from a table (rows, other rows) of numbers, negative where two rows are not joined."""
        one, two = np.nonzero(table >= 0)
        return cls(np.searchsorted(one, np.arange(len(table) + 1)), two, table[one, two])
