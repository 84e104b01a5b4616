"""The implicit path against the explicit one, igraph and networkx, on random architectures."""

import sys
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from helpers.architectures import random_graph
from helpers.blocks import block_of

from prunegraph import graphs, memory
from prunegraph.errors import UserError
from prunegraph.graphs import Geometry, MultipartiteGraph, RoutedBlock
from prunegraph.metrics import measurement, paths, topometrics
from prunegraph.metrics.explicit.adjacency import from_graph
from prunegraph.metrics.explicit.coreness import coreness
from prunegraph.metrics.explicit.cuts import cuts
from prunegraph.metrics.implicit import two_step_paths
from prunegraph.metrics.implicit.coreness import coreness as peeled
from prunegraph.metrics.implicit.cuts import certified_cuts
from prunegraph.metrics.implicit.layout import flattened, layout
from prunegraph.metrics.implicit.separable import separable
from prunegraph.metrics.implicit.walks import Walks
from prunegraph.metrics.paths import plan
from prunegraph.metrics.spectrum.operator import Operator
from prunegraph.randomness import numpy_generator

SEEDS = range(60)


RICH = range(40)


@pytest.fixture(params=[(seed, False) for seed in SEEDS] + [(seed, True) for seed in RICH])
def graph(request):
    seed, rich = request.param
    return random_graph(seed, rich=rich)


def same(one, other, largest):
    for name, value in one.items():
        if name == "spectral_gap":
            assert value == pytest.approx(other[name], abs=1e-5 * largest)
        elif name == "spectral_radius":
            assert value == pytest.approx(other[name], rel=1e-6)
        else:
            assert value == pytest.approx(other[name], rel=1e-12, abs=0), name


def norm(graph):
    matrix = graphs.to_scipy(graph).toarray().astype(np.float64)
    return np.linalg.norm(matrix + matrix.T, 2)


def test_both_paths_agree(graph):
    same(topometrics(graph, path="implicit"), topometrics(graph, path="explicit"), norm(graph))


def test_implicit_counts_equal_igraph(graph):
    undirected, nodes = graphs.to_igraph(graph).as_undirected(), graph.number_of_nodes()
    result = topometrics(graph, path="implicit")
    assert result["motifs"] == undirected.motifs_randesu_no(size=4)
    assert result["two_hop"] == pytest.approx(np.mean(graphs.to_igraph(graph).neighborhood_size(order=2, mode="out")))
    assert result["k_core"] == pytest.approx(sum(undirected.coreness()) / nodes)
    assert result["cut_edges"] == len(undirected.bridges())
    assert result["cut_nodes"] == len(undirected.articulation_points())
    assert result["components"] == len(undirected.connected_components())


@pytest.mark.parametrize("seed", range(8))
def test_implicit_counts_equal_networkx(seed):
    graph = random_graph(seed, density=0.2)
    undirected = graphs.to_networkx(graph).to_undirected()
    result = topometrics(graph, path="implicit")
    assert result["k_core"] == pytest.approx(np.mean(list(nx.core_number(undirected).values())))
    assert result["cut_edges"] == len(list(nx.bridges(undirected)))
    assert result["cut_nodes"] == len(set(nx.articulation_points(undirected)))
    assert result["components"] == nx.number_connected_components(undirected)


def test_coreness_of_every_node(graph):
    degree = graph.in_degree() + graph.out_degree()
    assert np.array_equal(peeled(layout(graph), degree), coreness(from_graph(graph).undirected))


def test_operator_is_the_matrix(graph):
    matrix = graphs.to_scipy(graph)
    vectors = numpy_generator(0, "test", "operator").standard_normal((3, graph.number_of_nodes())).astype(np.float32)
    expected = ((matrix + matrix.T) @ vectors.T).T
    assert np.allclose(Operator(graph)(vectors), expected, rtol=1e-4, atol=1e-4)


def test_the_random_architectures_reach_every_structure():
    graphs = [random_graph(seed) for seed in SEEDS]
    layouts = [layout(graph) for graph in graphs]
    assert all(layouts)
    geometries = [block.geometry for graph in graphs for block in graph.blocks]
    assert sum(bool(found.loose) for found in layouts) >= 10
    assert sum(bool(Walks(found).triangles()[0].any()) for found in layouts) >= 5
    assert sum(geometry.groups > 1 for geometry in geometries) >= 20
    assert sum(geometry.pool != (1, 1) for geometry in geometries) >= 10
    assert {1, 2, 3, 4, 5} == {geometry.kernel[0] for geometry in geometries if geometry.target_map[1:] != (1, 1)}
    assert {1, 2, 3} <= {geometry.stride[0] for geometry in geometries}
    assert {1, 2} == {geometry.dilation[0] for geometry in geometries}


