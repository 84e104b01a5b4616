"""Which rows, columns and vectors belong to one unit: by hand on tiny networks, and what is never a unit."""

import pytest
import torch
from helpers.custom import Body
from torch import nn
from torch.nn import functional as F
from torchvision import models as zoo

from prunegraph import models
from prunegraph.errors import UserError
from prunegraph.wiring.units import find_units

EACH = ((0,), (1,), (2,))


def test_a_hidden_layer_of_an_mlp():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    (group,) = find_units(network, (1, 2, 2))
    assert group.units == 3
    assert group.rows == (("1.weight", EACH),)
    assert group.vectors == (("1.bias", EACH),)
    assert group.columns == (("3.weight", EACH),)


def test_a_flattened_map_has_several_columns_a_unit():
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 2)
    )
    (group,) = find_units(network, (1, 6, 6))
    assert group.rows == (("0.weight", ((0,), (1,))),)
    assert [name for name, _ in group.vectors] == ["1.weight", "1.bias", "1.running_mean", "1.running_var"]
    assert group.columns == (("5.weight", ((0, 1, 2, 3), (4, 5, 6, 7))),)


def test_what_is_added_is_one_unit():
    network = Body(
        lambda self, x: self.last(F.relu(self.two(F.relu(self.one(x))) + self.side(x)).mean((2, 3))),
        one=nn.Conv2d(1, 4, 3, padding=1),
        two=nn.Conv2d(4, 3, 3, padding=1),
        side=nn.Conv2d(1, 3, 1, bias=False),
        last=nn.Linear(3, 2),
    )
    inner, outer = find_units(network, (1, 4, 4))
    assert inner.units == 4
    assert inner.columns == (("two.weight", ((0,), (1,), (2,), (3,))),)
    assert outer.rows == (("two.weight", EACH), ("side.weight", EACH))
    assert outer.vectors == (("two.bias", EACH),)
    assert outer.columns == (("last.weight", EACH),)


def test_a_depthwise_convolution_belongs_to_the_units_it_passes_on():
    network = nn.Sequential(nn.Conv2d(1, 3, 1), nn.Conv2d(3, 6, 3, groups=3), nn.Conv2d(6, 2, 1))
    (group,) = find_units(network, (1, 4, 4))
    twice = ((0, 1), (2, 3), (4, 5))
    assert group.rows == (("0.weight", EACH), ("1.weight", twice))
    assert group.vectors == (("0.bias", EACH), ("1.bias", twice))
    assert group.columns == (("2.weight", twice),)


def test_layers_that_share_a_batchnorm_are_tied():
    network = Body(
        lambda self, x: self.last(F.relu(self.norm(self.two(F.relu(self.norm(self.one(x))))))),
        one=nn.Conv2d(1, 3, 1),
        two=nn.Conv2d(3, 3, 1),
        norm=nn.BatchNorm2d(3),
        last=nn.Conv2d(3, 1, 1),
    )
    (group,) = find_units(network, (1, 2, 2))
    assert group.rows == (("one.weight", EACH), ("two.weight", EACH))
    assert group.columns == (("two.weight", EACH), ("last.weight", EACH))


def test_a_concatenation_reads_each_part_in_its_place():
    network = Body(
        lambda self, x: self.last(torch.cat([self.one(x), self.two(x), x], 1)),
        one=nn.Conv2d(1, 3, 1),
        two=nn.Conv2d(1, 2, 1),
        last=nn.Conv2d(6, 1, 1),
    )
    first, second = find_units(network, (1, 2, 2))
    assert first.columns == (("last.weight", EACH),)
    assert second.columns == (("last.weight", ((3,), (4,))),)


@pytest.mark.parametrize(
    "run",
    [
        lambda self, x: self.last(self.first(x) + x),
        lambda self, x: self.last(self.first(x).chunk(2, 1)[0].repeat(1, 2, 1, 1)),
        lambda self, x: self.last(self.first(x)[:, :4]),
        lambda self, x: self.last(torch.softmax(self.first(x), 1)),
        lambda self, x: self.last(self.grouped(self.first(x))),
        lambda self, x: self.last(self.first(self.first(x))),
        lambda self, x: self.last(self.first(x).view(-1, 4, 3, 3)),
        lambda self, x: self.last(self.first(x) + self.grouped.bias[:, None, None]),
        lambda self, x: (self.last(x), self.first(x)),
        lambda self, x: self.last(x) + self.first(x)[:, :1],
    ],
    ids=["input", "chunk", "slice", "softmax", "groups", "reuse", "view", "parameter", "output", "part"],
)
def test_what_an_operation_may_mix_is_no_unit(run):
    network = Body(run, first=nn.Conv2d(4, 4, 1), grouped=nn.Conv2d(4, 4, 1, groups=2), last=nn.Conv2d(4, 1, 1))
    assert find_units(network, (4, 3, 3)) == ()


def test_a_written_size_is_no_unit_but_a_computed_one_is():
    layers = {"first": nn.Conv2d(1, 3, 1), "last": nn.Linear(12, 2)}
    written = Body(lambda self, x: self.last(self.first(x).view(-1, 12)), **layers)
    computed = Body(lambda self, x: self.last(self.first(x).view(x.size(0), -1)), **layers)
    assert find_units(written, (1, 2, 2)) == ()
    assert [group.units for group in find_units(computed, (1, 2, 2))] == [3]


def test_resnets_have_one_group_a_stage_and_one_a_block():
    small = models.create("resnet20", classes=4, input_shape=(3, 8, 8), seed=0)
    groups = find_units(small, (3, 8, 8))
    assert sorted(group.units for group in groups) == [16] * 4 + [32] * 4 + [64] * 4
    (stream,) = (group for group in groups if group.rows[0][0] == "conv1.weight")
    assert [name for name, _ in stream.rows] == ["conv1.weight", *(f"layer1.{i}.conv2.weight" for i in range(3))]
    assert [name for name, _ in stream.columns] == [
        *(f"layer1.{i}.conv1.weight" for i in range(3)),
        "layer2.0.conv1.weight",
        "layer2.0.shortcut.0.weight",
    ]


def test_the_network_is_left_as_it_was():
    network = zoo.mobilenet_v2(num_classes=3, width_mult=0.1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert find_units(network, (3, 16, 16))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_network_that_depends_on_its_values_is_refused():
    network = Body(lambda self, x: self.last(x) if x.sum() > 0 else x, last=nn.Conv2d(1, 1, 1))
    with pytest.raises(UserError, match=r"torch.fx cannot trace Body"):
        find_units(network, (1, 2, 2))


def test_an_input_that_does_not_fit_is_refused():
    with pytest.raises(UserError, match=r"fails at '_0'.*shape"):
        find_units(nn.Sequential(nn.Conv2d(3, 2, 1)), (1, 2, 2))
