"""Ranges of nodes and their places on a map, and which rows of two maps are joined, for compiled code."""

from typing import NamedTuple

import numpy as np

from prunegraph.graphs.geometry import Map
from prunegraph.metrics.implicit.layout import Layout


class Span(NamedTuple):
    """The nodes of a part: the first, the one behind the last; channel, row and column of each, int32 (nodes, 3)."""

    first: int
    last: int
    place: np.ndarray

    @classmethod
    def of(cls, layout: Layout, part: int) -> "Span":
        """Part of a layout, under the map that its fitted blocks see."""
        return cls.under(layout.offsets[part], layout.maps[part])

    @classmethod
    def under(cls, first: int, shape: Map) -> "Span":
        """All nodes of a map that begins at node `first`."""
        size = int(np.prod(shape))
        place = np.stack(np.unravel_index(np.arange(size), shape), axis=1).astype(np.int32)
        return cls(first, first + size, place)


class Links(NamedTuple):
    """The rows (or columns) joined with each row, as compressed rows, and a number that belongs to each pair.

    Those of row y are ``other[start[y]:start[y + 1]]``; all int64.
    """

    start: np.ndarray
    other: np.ndarray
    number: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray) -> "Links":
        """From a table (rows, other rows) of numbers, negative where two rows are not joined."""
        one, two = np.nonzero(table >= 0)
        return cls(np.searchsorted(one, np.arange(len(table) + 1)), two, table[one, two])
