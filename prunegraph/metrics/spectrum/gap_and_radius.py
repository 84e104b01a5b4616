"""Expansion: spectral gap of the weighted adjacency, spectral radius of the weighted Laplacian."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from prunegraph.metrics.explicit.adjacency import Adjacency
from prunegraph.metrics.spectrum.chebyshev import PRODUCTS, sharpened
from prunegraph.metrics.spectrum.davidson import largest_eigenvalue
from prunegraph.metrics.spectrum.lanczos import Effort, by_magnitude, by_value, extreme_eigenvalues
from prunegraph.randomness import numpy_generator

if TYPE_CHECKING:
    from prunegraph.metrics.spectrum.operator import Operator

DENSE = 256  # up to so many nodes all eigenvalues are computed at once
BLOCK = 2  # vectors at a time: up to so many equal eigenvalues are found
SAME = 1e-5  # eigenvalues that differ by less than this share of the largest count as equal
SMALL = 0.3  # below the square of this share of the largest, roots of eigenvalues are not known well enough
EXACT = Effort(tolerance=3e-6, residual=3e-6)
FLOAT32 = Effort(tolerance=3e-6, residual=1e-4)  # of an operator in float32
RADIUS = {np.float64: Effort(tolerance=1e-7, residual=3e-6), np.float32: Effort(tolerance=3e-7, residual=3e-4)}


class Spectral(NamedTuple):
    """A spectral quantity, with the steps and the residual of the solve (see lanczos.Eigenvalues)."""

    value: float | None
    steps: int
    residual: float


def spectral_gap(graph: Adjacency) -> Spectral:
    """|l1| - |l3|, the eigenvalues of the symmetric weighted adjacency matrix sorted by magnitude.

    All eigenvalues count, with their multiplicity: in a bipartite graph l2 = -l1 and the gap is the
    difference of the two largest singular values of the biadjacency. Zero without weights; None for
    fewer than three nodes. Error below 1e-5 of l1. Published tables hold it as it is, divided by nothing.
    O(edges) a step, 15 to 40 steps for networks; 16 bytes a node and step.

    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "expansion", and its public code.
    """
    if graph.nodes < 3:
        return Spectral(None, 0, 0.0)
    if not graph.weight.any():  # no edge, or none that weighs anything
        return Spectral(0.0, 0, 0.0)
    if graph.nodes <= DENSE:
        values = np.linalg.eigvalsh(_dense(graph))
        return Spectral(_gap(values[by_magnitude(values)]), 0, 0.0)
    draw = numpy_generator(0, "metrics", "gap", graph.nodes)
    return _third(lambda x: _times(graph, x), lambda block: draw.standard_normal((block, graph.nodes)), EXACT)


def spectral_radius(graph: Adjacency) -> Spectral:
    """Largest eigenvalue of the weighted Laplacian D - A, D the diagonal of node strengths.

    Zero without weights; None without nodes. Relative error below 1e-6. Published tables hold it as it is.
    O(edges) a step, 4 to 13 steps for networks. Source as :func:`spectral_gap`.
    """
    if not graph.nodes:
        return Spectral(None, 0, 0.0)
    if not graph.weight.any():  # no edge, or none that weighs anything
        return Spectral(0.0, 0, 0.0)
    strength = _times(graph, np.ones((1, graph.nodes)))[0]
    if graph.nodes <= DENSE:
        return Spectral(float(np.linalg.eigvalsh(np.diag(strength) - _dense(graph))[-1]), 0, 0.0)
    start = numpy_generator(0, "metrics", "radius", graph.nodes).standard_normal((BLOCK, graph.nodes))
    return _first(lambda x: _times(graph, x), strength, start, RADIUS[np.float64])


def implicit_gap(operator: "Operator") -> Spectral:
    """Compute :func:`spectral_gap` from the products of an operator in float32; the error is below 1e-5 of l1.

    In a graph of two sides the eigenvalues are plus and minus the square roots of those of the squared matrix on one
    side, whose products cover two steps. A step takes four times the multiplications of the dense network (two vectors,
    both directions) and 8 bytes a node; there are 15 to 35 steps. In other graphs 18 products filter the start
    (:mod:`prunegraph.metrics.spectrum.chebyshev`); they count as steps, of which there are 25 to 50.
    """
    if operator.nodes < 3:
        return Spectral(None, 0, 0.0)
    if operator.nodes <= DENSE:
        values = np.linalg.eigvalsh(operator(np.eye(operator.nodes, dtype=np.float32)).astype(np.float64))
        return Spectral(_gap(values[by_magnitude(values)]), 0, 0.0)
    draw = numpy_generator(0, "metrics", "gap", operator.nodes)
    if operator.half is not None and operator.half > DENSE:
        start = operator.array(np.ascontiguousarray(operator.smooth(BLOCK, draw)[:, : operator.half]))
        found = extreme_eigenvalues(operator.square, start, by_value, 2, FLOAT32)
        largest, second = np.sqrt(np.maximum(found.values, 0))
        if second > SMALL * largest:
            return Spectral(float(largest - second), found.steps, found.residual)
    found = _third(
        operator.product,
        lambda block: sharpened(operator.product, operator.array(operator.smooth(block, draw))),
        FLOAT32,
    )
    return found._replace(steps=found.steps + PRODUCTS)


def implicit_radius(operator: "Operator", strength: np.ndarray, parts: tuple[int, ...]) -> Spectral:
    """Compute :func:`spectral_radius` from the products of an operator in float32, with a relative error below 1e-6.

    `strength` is (nodes,), `parts` the number of nodes of each part. The eigenvector is often concentrated on one small
    part, so that the start has the same norm in every part. Costs are those of :func:`implicit_gap`, but with 4 to 10
    steps and 16 bytes a node and step.
    """
    if not operator.nodes:
        return Spectral(None, 0, 0.0)
    if operator.nodes <= DENSE:
        adjacency = operator(np.eye(operator.nodes, dtype=np.float32)).astype(np.float64)
        return Spectral(float(np.linalg.eigvalsh(np.diag(strength) - adjacency)[-1]), 0, 0.0)
    if not strength.max():
        return Spectral(0.0, 0, 0.0)
    draw = numpy_generator(0, "metrics", "radius", operator.nodes)
    start = draw.standard_normal((BLOCK, operator.nodes), dtype=np.float32)
    start *= np.repeat(1 / np.sqrt(parts), parts).astype(np.float32)[operator.order]
    return _first(operator.product, strength[operator.order], operator.array(start), RADIUS[np.float32])


def _third(apply, start, effort: Effort) -> Spectral:
    """Compute the gap by Lanczos steps; `start` makes random blocks of a given number of vectors.

    Two vectors at a time find two copies of every eigenvalue. More copies matter only if the largest eigenvalue has
    three, one for each connected component that has it; a third copy is searched for where two have been found.
    """
    found = extreme_eigenvalues(apply, start(BLOCK), by_magnitude, 3, effort)
    first, second, third = found.values
    if abs(first - second) <= SAME * abs(first) < abs(first) - abs(third):
        again = extreme_eigenvalues(apply, start(BLOCK + 1), by_magnitude, 3, effort)
        found = again._replace(steps=found.steps + again.steps)
    return Spectral(_gap(found.values), found.steps, found.residual)


def _first(apply, strength: np.ndarray, start, effort: Effort) -> Spectral:
    """Compute the radius by Davidson steps."""
    found = largest_eigenvalue(apply, strength, start, effort)
    return Spectral(float(found.values[0]), found.steps, found.residual)


def _gap(values: np.ndarray) -> float:
    return float(abs(values[0]) - abs(values[2]))


def _dense(graph: Adjacency) -> np.ndarray:
    matrix = np.zeros((graph.nodes, graph.nodes))
    np.add.at(matrix, (np.repeat(np.arange(graph.nodes), graph.out_degree), graph.target), graph.weight)
    return matrix + matrix.T


def _times(graph: Adjacency, vectors: np.ndarray) -> np.ndarray:
    """Multiply (vectors, nodes) by the symmetric adjacency matrix; each stored edge is used in both directions."""
    product = np.empty_like(vectors)
    for first in range(0, len(vectors), 2):
        # The numbers that one edge needs, next to each other; a single vector is accompanied by itself.
        two = np.ascontiguousarray(vectors[[first, min(first + 1, len(vectors) - 1)]].T)
        onto = np.zeros_like(two)
        _add_product(graph.start, graph.target, graph.weight, two, onto)
        product[first : first + 2] = onto.T[: len(vectors) - first]
    return product


@njit(cache=True)
def _add_product(start, target, weight, x, y):
    for u in range(len(start) - 1):
        x0, x1 = x[u, 0], x[u, 1]
        y0 = y1 = 0.0
        for e in range(start[u], start[u + 1]):
            v, w = target[e], np.float64(weight[e])
            y0 += w * x[v, 0]
            y1 += w * x[v, 1]
            y[v, 0] += w * x0
            y[v, 1] += w * x1
        y[u, 0] += y0
        y[u, 1] += y1
