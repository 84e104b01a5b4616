"""Tensors inside a network as pieces of the output maps of its layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from prunegraph.wiring.architecture import Windows

INPUT = -1


@dataclass(frozen=True)
class Piece:
    """Consecutive channels of the output map of one layer, read through windows.

    Attributes
    ----------
    layer
        Number of the layer, `INPUT` for the network's input.
    channels
        First channel, and the last one plus 1.
    rows, columns
        Window of each row of the tensor: the rows of the layer's map from which it is made; columns likewise.
    """

    layer: int
    channels: tuple[int, int]
    rows: Windows
    columns: Windows

    @cached_property
    def map(self) -> tuple[int, int, int]:
        """Shape (channels, height, width) of the piece in the tensor."""
        return self.channels[1] - self.channels[0], len(self.rows), len(self.columns)

    @cached_property
    def direct(self) -> bool:
        """Whether each window is a single row or column."""
        return self.rows == identity(len(self.rows)) and self.columns == identity(len(self.columns))


@dataclass(frozen=True)
class Feature:
    """A tensor as pieces in the order of its channels; a flattened tensor keeps the maps that it was made from.

    ``trail`` holds the numbers of the layers on the main path from the input to this tensor, ``read`` what these layers
    read: numbers of layers, with a first channel and a last one plus 1.
    """

    pieces: tuple[Piece, ...]
    trail: frozenset[int] = frozenset()
    read: frozenset[tuple[int, int, int]] = frozenset()

    @cached_property
    def map(self) -> tuple[int, int, int] | None:
        """Shape (channels, height, width); None for pieces of different height or width."""
        sizes = {piece.map[1:] for piece in self.pieces}
        return (sum(piece.map[0] for piece in self.pieces), *sizes.pop()) if len(sizes) == 1 else None

    @cached_property
    def size(self) -> int:
        """Number of values."""
        return sum(channels * height * width for channels, height, width in (piece.map for piece in self.pieces))

    def seen(self, rows: Sequence[Sequence[int]], columns: Sequence[Sequence[int]]) -> "Feature":
        """Apply further windows of rows and columns to every piece."""
        pieces = (
            replace(piece, rows=_compose(piece.rows, rows), columns=_compose(piece.columns, columns))
            for piece in self.pieces
        )
        return replace(self, pieces=tuple(pieces))

    def has_read(self, other: "Feature") -> bool:
        """Whether the layers on the way here read every channel that `other` is made of."""
        return all(
            any(layer == piece.layer and first <= channel < last for layer, first, last in self.read)
            for piece in other.pieces
            for channel in range(*piece.channels)
        )

    def cut(self, first: int, last: int) -> Iterator[Piece]:
        """Select the pieces of the channels `first` to `last`."""
        start = 0
        for piece in self.pieces:
            stop = start + piece.map[0]
            low, high = max(first, start), min(last, stop)
            if low < high:
                offset = piece.channels[0] - start
                yield replace(piece, channels=(low + offset, high + offset))
            start = stop


def identity(size: int) -> Windows:
    """Make windows of one position each."""
    return tuple((index,) for index in range(size))


def strided_windows(size: int, count: int, kernel: int, stride: int, padding: int, dilation: int) -> Windows:
    """Make the windows of pooling along an axis; positions in the padding are left out."""
    starts = (index * stride - padding for index in range(count))
    reach = kernel * dilation
    return tuple(tuple(row for row in range(start, start + reach, dilation) if 0 <= row < size) for start in starts)


def adaptive_windows(size: int, count: int) -> Windows:
    """Make the windows of adaptive pooling along an axis; they overlap where `count` does not divide `size`."""
    return tuple(tuple(range(index * size // count, -(-(index + 1) * size // count))) for index in range(count))


def regular(windows: Windows, size: int) -> int:
    """Size of equal, disjoint windows that divide an axis of `size` from its beginning on; 0 for other windows."""
    pool = len(windows[0])
    cut = tuple(tuple(range(start, start + pool)) for start in range(0, size - pool + 1, pool)) if pool else ()
    return pool if windows == cut else 0


def without_padding(piece: Piece, height: int, width: int) -> tuple[Piece, tuple[int, int, int, int]]:
    """Remove constants around a piece that is otherwise its whole map.

    Returns the piece without constants, and their number of rows or columns (above, below, left, right).
    """
    (above, below), (left, right) = (
        _around(axis, size) for axis, size in ((piece.rows, height), (piece.columns, width))
    )
    whole = identity(height), identity(width)
    rows, columns = piece.rows[above : len(piece.rows) - below], piece.columns[left : len(piece.columns) - right]
    if (rows, columns) != whole:
        return piece, (0, 0, 0, 0)
    return replace(piece, rows=rows, columns=columns), (above, below, left, right)


def _around(windows: Windows, size: int) -> tuple[int, int]:
    """Count the empty windows before and after `size` other windows."""
    before = next((place for place, window in enumerate(windows) if window), 0)
    return before, max(0, len(windows) - before - size)


def _compose(inner: Windows, outer: Sequence[Sequence[int]]) -> Windows:
    return tuple(tuple(sorted({row for index in window for row in inner[index]})) for window in outer)
