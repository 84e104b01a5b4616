"""What holds for every pruner of the catalogue, and how mistakes are answered."""

import copy
import random
import re

import numpy as np
import pytest
import torch
from helpers.toy import CASES, Toy, cases, pruned, same, supply
from torch import nn

from prunegraph import masks
from prunegraph.catalogue import PRUNERS
from prunegraph.errors import UserError
from prunegraph.models import create, prunable
from prunegraph.pruning import completed, prune
from prunegraph.pruning.task import Task


@pytest.mark.parametrize("sparsity", [0.1, 1 / 3, 0.5, 0.8, 0.95, 0.999])
@pytest.mark.parametrize(
    "pruner", [case.values[0] for case in cases(trains="", counts=("weights",)) if not case.values[1]]
)
def test_exactly_the_target_is_kept(pruner, sparsity):
    mask = pruned(pruner, sparsity)
    assert mask.kept == masks.kept_weights(mask.size, sparsity) == round(mask.size * (1 - sparsity))


@pytest.mark.parametrize("sparsity", [0.1, 1 / 3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("pruner", [case.values[0] for case in cases(counts=("units",)) if not case.values[1]])
def test_exactly_so_many_units_are_kept_and_tied_ones_together(pruner, sparsity):
    mask = pruned(pruner, sparsity)
    alive = {name: values.reshape(len(values), -1).any(1) for name, values in mask.items()}
    assert [int(units.sum()) for units in alive.values()] == [
        *[masks.kept_weights(12, sparsity)] * 4, masks.kept_weights(36, sparsity), 4
    ]  # fmt: skip
    for one, other in [("stem", "depthwise"), ("mix", "shortcut")]:
        assert np.array_equal(alive[f"{one}.weight"], alive[f"{other}.weight"])


@pytest.mark.parametrize(("pruner", "options"), CASES)
def test_every_prunable_weight_has_a_mask_and_sparsity_zero_keeps_all(pruner, options):
    network = Toy()
    mask = prune(network, pruner, 0, seed=0, **options)
    assert {name: values.shape for name, values in mask.items()} == {
        name: tuple(weight.shape) for name, weight in prunable(network).items()
    }
    assert mask.kept == mask.size == 2340


@pytest.mark.parametrize(("pruner", "options"), cases())
def test_same_seed_same_mask(pruner, options):
    assert same(pruned(pruner, **options), pruned(pruner, **options))


@pytest.mark.parametrize(("pruner", "options"), cases())
def test_another_seed_gives_another_mask_where_randomness_is_drawn_and_only_there(pruner, options, monkeypatch):
    drawn = []
    monkeypatch.setattr(Task, "draw", lambda task, *purpose: drawn.append(purpose) or draw(task, *purpose))
    network = Toy()
    network.drop.p = 0.0  # dropout draws, too
    one, other = (pruned(pruner, seed=seed, network=network, **options) for seed in (0, 1))
    assert same(one, other) == (not drawn)


draw = Task.draw


def test_random_pruners_do_not_share_their_draws():
    drawn = [pruned(pruner, 0.5)["mix.weight"] for pruner in ("uniform", "er", "er_classic", "erk")]
    for index, one in enumerate(drawn):
        # Independent draws of density d agree in far fewer places than nested ones.
        assert all(0.2 < np.mean(one != other) < 0.8 for other in drawn[:index])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("pruner", "options"), cases())
def test_network_and_global_randomness_stay_as_they_were(pruner, options, training):
    network = Toy().train(training)
    network.norm.running_mean += 1
    network.stem.weight.requires_grad_(False)
    network.out.weight.grad = torch.ones_like(network.out.weight)
    before = copy.deepcopy(network)
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    pruned(pruner, network=network, **options)
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in network.state_dict().items())
    assert all(module.training is training for module in network.modules())
    assert not network.stem.weight.requires_grad
    assert {name for name, value in network.named_parameters() if value.grad is not None} == {"out.weight"}
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (np.random.get_state()[1].tolist(), random.getstate())


@pytest.mark.parametrize(("pruner", "options"), cases())
def test_the_mode_of_the_network_changes_no_mask(pruner, options):
    one, other = Toy().train(), Toy().eval()
    assert same(pruned(pruner, network=one, **options), pruned(pruner, network=other, **options))


def test_provenance_names_everything_that_made_the_mask(tmp_path):
    mask = pruned("prospr", 0.8, seed=3, batch_size=8)
    expected = {
        "pruner": "prospr",
        "sparsity": 0.8,
        "seed": 3,
        "options": {"steps": 3, "lr": 0.1, "momentum": 0.9, "batch_size": 8, "compat": False},
        **{"layers": "all", "counts": "weights", "repair": ""},
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


def test_an_old_name_says_what_it_became():
    with pytest.raises(UserError, match=r"'snip_compat' is now 'snip' with an option: .*options: \{compat: true\}"):
        prune(Toy(), "snip_compat", 0.5, 0)


def test_an_unknown_pruner_names_the_known():
    with pytest.raises(UserError, match=r"Unknown pruner 'synflo'. Did you mean 'synflow'\? Known: dense, snip"):
        prune(Toy(), "synflo", 0.5, 0)


@pytest.mark.parametrize("pruner", PRUNERS)
def test_an_unknown_option_names_the_known(pruner):
    with pytest.raises(UserError, match=r"'patience'") as caught:
        prune(Toy(), pruner, 0.5, 0, patience=3)
    for name in completed(pruner, {}):
        assert name in str(caught.value)


@pytest.mark.parametrize("pruner", PRUNERS)
@pytest.mark.parametrize("sparsity", [-0.1, 1, 1.5, float("nan")])
def test_sparsity_outside_its_range(pruner, sparsity):
    with pytest.raises(UserError, match=r"outside \[0, 1\)"):
        prune(Toy(), pruner, sparsity, 0, supply())


def test_dense_keeps_everything_or_refuses():
    with pytest.raises(UserError, match=r"'dense' keeps everything, found sparsity 0.5; expected 0"):
        prune(Toy(), "dense", 0.5, 0)


@pytest.mark.parametrize(("pruner", "options"), cases(data=True))
def test_missing_data(pruner, options):
    with pytest.raises(UserError, match=rf"Pruner '{pruner}' .*batches"):
        prune(Toy(), pruner, 0.5, 0, **options)


def test_synflow_wants_a_shape():
    with pytest.raises(UserError, match=r"Pruner 'synflow' needs the shape of an image; .*or batches"):
        prune(Toy(), "synflow", 0.5, 0)


@pytest.mark.parametrize(("pruner", "options"), cases(data=False))
def test_pruners_that_look_at_no_data_need_none(pruner, options):
    network = Toy()
    network.input_shape = (2, 6, 6)  # for synflow, as networks of models.create have it
    assert prune(network, pruner, 0.5, 0, **options).size == 2340


@pytest.mark.parametrize(("pruner", "options"), cases())
def test_weights_that_are_not_finite_name_pruner_and_layer_or_change_nothing(pruner, options):
    network = Toy()
    network.stem.weight.data[0, 0, 0, 0] = float("nan")
    try:
        found = pruned(pruner, network=network, **options)
    except UserError as problem:
        assert re.search(rf"'{pruner}' found \d+ of \d+ scores of layer 'stem.weight' not finite", str(problem))
    else:
        assert same(found, pruned(pruner, **options))


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
        ("er", "epsilon_search", "no", "'no'; expected true or false"),
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
