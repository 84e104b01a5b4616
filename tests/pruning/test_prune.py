"""What holds for every pruner of the catalogue, and how mistakes are answered."""

import copy
import inspect
import random

import numpy as np
import pytest
import torch
from helpers.toy import Toy, pruned, same, supply
from torch import nn

from prunegraph import masks
from prunegraph.catalogue import DYNAMICS, IN_ROUNDS, PRUNERS, lookup
from prunegraph.errors import UserError
from prunegraph.models import create, prunable
from prunegraph.pruning import prune

FREE_OF_DATA = {"dense", "uniform", "er", "er_classic", "erk", "uniform_compat", "er_compat", "erk_compat", *DYNAMICS}
FREE_OF_DATA |= {"magnitude", *IN_ROUNDS}
RANDOM = sorted(FREE_OF_DATA - {"dense", "magnitude", *IN_ROUNDS} | {"grasp_compat"})
STRICT = sorted(name for name in set(PRUNERS) - {"dense", *IN_ROUNDS} if not name.endswith("_compat"))
PRUNING = sorted(name for name in PRUNERS if name != "dense")


@pytest.mark.parametrize("sparsity", [0.1, 1 / 3, 0.5, 0.8, 0.95, 0.999])
@pytest.mark.parametrize("pruner", STRICT)
def test_exactly_the_target_is_kept(pruner, sparsity):
    mask = pruned(pruner, sparsity)
    assert mask.kept == masks.kept_weights(mask.size, sparsity) == round(mask.size * (1 - sparsity))


@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_prunable_weight_has_a_mask_and_sparsity_zero_keeps_all(pruner):
    network = Toy()
    mask = prune(network, pruner, 0, seed=0)
    assert {name: values.shape for name, values in mask.items()} == {
        name: tuple(weight.shape) for name, weight in prunable(network).items()
    }
    assert mask.kept == mask.size == 2340


@pytest.mark.parametrize("pruner", PRUNING)
def test_same_seed_same_mask(pruner):
    assert same(pruned(pruner), pruned(pruner))


@pytest.mark.parametrize("pruner", RANDOM)
def test_another_seed_another_mask(pruner):
    assert not same(pruned(pruner, seed=0), pruned(pruner, seed=1))


def test_random_pruners_do_not_share_their_draws():
    drawn = [pruned(pruner, 0.5)["mix.weight"] for pruner in ("uniform", "er", "er_classic", "erk")]
    for index, one in enumerate(drawn):
        # Independent draws of density d agree in far fewer places than nested ones.
        assert all(0.2 < np.mean(one != other) < 0.8 for other in drawn[:index])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("pruner", PRUNING)
def test_network_and_global_randomness_stay_as_they_were(pruner, training):
    network = Toy().train(training)
    network.norm.running_mean += 1
    network.stem.weight.requires_grad_(False)
    network.out.weight.grad = torch.ones_like(network.out.weight)
    before = copy.deepcopy(network)
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    pruned(pruner, network=network)
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in network.state_dict().items())
    assert all(module.training is training for module in network.modules())
    assert not network.stem.weight.requires_grad
    assert {name for name, value in network.named_parameters() if value.grad is not None} == {"out.weight"}
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (np.random.get_state()[1].tolist(), random.getstate())


@pytest.mark.parametrize("pruner", PRUNING)
def test_the_mode_of_the_network_changes_no_mask(pruner):
    assert same(pruned(pruner, network=Toy().train()), pruned(pruner, network=Toy().eval()))


def test_provenance_names_everything_that_made_the_mask(tmp_path):
    mask = pruned("prospr", 0.8, seed=3, batch_size=8)
    expected = {
        "pruner": "prospr",
        "sparsity": 0.8,
        "seed": 3,
        "options": {"steps": 3, "lr": 0.1, "momentum": 0.9, "batch_size": 8},
    }
    assert mask.provenance == expected
    mask.save(tmp_path / "mask.safetensors")
    assert expected.items() <= masks.Mask.load(tmp_path / "mask.safetensors").provenance.items()


def test_uniform_takes_from_layers_in_proportion():
    network = create("resnet20", 10, (1, 8, 8), width=0.5)
    mask = prune(network, "uniform", 0.8, 0)
    for values in mask.values():
        # Hypergeometric: standard deviation below that of the binomial.
        assert abs(values.mean() - 0.2) < 4.5 * np.sqrt(0.2 * 0.8 / values.size)


def test_uniform_masks_of_one_seed_are_nested():
    low, high = pruned("uniform", 0.5), pruned("uniform", 0.9)
    assert all((low[name] | ~high[name]).all() for name in low)