def split_graph():
    """A map of four channels, of which the first layer behind it sees two and the second the other two."""
    draw = numpy_generator(0, "test", "split")

    def block(name, *place):
        geometry = Geometry(*place, kernel=(3, 3), padding=(1, 1))
        return block_of(name, draw.standard_normal(geometry.weight_shape), geometry)

    first = block("first", 0, (1, 4, 4), 16, (4, 4, 4))
    left = block("left", 16, (2, 4, 4), 80, (2, 4, 4))
    right = block("right", 48, (2, 4, 4), 112, (3, 4, 4))
    return MultipartiteGraph((16, 64, 32, 48), (first, left, right))


def test_the_halves_of_a_split_map_are_loose_and_are_counted_without_a_list_of_edges(monkeypatch):
    graph = split_graph()
    found = layout(graph)
    assert graph.mode == "clean" and [block.name for block in found.loose] == ["left", "right"]
    assert [fit.block.name for fit in found.fitted] == ["first"] and separable(found)
    expected = topometrics(graph, path="explicit")
    monkeypatch.setattr(measurement, "from_graph", None)
    same(topometrics(graph, path="implicit"), expected, largest=norm(graph))


def test_the_rich_architectures_reach_overlapping_windows_and_concatenations():
    graphs = [random_graph(seed, rich=True) for seed in RICH]
    assert sum(any(isinstance(block, RoutedBlock) for block in graph.blocks) for graph in graphs) >= 10
    layouts = [layout(graph) for graph in graphs]
    assert all(layouts)
    assert sum(any(isinstance(fit.block, RoutedBlock) for fit in found.fitted) for found in layouts) >= 10
    assert sum(bool(found.loose) and separable(found) for found in layouts) >= 5
    assert sum(bool(found.loose) and not separable(found) for found in layouts) >= 5
    joined = [Walks(found) for found in layouts]
    assert sum(any(len(s.common(a, b)) > 1 for a, b in combinations(range(len(s.layout.maps)), 2)) for s in joined) >= 5


def blocks_of(pairs, size=3, seed=0):
    """Complete parts of `size` nodes, joined as `pairs` say by randomly pruned 1x1 blocks."""
    draw = numpy_generator(seed, "test", "parts")
    for source, target in pairs:
        geometry = Geometry(source * size, (size, 1, 1), target * size, (size, 1, 1))
        weights = draw.random((size, size)) * (draw.random((size, size)) < 0.8)
        yield block_of(f"{source}-{target}", weights, geometry)


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 1), (1, 2), (2, 3), (0, 3)],  # a cycle of four parts
        [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3)],  # two triangles that share a side
        [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)],  # parallel branches
        [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)],  # cliques: listed after all
        [(0, 1), (1, 2), (0, 1)],  # two blocks between the same parts: listed after all
    ],
)
def test_parts_joined_in_every_way(pairs):
    if len(set(pairs)) < len(pairs):
        first, second, *_ = blocks_of(pairs)
        extra = np.zeros((3, 3), np.float32)
        extra[~first.mask[:, :, 0, 0]] = 1
        blocks = first, second, block_of("extra", extra, first.geometry)
    else:
        blocks = tuple(blocks_of(pairs))
    parts = 1 + max(max(pair) for pair in pairs)
    graph = MultipartiteGraph((3,) * parts, blocks)
    same(topometrics(graph, path="implicit"), topometrics(graph, path="explicit"), norm(graph))
    undirected = graphs.to_igraph(graph).as_undirected()
    assert topometrics(graph, path="implicit")["motifs"] == undirected.motifs_randesu_no(size=4)


def test_certificate_of_a_graph_that_hangs_together_by_threads():
    # Two dense halves joined by one edge, and a pendant node: the sample must be completed to see them.
    size = 12
    parts = (size,) * 4
    full, single = np.ones((size, size), np.float32), np.zeros((size, size), np.float32)
    single[0, 0] = 1
    names = [(0, 1, full), (1, 2, single), (2, 3, full)]
    full_but_one = full.copy()
    full_but_one[5, 1:] = 0
    names[2] = (2, 3, full_but_one)
    blocks = tuple(
        block_of(f"{a}-{b}", w, Geometry(a * size, (size, 1, 1), b * size, (size, 1, 1))) for a, b, w in names
    )
    graph = MultipartiteGraph(parts, blocks)
    assert certified_cuts(layout(graph)) == cuts(from_graph(graph).undirected) == (2, 2, 1)


