"""Expansion: spectral gap of the weighted adjacency, spectral radius of the weighted Laplacian."""

from typing import NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.adjacency import Adjacency
from prunegraph.metrics.lanczos import BLOCK, by_magnitude, by_value, extreme_eigenvalues

DENSE = 256  # up to so many nodes all eigenvalues are computed at once


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
    found = extreme_eigenvalues(lambda x: _times(graph, x), graph.nodes, by_magnitude, 3, 3e-6)
    return Spectral(_gap(found.values), found.steps, found.residual)


def spectral_radius(graph: Adjacency) -> Spectral:
    """Largest eigenvalue of the weighted Laplacian D - A, D the diagonal of node strengths.

    Zero without edges; None without nodes. Relative error below 1e-6. Source as :func:`spectral_gap`.
    """
    if not graph.nodes:
        return Spectral(None, 0, 0.0)
    if not graph.edges:
        return Spectral(0.0, 0, 0.0)
    strength = _times(graph, np.ones((graph.nodes, BLOCK)))[:, :1]
    if graph.nodes <= DENSE:
        return Spectral(float(np.linalg.eigvalsh(np.diag(strength[:, 0]) - _dense(graph))[-1]), 0, 0.0)
    found = extreme_eigenvalues(lambda x: strength * x - _times(graph, x), graph.nodes, by_value, 1, 1e-6)
    return Spectral(float(found.values[0]), found.steps, found.residual)


def _gap(values: np.ndarray) -> float:
    return float(abs(values[0]) - abs(values[2]))


def _dense(graph: Adjacency) -> np.ndarray:
    matrix = np.zeros((graph.nodes, graph.nodes))
    np.add.at(matrix, (np.repeat(np.arange(graph.nodes), graph.out_degree), graph.target), graph.weight)
    return matrix + matrix.T


def _times(graph: Adjacency, vectors: np.ndarray) -> np.ndarray:
    """Symmetric adjacency matrix times (nodes, BLOCK) vectors; each stored edge is used both ways."""
    product = np.zeros_like(vectors)
    _add_product(graph.start, graph.target, graph.weight, vectors, product)
    return product


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
