"""Extreme eigenvalues of large symmetric operators, copies of an eigenvalue included."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prunegraph.randomness import numpy_generator

BLOCK = 4  # vectors at a time: up to four equal eigenvalues are all found, where one vector finds one of them
BASIS = 32, 128  # vectors kept, at least and at most
BASIS_NUMBERS = 2**23  # between these, as many vectors as hold so many numbers (64 MiB)
GUARD, LOOSER = 3, 30  # so many further eigenvalues must have settled, to so many times the tolerance
MOST_STEPS = 3000
ENOUGH = 0.7
SHORT, LOST = 0.05, 1e-7  # directions so short beside the block they come from are projected again, replaced


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
    block
        Vectors at a time: so many equal eigenvalues are all found, where one vector finds one of them.
    dtype
        Of the basis: float32 halves memory and time; then errors below 1e-6 are beyond reach.
    """

    tolerance: float
    residual: float
    block: int = BLOCK
    dtype: type = np.float64


def extreme_eigenvalues(
    apply: Callable[[np.ndarray], np.ndarray],
    nodes: int,
    order: Callable[[np.ndarray], np.ndarray],
    wanted: int,
    effort: Effort,
    emphasis: np.ndarray | float = 1.0,
) -> Eigenvalues:
    """The `wanted` first eigenvalues in `order` of a symmetric operator.

    `apply` maps (vectors, nodes), of the effort's dtype and block, to the same shape. Block Lanczos with full
    reorthogonalisation and thick restarts; the start block is random but always the same, times `emphasis` (nodes,).
    Stops when every wanted eigenvalue has settled, and the GUARD next ones have come near it too (LOOSER), lest
    one that is slow to appear be missed. A solve that does not get there within MOST_STEPS (thousands of
    almost equal eigenvalues) warns and returns what it has.
    Needs more nodes than the largest basis holds. Memory 64 MiB, or 36 numbers a node if that is more.

    Source: K. Wu, H. Simon, "Thick-restart Lanczos method for large symmetric eigenvalue
    problems", SIAM J. Matrix Anal. Appl. 22 (2000); block form: G. Golub, R. Underwood (1977).
    """
    draw = numpy_generator(0, "metrics", "lanczos", nodes)
    block, room = effort.block, _room(nodes)
    basis, projected = np.empty((room + block, nodes), effort.dtype), np.zeros((room, room))
    basis[:block], _ = _principal((draw.standard_normal((block, nodes)) * emphasis).astype(effort.dtype))
    size = 0
    for step in range(1, MOST_STEPS + 1):  # noqa: B007 (a result)
        coupling = _extend(apply, basis, projected, size, block, draw)
        size += block
        value, vector = np.linalg.eigh(projected[:size, :size])
        chosen = order(value)
        value, vector = value[chosen], vector[:, chosen]
        residual = np.linalg.norm(coupling @ vector[-block:], axis=0)
        if size >= wanted + block and _settled(value, residual, wanted, effort):
            break
        if size == room:
            size = _restart(basis, projected, value, vector, block)
    worst = float(residual[:wanted].max() / (np.abs(value).max() or 1.0))
    if step == MOST_STEPS:
        wish = effort.residual
        warnings.warn(f"Lanczos: residual {worst:.1e} after {step} steps, not {wish:.0e}.", stacklevel=2)
    return Eigenvalues(value[:wanted], step, worst)


def _settled(value: np.ndarray, residual: np.ndarray, wanted: int, effort: Effort) -> bool:
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


def _room(nodes: int) -> int:
    """Vectors in the basis: many for small graphs, where they are cheap; twice a multiple of BLOCK."""
    least, most = BASIS
    return min(most, max(least, BASIS_NUMBERS // nodes)) // (2 * BLOCK) * 2 * BLOCK


def _extend(apply, basis, projected, size, block, draw) -> np.ndarray:
    """One Lanczos step: project the operator on the newest block, append the next; return their coupling."""
    end = size + block
    image = apply(basis[size:end])
    known, scale = basis[:end], np.linalg.norm(image)
    part = np.zeros((end, block))
    # Nearly all that is to be removed lies along the last two blocks, which are cheap. One more projection on all
    # others suffices, unless it shortens the image much (after a restart): then rounding errors have been laid bare.
    _remove(image, known, part, max(0, end - 2 * block))
    before = np.linalg.norm(image)
    _remove(image, known, part, 0)
    if np.linalg.norm(image) < ENOUGH * before:
        _remove(image, known, part, 0)
    projected[:end, size:end] = part
    projected[size:end, :end] = part.T
    new, coupling = _orthonormal(image, known, scale, draw)
    basis[end : end + block] = new
    return coupling


def _remove(image, known, part, first) -> None:
    """Subtract from `image` its projection on `known` rows from `first` on, and add that to `part`."""
    along = known[first:] @ image.T
    image -= along.T @ known[first:]
    part[first:] += along


def _orthonormal(block, known, scale, draw) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal rows that span `block` beyond `known`, and the coupling: block = coupling.T @ rows.

    `block` has been projected once. Directions that then are short beside `scale` still hold
    rounding errors along `known` and are projected again; where nothing is left (an invariant
    subspace is complete) random directions, which do not couple, take their place.
    """
    rows, coupling = _principal(block)
    length = np.linalg.norm(coupling, axis=1)
    if length.min() > SHORT * scale:
        return rows, coupling
    lost = length <= LOST * scale
    coupling[lost] = 0
    rows[lost] = draw.standard_normal((int(lost.sum()), rows.shape[1])) / np.sqrt(rows.shape[1])
    for _ in range(2):
        rows -= (rows @ known.T) @ known
        rows, change = _principal(rows)
        coupling = change @ coupling
    return rows, coupling


def _principal(block) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal rows and coupling with block = coupling.T @ rows, from the small Gram matrix."""
    value, vector = np.linalg.eigh((block @ block.T).astype(np.float64))
    length = np.sqrt(np.maximum(value, 0))
    rows = (vector / np.where(length > 0, length, 1)).T.astype(block.dtype) @ block
    return rows, length[:, None] * vector.T


def _restart(basis, projected, value, vector, block) -> int:
    """Keep the first half of the Ritz vectors and the residual block."""
    room = len(projected)
    kept = room // 2
    basis[:kept] = vector[:, :kept].T.astype(basis.dtype) @ basis[:room]
    basis[kept : kept + block] = basis[room:]
    projected[:] = 0
    projected[np.arange(kept), np.arange(kept)] = value[:kept]
    return kept
