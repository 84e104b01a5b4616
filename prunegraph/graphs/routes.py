"""Tables of the rows and columns that taps join, for joins that kernel, stride and padding cannot describe."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from prunegraph.errors import UserError
from prunegraph.graphs.geometry import BOUND, Map, whole


@dataclass(frozen=True)
class Routes:
    """The rows and columns that each tap joins; the general form of :class:`prunegraph.graphs.Geometry`.

    Attributes
    ----------
    source_offset, target_offset, source_map, target_map, groups
        As in :class:`prunegraph.graphs.Geometry`.
    row_table
        Target row that each vertical tap joins with each source row: (vertical taps, source rows), -1 for none. No two
        taps join the same source row with the same target row.
    column_table
        Target column that each horizontal tap joins with each source column, in the same form.

    Raises
    ------
    UserError
        If a number is out of its range, or two taps join the same rows or columns.
    """

    source_offset: int
    source_map: Map
    target_offset: int
    target_map: Map
    row_table: tuple[tuple[int, ...], ...]
    column_table: tuple[tuple[int, ...], ...]
    groups: int = 1

    def __post_init__(self):
        for name in ("source_map", "target_map"):
            value = getattr(self, name)
            if not isinstance(value, list | tuple) or len(value) != 3 or not all(whole(size, 1) for size in value):
                raise UserError(f"Routes: {name} is {value!r:.80}; expected three whole numbers from 1 to {BOUND}.")
            object.__setattr__(self, name, tuple(int(size) for size in value))
        if not all(whole(offset, 0) for offset in (self.source_offset, self.target_offset)):
            raise UserError(f"Routes: offsets {self.source_offset!r:.80} and {self.target_offset!r:.80}.")
        if not whole(self.groups, 1) or self.source_map[0] % self.groups or self.target_map[0] % self.groups:
            raise UserError(f"Routes: {self.groups!r:.80} groups do not divide the channels of both maps.")
        for axis, name in enumerate(("row_table", "column_table"), start=1):
            table = _table(getattr(self, name), self.source_map[axis], self.target_map[axis])
            object.__setattr__(self, name, table)

    @property
    def kernel(self) -> tuple[int, int]:
        """Number of vertical and of horizontal taps."""
        return len(self.row_table), len(self.column_table)

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the mask: (output channels, input channels of a group, vertical, horizontal taps)."""
        return (self.target_map[0], self.source_map[0] // self.groups, *self.kernel)

    @property
    def source_size(self) -> int:
        """Number of nodes in the source map."""
        return self.source_map[0] * self.source_map[1] * self.source_map[2]

    @property
    def target_size(self) -> int:
        """Number of nodes in the target map."""
        return self.target_map[0] * self.target_map[1] * self.target_map[2]

    @cached_property
    def rows(self) -> np.ndarray:
        """The row table: int64 (vertical taps, source rows)."""
        return np.array(self.row_table, dtype=np.int64)

    @cached_property
    def columns(self) -> np.ndarray:
        """The column table: int64 (horizontal taps, source columns)."""
        return np.array(self.column_table, dtype=np.int64)

    @cached_property
    def edges_per_tap(self) -> np.ndarray:
        """Number of edges that one True of the mask makes at each pair of taps: int64 (vertical, horizontal)."""
        return np.outer((self.rows >= 0).sum(axis=1), (self.columns >= 0).sum(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        tables = {name: [list(taps) for taps in facts[name]] for name in ("row_table", "column_table")}
        maps = {name: list(facts[name]) for name in ("source_map", "target_map")}
        return facts | tables | maps

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> "Routes":
        """Make routes from the result of :meth:`to_dict`; anything else is refused."""
        names = {field.name for field in fields(cls)}
        if not isinstance(facts, dict) or set(facts) != names:
            raise UserError(f"A block's routes have the keys {sorted(names)}, found {facts!r:.200}.")
        return cls(**facts)


def _table(table: Any, sources: int, targets: int) -> tuple[tuple[int, ...], ...]:
    try:
        array = np.array(table)
    except (ValueError, TypeError, OverflowError):
        array = np.empty(0)
    if array.ndim != 2 or not len(array) or array.dtype.kind != "i" or array.shape[1] != sources:
        raise UserError(f"Routes: a table is {table!r:.80}; expected {sources} whole numbers for each tap.")
    if array.min() < -1 or array.max() >= targets:
        raise UserError(f"Routes: a table names the rows {array.min()} to {array.max()} of {targets}.")
    ordered = np.sort(array, axis=0)
    if ((ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)).any():
        raise UserError("Routes: two taps join the same rows, so an edge would be made twice.")
    return tuple(map(tuple, array.tolist()))
