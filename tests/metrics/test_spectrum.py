"""Eigenvalue solvers: copies of an eigenvalue, crowds of them, and both paths against dense linear algebra."""

import numpy as np
import pytest
import torch
from helpers.blocks import block_of

from prunegraph import graphs
from prunegraph.graphs import Geometry, MultipartiteGraph
from prunegraph.metrics.explicit.adjacency import from_graph
from prunegraph.metrics.spectrum.chebyshev import sharpened
from prunegraph.metrics.spectrum.davidson import largest_eigenvalue
from prunegraph.metrics.spectrum.gap_and_radius import implicit_gap, implicit_radius, spectral_gap, spectral_radius
from prunegraph.metrics.spectrum.lanczos import Effort, by_magnitude, by_value, extreme_eigenvalues
from prunegraph.metrics.spectrum.operator import Operator
from prunegraph.randomness import numpy_generator


def equal_components(copies, pairs, size):
    """So many components with the same weights: parts of copies * size nodes, joined as `pairs` say."""
    draw = numpy_generator(0, "test", "components")
    nodes, blocks = copies * size, []
    for source, target in pairs:
        geometry = Geometry(source * nodes, (nodes, 1, 1), target * nodes, (nodes, 1, 1), groups=copies)
        weights = np.tile(draw.random((size, size)) * (draw.random((size, size)) < 0.5), (copies, 1))
        blocks.append(block_of(f"{source}-{target}", weights, geometry))
    return MultipartiteGraph((nodes,) * (1 + max(max(pair) for pair in pairs)), tuple(blocks))


def dense(graph):
    matrix = graphs.to_scipy(graph).toarray().astype(np.float64)
    matrix += matrix.T
    values = np.sort(np.abs(np.linalg.eigvalsh(matrix)))[::-1]
    return values[0], values[0] - values[2], np.linalg.eigvalsh(np.diag(matrix.sum(axis=0)) - matrix)[-1]


TRIANGLE, PATH = [(0, 1), (1, 2), (0, 2)], [(0, 1), (1, 2)]


@pytest.mark.parametrize("copies", [1, 2, 3, 4])
@pytest.mark.parametrize("pairs", [TRIANGLE, PATH], ids=["triangle", "two sides"])
def test_copies_of_the_largest_eigenvalue_count(copies, pairs):
    graph = equal_components(copies, pairs, 264 // copies)
    largest, gap, radius = dense(graph)
    assert (gap < 1e-9) == (copies >= (3 if pairs == TRIANGLE else 2))
    operator, strength = Operator(graph), graph.in_strength() + graph.out_strength()
    assert (operator.half is None) == (pairs == TRIANGLE)
    found = [implicit_gap(operator), spectral_gap(from_graph(graph))]
    assert [one.value for one in found] == pytest.approx([gap] * 2, abs=1e-5 * largest)
    found = [implicit_radius(operator, strength, graph.parts), spectral_radius(from_graph(graph))]
    assert [one.value for one in found] == pytest.approx([radius] * 2, rel=1e-6)
    assert all(one.steps > 0 for one in found)


@pytest.mark.parametrize("pairs", [TRIANGLE, PATH], ids=["triangle", "two sides"])
def test_solves_on_tensors_give_the_same(pairs):
    # On a GPU the basis is a tensor there; the same code runs on a tensor of the processor.
    graph = equal_components(1, pairs, 264)
    operator, strength = Operator(graph), graph.in_strength() + graph.out_strength()
    expected = implicit_gap(operator).value, implicit_radius(operator, strength, graph.parts).value
    operator.array = torch.from_numpy
    assert implicit_gap(operator).value == pytest.approx(expected[0], rel=1e-5)
    assert implicit_radius(operator, strength, graph.parts).value == pytest.approx(expected[1], rel=1e-6)


def test_a_second_eigenvalue_close_to_zero_does_not_lose_its_digits():
    # All weights equal: one singular value, and roots of squares near zero are worthless in float32.
    sizes = 300, 400
    geometry = Geometry(0, (300, 1, 1), 300, (400, 1, 1))
    graph = MultipartiteGraph(sizes, (block_of("full", np.ones((400, 300)), geometry),))
    largest = np.sqrt(300 * 400)
    assert implicit_gap(Operator(graph)).value == pytest.approx(largest, abs=1e-5 * largest)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_solvers_against_dense_linear_algebra(kind, dtype):
    draw = numpy_generator(0, "test", "solvers")
    matrix = draw.random((400, 400)) * (draw.random((400, 400)) < 0.1)
    matrix = matrix + matrix.T
    diagonal, start = matrix.sum(axis=0), draw.standard_normal((2, 400)).astype(dtype)
    operand = kind(matrix.astype(dtype))
    values = np.linalg.eigvalsh(matrix)
    found = extreme_eigenvalues(lambda x: x @ operand, kind(start), by_magnitude, 3, Effort(1e-6, 1e-4))
    assert found.values == pytest.approx(values[by_magnitude(values)][:3], abs=2e-6 * values[-1])
    radius = np.linalg.eigvalsh(np.diag(diagonal) - matrix)[-1]
    found = largest_eigenvalue(lambda x: x @ operand, diagonal, kind(start), Effort(3e-7, 3e-4))
    assert found.values[0] == pytest.approx(radius, rel=1e-6)


def test_crowded_eigenvalues_without_help_from_the_diagonal():
    # A cycle of a prime number of nodes: all strengths are equal and neighbouring eigenvalues 1e-5 apart.
    nodes = 601
    apply = lambda x: np.roll(x, 1, axis=1) + np.roll(x, -1, axis=1)  # noqa: E731
    start = numpy_generator(0, "test", "crowd").standard_normal((2, nodes))
    found = largest_eigenvalue(apply, np.full(nodes, 2.0), start, Effort(1e-7, 3e-6))
    assert found.values[0] == pytest.approx(2 + 2 * np.cos(np.pi / nodes), rel=1e-7)


def test_orthogonality_survives_steps_that_purge_nothing():
    # Eigenvalues 1000 and 999.9 settle at once; what rounding brings back of them must be purged in time.
    diagonal = np.concatenate([[1000, 999.9], np.linspace(0, 1, 3000)]).astype(np.float32)
    start = numpy_generator(0, "test", "purge").standard_normal((2, 3002), dtype=np.float32)
    found = extreme_eigenvalues(lambda x: diagonal * x, start, by_value, 3, Effort(1e-7, 1e-6))
    assert found.values == pytest.approx([1000, 999.9, 1], abs=1e-3)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_a_sharpened_start_leans_on_both_ends_of_the_spectrum_and_leaves_nothing_out(kind):
    values = np.linspace(-1, 1, 2001, dtype=np.float32) * 1e3
    start = numpy_generator(0, "test", "sharpened").standard_normal((2, 2001), dtype=np.float32)
    operand = kind(values)
    ends, inside = np.abs(values) > 950, np.abs(values) < 800
    found = np.abs(np.asarray(sharpened(lambda x: operand * x, kind(start.copy()))))
    share = found / np.linalg.norm(found)
    assert np.linalg.norm(share[:, ends]) > 0.9 > 10 * np.linalg.norm(share[:, inside])
    # An eigenvalue a thousand times as large does not drown the others: they keep their thousandth of the noise.
    operand = kind(np.append(values[:-1], np.float32(1e6)))
    found = np.asarray(sharpened(lambda x: operand * x, kind(start.copy())))
    assert np.median(np.abs(found[:, :-1])) / np.linalg.norm(found) > 1e-6
    assert np.isfinite(found).all()


def test_a_start_without_edges_stays():
    start = np.ones((2, 5), np.float32)
    assert np.array_equal(sharpened(np.zeros_like, start), start)
