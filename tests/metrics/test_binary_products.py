"""Products of 0/1 matrices in bits against products of numbers."""

import numpy as np
import pytest

from prunegraph.metrics.implicit.binary_products import multiply, packed


@pytest.mark.parametrize(("rows", "middle", "columns"), [(1, 1, 1), (3, 37, 5), (2, 128, 513), (4, 300, 9), (2, 0, 3)])
def test_products_are_those_of_numbers(rows, middle, columns):
    draw = np.random.default_rng(middle)
    left = draw.random((2, 1, 3, rows, middle)) < 0.4
    right = draw.random((1, 2, 3, middle, columns)) < 0.4
    pairs = np.array([[0, 0, 0, 0], [1, 0, 0, 1]])
    found = np.empty((2, 3, rows, columns), np.float32)
    multiply(packed(left), np.ascontiguousarray(packed(right.swapaxes(3, 4)).swapaxes(3, 4)), pairs, found)
    numbers = [left[a, c].astype(int) @ right[b, d].astype(int) for a, b, c, d in pairs]
    np.testing.assert_array_equal(found, numbers)
