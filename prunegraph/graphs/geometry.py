"""The geometry of a convolution: which nodes of two maps a kernel joins."""

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from prunegraph.errors import UserError

Pair = tuple[int, int]
Map = tuple[int, int, int]

# No size exceeds this bound; products of larger numbers would exceed 64 bits.
BOUND = 1 << 40


@dataclass(frozen=True)
class Geometry:
    """How a kernel of weights joins two maps of nodes.

    The nodes of a map (C, H, W) are numbered channel by channel, then row by row, from an offset on:
    ``offset + (c*H + y)*W + x``. The source map is divided into disjoint pooling windows of size `pool`; window (y, x)
    is one input position of the convolution, and all its nodes get an edge. Tap (dy, dx) joins output (Y, X) with
    window (Y*stride + dy*dilation - padding, ...), if there is such a window. A linear layer is a kernel as large as
    its input map.

    Attributes
    ----------
    source_offset, target_offset
        Number of the first node of each map.
    source_map, target_map
        (channels, height, width), in nodes. Rows and columns of the source that fill no whole window have no edges.
    kernel, stride, padding, dilation, pool
        (vertical, horizontal). Padding is the number of rows above and of columns left of the source; it may be
        negative, where the source map is larger than the part that the kernel reads.
    groups
        Number of groups: output channel o reads only the input channels of group ``o // (C_target / groups)``.

    Raises
    ------
    UserError
        If a number is out of its range.
    """

    source_offset: int
    source_map: Map
    target_offset: int
    target_map: Map
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    pool: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self):
        lengths = {"source_map": 3, "target_map": 3, "kernel": 2, "stride": 2, "dilation": 2, "pool": 2}
        for name, length in lengths.items():
            self._check(name, length, least=1)
        self._check("padding", 2, least=None)
        for name, least in {"source_offset": 0, "target_offset": 0, "groups": 1}.items():
            if not whole(getattr(self, name), least):
                raise UserError(
                    f"Geometry: {name} is {getattr(self, name)!r}; expected a whole number from {least} to {BOUND}."
                )
        if self.source_map[0] % self.groups or self.target_map[0] % self.groups:
            raise UserError(
                f"Geometry: {self.groups} groups do not divide {self.source_map[0]} input "
                f"and {self.target_map[0]} output channels."
            )

    def _check(self, name: str, length: int, least: int | None) -> None:
        value = getattr(self, name)
        if not isinstance(value, list | tuple) or len(value) != length:
            raise UserError(f"Geometry: {name} is {value!r}; expected {length} whole numbers.")
        if not all(whole(number, least) for number in value):
            bounds = f"from {-BOUND if least is None else least} to {BOUND}"
            raise UserError(f"Geometry: {name} is {value!r}; expected whole numbers {bounds}.")
        object.__setattr__(self, name, tuple(int(number) for number in value))

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the mask: (output channels, input channels of a group, kernel height, kernel width)."""
        return (self.target_map[0], self.source_map[0] // self.groups, *self.kernel)

    @property
    def source_size(self) -> int:
        """Number of nodes in the source map."""
        return _product(self.source_map)

    @property
    def target_size(self) -> int:
        """Number of nodes in the target map."""
        return _product(self.target_map)

    @cached_property
    def rows(self) -> np.ndarray:
        """Target row that each vertical tap joins with each source row: int64 (kernel height, H), -1 for none."""
        return self._reach(0)

    @cached_property
    def columns(self) -> np.ndarray:
        """Target column that each horizontal tap joins with each source column: int64 (kernel width, W), -1: none."""
        return self._reach(1)

    @cached_property
    def edges_per_tap(self) -> np.ndarray:
        """Number of edges that one weight makes at each tap: int64 (kernel height, kernel width)."""
        return np.outer((self.rows >= 0).sum(axis=1), (self.columns >= 0).sum(axis=1))

    def _reach(self, axis: int) -> np.ndarray:
        size, pool = self.source_map[1 + axis], self.pool[axis]
        window = np.arange(size, dtype=np.int64) // pool
        tap = np.arange(self.kernel[axis], dtype=np.int64)[:, None]
        target, rest = np.divmod(window + self.padding[axis] - tap * self.dilation[axis], self.stride[axis])
        there = (rest == 0) & (target >= 0) & (target < self.target_map[1 + axis]) & (window < size // pool)
        return np.where(there, target, -1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> "Geometry":
        """Make a geometry from the result of :meth:`to_dict`; anything else is refused."""
        names = {field.name for field in fields(cls)}
        if not isinstance(facts, dict) or set(facts) != names:
            raise UserError(f"A block's geometry has the keys {sorted(names)}, found {facts!r:.200}.")
        return cls(**facts)


def whole(number: Any, least: int | None) -> bool:
    """Whether `number` is an integer below `BOUND` in magnitude and, if `least` is given, at least `least`."""
    integer = isinstance(number, int | np.integer) and not isinstance(number, bool)
    return integer and abs(number) < BOUND and (least is None or number >= least)


def _product(numbers: Map) -> int:
    channels, height, width = numbers
    return channels * height * width
