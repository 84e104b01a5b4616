"""Filtered start vectors of eigenvalue solves: a Chebyshev polynomial reduces the shares of small eigenvalues.

A product costs less than a step of the Lanczos method, which makes new vectors orthogonal to a growing basis and keeps
them. A Chebyshev polynomial of the operator does much of the work and needs memory for three blocks of vectors only.
"""

from collections.abc import Callable

from prunegraph.metrics.spectrum.block_vectors import Array, norm

DEGREE, POWERS = 16, 4
INSIDE = 0.9  # eigenvalues below this share of the largest known are not enlarged
NOISE = 1e-3  # share of the start itself in the result, so that no eigenvector is left out
LARGE = 1e12  # numbers are scaled down before they leave float32
PRODUCTS = DEGREE + POWERS // 2  # with a block of two vectors


def sharpened(apply: Callable[[Array], Array], start: Array) -> Array:
    """Apply a Chebyshev polynomial of a symmetric operator to the start; the result has the same shape and kind.

    The magnitude of the polynomial is at most 1 for eigenvalues up to INSIDE times the largest one in magnitude, and it
    grows as fast as possible beyond, on both sides. `POWERS` products with a single vector estimate the largest one.

    Source: Y. Saad, "Chebyshev acceleration techniques for solving nonsymmetric eigenvalue problems", Math. Comp.
    42 (1984).
    """
    vector, largest = start[:1], norm(start[:1])
    for _ in range(POWERS):
        vector = apply(vector / largest)
        largest = norm(vector)
        if not largest:
            return start
    scale, before, now = 1 / (INSIDE * largest), start, apply(start)
    now *= scale
    for _ in range(DEGREE - 1):
        before, now, past = now, apply(now), before
        now *= 2 * scale
        now -= past
        length = norm(now)
        if length > LARGE:
            before, now = before / length, now / length
    return now / norm(now) + start * (NOISE / norm(start))
