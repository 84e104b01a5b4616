"""Extreme eigenvalues of large symmetric operators, copies of an eigenvalue included."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prunegraph.metrics.spectrum.block_vectors import (
    Array,
    combine,
    combined,
    like,
    new_array,
    norm,
    precision,
    products,
    subtract,
)
from prunegraph.randomness import numpy_generator

BASIS = 72, 120  # vectors kept, at least and at most
BASIS_BYTES = 2**27  # memory of the basis, which decides between these two
GUARD, LOOSER = 3, 30  # number of further eigenvalues that must have come near, and how much looser their tolerance is
MOST_STEPS = 3000
ENOUGH = 0.7  # a projection that leaves less than this share of a block is repeated
SHORT, LOST = 0.05, 1e-7  # directions with less than this share of their block are projected again; are replaced


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
    """How an eigenvalue solve works.

    Attributes
    ----------
    tolerance
        Error of the wanted eigenvalues, relative to the largest, at which to stop (see `settled`).
    residual
        Residual, likewise relative, which they must have reached as well.
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
    """The `wanted` first eigenvalues in `order` of a symmetric operator.

    `apply` maps (vectors, nodes) to the same shape; `start` is two or three vectors (vectors, nodes), random, because
    an eigenvector that is orthogonal to all of them is never found; of equal eigenvalues as many are found as there
    are vectors. All are arrays of numpy, or all tensors of torch, and so is the basis. Block Lanczos with thick
    restarts, made orthogonal again where rounding errors might have grown.
    Stops when every wanted eigenvalue has settled and the GUARD next ones have come near (LOOSER), so that one that
    appears late is not missed. A solve that is not done within MOST_STEPS (thousands of almost equal
    eigenvalues) warns and returns what it has.
    Needs more nodes than the largest basis holds. Memory 128 MiB, or 74 numbers a node if that is more.

    Source: K. Wu, H. Simon, "Thick-restart Lanczos method for large symmetric eigenvalue
    problems", SIAM J. Matrix Anal. Appl. 22 (2000); block form: G. Golub, R. Underwood (1977).
    """
    block, nodes = start.shape
    draw, space = numpy_generator(0, "metrics", "lanczos", nodes), _Krylov(start)
    purges = _Purges(space.basis[:block])
    for step in range(1, MOST_STEPS + 1):  # noqa: B007 (a result)
        coupling = _extend(apply, space, draw, purges)
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
    """Whether the wanted eigenvalues are known well enough.

    The error of an eigenvalue is at most its residual r, and at most r^2 / d if all others are at least d away
    (B. Parlett, "The symmetric eigenvalue problem", theorem 11.7.1); d is taken from the other Ritz values,
    those within r of it aside.
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


def _room(size: int) -> int:
    """Number of vectors of `size` bytes in the basis; half of it is a multiple of a block of one, two or three."""
    least, most = BASIS
    return min(most, max(least, BASIS_BYTES // size)) // 12 * 12


class _Krylov:
    """An orthonormal basis, the newest block behind it, and the operator projected on the basis.

    Attributes
    ----------
    basis
        (vectors, nodes), of which ``size`` and the ``block`` behind them are in use.
    projected
        float64 (room, room), of which (size, size) is in use.
    """

    def __init__(self, start: Array):
        self.block, self.size, room = len(start), 0, _room(start[0].nbytes)
        self.basis, self.projected = new_array(start, room + self.block), np.zeros((room, room))
        self.basis[: self.block], _ = principal(start)

    @property
    def full(self) -> bool:
        """Whether there is no room for a step."""
        return self.size == len(self.projected)

    def append(self, new: Array, along: np.ndarray) -> None:
        """Take the newest block into the basis, `along` the projection of its image, and `new` in its place."""
        end = self.size + self.block
        self.projected[:end, self.size : end] = along
        self.projected[self.size : end, :end] = along.T
        self.basis[end : end + self.block] = new
        self.size = end

    def restart(self, value: np.ndarray, vector: np.ndarray) -> None:
        """Keep the first half of the Ritz vectors and the newest block."""
        room = len(self.projected)
        kept = room // 2
        combine(vector[:, :kept], self.basis[:room])
        self.basis[kept : kept + self.block] = self.basis[room:]
        self.projected[:] = 0
        self.projected[np.arange(kept), np.arange(kept)] = value[:kept]
        self.size = kept


class _Purges:
    """Decide which steps need a purge: new vectors made orthogonal to all before, not to the last two blocks only.

    Rounding leaves in each block a share of the eigenvector of the `largest` eigenvalue, and a step enlarges that
    share by `largest` over the length of what is new in the step. Below the root of the precision it does not show in
    the eigenvalues. Before it can get there a purge is due, and another in the step after, because each step builds
    on the two before. Restarts mix such shares into all vectors, where they would add up: after the first
    restart a purge is due `always`.

    Source: H. Simon, "The Lanczos algorithm with partial reorthogonalization", Math. Comp. 42 (1984).
    """

    def __init__(self, rows: Array):
        self.precision = 4 * precision(rows)
        self.share, self.largest, self.always, self.second = self.precision, 0.0, False, False

    def due(self, image: Array) -> bool:
        """Whether the step that made `image` needs a purge."""
        shortest = np.sqrt(max(np.linalg.eigvalsh(products(image, image))[0], 0))
        # No number (0 / 0, where all edges weigh nothing) is not below the root either.
        with np.errstate(divide="ignore", invalid="ignore"):
            self.share *= 1 + self.largest / shortest
        due = self.always or self.second or not self.share < np.sqrt(self.precision)
        if due:
            self.share, self.second = self.precision, not self.second
        return due


def _extend(apply, space: _Krylov, draw, purges: _Purges) -> np.ndarray:
    """One Lanczos step: project the operator on the newest block, append the next; return their coupling."""
    end = space.size + space.block
    image = apply(space.basis[space.size : end])
    known, scale = space.basis[:end], norm(image)
    part = np.zeros((end, space.block))
    # Nearly all that must be removed lies along the last two blocks, and removing it is cheap. One more projection, now
    # and then on all blocks, is enough, unless it makes the image much shorter (after a restart): then what is left
    # holds rounding errors.
    near = max(0, end - 2 * space.block)
    _remove(image, known, part, near)
    before = norm(image)
    _remove(image, known, part, 0 if purges.due(image) else near)
    if norm(image) < ENOUGH * before:
        _remove(image, known, part, 0)
    new, coupling = _orthonormal(image, known, scale, draw)
    space.append(new, part)
    return coupling


def _remove(image, known, part, first) -> None:
    """Subtract from `image` its projection on `known` rows from `first` on, and add that to `part`."""
    along = products(known[first:], image)
    subtract(image, along, known[first:])
    part[first:] += along


def _orthonormal(block, known, scale, draw) -> tuple[Array, np.ndarray]:
    """Orthonormal rows that span `block` beyond `known`, and the coupling: block = coupling.T @ rows.

    `block` has been projected once. Directions that then are short beside `scale` still hold
    rounding errors along `known` and are projected again; where nothing is left (an invariant
    subspace is complete) random directions, which do not couple, take their place.
    """
    rows, coupling = principal(block)
    length = np.linalg.norm(coupling, axis=1)
    if length.min() > SHORT * scale:
        return rows, coupling
    lost = length <= LOST * scale
    coupling[lost] = 0
    for i in np.flatnonzero(lost):
        rows[int(i)] = like(block, draw.standard_normal(rows.shape[1]) / np.sqrt(rows.shape[1]))
    for _ in range(2):
        subtract(rows, products(known, rows), known)
        rows, change = principal(rows)
        coupling = change @ coupling
    return rows, coupling


def principal(block) -> tuple[Array, np.ndarray]:
    """Orthonormal rows and coupling with block = coupling.T @ rows, from the small Gram matrix."""
    value, vector = np.linalg.eigh(products(block, block))
    length = np.sqrt(np.maximum(value, 0))
    return combined(vector / np.where(length > 0, length, 1), block), length[:, None] * vector.T
