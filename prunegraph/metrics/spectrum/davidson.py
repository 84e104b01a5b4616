"""The largest eigenvalue of a symmetric operator with a dominant diagonal, such as the Laplacian of a graph."""

from collections.abc import Callable

import numpy as np

from prunegraph.metrics.spectrum.block_vectors import Array, combined, inner, like, new_array, products, subtract
from prunegraph.metrics.spectrum.krylov import principal
from prunegraph.metrics.spectrum.lanczos import Effort, Eigenvalues, by_value, extreme_eigenvalues, settled

BASIS = 24, 120  # vectors in the basis, at least and at most
BASIS_BYTES = 2**27  # memory of the basis and its images, which decides between these two
CLOSEST = 1e-4  # residuals are divided by no less than this share of the eigenvalue
LOST = 1e-5  # new directions that projection makes shorter than this are not added


def largest_eigenvalue(
    apply: Callable[[Array], Array], diagonal: np.ndarray, start: Array, effort: Effort
) -> Eigenvalues:
    """Find the largest eigenvalue of diag(`diagonal`) - A, where `apply` multiplies vectors by A.

    Davidson's method is the Lanczos method in which every residual is divided, node by node, by the difference of the
    eigenvalue and the diagonal before it joins the basis. The largest eigenvalues of a Laplacian are slightly larger
    than its largest diagonal entries, and often there are many of them close together, because all positions of a map
    have nearly the same strength. As many eigenvalues are followed as there are start vectors, so that one that appears
    late is not missed: the second must have converged roughly, too (see `settled`). Where the diagonal does not help
    (all strengths equal) the basis becomes full, and Lanczos steps continue from there. The value is the Rayleigh
    quotient of the vector found, summed in float64.

    `apply` maps (vectors, nodes) to the same shape; `diagonal` is (nodes,); `start` (vectors, nodes) is random and is
    divided in the same way as residuals.

    Source: E. Davidson, J. Comput. Phys. 17 (1975); block form: B. Liu, "The simultaneous expansion method" (1978).
    """
    followed, top = len(start), float(diagonal.max())
    along = like(start, diagonal)
    room = min(BASIS[1], max(BASIS[0], BASIS_BYTES // (2 * start[0].nbytes)))
    basis, images, projected = new_array(start, room), new_array(start, room), np.zeros((room, room))
    new, size = start / (1.01 * top - along), 0
    for step in range(1, room // followed + 1):  # noqa: B007 (a result)
        new = _beyond(basis[:size], new)
        end = size + len(new)
        basis[size:end], images[size:end] = new, along * new - apply(new)
        projected[:end, size:end] = products(basis[:end], images[size:end])
        projected[size:end, :end], size = projected[:end, size:end].T, end
        value, vector = (part[..., ::-1] for part in np.linalg.eigh(projected[:size, :size]))
        factors, best = vector[:, :followed], value[:followed]
        rest = combined(factors, images[:size])
        subtract(rest, factors * best, basis[:size])
        residual = np.sqrt(np.diag(products(rest, rest)))
        if settled(value, residual, 1, effort):
            break
        new = rest / (max(float(best[0]), top) - along).clip(min=CLOSEST * top)
    else:
        best = combined(factors, basis[:size])
        found = extreme_eigenvalues(lambda x: along * x - apply(x), best, by_value, 1, effort)
        return found._replace(steps=step + found.steps)
    vector, image = (combined(factors[:, :1], rows[:size])[0] for rows in (basis, images))
    exact = np.array([inner(vector, image) / inner(vector, vector)])
    return Eigenvalues(exact, step, float(residual[0] / (np.abs(value).max() or 1.0)))


def _beyond(basis: Array, new: Array) -> Array:
    """Make orthonormal rows for the new directions outside of the basis; fewer where the basis holds some already."""
    rows = new / like(new, np.sqrt(np.diag(products(new, new))).clip(min=1e-30))[:, None]
    for _ in range(2):
        if len(basis):
            subtract(rows, products(basis, rows), basis)
        rows, coupling = principal(rows)
        rows = rows[np.flatnonzero(np.linalg.norm(coupling, axis=1) > LOST)]
    return rows
