"""Steps of the Lanczos method: an orthonormal basis that grows by a block of vectors at a time."""

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

BASIS = 72, 120  # vectors kept, at least and at most
BASIS_BYTES = 2**27  # memory of the basis, which decides between these two
ENOUGH = 0.7  # a projection that leaves less than this share of a block is repeated
SHORT, LOST = 0.05, 1e-7  # directions with less than this share of their block are projected again; are replaced


class Krylov:
    """An orthonormal basis, the newest block after it, and the operator projected on the basis.

    Attributes
    ----------
    basis
        (vectors, nodes), of which ``size`` vectors and the ``block`` after them are in use.
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
        """Add the newest block to the basis; `along` is the projection of its image, `new` the next block."""
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


def _room(size: int) -> int:
    """Number of vectors of `size` bytes in the basis; half of it is a multiple of a block of one, two or three."""
    least, most = BASIS
    return min(most, max(least, BASIS_BYTES // size)) // 12 * 12


class Purges:
    """The decision which steps need a purge: new vectors are made orthogonal to all others, not only to two blocks.

    Rounding leaves in each block a share of the eigenvector of the `largest` eigenvalue. A step increases this share by
    the factor `largest` over the length of the new part. Below the square root of the precision the share has no effect
    on the eigenvalues. A purge is due before it reaches that value, and another one in the next step, because each step
    depends on the two before. Restarts mix such shares into all vectors, where they would accumulate, so that after the
    first restart a purge is due `always`.

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


def extend(apply, space: Krylov, draw, purges: Purges) -> np.ndarray:
    """One Lanczos step: project the operator on the newest block, append the next; return their coupling."""
    end = space.size + space.block
    image = apply(space.basis[space.size : end])
    known, scale = space.basis[:end], norm(image)
    part = np.zeros((end, space.block))
    # Nearly all of the part to be removed lies along the last two blocks, and its removal is cheap. One more
    # projection, sometimes on all blocks, is enough, unless it makes the image much shorter (after a restart): then the
    # rest holds rounding errors.
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
    """Compute orthonormal rows that span `block` outside of `known`, and the coupling: block = coupling.T @ rows.

    `block` has been projected once. Directions that are then short compared with `scale` still hold rounding errors
    along `known` and are projected again. Where nothing is left (an invariant subspace is complete), random directions
    without coupling take their place.
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
    """Compute orthonormal rows and their coupling, block = coupling.T @ rows, from the small Gram matrix."""
    value, vector = np.linalg.eigh(products(block, block))
    length = np.sqrt(np.maximum(value, 0))
    return combined(vector / np.where(length > 0, length, 1), block), length[:, None] * vector.T
