"""Parameters and multiplications by hand and as published; time by a clock that is known."""

import time

import pytest
import torch
from torch import nn
from torchvision import models as zoo

from prunegraph import models
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.metrics.cost import Cost, cost, latency, savings
from prunegraph.models import prunable
from prunegraph.pruning import prune


def small():
    """A convolution 2 -> 3 with kernel 3 on 6 x 6 (to 4 x 4), a linear layer 48 -> 5."""
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5)).eval()


def test_by_hand():
    network = small()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    parameters = 54 + 3 + 3 + 3 + 240 + 5
    assert cost(network, (2, 6, 6)) == Cost(parameters, parameters, 54 * 16 + 240, 54 * 16 + 240)
    network[0].weight.data[0] = 0  # 18 weights, each used at 16 positions
    network[4].bias.data[:2] = 0
    found = cost(network.train(), (2, 6, 6))
    assert found == Cost(parameters, parameters - 20, 54 * 16 + 240, 36 * 16 + 240)
    assert network.training and not network[0]._forward_hooks


def test_groups_and_layers_that_are_called_twice():
    depthwise = nn.Conv2d(4, 8, 3, groups=4, padding=1, bias=False)
    assert cost(depthwise, (4, 5, 5)).macs == 8 * 9 * 25
    again = nn.Linear(6, 6)
    assert cost(nn.Sequential(nn.Flatten(), again, again), (1, 2, 3)).macs == 72


@pytest.mark.parametrize(
    ("name", "parameters", "billions"),
    # torchvision's tables of weights (num_params, GFLOPS), which count multiply-accumulates.
    [("resnet50", 25_557_032, 4.09), ("resnet18", 11_689_512, 1.81), ("mobilenet_v2", 3_504_872, 0.30)],
)
def test_published_sizes(name, parameters, billions):
    found = cost(zoo.get_model(name, weights=None), (3, 224, 224))
    assert found.parameters == parameters
    assert round(found.macs / 1e9, 2) == billions


def test_published_macs_of_resnet50_to_the_last():
    # conv1 118,013,952; four stages; the classifier 2,048,000: He et al., table 1, at 224.
    assert cost(zoo.resnet50(weights=None), (3, 224, 224)).macs == 4_089_184_256


def test_savings_by_hand():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    kept = {"1.weight": torch.ones(6, 4, dtype=torch.bool)}
    kept["1.weight"][:3] = False
    found = savings(network, (1, 2, 2), kept)
    assert found["parameters"] == 24 + 6 + 12 + 2 and found["macs"] == 36
    assert found["nonzero"] == 44 - 12 and found["nonzero_macs"] == 24
    assert found["compression"] == 44 / 32 and found["theoretical_speedup"] == 1.5
    # Three units are gone: 12 + 3 and 6 + 2 are left.
    assert (found["parameters_left"], found["macs_left"]) == (23, 18)
    assert found["size_ratio"] == 44 / 23 and found["mac_ratio"] == 2.0


def test_half_the_units_of_a_network_are_a_quarter_of_the_inner_operations():
    network = models.create("mlp", 10, (1, 8, 8), hidden=[64, 64])
    found = savings(network, (1, 8, 8), prune(network, "unit_l1", 0.5, 0))
    assert found["macs"] == 64 * 64 * 2 + 640 and found["macs_left"] == 64 * 32 + 32 * 32 + 320
    residual = models.create("resnet20", 10, (3, 8, 8), width=0.5)
    less = savings(residual, (3, 8, 8), prune(residual, "unit_l1", 0.5, 0, columns=True))
    assert 3.7 < less["mac_ratio"] < 4
    # Zeros are as many as what shrinking takes away, but for biases and BatchNorm.
    assert less["nonzero_macs"] == less["macs_left"]


def test_nothing_left_is_an_infinite_ratio():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    mask = Mask({name: torch.zeros(weight.shape) for name, weight in prunable(network).items()})
    found = savings(network, (1, 2, 2), mask)
    assert found["compression"] == found["theoretical_speedup"] == float("inf")


def test_an_input_that_does_not_fit():
    with pytest.raises(UserError, match=r"fails on an input of shape \(1, 2, 2\)"):
        cost(small(), (1, 2, 2))


def test_the_median_of_what_a_known_clock_says(monkeypatch):
    # Two calls to warm up are started only; then each takes 1, 9, 2, 8, 3 seconds.
    ticks = iter([0, 0, *(tick for length in (1, 9, 2, 8, 3) for tick in (0, length))])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    calls = []
    network = small().train()
    network.register_forward_hook(lambda module, *_: calls.append((module.training, torch.is_grad_enabled())))
    found = latency(network, torch.zeros(4, 2, 6, 6), runs=5, warm_up=2)
    assert (found["median"], found["low"], found["high"]) == (3, 2, 8)
    assert calls == [(False, False)] * 7 and network.training
    assert (found["runs"], found["batch"], found["device"], found["torch"]) == (5, 4, "cpu", torch.__version__)
    assert found["threads"] == torch.get_num_threads()


def test_a_large_network_takes_longer():
    small, large = (nn.Sequential(nn.Flatten(), nn.Linear(1024, units)) for units in (1, 4096))
    images = torch.zeros(256, 1, 32, 32)
    assert latency(large, images, runs=5)["median"] > latency(small, images, runs=5)["median"]


def test_too_few_runs():
    with pytest.raises(UserError, match=r"needs at least 3 runs .* found 2 and 5"):
        latency(small(), torch.zeros(1, 2, 6, 6), runs=2)
