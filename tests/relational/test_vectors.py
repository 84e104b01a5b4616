"""Vectors of properties: classic graphs, and NetworkX as the oracle on random ones."""

import math

import networkx as nx
import numpy as np
import pytest

from prunegraph.relational import small
from prunegraph.relational.candidates import drawn
from prunegraph.relational.limits import FAMILIES
from prunegraph.relational.vectors import vectors


def vector(graph):
    found = vectors(nx.to_numpy_array(graph, dtype=bool)[None], compat=True)
    return {name: values[0] for name, values in found.items()}


KEPT = ("degree", "eigenvector", "clustering", "edge_connectivity", "first_cycle")


@pytest.mark.parametrize("n", [4, 7, 12])
def test_complete_graphs_cycles_and_stars(n):
    complete, cycle, star = (
        vector(make(n)) for make in (nx.complete_graph, nx.cycle_graph, lambda n: nx.star_graph(n - 1))
    )
    assert [complete[name] for name in KEPT] == pytest.approx([1, 1 / math.sqrt(n), 1, n - 1, 3])
    assert [cycle[name] for name in KEPT] == pytest.approx([2 / (n - 1), 1 / math.sqrt(n), 0, 2, n])
    assert star["edge_connectivity"] == 1 and star["girth"] == star["cyclomatic"] == star["first_cycle"] == 0
    # The Perron vector of a star: 1 / sqrt(2) in the middle, 1 / sqrt(2 (n - 1)) at each end.
    assert star["eigenvector"] == pytest.approx((1 + math.sqrt(n - 1)) / (math.sqrt(2) * n))
    assert (complete["triangles"], complete["four_cycles"]) == (math.comb(n, 3), 3 * math.comb(n, 4))
    assert (cycle["girth"], cycle["cyclomatic"], cycle["four_cycles"]) == (n, 1, n == 4)


def test_famous_graphs():
    petersen, cube, clique_pair = (
        vector(nx.petersen_graph()),
        vector(nx.hypercube_graph(3)),
        vector(nx.barbell_graph(5, 0)),
    )
    assert (petersen["girth"], petersen["aspl"], petersen["edge_connectivity"]) == (5, pytest.approx(5 / 3), 3)
    assert (petersen["triangles"], petersen["four_cycles"], petersen["cyclomatic"]) == (0, 0, 6)
    assert (cube["girth"], cube["four_cycles"], cube["cyclomatic"]) == (4, 6, 5)
    assert clique_pair["edge_connectivity"] == 1 and clique_pair["triangles"] == 20


def check(adjacency):
    found = vectors(adjacency, compat=True)
    for place, each in enumerate(adjacency):
        graph = nx.from_numpy_array(each)
        cycle = len(nx.find_cycle(graph)) if graph.number_of_edges() >= len(graph) else 0
        girth = nx.girth(graph)
        expected = {
            "degree": np.mean(list(nx.degree_centrality(graph).values())),
            "eigenvector": np.mean(list(nx.eigenvector_centrality_numpy(graph).values())),
            "clustering": nx.average_clustering(graph),
            "edge_connectivity": nx.edge_connectivity(graph),
            "aspl": nx.average_shortest_path_length(graph),
            "girth": 0 if girth == math.inf else girth,
            "triangles": sum(nx.triangles(graph).values()) // 3,
            "four_cycles": sum(1 for found in nx.simple_cycles(graph, length_bound=4) if len(found) == 4),
            "cyclomatic": graph.number_of_edges() - len(graph) + 1,
            "first_cycle": cycle,
        }
        assert {name: values[place] for name, values in found.items()} == pytest.approx(expected, abs=1e-9)


def test_as_networkx_finds_on_random_graphs():
    draw = np.random.default_rng(0)
    sizes = [(8, 9), (13, 20), (16, 40), (24, 30)]
    check_each = [np.stack(drawn(family, *size, 3, draw)[0]) for family in FAMILIES for size in sizes]
    for adjacency in check_each:
        check(adjacency)


def test_as_networkx_finds_on_every_graph_of_five_nodes():
    check(np.stack(small.every(5)))


def test_more_nodes_than_a_word_has_bits():
    check(np.stack(drawn("small_world", 70, 140, 2, np.random.default_rng(0))[0]))


def test_a_bottleneck_between_dense_parts_is_found():
    for bridges in (1, 2, 3):
        graph = nx.disjoint_union(nx.complete_graph(8), nx.complete_graph(8))
        graph.add_edges_from((node, 8 + node) for node in range(bridges))
        assert vector(graph)["edge_connectivity"] == bridges
