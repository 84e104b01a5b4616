"""Smaller networks say what the masked ones say, and are as small as by-hand counting has it."""

import copy

import numpy as np
import pytest
import torch
from helpers.custom import Body
from torch import fx, nn
from torch.nn import functional as F
from torchvision import models as zoo

from prunegraph import models
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.wiring.shrink import shrink
from prunegraph.wiring.units import find_units


def randomise(network, quiet=False):
    """BatchNorms as if trained; `quiet`: with negative outputs for an input of 0, so that ReLU makes it 0 again."""
    draw = torch.Generator().manual_seed(1)
    ranges = {"running_mean": (-0.5, 0.5), "running_var": (0.5, 2), "weight": (0.5, 1.5), "bias": (-0.5, 0.5)}
    if quiet:
        ranges |= {"running_mean": (0.1, 0.5), "bias": (-0.5, -0.1)}
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for name, (low, high) in ranges.items():
                getattr(module, name).data.uniform_(low, high, generator=draw)
        elif isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
            module.bias.data.uniform_(-0.5, -0.1 if quiet else 0.5, generator=draw)
    return network.double().eval()


def everything(network):
    return {name: np.ones(tuple(value.shape), bool) for name, value in network.named_parameters() if value.dim() > 1}


def without(network, groups, share, seed=0):
    """A mask without a share of the units of each group, and which they are."""
    draw, mask, gone = np.random.default_rng(seed), everything(network), []
    for group in groups:
        gone.append(draw.choice(group.units, int(group.units * share), replace=False).tolist())
        for name, rows in group.rows:
            mask[name][[row for unit in gone[-1] for row in rows[unit]]] = False
    return mask, gone


def size(network):
    return sum(value.numel() for value in network.parameters())


def assert_same(network, mask, smaller, shape, images=3):
    masked = Mask(mask).apply(copy.deepcopy(network)).eval()
    x = torch.randn(images, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected, found = masked(x), smaller(x)
    assert float((expected - found).abs().max() / expected.abs().max()) < 1e-10


def test_the_constant_of_a_neuron_goes_into_the_next_bias():
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).double()
    with torch.no_grad():
        network[1].bias.copy_(torch.tensor([0.5, 0.25, -1.0]))
        network[3].weight.copy_(torch.tensor([[2.0, 4.0, 8.0]]))
        network[3].bias.fill_(1.0)
    mask = everything(network)
    mask["1.weight"][[1, 2]] = False
    smaller = shrink(network, (1, 1, 2), mask)
    assert smaller[1].weight.tolist() == network[1].weight[:1].tolist()
    assert smaller[3].weight.tolist() == [[2.0]]
    assert smaller[3].bias.tolist() == [1.0 + 4.0 * 0.25]
    assert size(smaller) == (2 + 1) + (1 + 1)
    assert (smaller[1].out_features, smaller[3].in_features) == (1, 1)
    assert size(network) == 9 + 4
    assert_same(network, mask, smaller, (1, 1, 2))


@pytest.mark.parametrize(
    ("padding", "mode", "bias", "goes"),
    [
        (1, "zeros", 0.5, False),
        (1, "zeros", -0.5, True),
        (0, "zeros", 0.5, True),
        (1, "reflect", 0.5, True),
        ("valid", "zeros", 0.5, True),
        ("same", "zeros", 0.5, False),
    ],
)
def test_a_constant_at_a_border_of_zeros_keeps_its_unit(padding, mode, bias, goes):
    second = nn.Conv2d(3, 2, 3, padding=padding, padding_mode=mode, bias=False)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), second, nn.Flatten(), nn.LazyLinear(2)).double()
    network(torch.zeros(1, 1, 6, 6, dtype=torch.float64))
    network[0].bias.data.fill_(bias)
    mask = everything(network)
    mask["0.weight"][1] = False
    smaller = shrink(network, (1, 6, 6), mask)
    assert smaller[0].out_channels == smaller[2].in_channels == (2 if goes else 3)
    assert (smaller[2].bias is not None) == (goes and bias > 0)
    assert_same(network, mask, smaller, (1, 6, 6))


def test_a_unit_that_nobody_reads_goes_and_what_only_it_read_as_well():
    network = randomise(nn.Sequential(*(part for n in (2, 3, 4) for part in (nn.Conv2d(n, n + 1, 1), nn.ReLU()))))
    mask = everything(network)
    mask["4.weight"][:, 1] = False
    mask["2.weight"][[0, 2, 3], 2] = False
    smaller = shrink(network, (2, 3, 3), mask)
    assert [smaller[place].out_channels for place in (0, 2, 4)] == [2, 3, 5]
    assert_same(network, mask, smaller, (2, 3, 3))


