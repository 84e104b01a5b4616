"""Extreme eigenvalues of large symmetric operators, with their multiplicities."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prunegraph.metrics.spectrum.block_vectors import Array
from prunegraph.metrics.spectrum.krylov import Krylov, Purges, extend
from prunegraph.randomness import numpy_generator

GUARD, LOOSER = 3, 30  # number of further eigenvalues that must have come near, and how much looser their tolerance is
MOST_STEPS = 3000


class Eigenvalues(NamedTuple):
    """The extreme eigenvalues, the most extreme first, and how they were found."""

    values: np.ndarray
    steps: int  # products of the operator with a block of vectors; 0: dense solution
    residual: float  # largest |A x - value x| among them, relative to the largest eigenvalue: bounds their error


def by_magnitude(values: np.ndarray) -> np.ndarray:
    """Order of eigenvalues: largest absolute value first."""
    return np.argsort(-np.abs(values), kind="stable")


def by_value(values: np.ndarray) -> np.ndarray:
    """Order of eigenvalues: largest first."""
    return np.argsort(-values, kind="stable")


@dataclass(frozen=True)
class Effort:
    """The accuracy at which an eigenvalue solve stops.

    Attributes
    ----------
    tolerance
        Error of the wanted eigenvalues, relative to the largest, at which to stop (see `settled`).
    residual
        Largest residual of the wanted eigenvalues, relative to the largest eigenvalue.
    """

    tolerance: float
    residual: float


def extreme_eigenvalues(
    apply: Callable[[Array], Array],
    start: Array,
    order: Callable[[np.ndarray], np.ndarray],
    wanted: int,
    effort: Effort,
) -> Eigenvalues:
    """Find the `wanted` first eigenvalues in `order` of a symmetric operator.

    The method is block Lanczos with thick restarts; vectors are made orthogonal again where rounding errors might have
    grown. It stops when every wanted eigenvalue has converged and the GUARD next ones have converged roughly (LOOSER),
    so that one that appears late is not missed. A solve that does not stop within MOST_STEPS (thousands of almost equal
    eigenvalues) warns and returns its last values. There must be more nodes than vectors in the largest basis. Memory:
    128 MiB, or 74 numbers a node if that is more.

    `apply` maps (vectors, nodes) to the same shape. `start` (vectors, nodes) is two or three random vectors: an
    eigenvector that is orthogonal to all of them is never found, and as many equal eigenvalues are found as there are
    vectors. Vectors are either arrays of numpy or tensors of torch, and so is the basis.

    Source: K. Wu, H. Simon, "Thick-restart Lanczos method for large symmetric eigenvalue
    problems", SIAM J. Matrix Anal. Appl. 22 (2000); block form: G. Golub, R. Underwood (1977).
    """
    block, nodes = start.shape
    draw, space = numpy_generator(0, "metrics", "lanczos", nodes), Krylov(start)
    purges = Purges(space.basis[:block])
    for step in range(1, MOST_STEPS + 1):  # noqa: B007 (a result)
        coupling = extend(apply, space, draw, purges)
        value, vector = np.linalg.eigh(space.projected[: space.size, : space.size])
        chosen = order(value)
        value, vector = value[chosen], vector[:, chosen]
        purges.largest = np.abs(value).max()
        residual = np.linalg.norm(coupling @ vector[-block:], axis=0)
        if space.size >= wanted + block and settled(value, residual, wanted, effort):
            break
        if space.full:
            space.restart(value, vector)
            purges.always = True
    worst = float(residual[:wanted].max() / (np.abs(value).max() or 1.0))
    if step == MOST_STEPS:
        wish = effort.residual
        warnings.warn(f"Lanczos: residual {worst:.1e} after {step} steps, not {wish:.0e}.", stacklevel=2)
    return Eigenvalues(value[:wanted], step, worst)


def settled(value: np.ndarray, residual: np.ndarray, wanted: int, effort: Effort) -> bool:
    """Whether the wanted eigenvalues are accurate enough.

    The error of an eigenvalue is at most its residual r, and at most r^2 / d if the distance to all others is at least
    d (B. Parlett, "The symmetric eigenvalue problem", theorem 11.7.1). Here d is the distance to the other Ritz values,
    without those within r.
    """
    scale = np.abs(value).max() or 1.0
    if residual[:wanted].max() > effort.residual * scale:
        return False
    if residual[wanted : wanted + GUARD].max(initial=0) > LOOSER * effort.residual * scale:
        return False
    for i in range(wanted):
        apart = np.abs(value - value[i])
        distance = apart[apart > residual[i]].min(initial=np.inf)
        if min(residual[i], residual[i] ** 2 / distance) > effort.tolerance * scale:
            return False
    return True
