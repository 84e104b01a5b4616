"""The search as a pruner, and the pruners that it is held against: LAMP, shares of layers, rounds."""

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import datasets, models
from prunegraph.errors import UserError
from prunegraph.pruning import lamp, prune
from prunegraph.relational import sets
from prunegraph.relational.mapping import block_mask

SMALL = {"start": 3, "rounds": 1, "batch": 2, "epochs": 1}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.safetensors"
    datasets.prepare("digits", "data", path, 0.15, 0)
    return datasets.load(path)


@pytest.fixture(scope="module")
def graphs():
    return sets.make("candidates", 0, nodes=8, edges=[12, 20], number=2)


def network(hidden=(16, 16, 16)):
    return models.create("mlp", 10, (1, 8, 8), hidden=list(hidden))


@pytest.mark.parametrize("search_by", ["bayesian", "random", "published"])
def test_what_is_found_is_the_mask_of_a_graph_of_the_sparsity(search_by, digits, graphs):
    made = network()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    found = prune(made, "graph_search", 1 - 40 / 64, 3, digits, graphs=graphs, search_by=search_by, **SMALL)
    assert all((before[name] == value).all() for name, value in made.state_dict().items())
    place = [row["name"] for row in graphs.rows].index(found.facts["graph_name"])
    assert graphs.adjacency[place].sum() == 40
    assert list(found.layer_density().values()) == [1, 40 / 64, 40 / 64, 1]
    assert (found["layers.2.weight"] == block_mask(graphs.adjacency[place], 16, 16)).all()
    assert found.facts["search_by"] == search_by and found.facts["search_evaluations"] == 5
    again = prune(made, "graph_search", 1 - 40 / 64, 3, digits, graphs=graphs, search_by=search_by, **SMALL)
    assert again.facts == found.facts


def test_what_the_search_cannot_do_is_said_in_a_sentence(digits, graphs, tmp_path):
    def asked(sparsity=1 - 24 / 64, data=digits, given=graphs, **options):
        prune(network(), "graph_search", sparsity, 0, data, graphs=given, **{**SMALL, **options})

    for options, said in (
        ({"sparsity": 0.5}, "has the sparsity 0.5; those given have 0.375, 0.625"),
        ({"given": None}, "needs relational graphs"),
        ({"data": [(torch.zeros(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64))]}, "needs a prepared data set"),
        ({"start": 0}, "'start' of pruner 'graph_search' is 0; expected at least 2"),
        ({"rounds": 0}, "'rounds' of pruner 'graph_search' is 0"),
        ({"search_by": "grid"}, "Unknown kind of search: 'grid'"),
        ({"start": 40}, "begins with 40 different candidates"),
    ):
        with pytest.raises(UserError, match=said):
            asked(**options)
    datasets.prepare("digits", "data", tmp_path / "whole.safetensors", 0, 0)
    with pytest.raises(UserError, match="chooses by the validation part, which 'digits' has not"):
        asked(data=datasets.load(tmp_path / "whole.safetensors"))


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
        self.first.weight.data = torch.tensor([[1.0, -2.0], [3.0, 0.0]])
        self.second.weight.data = torch.tensor([[10.0, 10.0], [-20.0, 30.0]])


def test_lamp_by_hand():
    # 9 / 9, 4 / 13, 1 / 14, 0; and 900 / 900, 400 / 1300, 100 / 1400, 100 / 1500.
    found = lamp.scores(Two().first.weight.detach())
    assert found.tolist() == [[pytest.approx(1 / 14), pytest.approx(4 / 13)], [1, 0]]
    assert lamp.scores(torch.tensor([[10.0, 10.0], [-20.0, 30.0]])).flatten().tolist() == pytest.approx(
        [1 / 14, 1 / 15, 4 / 13, 1]
    )
    kept = prune(Two(), "lamp", 0.5, 0)
    assert kept["first.weight"].tolist() == [[False, True], [True, False]]
    assert kept["second.weight"].tolist() == [[False, False], [True, True]]


def test_lamp_leaves_no_layer_empty_where_one_threshold_does():
    made = network((32, 32))
    with torch.no_grad():
        models.prunable(made)["layers.2.weight"].mul_(1e-6)
    assert prune(made, "magnitude", 0.9, 0).collapsed == ("layers.2.weight",)
    assert prune(made, "lamp", 0.9, 0).collapsed == ()
    assert prune(made, "lamp", 0.9, 0).kept == prune(made, "magnitude", 0.9, 0).kept


def test_shares_of_layers_are_those_of_erk_and_of_uniform_plus():
    made = models.create("conv6", 10, (1, 8, 8), width=0.125)
    erk, random = prune(made, "magnitude", 0.8, 0, scope="erk"), prune(made, "erk", 0.8, 0)
    assert erk.layer_density() == random.layer_density()
    density = list(prune(made, "magnitude", 0.9, 0, scope="uniform_plus").layer_density().values())
    assert density[0] == 1 and density[-1] == pytest.approx(0.2, abs=0.01)
    assert density[1:-1] == pytest.approx([density[1]] * (len(density) - 2), abs=0.02) and density[1] < 0.1
    same = [prune(network(), "magnitude", 0.5, 0, layers="hidden", scope=each) for each in ("layer", "erk")]
    assert all((same[0][name] == same[1][name]).all() for name in same[0])


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_rounds_end_at_the_sparsity_and_prune_only_what_they_are_told(scope, digits):
    made = network()
    found = prune(made, "magnitude_rounds", 0.9, 0, digits, layers="hidden", rounds=3, epochs=1, scope=scope)
    density = list(found.layer_density().values())
    assert density[0] == density[-1] == 1 and sum(density[1:-1]) / 2 == pytest.approx(0.1, abs=0.002)
    once = prune(made, "magnitude", 0.9, 0, layers="hidden", scope=scope)
    one = prune(made, "magnitude_rounds", 0.9, 0, digits, layers="hidden", rounds=1, scope=scope)
    assert all((one[name] == once[name]).all() for name in once)
    assert any((found[name] != once[name]).any() for name in once)
    with pytest.raises(UserError, match="trains networks, so it needs a prepared data set"):
        prune(made, "magnitude_rounds", 0.5, 0, [(torch.zeros(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64))])
    assert np.isfinite(found.density)