def residual():
    return randomise(
        Body(
            lambda self, x: self.last(F.relu(self.two(F.relu(self.one(x))) + self.side(x)).mean((2, 3))),
            one=nn.Conv2d(1, 4, 3, padding=1),
            two=nn.Conv2d(4, 3, 3, padding=1),
            side=nn.Conv2d(1, 3, 1),
            last=nn.Linear(3, 2),
        )
    )


def test_tied_units_go_together_only():
    network, half, whole = residual(), {}, {}
    half, whole = everything(network), everything(network)
    half["two.weight"][1] = whole["two.weight"][1] = whole["side.weight"][1] = False
    network.side.bias.data.fill_(2.0)
    kept, gone = shrink(network, (1, 5, 5), half), shrink(network, (1, 5, 5), whole)
    assert (kept.two.out_channels, gone.two.out_channels) == (3, 2)
    assert size(network) - size(gone) == (4 * 9 + 1) + (1 + 1) + 2
    assert_same(network, half, kept, (1, 5, 5))
    assert_same(network, whole, gone, (1, 5, 5))
    emitted = F.relu(network.two.bias[1] + network.side.bias[1])
    assert torch.allclose(gone.last.bias, network.last.bias + network.last.weight[:, 1] * emitted, rtol=1e-12)


def test_layers_that_share_a_batchnorm_each_get_their_own():
    network = randomise(
        Body(
            lambda self, x: self.last(F.relu(self.norm(self.two(F.relu(self.norm(self.one(x))))))),
            one=nn.Conv2d(2, 6, 3),
            two=nn.Conv2d(6, 6, 3),
            norm=nn.BatchNorm2d(6),
            last=nn.Conv2d(6, 3, 1),
        )
    )
    mask = everything(network)
    mask["one.weight"][[0, 3]] = False
    mask["two.weight"][[1, 2, 4]] = False
    smaller = shrink(network, (2, 7, 7), mask)
    assert isinstance(smaller, fx.GraphModule)
    assert (smaller.one.out_channels, smaller.two.out_channels) == (4, 3)
    assert (smaller.norm.num_features, smaller.norm_call2.num_features) == (4, 3)
    assert size(smaller) == (2 * 9 + 1) * 4 + 2 * 4 + (4 * 9 + 1) * 3 + 2 * 3 + (3 + 1) * 3
    assert_same(network, mask, smaller, (2, 7, 7))


def test_a_layer_keeps_at_least_one_unit():
    network = randomise(nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.Linear(3, 2)))
    mask = {name: np.zeros_like(values) for name, values in everything(network).items()}
    smaller = shrink(network, (1, 2, 2), mask)
    assert [smaller[place].out_features for place in (1, 3, 4)] == [1, 1, 2]
    assert_same(network, mask, smaller, (1, 2, 2))


SHAPE = (3, 16, 16)


