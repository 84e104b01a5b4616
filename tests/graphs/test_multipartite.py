"""Graphs as wholes: order of edges, exports, and what they refuse."""

import numpy as np
import pytest
from helpers.blocks import block_of

from prunegraph import graphs
from prunegraph.errors import UserError
from prunegraph.graphs import Geometry, LayerGraphs, MultipartiteGraph, merging


def overlapping():
    """Three 1-channel blocks of which two share their sources, one lies out of order."""
    ones = np.ones((1, 1, 1, 1))
    near = block_of("near", ones, Geometry(0, (1, 2, 2), 4, (1, 2, 2)))
    far = block_of("far", 2 * ones, Geometry(0, (1, 2, 2), 8, (1, 2, 2)))
    last = block_of("last", 3 * ones, Geometry(4, (1, 2, 2), 8, (1, 2, 2)))
    return MultipartiteGraph((4, 4, 4), (last, far, near))


def test_edges_are_sorted_across_blocks():
    source, target, weight = overlapping().edges()
    assert source.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7]
    assert target.tolist() == [4, 8, 5, 9, 6, 10, 7, 11, 8, 9, 10, 11]
    assert weight.tolist() == [1, 2] * 4 + [3] * 4


def test_degrees_add_up_over_blocks():
    graph = overlapping()
    assert graph.out_degree().tolist() == [2] * 4 + [1] * 4 + [0] * 4
    assert graph.in_degree().tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert graph.in_strength().tolist() == [0] * 4 + [1] * 4 + [5] * 4


def test_from_edges_sorts_and_takes_any_direction():
    graph = MultipartiteGraph.from_edges((2, 2), [3, 0, 0], [1, 3, 1], [7, 8, 9])
    assert [array.tolist() for array in graph.edges()] == [[0, 0, 3], [1, 3, 1], [9, 8, 7]]
    assert graph.out_degree().tolist() == [2, 0, 0, 1]
    assert graph.in_degree().tolist() == [0, 2, 0, 1]
    assert graph.number_of_nodes() == 4 and graph.offsets == (0, 2, 4)
    assert graph.weight_sum() == 24 and graph.out_strength().tolist() == [17, 0, 0, 7]
    assert graph.density is None


def test_a_graph_may_have_no_edges():
    graph = MultipartiteGraph.from_edges((2, 1), [], [])
    assert graph.number_of_edges() == 0
    assert graph.out_degree().tolist() == [0, 0, 0]
    assert graphs.to_scipy(graph).shape == (3, 3)


@pytest.mark.parametrize(
    ("source", "target", "weight", "sentence"),
    [
        ([0, 1], [2], [1, 1], "one length"),
        ([0], [0], [1], "itself"),
        ([0, 0], [1, 1], [1, 1], "twice"),
        ([0], [9], [1], "reaches node 9, but the parts hold 3"),
        ([-1], [2], [1], "negative"),
        ([0.5], [2], [1], "whole numbers"),
        ([0], [2], [-1], "negative"),
        ([0], [2], [np.nan], "not a number"),
    ],
)
def test_from_edges_refuses(source, target, weight, sentence):
    with pytest.raises(UserError, match=sentence):
        MultipartiteGraph.from_edges((2, 1), source, target, weight)


def test_graphs_refuse_impossible_facts():
    block = block_of("fc", [[1]], Geometry(0, (1, 1, 1), 1, (1, 1, 1)))
    with pytest.raises(UserError, match="reaches node 1"):
        MultipartiteGraph((1,), (block,))
    with pytest.raises(UserError, match="clean, compat"):
        MultipartiteGraph((1, 1), (block,), "compact")
    with pytest.raises(UserError, match="parts"):
        MultipartiteGraph((1, 0, 1), (block,))
    with pytest.raises(UserError, match="parts"):
        MultipartiteGraph((), ())
    with pytest.raises(UserError, match="two counts"):
        MultipartiteGraph((1, 1), (block,), weights=3, parameters=2)


def test_scipy_keeps_edges_of_weight_zero():
    matrix = graphs.to_scipy(MultipartiteGraph.from_edges((2, 1), [0, 1], [2, 2], [0, 5]))
    assert matrix.nnz == 2 and matrix.data.tolist() == [0, 5]
    assert matrix.indptr.tolist() == [0, 1, 2, 2] and matrix.indices.tolist() == [2, 2]
    assert matrix.has_sorted_indices