def test_a_layer_may_lose_everything():
    network = Toy()
    network.shortcut.weight.data.mul_(1e-9)
    mask = pruned("snip", 0.9, network=network)
    assert mask.collapsed == ("shortcut.weight",)
    mask.apply(network)
    assert not network.shortcut.weight.any()


def test_synflow_empties_no_layer_that_all_paths_cross():
    # Published ResNet-20 at 0.98 keep 215-232 of conv1, 194-203 of linear, 238-328 of every other convolution
    # and 0-4 of the shortcuts (seeds 0-2, MGE's table of Ramanujan properties).
    network = create("resnet20", 10)
    mask = prune(network, "synflow", 0.98, 0, input_shape=(3, 32, 32))
    kept = {name: int(values.sum()) for name, values in mask.items()}
    assert 190 < kept.pop("conv1.weight") < 250
    assert 160 < kept.pop("linear.weight") < 230
    assert kept.pop("layer2.0.shortcut.0.weight") < 15
    assert kept.pop("layer3.0.shortcut.0.weight") < 15
    assert 210 < min(kept.values()) <= max(kept.values()) < 350


# What goes wrong, and the sentence that says so


def test_an_unknown_pruner_names_the_known():
    with pytest.raises(UserError, match=r"Unknown pruner 'synflo'. Did you mean 'synflow'\? Known: dense, snip"):
        prune(Toy(), "synflo", 0.5, 0)


@pytest.mark.parametrize("pruner", PRUNERS)
def test_an_unknown_option_names_the_known(pruner):
    with pytest.raises(UserError, match=r"'patience'") as caught:
        prune(Toy(), pruner, 0.5, 0, patience=3)
    for name, parameter in inspect.signature(lookup(PRUNERS, pruner, "pruner")).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            assert name in str(caught.value)


@pytest.mark.parametrize("pruner", PRUNERS)
@pytest.mark.parametrize("sparsity", [-0.1, 1, 1.5, float("nan")])
def test_sparsity_outside_its_range(pruner, sparsity):
    with pytest.raises(UserError, match=r"outside \[0, 1\)"):
        prune(Toy(), pruner, sparsity, 0, supply())


def test_dense_keeps_everything_or_refuses():
    with pytest.raises(UserError, match=r"'dense' keeps everything, found sparsity 0.5; expected 0"):
        prune(Toy(), "dense", 0.5, 0)


@pytest.mark.parametrize("pruner", sorted(set(PRUNERS) - FREE_OF_DATA))
def test_missing_data(pruner):
    with pytest.raises(UserError, match=rf"Pruner '{pruner}' .*batches"):
        prune(Toy(), pruner, 0.5, 0)


@pytest.mark.parametrize("pruner", sorted(FREE_OF_DATA - {"dense"}))
def test_random_pruners_need_no_data(pruner):
    assert prune(Toy(), pruner, 0.5, 0).size == 2340


@pytest.mark.parametrize("pruner", sorted(set(PRUNERS) - FREE_OF_DATA - {"grasp_compat"}))
def test_weights_that_are_not_finite_name_pruner_and_layer(pruner):
    network = Toy()
    network.stem.weight.data[0, 0, 0, 0] = float("nan")
    with pytest.raises(UserError, match=rf"'{pruner}' found \d+ of \d+ scores of layer 'stem.weight' not finite"):
        pruned(pruner, network=network)


@pytest.mark.parametrize(
    ("pruner", "option", "value", "sentence"),
    [
        ("snip", "batch_size", 0, "'batch_size' of pruner 'snip' is 0; expected at least 1"),
        ("snip", "batch_size", "128", "'128'; expected a whole number, such as the default 128"),
        ("snip", "batch_size", True, "True; expected a whole number"),
        ("prospr", "steps", -1, "'steps' of pruner 'prospr' is -1; expected at least 0"),
        ("prospr", "lr", "0.5", "'0.5'; expected a number"),
        ("synflow", "rounds", 0, "'rounds' of pruner 'synflow' is 0; expected at least 1"),
        ("grasp", "samples_per_class", 0, "'samples_per_class' of pruner 'grasp' is 0"),
        ("er_compat", "epsilon_search", "no", "'no'; expected true or false"),
    ],
)
def test_an_impossible_option(pruner, option, value, sentence):
    with pytest.raises(UserError, match=sentence):
        prune(Toy(), pruner, 0.5, 0, supply(), **{option: value})


def test_a_whole_number_may_stand_for_a_real_one():
    assert same(pruned("grasp", temperature=200), pruned("grasp", temperature=200.0))


def test_nothing_to_prune():
    with pytest.raises(UserError, match="no Conv2d or Linear"):
        prune(nn.BatchNorm1d(3), "uniform", 0.5, 0)
