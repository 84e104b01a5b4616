"""Networks that RGP was published with: known numbers of parameters, and what relational graphs leave of ResNet-50."""

import pytest
import torch
from torch import nn

from prunegraph import models
from prunegraph.errors import UserError
from prunegraph.relational.generators import ring_lattice
from prunegraph.relational.mapping import densities


@pytest.mark.parametrize(
    ("name", "classes", "shape", "options", "parameters"),
    [
        # torchvision's documentation.
        ("resnet18", 1000, (3, 64, 64), {"stem": "large"}, 11_689_512),
        ("resnet34", 1000, (3, 64, 64), {"stem": "large"}, 21_797_672),
        ("resnet50", 1000, (3, 64, 64), {"stem": "large"}, 25_557_032),
        # github.com/kuangliu/pytorch-cifar, the usual networks for CIFAR-10.
        ("resnet18", 10, (3, 32, 32), {}, 11_173_962),
        ("vgg16_bn", 10, (3, 32, 32), {}, 14_728_266),
    ],
)
def test_published_numbers_of_parameters(name, classes, shape, options, parameters):
    network = models.create(name, classes, shape, **options)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_resnet56_has_the_weights_that_its_docstring_says():
    network = models.create("resnet56", 10)
    assert sum(weight.numel() for weight in models.prunable(network).values()) == 851_504
    assert sum(isinstance(module, nn.Conv2d) for module in network.modules()) == 55 + 2


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "vgg16_bn"])
def test_outputs_have_the_right_shape(name):
    network = models.create(name, 7, (3, 32, 32), width=0.125).eval()
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


def test_strides_leave_seven_pixels_of_224():
    network, seen = models.create("resnet50", 10, (3, 224, 224), stem="large", width=0.0625).eval(), []
    network.layer4.register_forward_hook(lambda module, given, result: seen.append(tuple(result.shape[2:])))
    network(torch.zeros(1, 3, 224, 224))
    assert seen == [(7, 7)]


def test_an_unknown_stem_is_one_sentence():
    with pytest.raises(UserError, match="Unknown stem of resnet18: 'huge'"):
        models.create("resnet18", 10, stem="huge")


def test_relational_graphs_leave_the_published_shares_of_resnet50():
    """Dense stem, BatchNorm and classifier counted: not d / 64, which the README of RGP gives."""
    network, positions = models.create("resnet50", 1000, (3, 224, 224), stem="large").eval(), {}

    def count(layer, given, result):
        positions[layer] = result.numel() // len(layer.weight)

    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for layer in [*convolutions, network.fc]:
        layer.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, 224, 224))
    masked = convolutions[1:]
    parameters = sum(parameter.numel() for parameter in network.parameters())
    macs = sum(layer.weight.numel() * number for layer, number in positions.items())
    expected = {36: (59.9, 57.5), 30: (51.3, 48.4), 24: (42.7, 39.3), 16: (31.2, 27.2)}
    for degree, shares in expected.items():
        gone = {}
        for layer in masked:
            kept = densities(ring_lattice(64, degree), *layer.weight.shape[:2])
            assert kept == (degree / 64, degree / 64)
            gone[layer] = layer.weight.numel() * (1 - kept.parameters)
        left = 1 - sum(gone.values()) / parameters
        left_macs = 1 - sum(weights * positions[layer] for layer, weights in gone.items()) / macs
        assert (round(100 * left, 1), round(100 * left_macs, 1)) == shares
