"""Operations of eigenvalue solvers on a few long vectors: the rows of an array of numpy or of a tensor of torch.

BLAS multiplies many rows by one vector as fast as memory is read, but by two or three vectors at once much more slowly.
Therefore each vector is multiplied alone, on one slice of the columns after the other: the slice that was read for the
first vector is still in the processor's cache for the second. Small results are numpy arrays in float64.
"""

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

CACHED, SHORTEST = 2**18, 2**12  # numbers in a slice of all rows together; least length of a slice

Array = TypeVar("Array", np.ndarray, "torch.Tensor")


def like(array: Array, numbers: np.ndarray) -> Array:
    """Convert numbers to an array of the same kind, type and device as `array`."""
    if isinstance(array, np.ndarray):
        return numbers.astype(array.dtype)
    return array.new_tensor(numbers)


def new_array(array: Array, rows: int) -> Array:
    """Allocate an array of `rows` rows of the same kind, type and device as `array`; its values are not set."""
    if isinstance(array, np.ndarray):
        return np.empty((rows, array.shape[1]), array.dtype)
    return array.new_empty((rows, array.shape[1]))


def precision(array: Array) -> float:
    """Distance from 1 to the next larger number of the array's type."""
    return float(np.finfo(np.float32 if "32" in str(array.dtype) else np.float64).eps)


def products(many: Array, few: Array) -> np.ndarray:
    """Inner products of rows: float64 (many, few)."""
    sums = np.zeros((len(many), len(few)))
    for part in _pieces(many):
        piece = many[:, part]
        for i, row in enumerate(few):
            sums[:, i] += _numbers(piece @ row[part])
    return sums


def combined(factors: np.ndarray, rows: Array) -> Array:
    """Linear combinations of rows, one for each column of `factors` (rows, combinations)."""
    return like(rows, np.ascontiguousarray(factors.T)) @ rows


def subtract(few: Array, factors: np.ndarray, many: Array) -> None:
    """Subtract from each of the `few` rows the combination of the `many` by its column of `factors` (many, few)."""
    columns = [like(many, np.ascontiguousarray(column)) for column in factors.T]
    for part in _pieces(many):
        piece = many[:, part]
        for row, column in zip(few, columns, strict=True):
            row[part] -= column @ piece


def combine(factors: np.ndarray, rows: Array) -> None:
    """Replace the first rows by linear combinations of all, one for each column of `factors` (rows, combinations)."""
    factors = like(rows, np.ascontiguousarray(factors.T))
    for part in _pieces(rows):
        rows[: len(factors), part] = factors @ rows[:, part]


def norm(rows: Array) -> float:
    """Euclidean norm of all numbers."""
    return float(np.sqrt(sum(float(row @ row) for row in rows)))


def inner(one: Array, other: Array) -> float:
    """Inner product of two vectors, in float64."""
    if isinstance(one, np.ndarray):
        return float(one.astype(np.float64) @ other.astype(np.float64))
    return float(one.double() @ other.double())


def _pieces(rows: Array) -> list[slice]:
    """Divide the columns into slices that are short enough for the processor's cache."""
    width = max(SHORTEST, CACHED // max(1, len(rows))) if isinstance(rows, np.ndarray) else rows.shape[1]
    return [slice(first, first + width) for first in range(0, rows.shape[1], width)]


def _numbers(vector: Array) -> np.ndarray:
    return np.asarray(vector if isinstance(vector, np.ndarray) else vector.cpu(), np.float64)
