"""Path lengths, clustering and walks against closed forms, classic graphs and networkx."""

import math

import networkx as nx
import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.relational import generators
from prunegraph.relational.adjacency import adjacency_of, tables
from prunegraph.relational.clustering import clustering, clustering_of, transitivity, triangles
from prunegraph.relational.distances import UNLIMITED, aspl, diameter, total_distance
from prunegraph.relational.limits import shortest_possible
from prunegraph.relational.properties import properties
from prunegraph.relational.walks import aopu, gradient_resistance


def array(graph):
    return nx.to_numpy_array(graph, dtype=bool, weight=None)


@pytest.mark.parametrize(("nodes", "degree"), [(16, 4), (64, 4), (64, 6), (64, 8), (64, 10), (65, 4), (130, 6)])
def test_the_ring_lattice_has_its_formula(nodes, degree):
    steps = [math.ceil(min(j, nodes - j) / (degree / 2)) for j in range(1, nodes)]
    ring = generators.ring_lattice(nodes, degree)
    assert aspl(ring) == pytest.approx(sum(steps) / (nodes - 1), abs=1e-12)
    assert diameter(ring) == max(steps)


@pytest.mark.parametrize(
    ("degree", "ring"),
    [(4, 8.380952), (6, 5.761905), (8, 4.444444), (10, 3.666667), (12, 3.142857), (14, 2.777778), (16, 2.476190)],
)
def test_the_ring_lattices_of_the_authors(degree, ring):
    # The lengths of the last graphs of their shipped sets of 64 nodes.
    assert aspl(generators.ring_lattice(64, degree)) == pytest.approx(ring, abs=5e-7)


@pytest.mark.parametrize(
    ("graph", "length", "longest"),
    [
        (nx.petersen_graph(), 5 / 3, 2),
        (nx.complete_graph(9), 1, 1),
        (nx.hypercube_graph(6), 192 / 63, 6),
        (nx.path_graph(10), 11 / 3, 9),
        (nx.star_graph(7), (2 * 7 + 2 * 7 * 6) / 56, 2),
    ],
)
def test_classic_graphs(graph, length, longest):
    assert aspl(array(graph)) == pytest.approx(length, abs=1e-12)
    assert diameter(array(graph)) == longest


def test_as_networkx_on_two_hundred_random_graphs():
    draw = np.random.default_rng(0)
    for number in range(200):
        nodes = int(draw.integers(8, 100))
        graph = nx.gnm_random_graph(nodes, 3 * nodes, seed=number)
        graph.add_edges_from(zip(range(nodes), range(1, nodes), strict=False))  # connected, of many degrees
        found = properties(array(graph))
        assert found["aspl"] == pytest.approx(nx.average_shortest_path_length(graph), abs=1e-12)
        assert found["diameter"] == nx.diameter(graph)
        assert found["clustering"] == pytest.approx(nx.average_clustering(graph), abs=1e-12)
        assert found["transitivity"] == pytest.approx(nx.transitivity(graph), abs=1e-12)
        assert (found["nodes"], found["edges"]) == (nodes, graph.number_of_edges())
        assert found["degree"] == pytest.approx(2 * found["edges"] / nodes)
        assert found["bound"] <= found["aspl"]
        assert clustering_of(*tables(array(graph))) == pytest.approx(found["clustering"], abs=1e-12)
        assert triangles(array(graph)).tolist() == list(nx.triangles(graph).values())


@pytest.mark.parametrize(("nodes", "cut"), [(12, 5), (100, 63), (100, 64)])
def test_a_graph_in_pieces_has_no_length(nodes, cut):
    ring = generators.ring_lattice(nodes, 4)
    ring[:cut, cut:] = ring[cut:, :cut] = False
    with pytest.raises(UserError, match="in several pieces"):
        aspl(ring)


def test_a_limit_ends_early_and_lies_below_the_answer():
    neighbours, _, bits = tables(generators.ring_lattice(64, 4))
    rooms = np.empty_like(bits), np.empty_like(bits)
    whole, steps = total_distance(neighbours, bits, *rooms, UNLIMITED)
    assert (whole, steps) == (round(8.380952380952 * 64 * 63), 16)
    for limit in (whole - 1, whole // 2, 64 * 63):
        found, steps = total_distance(neighbours, bits, *rooms, limit)
        assert limit < found <= whole and steps <= 16
    assert total_distance(neighbours, bits, *rooms, whole)[0] == whole


@pytest.mark.parametrize(
    ("nodes", "degree", "bound"),
    [
        *[(64, 4, 2.857143), (64, 6, 2.333333), (64, 8, 1.873016), (64, 10, 1.841270), (64, 12, 1.809524)],
        *[(64, 14, 1.777778), (64, 16, 1.746032), (16, 4, 1.733333), (32, 4, 2.354839), (10, 3, 5 / 3)],
        (36, 3, 107 / 35),
    ],
)
def test_the_lower_bound(nodes, degree, bound):
    assert shortest_possible(nodes, degree) == pytest.approx(bound, abs=5e-7)


def test_clustering_of_ring_lattices():
    # Watts and Strogatz: 3 (d - 2) / (4 (d - 1)) while the ring is long enough.
    for degree in (4, 6, 8, 10):
        ring = generators.ring_lattice(64, degree)
        assert clustering(ring) == pytest.approx(3 * (degree - 2) / (4 * (degree - 1)))
        assert transitivity(ring) == pytest.approx(clustering(ring))
    assert clustering(array(nx.petersen_graph())) == transitivity(array(nx.path_graph(2))) == 0


def test_walks_on_the_ring_of_the_authors():
    ring = generators.ring_lattice(64, 4)
    assert gradient_resistance(ring) == 16
    assert aopu(ring) == 433
    # Without the last levels: 4, 9, 13, 17, ...
    assert aopu(ring, layers=4) == 4 + 9 + 13


def test_walks_by_powers_of_the_adjacency():
    graph = array(nx.random_regular_graph(3, 20, seed=5))
    power, reached, steps = np.eye(20), [], np.zeros(20)
    for step in range(1, 40):
        power = power @ graph
        reached.append((power > 0).sum(1))
        steps = np.where((steps == 0) & (power > 0).all(1), step, steps)
        power = np.minimum(power, 1)
    assert gradient_resistance(graph) == steps.mean() and steps.all()
    assert aopu(graph) == pytest.approx(sum(each.mean() for each in reached[:14]))


def test_a_bipartite_graph_resists_without_end():
    assert gradient_resistance(array(nx.hypercube_graph(4))) == math.inf
    assert gradient_resistance(array(nx.cycle_graph(8))) == math.inf
    # Between two neighbours on a ring of nine nodes a walk of odd length has one step, of even length eight.
    assert gradient_resistance(array(nx.cycle_graph(9))) == 8
    lollipop = array(nx.lollipop_graph(3, 20))
    assert math.isfinite(gradient_resistance(lollipop))


def test_tables_come_back():
    graph = array(nx.gnm_random_graph(70, 200, seed=1))
    neighbours, degree, bits = tables(graph)
    assert (adjacency_of(neighbours) == graph).all()
    assert degree.tolist() == graph.sum(1).tolist()
    assert len(bits) == 140 and bits.dtype == np.uint64
