"""The authors' walk and ladder: rules of a walk, and the numbers of their shipped set in law."""

import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.relational import generators, original
from prunegraph.relational.adjacency import checked
from prunegraph.relational.distances import aspl
from prunegraph.relational.walks import aopu, gradient_resistance


def test_a_walk_ends_between_its_bounds_of_the_fixed_reference():
    start = generators.ring_lattice(64, 4)
    for seed in range(10):
        lower = original.walk(start, np.random.default_rng(seed), up=0.2, down=0.05)
        assert 0.05 < aspl(start) - aspl(lower) < 0.2
        higher = original.walk(lower, np.random.default_rng(seed), direction="max", up=0.2, down=0.05)
        assert 0 <= aspl(higher) - aspl(lower) < 0.2  # so near the ring it may find nothing that ends it
        either = original.walk(lower, np.random.default_rng(seed), direction="random", up=0.2, down=0.05)
        # The one state it may keep, or the first graph where it met none.
        assert 0.05 < abs(aspl(either) - aspl(lower)) < 0.2 or (either == lower).all()
        assert set(either.sum(1)) == {4} and (checked(either) == either).all()


def test_an_extreme_walk_does_not_end_with_the_first():
    start = generators.ring_lattice(64, 4)
    first = original.walk(start, np.random.default_rng(0), up=0.2, down=0.05)
    whole = original.walk(start, np.random.default_rng(0), up=0.2, down=0.05, extreme=True)
    assert 0 <= aspl(start) - aspl(whole) <= 0.2
    assert (whole != first).any()


def test_the_chains_have_the_lengths_of_the_shipped_sets():
    counts = [original.number_of_graphs(degree) for degree in (4, 6, 8, 10, 12, 14, 16, 30)]
    assert counts == [270, 240, 210, 180, 150, 120, 120, 120]


def test_the_ladder_of_64_nodes_and_degree_4_is_that_of_the_authors_in_law():
    # The ASPL, gradient resistance and AOPU of graphs M0, M108, ... of the shipped set; of ours the seed is another.
    graphs = original.ladder(64, 4, np.random.default_rng(0))
    assert len(graphs) == 270
    lengths = [aspl(graph) for graph in graphs]
    assert lengths == sorted(lengths) and lengths[-1] == pytest.approx(8.380952, abs=1e-6)
    shipped = {0: 3.046, 31: 3.506, 58: 4.062, 108: 5.032, 133: 5.538, 160: 6.028, 186: 6.561, 206: 7.049, 231: 7.569}
    for place, length in {**shipped, 253: 8.101, 269: 8.381}.items():
        assert lengths[place] == pytest.approx(length, abs=0.2)
    for place, resistance, spread in ((0, 5.1406, 747.52), (108, 9.1719, 636.25), (160, 11.328, 576.42)):
        assert gradient_resistance(graphs[place]) == pytest.approx(resistance, rel=0.05)
        assert aopu(graphs[place]) == pytest.approx(spread, rel=0.02)


def test_an_odd_degree_begins_with_a_complement():
    graphs = original.ladder(16, 5, np.random.default_rng(0), number=12)
    assert len(graphs) == 12 and {tuple(graph.sum(1)) for graph in graphs} == {(5,) * 16}
    complement = ~generators.ring_lattice(16, 10) & ~np.eye(16, dtype=bool)
    assert sum((graph == complement).all() for graph in graphs) == 6


def test_an_unknown_direction_is_said():
    with pytest.raises(UserError, match="Unknown direction of a walk 'mid'"):
        original.walk(generators.ring_lattice(16, 4), np.random.default_rng(0), direction="mid")