def test_degrees_beyond_sixteen_bits():
    # One output that sees 33,000 inputs: peeling must leave int16.
    graph = MultipartiteGraph(
        (33_000, 1, 1),
        (
            block_of("a", np.ones((1, 33_000)), Geometry(0, (33_000, 1, 1), 33_000, (1, 1, 1))),
            block_of("b", np.ones((1, 1)), Geometry(33_000, (1, 1, 1), 33_001, (1, 1, 1))),
        ),
    )
    same(topometrics(graph, path="implicit"), topometrics(graph, path="explicit"), 33_001**0.5)


def test_plan_chooses_by_size_and_takes_orders():
    small = random_graph(3)
    geometry = Geometry(0, (64, 64, 64), 64**3, (64, 64, 64), (3, 3), padding=(1, 1))
    blocks = [block_of("big", np.ones(geometry.weight_shape), geometry)]
    big = MultipartiteGraph((64**3, 64**3), blocks)
    assert plan(small).counts == "explicit" and plan(big).counts == "implicit"
    assert plan(small, "implicit").spectrum == "implicit"
    with pytest.raises(UserError, match="Unknown path 'both'"):
        plan(small, "both")


def test_counts_beyond_exact_float32_come_from_the_edges(monkeypatch):
    graph = random_graph(3)
    expected = topometrics(graph, path="explicit")
    monkeypatch.setattr(two_step_paths, "LARGEST", 1)
    with pytest.raises(two_step_paths.TooManyPaths):
        Walks(layout(graph)).cycles()
    assert topometrics(graph, path="implicit")["motifs"] == expected["motifs"]


def test_without_torch_eigenvalues_come_from_the_edges(monkeypatch):
    graph = random_graph(3)
    monkeypatch.setattr(paths, "find_spec", lambda name: None)
    assert plan(graph).spectrum == "explicit"
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "prunegraph.metrics.spectrum.operator", raising=False)
    assert topometrics(graph)["components"] >= 1
    with pytest.raises(UserError, match="multiplies with torch"):
        topometrics(graph, path="implicit")


def test_plain_edges_are_always_listed():
    graph = MultipartiteGraph.from_edges((3, 3), np.array([0, 1, 2]), np.array([3, 4, 5]))
    assert topometrics(graph, path="implicit") == topometrics(graph, path="explicit")


def test_a_list_of_edges_that_memory_cannot_hold_is_refused(monkeypatch):
    graph = MultipartiteGraph.from_edges((3, 3), np.array([0, 1, 2]), np.array([3, 4, 5]))
    monkeypatch.setattr(memory, "BYTES_PER_EDGE", 1e15)
    with pytest.raises(UserError, match="To measure this graph its 3 edges must be listed, which takes about"):
        topometrics(graph)


@pytest.mark.parametrize("rich", [False, True])
def test_cycles_at_one_side_are_all_cycles(rich, monkeypatch):
    checked = 0
    for seed in range(20):
        walks = Walks(layout(random_graph(seed, mode="clean", rich=rich)))
        expected, sides = walks.cycles(), walks._sides()
        if sides:
            assert [walks._at_one_side(side) for side in sides] == [expected, expected]
            checked += expected > 0
    assert checked >= 4


def test_products_in_tiles(monkeypatch):
    graph = random_graph(3, density=0.8, mode="clean")
    expected = Walks(layout(graph)).cycles()
    assert expected > 0
    monkeypatch.setattr(two_step_paths, "PRODUCTS", 8)
    assert Walks(layout(graph)).cycles() == expected


def test_a_map_that_only_linear_layers_see_is_flattened():
    draw = numpy_generator(0, "test", "flat")
    first = Geometry(0, (2, 3, 4), 24, (5, 1, 1), (3, 4))
    last = Geometry(24, (5, 1, 1), 29, (3, 1, 1))
    blocks = [
        block_of(str(g.target_offset), draw.random(g.weight_shape) * (draw.random(g.weight_shape) < 0.5), g)
        for g in (first, last)
    ]
    graph = MultipartiteGraph((24, 5, 3), blocks)
    flat = flattened(graph)
    assert flat.blocks[0].geometry.source_map == (24, 1, 1)
    for one, other in zip(flat.edges(), graph.edges(), strict=True):
        np.testing.assert_array_equal(one, other)
    same(topometrics(graph, path="implicit"), topometrics(graph, path="explicit"), norm(graph))
    # A convolution needs the positions.
    geometry = Geometry(0, (2, 3, 4), 24, (5, 3, 4), (3, 3), padding=(1, 1))
    second = Geometry(24, (5, 3, 4), 84, (3, 1, 1), (3, 4))
    shapes = [(g, np.ones(g.weight_shape)) for g in (geometry, second)]
    graph = MultipartiteGraph((24, 60, 3), [block_of(str(g.target_offset), w, g) for g, w in shapes])
    assert flattened(graph) == graph
