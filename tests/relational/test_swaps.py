"""Graphs to begin with and edge swaps: degrees, simplicity, connection and symmetry stay."""

import networkx as nx
import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.relational import generators
from prunegraph.relational.adjacency import checked, tables
from prunegraph.relational.swaps import room, shuffled, swap, undo


@pytest.mark.parametrize(("nodes", "degree"), [(16, 3), (16, 4), (17, 4), (20, 15), (20, 19), (64, 16), (90, 3)])
def test_random_regular_graphs(nodes, degree):
    for seed in range(10):
        graph = generators.random_regular(nodes, degree, np.random.default_rng(seed))
        assert (checked(graph) == graph).all() and set(graph.sum(1)) == {degree}
    again = generators.random_regular(nodes, degree, np.random.default_rng(9))
    assert (graph == again).all()


def test_random_regular_graphs_are_all_there():
    # Of the labelled 2-regular connected graphs of 5 nodes there are 4! / 2 = 12, each a cycle, equally likely.
    found = {}
    draw = np.random.default_rng(0)
    for _ in range(2400):
        key = generators.random_regular(5, 2, draw).tobytes()
        found[key] = found.get(key, 0) + 1
    assert len(found) == 12
    assert min(found.values()) > 140 and max(found.values()) < 270  # 200 on average, standard deviation 13.5


@pytest.mark.parametrize(("nodes", "degree"), [(10, 3), (10, 4), (9, 8), (64, 13)])
def test_ring_lattices(nodes, degree):
    ring = generators.ring_lattice(nodes, degree)
    assert (checked(ring) == ring).all() and set(ring.sum(1)) == {degree}


def test_circulant_graphs():
    expected = nx.to_numpy_array(nx.circulant_graph(13, [1, 5]), dtype=bool, weight=None)
    assert (generators.circulant(13, [1, 5]) == expected).all()


@pytest.mark.parametrize(
    ("nodes", "degree", "symmetry"),
    [(20, 3, 1), (64, 4, 1), (100, 6, 1), (64, 8, 8), (36, 3, 4), (36, 3, 3), (36, 5, 36), (12, 5, 2), (70, 4, 7)],
)
def test_swaps_keep_what_they_should(nodes, degree, symmetry):
    graph = generators.ring_lattice(nodes, degree)
    seen = set()
    for seed in range(20):
        graph = shuffled(graph, 50, np.random.default_rng(seed), symmetry)
        assert (checked(graph) == graph).all() and set(graph.sum(1)) == {degree}
        shift = nodes // symmetry
        assert (np.roll(graph, (shift, shift), (0, 1)) == graph).all()
        seen.add(graph.tobytes())
    assert len(seen) > 5


def test_swaps_keep_unequal_degrees():
    graph = nx.to_numpy_array(nx.barabasi_albert_graph(80, 3, seed=0), dtype=bool, weight=None)
    found = shuffled(graph, 2000, np.random.default_rng(0))
    assert found.sum(1).tolist() == graph.sum(1).tolist()
    assert (checked(found) == found).all() and (found != graph).mean() > 0.05


def test_orbits_of_opposite_nodes_come_and_go():
    opposite = {
        int(
            shuffled(generators.ring_lattice(16, 4), 200, np.random.default_rng(seed), 4)[
                np.arange(16), np.arange(16) - 8
            ].sum()
        )
        for seed in range(20)
    }
    assert len(opposite) > 1 and 0 in opposite


@pytest.mark.parametrize("symmetry", [1, 4, 8])
def test_an_undone_swap_leaves_no_trace(symmetry):
    draw, done = np.random.default_rng(3), 0
    graph = tables(shuffled(generators.ring_lattice(64, 5), 100, draw, symmetry))
    change = room(graph.neighbours, 64 // symmetry)
    for _ in range(100):
        before = np.sort(graph.neighbours, 1), graph.degree.copy(), graph.bits.copy()
        removed, added = swap(*graph, 64 // symmetry, change, draw)
        done += added > 0
        undo(*graph, change, removed, added)
        after = np.sort(graph.neighbours, 1), graph.degree, graph.bits
        assert all((first == second).all() for first, second in zip(before, after, strict=True))
    assert done > 20


def test_a_swap_is_equally_likely_both_ways():
    # The connected labelled cubic graphs of 6 nodes: 60 prisms and 10 of the kind K(3, 3). Far along a walk of swaps
    # with equal chances both ways, each is equally likely.
    start, counts = generators.ring_lattice(6, 3), {}
    for seed in range(1400):
        key = shuffled(start, 60, np.random.default_rng(seed)).tobytes()
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 70
    chi_squared = sum((count - 20) ** 2 / 20 for count in counts.values())
    assert chi_squared < 69 + 5 * (2 * 69) ** 0.5


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: generators.ring_lattice(15, 3), "must be even"),
        (lambda: generators.random_regular(15, 3, np.random.default_rng(0)), "must be even"),
        (lambda: generators.ring_lattice(8, 8), "at most 7 others"),
        (lambda: generators.ring_lattice(8, 1), "degree from 2 up"),
        (lambda: generators.ring_lattice(2, 1), "3 to 4096 nodes, found 2"),
        (
            lambda: generators.circulant(12, [2, 4]),
            "not connected: all steps and the number of nodes are multiples of 2",
        ),
        (lambda: generators.circulant(12, [7]), "different whole numbers from 1 to 6"),
        (lambda: shuffled(np.eye(4)[::-1], 1, np.random.default_rng(0)), "in several pieces"),
        (lambda: shuffled(generators.ring_lattice(10, 4), 1, np.random.default_rng(0), 3), "must divide them: 1, 2, 5"),
        (
            lambda: shuffled(shuffled(generators.ring_lattice(12, 4), 9, np.random.default_rng(0)), 1, None, 3),
            "no rotational symmetry of order 3",
        ),
    ],
)
def test_what_cannot_be_is_said(make, said):
    with pytest.raises(UserError, match=said):
        make()
