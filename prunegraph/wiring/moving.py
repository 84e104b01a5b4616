"""Operations that only move values: permutations, reshapings, slices, padding, enlargement by copies.

Such an operation is run twice more: once on the numbers of the positions, and once on random values. If both results
agree, each value of the result is a copy of one position, or a constant, whatever the name of the operation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from prunegraph.wiring.features import Feature, Piece

# Largest number of pieces of a map; an operation that reads the map would have as many layers.
MOST_PIECES = 4096


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A tensor that holds values of a feature in another order or shape than that of a feature map.

    Attributes
    ----------
    feature
        The feature that the values are copied from.
    places
        int64, of the tensor's shape: position of each value in the flattened feature, -1 for a constant.
    """

    feature: Feature
    places: np.ndarray


Arranged = Feature | Arrangement


def same(one: Arranged, other: Arranged) -> bool:
    """Whether two tensors of one shape hold values of the same positions."""
    if isinstance(one, Feature) and isinstance(other, Feature):
        return one.pieces == other.pieces
    if isinstance(one, Feature) or isinstance(other, Feature):
        return False
    return one.feature.pieces == other.feature.pieces and np.array_equal(one.places, other.places)


def places_of(arranged: Arranged, shape: tuple[int, ...]) -> np.ndarray:
    """Number the positions of a tensor of this shape."""
    if isinstance(arranged, Arrangement):
        return arranged.places
    return np.arange(arranged.size).reshape(shape)


def moved(operation: Callable[[torch.Tensor], Any], places: np.ndarray) -> list[np.ndarray] | None:
    """Find the positions that the results of `operation` are copied from, one array for each tensor.

    Parameters
    ----------
    operation
        Function from a float64 tensor of the shape of `places` to one or several tensors.
    places
        int64, positions as in an :class:`Arrangement`.

    Returns
    -------
    list[np.ndarray] | None
        The positions; None if the operation does more than move values.
    """
    values = np.random.default_rng(0).standard_normal(places.size)
    try:
        numbered = _tensors(operation(torch.arange(places.size, dtype=torch.float64).reshape(places.shape)))
        sampled = _tensors(operation(torch.from_numpy(values.copy()).reshape(places.shape)))
        pairs = list(zip(numbered, sampled, strict=True))
    except Exception:  # an operation that refuses such input does more than move values
        return None
    found = [_origins(*pair, values) for pair in pairs]
    if not found or any(origins is None for origins in found):
        return None
    return [np.where(origins < 0, -1, places.ravel()[origins]) for origins in found]


def _tensors(result: Any) -> list[np.ndarray]:
    return [tensor.detach().numpy() for tensor in (result if isinstance(result, list | tuple) else [result])]


def _origins(numbers: np.ndarray, sample: np.ndarray, values: np.ndarray) -> np.ndarray | None:
    """Find the position that each value copies, -1 for a constant; None if a value is neither, or all are constant."""
    if numbers.shape != sample.shape or numbers.dtype != np.float64:
        return None
    inside = (numbers >= 0) & (numbers < values.size) & (numbers == np.floor(numbers))
    origins = np.where(inside, numbers, 0).astype(np.int64)
    copied = inside & (values[origins] == sample)
    return np.where(copied, origins, -1) if copied.any() and (copied | (numbers == sample)).all() else None


def arranged(feature: Feature, places: np.ndarray) -> Arranged:
    """Make the tensor with these values of `feature`; it is a feature if its rows and columns are those of maps."""
    shape = places.shape
    ordered = shape[:1] == (1,) and np.array_equal(places.ravel(), np.arange(feature.size))
    if ordered and shape[1:] in (feature.map, (feature.size,)):
        return feature
    if shape[:1] != (1,) or len(shape) not in (2, 4) or feature.map is None:
        return Arrangement(feature, places)
    pieces = _pieces(feature, places.reshape(*shape[1:], *(1,) * (4 - len(shape))))
    return Arrangement(feature, places) if pieces is None else Feature(tuple(pieces), feature.trail, feature.read)


def _pieces(feature: Feature, places: np.ndarray) -> list[Piece] | None:
    """Find the pieces of a map with these values; None if a channel is not made of rows and columns of another map."""
    channels, high, wide = feature.map
    there = places >= 0
    row = np.where(there, places // wide % high, -1).max(axis=2)
    column = np.where(there, places % wide, -1).max(axis=1)
    channel = np.where(there, places // (high * wide), -1).max(axis=(1, 2))
    product = (channel[:, None, None] * high + row[:, :, None]) * wide + column[:, None, :]
    if not np.array_equal(np.where((row[:, :, None] >= 0) & (column[:, None, :] >= 0), product, -1), places):
        return None
    # Constants read no row of any channel, so that their channels do not matter.
    channel = np.where(channel < 0, np.arange(len(channel)) % channels, channel)
    change = (
        (np.diff(channel) != 1) | (np.diff(row, axis=0) != 0).any(axis=1) | (np.diff(column, axis=0) != 0).any(axis=1)
    )
    starts = [0, *(np.flatnonzero(change) + 1).tolist(), len(channel)]
    if len(starts) > MOST_PIECES:
        return None
    return [
        piece
        for start, stop in pairwise(starts)
        for piece in _seen(feature, int(channel[start]), stop - start, row[start], column[start])
    ]


def _seen(feature: Feature, first: int, count: int, row: np.ndarray, column: np.ndarray) -> Iterator[Piece]:
    windows = (tuple(() if place < 0 else (place,) for place in axis.tolist()) for axis in (row, column))
    return iter(Feature(tuple(feature.cut(first, first + count))).seen(*windows).pieces)


def pooled(arranged_: Arranged, places: np.ndarray, axes: set[int], shape: tuple[int, ...]) -> Arranged | None:
    """Follow a mean, maximum or sum of a tensor with these positions over `axes`, to a tensor of `shape`.

    It may be over rows, columns or both of a map, or over all positions of each channel in any order. The result is
    None for anything else.
    """
    feature = arranged_ if isinstance(arranged_, Feature) else arranged_.feature
    if feature.map is None:
        return None
    _, high, wide = feature.map
    every = [range(high)], [range(wide)]
    if isinstance(arranged_, Feature) and places.ndim == 4 and axes <= {2, 3}:
        single = [[index] for index in range(high)], [[index] for index in range(wide)]
        seen = feature.seen(*(every[axis] if axis + 2 in axes else single[axis] for axis in range(2)))
        return arranged(seen, np.arange(seen.size).reshape(shape))
    rest = [axis for axis in range(places.ndim) if axis not in axes]
    if len(rest) != 2 or places.shape[rest[0]] != 1 or places.size != places.shape[rest[1]] * high * wide:
        return None
    sets = np.sort(places.transpose(*rest, *axes).reshape(-1, high * wide), axis=1)
    channel = sets[:, 0] // (high * wide)
    whole = np.array_equal(sets, channel[:, None] * high * wide + np.arange(high * wide))
    return arranged(feature.seen(*every), channel.reshape(shape)) if whole else None
