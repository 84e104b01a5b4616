"""Searches reach known graphs, end at the bound, keep the symmetry, and depend on their seed alone."""

import math

import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.relational import generators
from prunegraph.relational.clustering import clustering
from prunegraph.relational.distances import aspl, diameter
from prunegraph.relational.limits import shortest_possible
from prunegraph.relational.search import Goal, search


def found(nodes, degree, goal, seed=0, **options):
    result = search(generators.ring_lattice(nodes, degree), goal, np.random.default_rng(seed), **options)
    graph = result.adjacency
    assert set(graph.sum(1)) == {degree} and (graph == graph.T).all() and not graph.diagonal().any()
    assert (result.aspl, result.diameter, result.clustering) == (aspl(graph), diameter(graph), clustering(graph))
    assert result.bound == shortest_possible(nodes, degree) <= result.aspl
    return result


def test_petersen_and_other_graphs_at_the_bound():
    petersen = found(10, 3, Goal("min"), tries=20_000)
    assert petersen.aspl == pytest.approx(5 / 3) and petersen.tries < 20_000
    assert found(32, 4, Goal("min"), tries=100_000, chains=4, symmetry=4).aspl == pytest.approx(2.354839, abs=1e-6)
    assert found(64, 16, Goal("min"), tries=200_000).aspl == pytest.approx(2 - 16 / 63)


def test_symmetry_finds_shorter_paths_and_stays():
    result = found(64, 4, Goal("min"), tries=200_000, chains=2, symmetry=4)
    assert result.aspl <= 2.91
    assert (np.roll(result.adjacency, (16, 16), (0, 1)) == result.adjacency).all()
    assert result.aspl < found(64, 4, Goal("min"), tries=200_000, chains=2).aspl


def test_every_goal_is_met():
    ring = aspl(generators.ring_lattice(32, 4))
    assert found(32, 4, Goal("max"), tries=3000).aspl >= ring
    target = found(32, 4, Goal("target", 3.0), tries=20_000)
    assert abs(target.aspl - 3.0) * 32 * 31 <= 1 and target.tries < 20_000
    low, high = (found(32, 6, Goal("pair", 2.3, share), tries=10_000) for share in (0.1, 0.4))
    assert low.aspl == pytest.approx(2.3, abs=0.02) and high.aspl == pytest.approx(2.3, abs=0.02)
    assert low.clustering == pytest.approx(0.1, abs=0.02) and high.clustering == pytest.approx(0.4, abs=0.02)


def test_more_than_one_word_of_nodes():
    result = found(100, 4, Goal("target", 3.6), tries=50_000)
    assert abs(result.aspl - 3.6) * 9900 <= 1


def test_the_diameter_can_come_first():
    by_length = found(20, 3, Goal("min"), tries=30_000)
    by_diameter = found(20, 3, Goal("min", prefer="diameter"), tries=30_000)
    assert by_diameter.diameter <= by_length.diameter
    # The largest cubic graph of diameter 3 has 20 nodes.
    assert by_diameter.diameter in (3, 4)


def test_climbing_never_descends():
    start = aspl(generators.ring_lattice(64, 4))
    lengths = [found(64, 4, Goal("min"), tries=tries, method="climbing").aspl for tries in (10, 100, 1000, 10_000)]
    assert start >= lengths[0] >= lengths[1] >= lengths[2] >= lengths[3] and lengths[3] < 3.0


def test_the_same_seed_gives_the_same_graph_and_chains_differ():
    def bits(seed, **options):
        return found(64, 6, Goal("min"), seed, tries=2000, **options).adjacency.tobytes()

    assert bits(1) == bits(1) != bits(2)
    np.random.seed(7)  # the global generator does not matter
    assert bits(1) == bits(1, chains=1)
    # More chains only add: the best of two is at least as good as the first alone.
    assert found(64, 6, Goal("min"), tries=2000, chains=3).aspl <= found(64, 6, Goal("min"), tries=2000).aspl


@pytest.mark.parametrize(
    ("goal", "options", "said"),
    [
        (Goal("target", 1.5), {}, "the lower bound is 1.733333"),
        (Goal("target", math.nan), {}, "the lower bound is"),
        (Goal("target", 7.0), {}, "that of a path is 5.666667"),
        (Goal("pair", 2.0, 1.5), {}, r"lies in \[0, 1\], found the target 1.5"),
        (Goal("mean"), {}, "Unknown goal of a search 'mean'"),
        (Goal("min", prefer="girth"), {}, "Unknown preference of a search 'girth'"),
        (Goal("min"), {"method": "genetic"}, "Unknown method of a search 'genetic'"),
        (Goal("min"), {"tries": 0}, "looks at no graph"),
        (Goal("min"), {"chains": 0}, "looks at no graph"),
        (Goal("min"), {"symmetry": 5}, "must divide them: 1, 2, 4, 8"),
    ],
)
def test_what_cannot_be_searched_is_said(goal, options, said):
    with pytest.raises(UserError, match=said):
        found(16, 4, goal, **options)


def test_a_start_in_pieces_is_refused():
    two = np.kron(np.eye(2), generators.ring_lattice(8, 4))
    with pytest.raises(UserError, match="in several pieces"):
        search(two, Goal("min"), np.random.default_rng(0))
