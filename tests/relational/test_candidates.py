"""Candidates of a search: exact numbers of edges, connected, of different families; all graphs of a few nodes."""

import networkx as nx
import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.relational import sets, small
from prunegraph.relational.candidates import drawn, lowest
from prunegraph.relational.limits import FAMILIES
from prunegraph.relational.vectors import vectors


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("nodes", "edges"), [(16, 15), (16, 17), (20, 60), (12, 66), (9, 20)])
def test_every_graph_is_connected_and_has_exactly_the_edges_asked_for(family, nodes, edges):
    graphs, reasons = drawn(family, nodes, edges, 4, np.random.default_rng(0))
    assert len(graphs) + reasons["lacking"] == 4 and graphs
    for graph in graphs:
        assert (graph == graph.T).all() and not graph.diagonal().any()
        assert graph.sum() == 2 * edges and nx.is_connected(nx.from_numpy_array(graph))


def test_a_graph_in_pieces_is_joined_by_the_lowest_keys_and_counted():
    # Pairs (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3): the three lowest are a triangle without node 3.
    graph, whole = lowest(np.array([0.1, 0.2, 0.9, 0.3, 0.8, 0.7]), 4, 3)
    assert not whole and sorted(nx.from_numpy_array(graph).edges) == [(0, 1), (0, 2), (2, 3)]
    graph, whole = lowest(np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.7]), 4, 3)
    assert whole and sorted(nx.from_numpy_array(graph).edges) == [(0, 1), (0, 2), (0, 3)]
    _, reasons = drawn("uniform", 30, 29, 20, np.random.default_rng(0))
    assert reasons["joined"] == 20  # a uniformly drawn set of 29 pairs is hardly ever a tree


def test_there_is_one_ring_and_one_complete_graph():
    for edges in (12, 66):
        graphs, reasons = drawn("ring", 12, edges, 3, np.random.default_rng(0))
        assert len(graphs) == 1 and reasons == {"twice": 100, "lacking": 2}
    assert (graphs[0] == ~np.eye(12, dtype=bool)).all()


def test_families_differ_in_the_properties_that_they_are_named_for():
    made = {name: drawn(name, 32, 64, 20, np.random.default_rng(0))[0] for name in FAMILIES}
    found = {name: vectors(np.stack(graphs)) for name, graphs in made.items()}
    assert found["ring"]["aspl"].min() > found["uniform"]["aspl"].max()
    assert found["ring"]["clustering"].min() > found["uniform"]["clustering"].max()
    assert np.ptp(found["small_world"]["aspl"]) > 2 * np.ptp(found["uniform"]["aspl"])
    largest = {name: np.mean([graph.sum(1).max() for graph in graphs]) for name, graphs in made.items()}
    assert min(largest["attachment"], largest["core"]) > largest["uniform"] > largest["ring"] == 4
    groups = np.concatenate([vectors(np.stack(made["blocks"]))["aspl"], found["uniform"]["aspl"]])
    assert groups[:20].max() > groups[20:].max()


def test_uniform_graphs_have_every_pair_as_often():
    graphs, _ = drawn("uniform", 10, 20, 1500, np.random.default_rng(1))
    share = np.stack(graphs).mean(0)[np.triu_indices(10, 1)]
    assert abs(share - 20 / 45).max() < 5 * np.sqrt(20 * 25 / 45**2 / 1500)


def test_all_graphs_of_few_nodes_are_there_once():
    for nodes, number in ((3, 2), (4, 6), (5, 21), (6, 112)):  # OEIS A001349
        graphs = small.every(nodes)
        assert len(graphs) == number
        if nodes < 6:
            named = [nx.from_numpy_array(graph) for graph in graphs]
            assert not any(nx.is_isomorphic(a, b) for place, a in enumerate(named) for b in named[:place])


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("candidates", {"nodes": 16, "edges": [14]}, "has 15 to 120 edges, found 14"),
        ("candidates", {"nodes": 16, "edges": [121]}, "has 15 to 120 edges, found 121"),
        ("candidates", {"nodes": 2, "edges": [1]}, "has 3 to 4096 nodes"),
        ("candidates", {"nodes": 16, "edges": [20, 20]}, "names 20 twice"),
        ("candidates", {"nodes": 16, "edges": [20], "families": ["rings"]}, "Did you mean 'ring'"),
        ("every", {"nodes": 7}, "of 3 to 6 nodes, found nodes: 7"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(kind, options, said):
    with pytest.raises(UserError, match=said):
        sets.make(kind, 0, **options)
