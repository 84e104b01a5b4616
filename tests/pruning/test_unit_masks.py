"""From chosen units to masks: counts, ties, what goes with a unit, and networks whose units cannot be told apart."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from helpers.custom import Body
from helpers.toy import Toy
from torch import nn
from torch.nn import functional as F

from prunegraph import models, wiring
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.models import prunable
from prunegraph.pruning import units
from prunegraph.pruning.task import Task, TrainingImages
from prunegraph.wiring.shrink import shrink


def asked(network, sparsity=0.5, names=None, shape=None, layers="but_last", **facts):
    """A task for units of all layers but the last, unless told otherwise."""
    weights = prunable(network)
    names = names or (list(weights) if layers == "all" else list(weights)[:-1])
    if shape:
        network.input_shape = shape
    data = TrainingImages(facts.pop("batches", None), 0, "test")
    return Task(network, {name: weights[name] for name in names}, sparsity, 0, "test", data, "units", **facts)


def first_units(task, columns=False):
    """Masks that keep the first units of every group."""
    groups = units.groups_of(task)
    scores = [-torch.arange(group.units, dtype=torch.float64) for group in groups]
    return units.unit_masks(task, groups, units.largest_units(task, groups, scores), columns)


def mlp(sizes=(4, 3, 2)):
    layers = [layer for one, two in pairwise(sizes) for layer in (nn.Linear(one, two), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def rows(mask):
    return {name: np.asarray(values).reshape(len(values), -1) for name, values in mask.items()}


def test_rows_of_an_mlp():
    masks = first_units(asked(mlp((4, 6, 2)), 1 / 3, shape=(1, 2, 2)))
    assert list(masks) == ["1.weight"]
    assert masks["1.weight"].tolist() == [[True] * 4] * 4 + [[False] * 4] * 2


def test_columns_go_too_where_asked():
    masks = first_units(asked(mlp((4, 6, 2)), 1 / 3, shape=(1, 2, 2)), columns=True)
    assert masks["3.weight"].tolist() == [[True] * 4 + [False] * 2] * 2


def test_the_output_layer_only_where_it_is_to_be_pruned():
    task = asked(mlp((4, 6, 2)), 0.5, shape=(1, 2, 2), layers="all")
    one, last = units.groups_of(task)
    assert (one.units, last.units, last.rows[0][0], last.vectors[0][0]) == (6, 2, "3.weight", "3.bias")
    assert first_units(task)["3.weight"].tolist() == [[True] * 6, [False] * 6]


@pytest.mark.parametrize(
    ("count", "sparsity", "left"), [(10, 0.3, 7), (10, 0.25, 8), (6, 0.25, 4), (7, 0.5, 4), (5, 0.5, 2)]
)
def test_counts_are_rounded_halves_to_even(count, sparsity, left):
    masks = first_units(asked(mlp((4, count, 2)), sparsity, shape=(1, 2, 2)))
    assert int(masks["1.weight"].any(1).sum()) == left


def test_a_flattened_map_loses_all_columns_of_a_channel_and_shrinks_to_the_same_outputs():
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(16, 6), nn.ReLU(), nn.Linear(6, 3),
    )  # fmt: skip
    task = asked(network, 0.5, shape=(1, 4, 4))
    masks = first_units(task, columns=True)
    assert [int(mask.any(1).sum()) for mask in rows_of(masks)] == [2, 2, 3, 3]
    assert masks["6.weight"][:3].all(0).tolist() == [True] * 8 + [False] * 8
    smaller = shrink(network, (1, 4, 4), Mask(masks))
    assert [tuple(weight.shape)[:2] for weight in prunable(smaller).values()] == [(2, 1), (2, 2), (3, 8), (3, 3)]
    images = torch.randn(5, 1, 4, 4)
    assert torch.allclose(smaller.eval()(images), Mask(masks).apply(network).eval()(images), atol=1e-6)


def rows_of(masks):
    return [mask.flatten(1) for mask in masks.values()]


def test_without_columns_the_constant_of_a_unit_is_folded_into_the_next_bias():
    network = mlp((4, 6, 5, 2))
    masks = Mask(first_units(asked(network, 0.5, shape=(1, 2, 2))))
    smaller = shrink(network, (1, 2, 2), masks)
    assert [tuple(weight.shape) for weight in prunable(smaller).values()] == [(3, 4), (2, 3), (2, 2)]
    images = torch.randn(5, 1, 2, 2)
    assert torch.allclose(smaller(images), masks.apply(network)(images), atol=1e-6)
    assert not torch.equal(smaller[5].bias, network[5].bias)


def test_a_resnet_loses_a_channel_in_all_layers_that_are_added():
    network = models.create("resnet20", 4, (3, 8, 8), width=0.25)
    masks = rows(first_units(asked(network)))
    alive = {name: values.any(1) for name, values in masks.items()}
    stage = [alive[name] for name in ("conv1.weight", "layer1.0.conv2.weight", "layer1.2.conv2.weight")]
    assert all(one.tolist() == [True, True, False, False] for one in stage)
    assert "linear.weight" not in alive and len(alive) == 21
    whole = first_units(asked(network), columns=True)
    smaller = shrink(network, (3, 8, 8), Mask(whole))
    assert smaller.conv1.weight.shape[0] == 2 and smaller.layer3[2].conv2.weight.shape[:2] == (8, 8)


def test_depthwise_rows_follow_their_channel():
    masks = first_units(asked(Toy(), shape=(2, 6, 6)))
    assert masks["stem.weight"].flatten(1).any(1).tolist() == masks["depthwise.weight"].flatten(1).any(1).tolist()


def test_a_batchnorm_that_layers_share_does_not_tie_their_units():
    layers = {"one": nn.Linear(4, 6), "two": nn.Linear(6, 6), "norm": nn.BatchNorm1d(6), "last": nn.Linear(6, 2)}
    network = Body(
        lambda self, x: self.last(self.norm(F.relu(self.two(self.norm(F.relu(self.one(x.flatten(1)))))))), **layers
    )
    task = asked(network, shape=(1, 2, 2))
    one, two = units.groups_of(task)
    assert [name for name, _ in one.rows + two.rows] == ["one.weight", "two.weight"]
    # What the BatchNorm holds belongs to units of both.
    assert [name for name, _ in one.vectors + two.vectors] == ["one.bias", "two.bias"]
    assert not any("call" in name for name, _ in network.named_modules())
    kept = [torch.arange(6) < 3, torch.arange(6) >= 3]
    masks = Mask(units.unit_masks(task, [one, two], kept))
    images = torch.randn(7, 1, 2, 2)
    smaller = shrink(network.eval(), (1, 2, 2), masks)
    assert smaller.one.weight.shape == (3, 4) and smaller.two.weight.shape == (3, 3)
    assert torch.allclose(smaller(images), masks.apply(network)(images), atol=1e-6)


def test_fair_scores_compare_wide_and_narrow_layers():
    network = mlp((4, 8, 2, 2))
    task = asked(network, 0.4, shape=(1, 2, 2))
    groups = units.groups_of(task)
    shares = [torch.tensor([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2]), torch.tensor([0.3, 0.7])]
    raw = units.largest_units(task, groups, shares, "global")
    assert [int(kept.sum()) for kept in raw] == [4, 2]  # 1/8 is less than 1/2 though both are the average
    even = units.largest_units(task, groups, [units.fair(share) for share in shares], "global")
    assert even[0].tolist() == [True] * 3 + [False] * 3 + [True] * 2 and even[1].tolist() == [False, True]


def test_a_global_choice_leaves_every_group_a_unit():
    task = asked(mlp((4, 8, 2, 2)), 0.8, shape=(1, 2, 2))
    groups = units.groups_of(task)
    kept = units.largest_units(task, groups, [torch.zeros(8) - 5, torch.tensor([1.0, 2.0])], "global")
    assert kept[0].tolist() == [True] + [False] * 7 and kept[1].tolist() == [False, True]
    with pytest.raises(UserError, match="leaves 1 units for 2 groups of layers, and each needs one"):
        units.largest_units(
            asked(mlp((4, 8, 2, 2)), 0.9, shape=(1, 2, 2)), groups, [torch.zeros(8), torch.zeros(2)], "global"
        )


def test_scores_of_tied_layers_are_joined_by_the_mean_of_what_is_comparable():
    (group, _, _) = units.groups_of(asked(Toy(), shape=(2, 6, 6)))
    scores = {"stem.weight": torch.arange(12.0), "depthwise.weight": torch.full((12,), 1e6)}
    assert torch.allclose(units.joined(group, scores), torch.arange(12.0).double() / 11 + 0.5)


def test_the_shape_of_an_input_is_asked_of_the_architecture_the_network_or_the_images():
    traced = wiring.trace(Toy(), (2, 6, 6))
    assert units.input_shape(asked(Toy(), architecture=traced)) == (2, 6, 6)
    assert units.input_shape(asked(Toy(), shape=(2, 8, 8))) == (2, 8, 8)
    batches = iter([(torch.zeros(3, 2, 7, 7), torch.zeros(3))])
    task = asked(Toy(), batches=batches)
    assert units.input_shape(task) == (2, 7, 7)
    assert [len(labels) for _, labels in task.data.batches()] == [3]  # the batch that was looked at is still there
    with pytest.raises(UserError, match=r"'test' needs the shape of an input .*give batches, an architecture"):
        units.input_shape(asked(Toy()))


def test_a_group_that_would_lose_all_its_units_is_named():
    with pytest.raises(UserError, match=r"Sparsity 0.9 leaves none of the 3 units of '1.weight'"):
        first_units(asked(mlp(), 0.9, shape=(1, 2, 2)))


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (lambda self, x: self.last(self.first(x) + x), "'first.weight': they are added to the network's inputs"),
        (lambda self, x: self.last(torch.softmax(self.first(x), 1)), "'first.weight': 'softmax' may mix or count them"),
        (lambda self, x: self.last(self.first(x)[:, :4]), "'first.weight': 'getitem' may mix"),
        (lambda self, x: self.last(self.first(self.first(x))), "'first.weight': it is used several times"),
        (lambda self, x: (self.last(x), self.first(x)), "'first.weight': they are outputs of the network"),
        (lambda self, x: self.last(x), "'first.weight': the network never runs it"),
    ],
    ids=["input", "softmax", "slice", "reuse", "output", "idle"],
)  # fmt: skip
def test_units_that_cannot_be_told_apart_say_why(run, sentence):
    network = Body(run, first=nn.Conv2d(4, 4, 1), last=nn.Conv2d(4, 1, 1))
    with pytest.raises(UserError, match=sentence):
        units.groups_of(asked(network, shape=(4, 3, 3)))


def test_a_layer_tied_to_one_that_is_left_alone():
    task = asked(Toy(), shape=(2, 6, 6), names=["stem.weight"])
    with pytest.raises(UserError, match=r"units of 'stem.weight' alone: they are tied to those of 'depthwise.weight'"):
        units.groups_of(task)


def test_scores_that_are_not_finite_name_the_layer():
    task = asked(mlp(), shape=(1, 2, 2), sparsity=0.3)
    with pytest.raises(UserError, match=r"'test' found 1 of 3 scores of layer '1.weight' not finite"):
        units.largest_units(task, units.groups_of(task), [torch.tensor([1.0, float("nan"), 0.0])])
