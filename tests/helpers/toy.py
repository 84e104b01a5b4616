"""A small network with everything that a pruner may meet, and images for it."""

from itertools import islice

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph.catalogue import PRUNERS
from prunegraph.models import prunable
from prunegraph.pruning import prune
from prunegraph.variants import options_of

# So that each takes milliseconds here; everything else is as published.
SMALL = {
    "snip": {"batch_size": 16},
    "grasp": {"samples_per_class": 3},
    "synflow": {"rounds": 10},
    "prospr": {"batch_size": 16, "lr": 0.1},
}


def _cases():
    for name, record in PRUNERS.items():
        if record.graphs or record.searches:  # they have tests of their own
            continue
        yield name, {}
        if any("compat" in options_of(reference) for reference in record.references):
            yield name, {"compat": True}


# Every pruner, and once more with each that knows it the option compat.
CASES = [pytest.param(name, options, id="_".join([name, *options])) for name, options in _cases()]


def cases(*, dense=False, **facts):
    """Those of CASES whose records have these facts; dense, which prunes nothing, only if asked for."""
    return [
        case
        for case in CASES
        if (dense or case.values[0] != "dense")
        and all(getattr(PRUNERS[case.values[0]], name) == value for name, value in facts.items())
    ]


class Toy(nn.Module):
    """Convolutions with biases, one of them depthwise, a shortcut, BatchNorm, dropout: 2,340 prunable weights."""

    def __init__(self, seed=0):
        super().__init__()
        self.stem = nn.Conv2d(2, 12, 3, padding=1)
        self.norm = nn.BatchNorm2d(12)
        self.depthwise = nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.mix = nn.Conv2d(12, 12, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(12, 12, 1, bias=False)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(12, 36)
        self.last = nn.Linear(36, 4, bias=False)
        generator = torch.Generator().manual_seed(seed)
        for weight in prunable(self).values():
            nn.init.kaiming_normal_(weight, generator=generator)
        for bias in (self.stem.bias, self.depthwise.bias, self.out.bias):
            nn.init.zeros_(bias)

    def forward(self, images):
        hidden = torch.relu(self.norm(self.stem(images)))
        hidden = torch.relu(self.mix(torch.relu(self.depthwise(hidden))) + self.shortcut(hidden))
        return self.last(torch.relu(self.out(self.drop(hidden.mean((2, 3))))))


def supply(seed=0, shape=(2, 6, 6), classes=4, size=20):
    generator = torch.Generator().manual_seed(seed)
    while True:
        labels = torch.randint(classes, (size,), generator=generator)
        yield torch.randn(size, *shape, generator=generator), labels


def pruned(pruner, sparsity=0.8, seed=0, network=None, **options):
    options = {**SMALL.get(pruner, {}), **options}
    # A list, as some pruners look at every image once, and enough for those that take batches.
    return prune(network or Toy(), pruner, sparsity, seed, list(islice(supply(), 20)), **options)


def same(one, other):
    return list(one) == list(other) and all(np.array_equal(one[name], other[name]) for name in one)
