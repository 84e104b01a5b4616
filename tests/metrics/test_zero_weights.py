"""Edges of weight 0: they count wherever edges are counted, and weigh nothing."""

import numpy as np
import pytest
from helpers.architectures import random_graph

from prunegraph import graphs
from prunegraph.graphs import Block, Geometry, MultipartiteGraph
from prunegraph.metrics import topometrics

WEIGHTED = {"strength", "spectral_gap", "spectral_radius"}
SEEDS = [(seed, rich) for seed in range(5) for rich in (False, True)]


@pytest.mark.parametrize("path", ["explicit", "implicit"])
@pytest.mark.parametrize(("seed", "rich"), SEEDS)
def test_counts_do_not_look_at_weights(seed, rich, path):
    graph, zeros = (topometrics(random_graph(seed, rich=rich, zeros=share), path=path) for share in (0, 0.5))
    assert {name: zeros[name] for name in zeros.keys() - WEIGHTED} == {
        name: graph[name] for name in graph.keys() - WEIGHTED
    }


@pytest.mark.parametrize("path", ["explicit", "implicit"])
@pytest.mark.parametrize(("seed", "rich"), SEEDS)
def test_weights_are_those_of_the_matrix(seed, rich, path):
    graph = random_graph(seed, rich=rich, zeros=0.5)
    assert (graph.edges()[2] == 0).any()
    found, matrix = topometrics(graph, path=path), graphs.to_scipy(graph).toarray().astype(np.float64)
    matrix += matrix.T
    strengths = matrix.sum(axis=0)
    size = np.sort(np.abs(np.linalg.eigvalsh(matrix)))[::-1]
    assert found["strength"] == pytest.approx(strengths.mean(), rel=1e-6)
    assert found["spectral_gap"] == pytest.approx(size[0] - size[2], abs=1e-5 * size[0])
    assert found["spectral_radius"] == pytest.approx(np.linalg.eigvalsh(np.diag(strengths) - matrix)[-1], rel=1e-5)


@pytest.mark.parametrize("path", ["explicit", "implicit"])
def test_a_path_of_three_nodes_by_hand(path):
    blocks = [Block(name, np.ones((1, 1, 1, 1), bool), [weight], Geometry(first, (1, 1, 1), first + 1, (1, 1, 1)))
              for name, weight, first in (("a", 0, 0), ("b", 2, 1))]  # fmt: skip
    found = topometrics(MultipartiteGraph((1, 1, 1), blocks), path=path)
    assert (found["components"], found["cut_edges"], found["cut_nodes"], found["k_core"]) == (1, 2, 1, 1)
    assert (found["disconnected_nodes"], found["strength"]) == (0, 4 / 3)
    # Weights 0 and 2: eigenvalues 2, -2, 0 of the adjacency matrix, 4, 0, 0 of the Laplacian.
    assert found["spectral_gap"] == pytest.approx(2) and found["spectral_radius"] == pytest.approx(4)


@pytest.mark.parametrize("weight", [0, 3])
@pytest.mark.parametrize("path", ["explicit", "implicit"])
@pytest.mark.parametrize("sizes", [(4, 3, 2), (400, 300, 10)])
def test_a_graph_that_weighs_nothing_or_no_more_than_one_edge(sizes, path, weight):
    """Small graphs are solved at once, large ones step by step."""
    offsets, blocks = np.cumsum([0, *sizes]).tolist(), []
    for place in range(2):
        geometry = Geometry(offsets[place], (sizes[place], 1, 1), offsets[place + 1], (sizes[place + 1], 1, 1))
        mask = np.ones(geometry.weight_shape, bool)
        blocks.append(Block(str(place), mask, np.zeros(mask.size), geometry))
    values = np.zeros(len(blocks[0].values))
    values[0] = weight
    blocks[0] = Block("first", blocks[0].mask, values, blocks[0].geometry)
    found = topometrics(MultipartiteGraph(sizes, blocks), path=path)
    # Eigenvalues w, -w and zeros; of the Laplacian 2 w and zeros.
    assert found["spectral_gap"] == pytest.approx(weight, abs=1e-5) and found["k_core"] > 1
    assert found["spectral_radius"] == pytest.approx(2 * weight, rel=1e-6, abs=1e-9)