def test_networkx_and_igraph_hold_the_same_graph():
    graph = overlapping()
    other, third = graphs.to_networkx(graph), graphs.to_igraph(graph)
    edges = sorted((*pair, weight) for *pair, weight in other.edges(data="weight"))
    assert edges == list(zip(*(array.tolist() for array in graph.edges()), strict=True))
    assert sorted(zip(*zip(*third.get_edgelist(), strict=True), third.es["weight"], strict=True)) == edges
    assert list(dict(other.nodes(data="part")).values()) == third.vs["part"] == [0] * 4 + [1] * 4 + [2] * 4
    assert third.is_directed() and other.number_of_nodes() == third.vcount() == 12


def test_parquet(tmp_path):
    from pyarrow import parquet

    graph = overlapping()
    graphs.to_parquet(graph, tmp_path / "edges.parquet")
    table = parquet.read_table(tmp_path / "edges.parquet")
    assert table.column_names == ["source", "target", "weight"]
    for column, array in zip(table.columns, graph.edges(), strict=True):
        np.testing.assert_array_equal(column.to_numpy(), array)


def test_equality_sees_every_value():
    def made(**facts):
        block = block_of("fc", [[facts.get("value", 1)]], Geometry(0, (1, 1, 1), 1, (1, 1, 1)))
        return MultipartiteGraph((1, 1), (block,), facts.get("mode", "clean"))

    assert made() == made()
    assert made() != made(value=2)
    assert made() != made(mode="compat")
    assert made() != MultipartiteGraph.from_edges((1, 1), [0], [1])


def test_layer_graphs_are_a_mapping_of_one_mode():
    graph = MultipartiteGraph.from_edges((1, 1), [0], [1])
    layers = LayerGraphs({"b": graph, "a": graph})
    assert list(layers) == ["b", "a"] and layers["a"] is graph and layers.mode == "clean"
    other = MultipartiteGraph.from_edges((1, 1), [0], [1], mode="compat")
    with pytest.raises(UserError, match="one mode"):
        LayerGraphs({"a": graph, "b": other})
    with pytest.raises(UserError, match="no layer"):
        LayerGraphs({})


def test_blocks_that_make_an_edge_twice_are_named_and_can_be_merged():
    geometry = Geometry(0, (1, 2, 2), 4, (1, 2, 2))
    one, other = (block_of(name, [[[[2.0]]]], geometry) for name in "ab")
    with pytest.raises(UserError, match="'a', 'b' make the same edge twice"):
        MultipartiteGraph((4, 4), (one, other)).edges()
    (both,) = merging.without_parallels((one, other))
    source, target, weight = MultipartiteGraph((4, 4), (both,)).edges()
    assert source.tolist() == [0, 1, 2, 3] and target.tolist() == [4, 5, 6, 7] and weight.tolist() == [4.0] * 4
    away = block_of("c", [[[[1.0]]]], Geometry(0, (1, 2, 2), 8, (1, 2, 2)))
    assert merging.without_parallels((one, away)) == (one, away)


@pytest.mark.parametrize("seed", range(20))
def test_merged_blocks_are_the_sums_of_their_edges(seed):
    """Two random kernels on the same maps, or on some of their channels."""
    draw = np.random.default_rng(seed)
    blocks, expected = [], {}
    for name in "abc":
        kernel, dilation = tuple(draw.integers(1, 4, 2).tolist()), tuple(draw.integers(1, 3, 2).tolist())
        first, groups = int(draw.integers(0, 3)), int(draw.integers(1, 3))
        channels = 2 * int(draw.integers(1, 3))
        pool, padding = tuple(draw.integers(1, 3, 2).tolist()), tuple(draw.integers(0, 3, 2).tolist())
        source, target = (channels, 4, 5), (2, 3, 3)
        geometry = Geometry(
            first * 20, source, 120 + 9 * first, target, kernel, (1, 1), padding, dilation, pool, groups
        )
        weights = draw.integers(1, 9, geometry.weight_shape) * (draw.random(geometry.weight_shape) < 0.4)
        blocks.append(block_of(name, weights, geometry))
        for s, t, w in zip(*blocks[-1].edges(), strict=True):
            expected[int(s), int(t)] = expected.get((int(s), int(t)), 0) + float(w)
    both = merging.merged(blocks)
    source, target, weight = both.edges()
    assert sorted(zip(source.tolist(), target.tolist(), strict=True)) == sorted(expected)
    assert {(s, t): w for s, t, w in zip(source.tolist(), target.tolist(), weight.tolist(), strict=True)} == expected
    assert both.number_of_edges() == len(expected) and both.weight_sum() == sum(expected.values())
