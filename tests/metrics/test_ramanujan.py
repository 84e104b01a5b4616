"""Ramanujan properties of two-part graphs whose singular values are known on paper."""

from itertools import product
from math import sqrt

import numpy as np
import pytest
from helpers.blocks import block_of

from prunegraph.errors import UserError
from prunegraph.graphs import Geometry, MultipartiteGraph
from prunegraph.metrics import ramanujan
from prunegraph.randomness import numpy_generator

NOTHING = {"imdb": None, "imsg": None}
# Lines of the Fano plane; its incidence graph (Heawood) is cubic with singular values 3 and sqrt 2 (six times).
FANO = np.zeros((7, 7))
for line in range(7):
    FANO[line, [(line + shift) % 7 for shift in (0, 1, 3)]] = 1
CYCLE8 = np.eye(4) + np.roll(np.eye(4), 1, axis=1)


def graph(matrix):
    left, right = matrix.shape
    source, target = np.nonzero(matrix)
    weight = matrix[source, target].astype(np.float32)
    return MultipartiteGraph.from_edges((left, right), source, target + left, weight)


def diagonal(*matrices):
    """The disjoint union: matrices along the diagonal."""
    whole = np.zeros(np.sum([m.shape for m in matrices], axis=0))
    corner = np.zeros(2, int)
    for matrix in matrices:
        whole[tuple(slice(c, c + s) for c, s in zip(corner, matrix.shape, strict=True))] = matrix
        corner += matrix.shape
    return whole


CASES = {
    # K_{4,4}: one singular value, so nothing stands against the bound.
    "complete": (np.ones((4, 4)), {"delta_r": 1, "imdb": 1, "imsg": 4, "layer_density": 1}),
    # Two K_{3,3}: s2 = s1 = 3, bound 2 sqrt 2.
    "two complete": (
        diagonal(np.ones((3, 3)), np.ones((3, 3))),
        {"delta_r": 1 - 3 / sqrt(8), "imdb": 1 - 3 / sqrt(8), "imsg": 0, "layer_density": 1 / 2},
    ),
    "heawood": (FANO, {"delta_r": 1 / 2, "imdb": 1 / 2, "imsg": 3 - sqrt(2), "layer_density": 3 / 7}),
    "weighted": (FANO / 4, {"delta_r": 1 / 2, "imdb": 1 / 2, "imsg": (3 - sqrt(2)) / 4, "layer_density": 3 / 7}),
    # Left degrees 3 and 4 give two subgraphs. All in all s1 = 4, s2 = 3; mean degree (21 + 16) / 11 on both sides.
    "two degrees": (
        diagonal(FANO, np.ones((4, 4))),
        {
            "delta_r": 1 - 3 / (2 * sqrt(37 / 11 - 1)),
            "imdb": (1 / 2 + 1) / 2,
            "imsg": (3 - sqrt(2) + 4) / 2,
            "layer_density": 37 / 121,
        },
    ),
    # C_8: singular values 2, sqrt 2, sqrt 2, 0; bound 2; degree 2 is below 3.
    "cycle": (CYCLE8, NOTHING | {"delta_r": 1 - sqrt(2) / 2, "layer_density": 1 / 2}),
    # A star: bound sqrt(5 - 1) + 0, no second singular value; its right nodes have degree 1.
    "star": (np.ones((1, 5)), NOTHING | {"delta_r": 1, "layer_density": 1}),
    # Isolated nodes change the density only.
    "isolated": (
        diagonal(np.zeros((2, 5)), FANO, np.zeros((4, 1))),
        {"delta_r": 1 / 2, "imdb": 1 / 2, "imsg": 3 - sqrt(2), "layer_density": 21 / (13 * 13)},
    ),
    # A perfect matching: bound 0, so the distance is not defined. Three nodes are too few.
    "matching": (np.eye(4), NOTHING | {"delta_r": None, "layer_density": 1 / 4}),
    "three nodes": (np.ones((1, 2)), NOTHING | {"delta_r": None, "layer_density": 1}),
    "no edges": (np.zeros((3, 4)), NOTHING | {"delta_r": None, "layer_density": 0}),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name):
    matrix, expected = CASES[name]
    result = ramanujan(graph(matrix))
    assert list(result) == ["delta_r", "imdb", "imsg", "layer_density"]
    for key, value in expected.items():
        assert result[key] == (None if value is None else pytest.approx(value, rel=1e-7, abs=1e-7)), key
    assert all(value is None or type(value) is float for value in result.values())


def third_largest(matrix):
    """The definition itself: third largest magnitude among the eigenvalues of the symmetric adjacency."""
    left, right = matrix.shape
    whole = np.zeros((left + right, left + right))
    whole[:left, left:] = matrix
    values = np.sort(np.abs(np.linalg.eigvalsh(whole + whole.T)))[::-1]
    return values[0], values[2]


