"""Channels lie last in memory where the gradients of this layout can be trusted."""

import subprocess
import sys

import pytest
import torch
from helpers import ROOT

from prunegraph import models
from prunegraph.training.layout import layout

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("model", "width", "device", "expected"),
    [
        ("resnet20", 1.0, CPU, torch.channels_last),
        ("resnet20", 0.75, CPU, torch.channels_last),  # shortcuts from 12 and 24 channels
        ("resnet20", 0.5, CPU, torch.channels_last),  # from 8
        ("resnet20", 0.25, CPU, torch.contiguous_format),  # from 4
        ("resnet20", 0.25, GPU, torch.channels_last),
        ("conv6", 0.125, CPU, torch.channels_last),  # no convolution of 1 x 1
        ("mlp", 1.0, CPU, torch.channels_last),
    ],
)
def test_narrow_shortcuts_stay_in_the_default_layout_on_a_cpu(model, width, device, expected):
    network = models.create(model, 10, (3, 16, 16), 0, width=width)
    assert layout(network, device) == expected


PROGRAM = """
import torch
torch.manual_seed(0)
for _ in range(40):
    one = torch.nn.Conv2d({channels}, 8, 1, stride=2, bias=False)
    other = torch.nn.Conv2d({channels}, 8, 1, stride=2, bias=False).double()
    other.weight.data.copy_(one.weight.data)
    images = torch.randn(16, {channels}, 8, 8)
    found = images.to(memory_format=torch.channels_last).requires_grad_()
    expected = images.double().requires_grad_()
    one.to(memory_format=torch.channels_last)(found).sum().backward()
    other(expected).sum().backward()
    torch.testing.assert_close(found.grad.double(), expected.grad, rtol=1e-4, atol=1e-5)
"""


def test_eight_channels_are_safe():
    """In a process of its own, with the C library's checks of its memory: torch may crash."""
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(channels=8)], cwd=ROOT, capture_output=True, text=True,
                          env={"GLIBC_TUNABLES": "glibc.malloc.check=3", "OMP_NUM_THREADS": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr
