"""Few long vectors, rows of an array: what eigenvalue solvers do with them, for numpy and for tensors of torch.

BLAS multiplies many rows by one vector at the speed of memory, by two or three together at a fraction of it. So rows
are taken one by one, but piece by piece, so that the second finds what the first has read in the processor's cache.
Small results are numpy arrays in float64.
"""

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

CACHED, SHORTEST = 2**18, 2**12  # numbers in a piece of all rows, and at least of each

Array = TypeVar("Array", np.ndarray, "torch.Tensor")


def like(array: Array, numbers: np.ndarray) -> Array:
    """The numbers as an array of the same kind, type and device."""
    if isinstance(array, np.ndarray):
        return numbers.astype(array.dtype)
    return array.new_tensor(numbers)


def new_array(array: Array, rows: int) -> Array:
    """So many rows (not filled) of the same kind, type and device as those of `array`."""
    if isinstance(array, np.ndarray):
        return np.empty((rows, array.shape[1]), array.dtype)
    return array.new_empty((rows, array.shape[1]))


def precision(array: Array) -> float:
    """Distance from 1 to the next number of the array's type."""
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
    """Take away from each of the `few` rows the combination of the `many` of its column of `factors` (many, few)."""
    columns = [like(many, np.ascontiguousarray(column)) for column in factors.T]
    for part in _pieces(many):
        piece = many[:, part]
        for row, column in zip(few, columns, strict=True):
            row[part] -= column @ piece


def combine(factors: np.ndarray, rows: Array) -> None:
    """Put linear combinations of rows, one for each column of `factors` (rows, combinations), in place of the first."""
    factors = like(rows, np.ascontiguousarray(factors.T))
    for part in _pieces(rows):
        rows[: len(factors), part] = factors @ rows[:, part]


def norm(rows: Array) -> float:
    """The Euclidean norm of all numbers."""
    return float(np.sqrt(sum(float(row @ row) for row in rows)))


def inner(one: Array, other: Array) -> float:
    """Inner product of two vectors, in float64."""
    if isinstance(one, np.ndarray):
        return float(one.astype(np.float64) @ other.astype(np.float64))
    return float(one.double() @ other.double())


def _pieces(rows: Array) -> list[slice]:
    """Parts of the columns, so long that those of all rows stay in a processor's cache while they are used again."""
    width = max(SHORTEST, CACHED // max(1, len(rows))) if isinstance(rows, np.ndarray) else rows.shape[1]
    return [slice(first, first + width) for first in range(0, rows.shape[1], width)]


def _numbers(vector: Array) -> np.ndarray:
    return np.asarray(vector if isinstance(vector, np.ndarray) else vector.cpu(), np.float64)