@pytest.mark.parametrize("seed, density", list(product(range(3), (0.05, 0.3, 0.8))))
def test_random_graphs_against_the_definition(seed, density):
    draw = numpy_generator(seed, "test", "ramanujan")
    matrix = draw.random((60, 25)).astype(np.float32) * (draw.random((60, 25)) < density)
    edge = matrix != 0
    whole = edge[edge.any(axis=1)][:, edge.any(axis=0)]
    bound = sqrt(whole.sum() / whole.shape[0] - 1) + sqrt(whole.sum() / whole.shape[1] - 1)
    distances, gaps = [], []
    for d in range(3, 26):
        rows = edge.sum(axis=1) == d
        columns = edge[rows].any(axis=0)
        if rows.any() and edge[rows].sum() / columns.sum() >= 3:
            limit = sqrt(d - 1) + sqrt(edge[rows].sum() / columns.sum() - 1)
            distances.append((limit - third_largest(edge[rows][:, columns])[1]) / limit)
            first, third = third_largest(matrix[rows][:, columns])
            gaps.append(first - third)
    result = ramanujan(graph(matrix))
    assert result["delta_r"] == pytest.approx((bound - third_largest(whole)[1]) / bound, rel=1e-7)
    assert result["imdb"] == (pytest.approx(np.mean(distances), rel=1e-7) if distances else None)
    assert result["imsg"] == (pytest.approx(np.mean(gaps), rel=1e-7) if gaps else None)


def test_an_edge_of_weight_zero_is_an_edge():
    # A weight may round to zero (compat mode); the unweighted properties still see its edge.
    source, target = np.nonzero(FANO)
    result = ramanujan(MultipartiteGraph.from_edges((7, 7), source, target + 7, np.zeros(21, np.float32)))
    assert result == pytest.approx({"delta_r": 1 / 2, "imdb": 1 / 2, "imsg": 0, "layer_density": 3 / 7})


def test_density_is_that_of_the_weights_where_the_graph_knows_them():
    # Channels: one edge may stand for nine weights, and the published density counts weights.
    plain = graph(FANO)
    channels = MultipartiteGraph(plain.parts, plain.blocks, weights=30, parameters=7 * 7 * 9)
    assert ramanujan(channels)["layer_density"] == 30 / 441


def test_a_mapping_gives_one_result_per_layer():
    layers = {"conv": graph(FANO), "linear": graph(CYCLE8)}
    assert ramanujan(layers) == {name: ramanujan(layer) for name, layer in layers.items()}


def test_only_two_parts():
    with pytest.raises(UserError, match="3 parts; Ramanujan"):
        ramanujan(MultipartiteGraph.from_edges((1, 1, 1), np.array([0]), np.array([1])))
    with pytest.raises(UserError, match="first part to its second"):
        ramanujan(MultipartiteGraph.from_edges((2, 1), np.array([0]), np.array([1])))


@pytest.mark.parametrize("groups", [1, 3])
def test_blocks_give_what_their_edges_give(groups):
    draw = numpy_generator(0, "test", "blocks")
    weights = draw.random((18, 30 // groups)) * (draw.random((18, 30 // groups)) < 0.8)
    block = block_of("layer", weights, Geometry(0, (30, 1, 1), 30, (18, 1, 1), groups=groups))
    whole = MultipartiteGraph((30, 18), (block,))
    listed = MultipartiteGraph.from_edges((30, 18), *whole.edges())
    # The block's groups are solved one by one, the list as a whole.
    expected = pytest.approx(ramanujan(listed) | {"layer_density": 0}, rel=1e-12)
    assert ramanujan(whole) | {"layer_density": 0} == expected
    assert ramanujan(whole)["imdb"] is not None


def grouped(*matrices):
    """A layer of groups, each with one of the matrices (left, right)."""
    weights = np.concatenate([matrix.T for matrix in matrices])
    left, right = matrices[0].shape
    sizes = left * len(matrices), right * len(matrices)
    geometry = Geometry(0, (sizes[0], 1, 1), sizes[0], (sizes[1], 1, 1), groups=len(matrices))
    return MultipartiteGraph(sizes, (block_of("grouped", weights, geometry),))


def test_groups_share_their_singular_values():
    # Two Heawood graphs: s2 = s1 = 3, bound 2 sqrt 2; weights halved in one of them leave 3 and 3 / 2.
    found = ramanujan(grouped(FANO, FANO / 2))
    assert found["delta_r"] == found["imdb"] == pytest.approx(1 - 3 / sqrt(8))
    assert found["imsg"] == pytest.approx(3 / 2)


def test_a_depthwise_layer_is_a_set_of_stars():
    # Stars of 4 and 9 leaves: singular values 2 and 3, bound sqrt(13 / 2 - 1) + 0; no left node has degree 3.
    star, larger = np.ones((9, 1)), np.ones((9, 1))
    star[4:] = 0
    found = ramanujan(grouped(star, larger))
    assert found["delta_r"] == pytest.approx(1 - 2 / sqrt(13 / 2 - 1))
    assert found["imdb"] is None and found["imsg"] is None
