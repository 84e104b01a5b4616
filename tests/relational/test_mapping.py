"""From graphs to masks: published group sizes, masks written out by hand, and what holds for every graph."""

import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.relational.generators import random_regular, ring_lattice
from prunegraph.relational.mapping import block_mask, densities, group_sizes, groups

SQUARE = ring_lattice(4, 2)


@pytest.mark.parametrize(
    ("channels", "nodes", "sizes"),
    [(10, 4, [2, 2, 3, 3]), (784, 10, [79, 78, 78, 78, 79, 79, 79, 78, 78, 78])],
)
def test_compat_sizes_are_those_of_the_original(channels, nodes, sizes):
    """Z. Chen et al.'s code: numpy.random.seed(1), then a permutation of the sizes."""
    before = np.random.get_state()[1].copy()
    assert group_sizes(channels, nodes, compat=True).tolist() == sizes
    assert (np.random.get_state()[1] == before).all()


def test_strict_sizes_are_contiguous_and_the_first_are_larger():
    assert group_sizes(784, 10).tolist() == [79] * 4 + [78] * 6
    assert groups(5, 3).tolist() == [0, 0, 1, 1, 2]
    for channels in range(7, 40):
        sizes = group_sizes(channels, 7)
        assert sizes.sum() == channels and np.ptp(sizes) <= 1


def test_mask_of_a_square_by_hand():
    expected = [[0, 0, 1, 0, 1], [0, 0, 1, 0, 1], [1, 1, 0, 1, 0], [0, 0, 1, 0, 1], [1, 1, 0, 1, 0]]
    assert block_mask(SQUARE, 5, 5).astype(int).tolist() == expected
    assert block_mask(SQUARE, 4, 4, self_loops="all").astype(int).tolist() == (SQUARE | np.eye(4, dtype=bool)).tolist()


def test_a_flattened_map_keeps_whole_channels():
    mask = block_mask(SQUARE, 4, 4, positions=3)
    assert mask.shape == (4, 12)
    assert (mask.reshape(4, 4, 3) == SQUARE[:, :, None]).all()


def test_loops_of_the_graph_are_a_policy():
    graph = SQUARE.copy()
    graph[0, 0] = True
    kept = {policy: int(block_mask(graph, 4, 4, self_loops=policy).sum()) for policy in ("none", "graph", "all")}
    assert kept == {"none": 8, "graph": 9, "all": 12}


def test_density_is_degree_over_nodes_where_the_nodes_divide_the_channels():
    graph = random_regular(8, 3, np.random.default_rng(0))
    assert densities(graph, 32, 64) == (3 / 8, 3 / 8)
    assert block_mask(graph, 32, 64).mean() == 3 / 8


@pytest.mark.parametrize("compat", [False, True])
def test_density_of_uneven_groups_is_that_of_the_mask(compat):
    path = np.diag(np.ones(4, bool), 1)
    path |= path.T
    found = densities(path, 13, 11, compat=compat)
    assert found.graph == 8 / 25
    assert found.parameters == pytest.approx(block_mask(path, 13, 11, compat=compat).mean())
    assert found.parameters != found.graph


def test_more_nodes_than_channels_is_one_sentence():
    with pytest.raises(UserError, match="4 nodes cannot be the mask of a layer with 3 channels"):
        block_mask(SQUARE, 8, 3)
    with pytest.raises(UserError, match="policy of self-loops"):
        block_mask(SQUARE, 8, 8, self_loops="some")
