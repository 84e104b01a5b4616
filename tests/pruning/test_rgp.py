"""RGP: relational graphs as masks, held against what its authors say and against masks written out by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import models
from prunegraph.errors import UserError
from prunegraph.pruning import prune
from prunegraph.pruning.blocks import blocks_in
from prunegraph.relational.generators import circulant, ring_lattice
from prunegraph.relational.mapping import block_mask
from prunegraph.relational.properties import properties
from prunegraph.relational.storage import GraphSet
from prunegraph.wiring.tracing import trace


def graphs(*adjacencies):
    rows = [{"name": f"graph{place}", **properties(each)} for place, each in enumerate(adjacencies)]
    return GraphSet(np.stack(adjacencies), rows)


RINGS = graphs(ring_lattice(8, 2), ring_lattice(8, 4), circulant(8, [1, 3]))


def mlp(*hidden):
    return models.create("mlp", 4, (1, 2, 2), hidden=list(hidden))


def test_inner_layers_are_the_graph_and_the_outer_ones_dense():
    pruned = prune(mlp(8, 16, 8), "rgp", 0.5, seed=0, graphs=RINGS)
    first, second, third, last = pruned.values()
    assert first.all() and last.all()
    assert (second == block_mask(RINGS.adjacency[1], 16, 8)).all()
    assert (third == block_mask(RINGS.adjacency[1], 8, 16)).all()
    assert second.mean() == third.mean() == 4 / 8
    assert not second.reshape(8, 2, 8)[np.arange(8), :, np.arange(8)].any()  # no self-loops


def test_the_properties_of_the_graph_are_facts_of_the_network():
    facts = prune(mlp(8, 8), "rgp", 0.75, seed=0, graphs=RINGS).facts
    # On a ring of 8 the others are 1, 1, 2, 2, 3, 3, 4 steps away. Even distances never meet odd ones: bipartite.
    assert facts["graph_name"] == "graph0" and facts["graph_degree"] == 2 and facts["graph_clustering"] == 0
    assert facts["graph_aspl"] == pytest.approx(16 / 7)
    assert facts["graph_gradient_resistance"] is None


def test_every_position_of_a_kernel_and_every_pixel_of_a_channel_goes_together():
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
            self.inner, self.last = nn.Linear(8 * 9, 8), nn.Linear(8, 4)

        def forward(self, images):
            found = torch.relu(self.second(torch.relu(self.first(images))))
            return self.last(torch.relu(self.inner(torch.flatten(found, 1))))

    network = Small()
    pruned = prune(network, "rgp", 0.75, seed=0, graphs=RINGS, architecture=trace(network, (1, 3, 3)))
    ring = RINGS.adjacency[0]
    assert (pruned["second.weight"] == ring[:, :, None, None]).all()
    assert (pruned["inner.weight"].reshape(8, 8, 9) == ring[:, :, None]).all()


def test_compat_permutes_uneven_groups_only():
    even, uneven = mlp(8, 16, 8), mlp(10, 10)
    given = {"graphs": RINGS, "seed": 0}
    strict = prune(even, "rgp", 0.5, **given)
    assert all((strict[name] == mask).all() for name, mask in prune(even, "rgp", 0.5, compat=True, **given).items())
    strict, compat = (prune(uneven, "rgp", 0.5, compat=compat, **given)["layers.2.weight"] for compat in (False, True))
    assert (strict != compat).any()
    sizes = np.random.RandomState(1).permutation([2, 2, 1, 1, 1, 1, 1, 1])
    group = np.repeat(np.arange(8), sizes)
    assert (compat == RINGS.adjacency[1][np.ix_(group, group)]).all()


def test_self_loops_count():
    mask = prune(mlp(8, 8), "rgp", 0.625, seed=0, graphs=RINGS, self_loops="all")["layers.2.weight"]
    assert (mask == (RINGS.adjacency[0] | np.eye(8, dtype=bool))).all()


def test_a_sparsity_that_no_graph_has_is_answered_by_those_there_are():
    with pytest.raises(UserError, match=r"No relational graph has the sparsity 0.9; those given have 0.5, 0.75\."):
        prune(mlp(8, 8), "rgp", 0.9, seed=0, graphs=RINGS)
    with pytest.raises(UserError, match="needs relational graphs"):
        prune(mlp(8, 8), "rgp", 0.5, seed=0)


def test_narrow_layers_are_refused_or_left_dense():
    with pytest.raises(UserError, match=r"8 nodes is too large for the layer 'layers.4.weight', which has 8 inputs"):
        prune(mlp(8, 8, 7), "rgp", 0.5, seed=0, graphs=RINGS)
    pruned = prune(mlp(8, 8, 7), "rgp", 0.5, seed=0, graphs=RINGS, narrow="dense")
    assert pruned["layers.4.weight"].all() and pruned["layers.2.weight"].mean() == 0.5
    with pytest.raises(UserError, match="Every layer has fewer channels"):
        prune(mlp(7, 7), "rgp", 0.5, seed=0, graphs=RINGS, narrow="dense")


def test_half_a_block_is_no_block():
    mask = block_mask(RINGS.adjacency[0], 16, 16)
    assert blocks_in(mask, 8) == 16
    mask[0, 2] = False
    with pytest.raises(UserError, match="part of a block"):
        blocks_in(mask, 8)
