"""Expansion: spectral gap of the weighted adjacency, spectral radius of the weighted Laplacian."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.adjacency import Adjacency
from prunegraph.metrics.lanczos import BLOCK, Effort, by_magnitude, by_value, extreme_eigenvalues

if TYPE_CHECKING:
    from prunegraph.metrics.operator import Operator

DENSE = 256  # up to so many nodes all eigenvalues are computed at once
# With an operator in float32: two equal eigenvalues matter for the gap, none for the radius.
FAST = Effort(tolerance=1e-6, residual=1e-4, block=2, dtype=np.float32)
FASTEST = Effort(tolerance=8e-7, residual=3e-4, block=1, dtype=np.float32)


class Spectral(NamedTuple):
    """A spectral quantity and how it was found (see lanczos.Eigenvalues)."""

    value: float | None
    steps: int
    residual: float


def spectral_gap(graph: Adjacency) -> Spectral:
    """|l1| - |l3|, the eigenvalues of the symmetric weighted adjacency matrix sorted by magnitude.

    All eigenvalues count, with their multiplicity: in a bipartite graph l2 = -l1 and the gap is the
    difference of the two largest singular values of the biadjacency. Zero without edges; None for
    fewer than three nodes. Error below 1e-5 of l1. One product costs O(edges).

    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "expansion", and its public code.
    """
    if graph.nodes < 3:
        return Spectral(None, 0, 0.0)
    if not graph.edges:
        return Spectral(0.0, 0, 0.0)
    if graph.nodes <= DENSE:
        values = np.linalg.eigvalsh(_dense(graph))
        return Spectral(_gap(values[by_magnitude(values)]), 0, 0.0)
    found = extreme_eigenvalues(lambda x: _times(graph, x), graph.nodes, by_magnitude, 3, Effort(3e-6, 3e-6))
    return Spectral(_gap(found.values), found.steps, found.residual)


def spectral_radius(graph: Adjacency) -> Spectral:
    """Largest eigenvalue of the weighted Laplacian D - A, D the diagonal of node strengths.

    Zero without edges; None without nodes. Relative error below 1e-6. Source as :func:`spectral_gap`.
    """
    if not graph.nodes:
        return Spectral(None, 0, 0.0)
    if not graph.edges:
        return Spectral(0.0, 0, 0.0)
    strength = _times(graph, np.ones((BLOCK, graph.nodes)))[0]
    if graph.nodes <= DENSE:
        return Spectral(float(np.linalg.eigvalsh(np.diag(strength) - _dense(graph))[-1]), 0, 0.0)
    found = extreme_eigenvalues(lambda x: strength * x - _times(graph, x), graph.nodes, by_value, 1, Effort(1e-6, 1e-6))
    return Spectral(float(found.values[0]), found.steps, found.residual)


def implicit_gap(operator: "Operator") -> Spectral:
    """:func:`spectral_gap` from the products of an operator in float32; equal within 1e-6 of l1.

    In a graph of two sides the eigenvalues are plus and minus the square roots of those of the squared matrix
    on one side, where a product covers two steps. Up to two equal eigenvalues are told apart.
    """
    if operator.nodes < 3:
        return Spectral(None, 0, 0.0)
    if operator.nodes <= DENSE:
        values = np.linalg.eigvalsh(operator(np.eye(operator.nodes, dtype=np.float32)).astype(np.float64))
        return Spectral(_gap(values[by_magnitude(values)]), 0, 0.0)
    side = operator.side()
    if side is None or min(np.count_nonzero(side), np.count_nonzero(~side)) <= DENSE:
        found = extreme_eigenvalues(operator, operator.nodes, by_magnitude, 3, FAST)
        return Spectral(_gap(found.values), found.steps, found.residual)
    side = side if 2 * np.count_nonzero(side) <= len(side) else ~side
    found = extreme_eigenvalues(operator.squared(side), int(np.count_nonzero(side)), by_value, 2, FAST)
    largest, second = np.sqrt(np.maximum(found.values, 0))
    return Spectral(float(largest - second), found.steps, found.residual)


def implicit_radius(operator: "Operator", strength: np.ndarray, parts: tuple[int, ...]) -> Spectral:
    """:func:`spectral_radius` from the products of an operator in float32, within 1e-6.

    `strength` (nodes,); `parts`, the nodes of each part: the eigenvector often sits on one small part, so the
    search starts with as much in every part.
    """
    if not operator.nodes:
        return Spectral(None, 0, 0.0)
    if operator.nodes <= DENSE:
        adjacency = operator(np.eye(operator.nodes, dtype=np.float32)).astype(np.float64)
        return Spectral(float(np.linalg.eigvalsh(np.diag(strength) - adjacency)[-1]), 0, 0.0)
    if not strength.max():
        return Spectral(0.0, 0, 0.0)
    strength = strength.astype(np.float32)
    emphasis = np.repeat(1 / np.sqrt(parts), parts)
    laplacian = lambda x: strength * x - operator(x)  # noqa: E731
    found = extreme_eigenvalues(laplacian, operator.nodes, by_value, 1, FASTEST, emphasis)
    return Spectral(float(found.values[0]), found.steps, found.residual)


def _gap(values: np.ndarray) -> float:
    return float(abs(values[0]) - abs(values[2]))


def _dense(graph: Adjacency) -> np.ndarray:
    matrix = np.zeros((graph.nodes, graph.nodes))
    np.add.at(matrix, (np.repeat(np.arange(graph.nodes), graph.out_degree), graph.target), graph.weight)
    return matrix + matrix.T


def _times(graph: Adjacency, vectors: np.ndarray) -> np.ndarray:
    """Symmetric adjacency matrix times (BLOCK, nodes) vectors; each stored edge is used both ways."""
    # The numbers that one edge needs, next to each other.
    vectors = np.ascontiguousarray(vectors.T)
    product = np.zeros_like(vectors)
    _add_product(graph.start, graph.target, graph.weight, vectors, product)
    return np.ascontiguousarray(product.T)


@njit(cache=True)
def _add_product(start, target, weight, x, y):
    for u in range(len(start) - 1):
        x0, x1, x2, x3 = x[u, 0], x[u, 1], x[u, 2], x[u, 3]
        y0 = y1 = y2 = y3 = 0.0
        for e in range(start[u], start[u + 1]):
            v, w = target[e], np.float64(weight[e])
            y0 += w * x[v, 0]
            y1 += w * x[v, 1]
            y2 += w * x[v, 2]
            y3 += w * x[v, 3]
            y[v, 0] += w * x0
            y[v, 1] += w * x1
            y[v, 2] += w * x2
            y[v, 3] += w * x3
        y[u, 0] += y0
        y[u, 1] += y1
        y[u, 2] += y2
        y[u, 3] += y3