def narrow_vgg():
    features = zoo.vgg.make_layers([width // 16 if width != "M" else "M" for width in zoo.vgg.cfgs["D"]], True)
    network = zoo.VGG(features, num_classes=5, init_weights=False)
    network.classifier = nn.Sequential(
        nn.Linear(32 * 49, 24), nn.ReLU(True), nn.Dropout(), nn.Linear(24, 16), nn.ReLU(True), nn.Linear(16, 5)
    )
    return network


def ours(name, shape, **options):
    return lambda: models.create(name, classes=5, input_shape=shape, seed=0, **options)


NETWORKS = {
    "resnet18": (lambda: zoo.resnet18(num_classes=5, weights=None), (3, 8, 8)),
    "vgg16_bn": (narrow_vgg, (3, 32, 32)),
    "torchvision_mobilenet_v2": (lambda: zoo.mobilenet_v2(num_classes=5, weights=None, width_mult=0.1), (3, 8, 8)),
    "mlp": (ours("mlp", (1, 6, 6), hidden=[20, 15]), (1, 6, 6)),
    "conv6": (ours("conv6", SHAPE, width=0.25), SHAPE),
    "resnet20": (ours("resnet20", SHAPE, width=0.5), SHAPE),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_random_units_of_whole_networks(name):
    make, shape = NETWORKS[name]
    torch.manual_seed(0)
    network = randomise(make())
    mask, _ = without(network, find_units(network, shape), 0.4)
    smaller = shrink(network, shape, Mask(mask))
    assert size(smaller) < 0.95 * size(network)
    assert_same(network, mask, smaller, shape)


@pytest.mark.parametrize("name", ["resnet18", "vgg16_bn", "torchvision_mobilenet_v2", "mlp", "conv6", "resnet20"])
def test_every_unit_that_falls_silent_goes(name):
    make, shape = NETWORKS[name]
    torch.manual_seed(0)
    network = randomise(make(), quiet=True)
    groups = find_units(network, shape)
    mask, gone = without(network, groups, 0.4)
    smaller = shrink(network, shape, mask)
    shares = {key: 1.0 for key, _ in network.named_parameters()}
    for group, units in zip(groups, gone, strict=True):
        for parameter, _ in (*group.rows, *group.vectors, *group.columns):
            if parameter in shares:
                shares[parameter] *= 1 - len(units) / group.units
    expected = sum(round(value.numel() * shares[key]) for key, value in network.named_parameters())
    had = dict(network.named_parameters())
    new = [value.numel() for key, value in smaller.named_parameters() if key not in had]
    assert size(smaller) - sum(new) == expected
    # Only what lies behind no activation still emits something: the ends of inverted residual blocks.
    assert bool(new) == (name == "torchvision_mobilenet_v2")
    assert_same(network, mask, smaller, shape)


def test_resnet20_by_hand():
    network = randomise(ours("resnet20", SHAPE)(), quiet=True)
    mask, _ = without(network, find_units(network, SHAPE), 0.5)
    smaller = shrink(network, SHAPE, mask)

    def block(inputs, outputs):
        side = inputs * outputs + 2 * outputs if inputs != outputs else 0
        return 9 * inputs * outputs + 2 * outputs + 9 * outputs * outputs + 2 * outputs + side

    stages = 3 * block(8, 8) + block(8, 16) + 2 * block(16, 16) + block(16, 32) + 2 * block(32, 32)
    assert size(smaller) == 27 * 8 + 2 * 8 + stages + 32 * 5 + 5


def test_the_original_stays_and_types_and_modes_are_kept():
    network = randomise(ours("conv6", (3, 8, 8), width=0.125)()).float().train()
    network.convs1[1].eval()
    before = copy.deepcopy(network.state_dict())
    mask, _ = without(network, find_units(network, (3, 8, 8)), 0.5)
    smaller = shrink(network, (3, 8, 8), mask)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert {value.dtype for value in smaller.parameters()} == {torch.float32}
    assert smaller.training and smaller.convs1[0].training and not smaller.convs1[1].training
    assert all(value.requires_grad for value in smaller.parameters())
    x = torch.randn(4, 3, 8, 8)
    masked = Mask(mask).apply(copy.deepcopy(network)).eval()
    expected, found = masked(x).detach(), smaller.eval()(x).detach()
    assert torch.allclose(expected, found, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


def test_inputs_of_another_size():
    network = randomise(ours("resnet20", SHAPE, width=0.5)())
    mask, _ = without(network, find_units(network, SHAPE), 0.4)
    assert_same(network, mask, shrink(network, SHAPE, mask), (3, 20, 12))


def test_a_mask_of_another_network_is_refused():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Linear(3, 2))
    with pytest.raises(UserError, match=r"mask has shape \(3, 5\), the network \(3, 4\)"):
        shrink(network, (1, 2, 2), {"1.weight": np.ones((3, 5), bool)})
    with pytest.raises(UserError, match=r"layer 'fc\.weight' that the network lacks"):
        shrink(network, (1, 2, 2), {"fc.weight": np.ones((3, 4), bool)})


@pytest.mark.parametrize(
    ("count_in", "message"),
    [
        (lambda z, count: z * count, "outputs differ"),
        (lambda z, count: z.expand(count, -1), "outputs differ"),
        (lambda z, count: z.view(count // 3, 12), "does not run"),
    ],
)
def test_a_forward_pass_that_counts_channels_is_refused(count_in, message):
    def run(self, x):
        y = self.first(x)
        return count_in(self.last(y.flatten(1)), y.shape[1])

    network = Body(run, first=nn.Conv2d(1, 3, 1), last=nn.Linear(12, 12))
    mask = everything(network)
    mask["first.weight"][0] = False
    with pytest.raises(UserError, match=message):
        shrink(network, (1, 2, 2), mask)
