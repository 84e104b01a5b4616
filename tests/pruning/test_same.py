"""A mask is a property of network, data and seed: not of the number type of the weights, threads or device."""

import pytest
from helpers.threads import threads

from prunegraph import datasets, models, pruning
from prunegraph.catalogue import PRUNERS
from prunegraph.randomness import torch_generator

# Less of everything, since what rounding does shows with little: the smallest of each that still scores all layers.
SMALL = {"synflow": {"rounds": 8}, "prospr": {"batch_size": 32}, "grasp": {"samples_per_class": 4}}
# Of four channels or inputs one in ten is none, so that fewer go.
SPARSITY = {name: 0.9 if record.counts[0] == "weights" else 0.5 for name, record in PRUNERS.items()}
# They look at every image once, so that they are given a few.
ONCE = ("dpp_edge", "dpp_node", "wanda", "obs")
STRICT = [name for name, record in PRUNERS.items() if name != "dense" and not (record.graphs or record.searches)]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    datasets.prepare("digits", path.parent, path, 0.15, 0)
    return datasets.load(path)


def mask_of(name, model, data, *, double=False, number=1, width=0.25, **options):
    network = models.create(model, 10, data.input_shape, seed=0, width=width)
    with threads(number):
        batches = data.batches(128, torch_generator(0, "prune", "batches"))
        batches = [next(batches)] if name in ONCE else batches
        return pruning.prune(network.double() if double else network, name, SPARSITY[name], 0, batches, **options)


def share_kept(one, other):
    """Of the weights that `one` keeps, those that `other` keeps, too."""
    return sum(int((one[name] & other[name]).sum()) for name in one) / one.kept


@pytest.mark.parametrize("model", ["conv6", "resnet20"])
@pytest.mark.parametrize("name", STRICT)
def test_rounding_decides_nothing(name, model, digits):
    small = SMALL.get(name, {})
    mask = mask_of(name, model, digits, **small)
    other = mask_of(name, model, digits, double=True, number=2, **small)
    assert share_kept(mask, other) >= 0.999


@pytest.mark.parametrize("model", ["conv6", "resnet20"])
def test_in_float32_it_decides_much_of_a_prospr_mask(model, digits):
    mask = mask_of("prospr", model, digits, width=0.375)
    assert share_kept(mask, mask_of("prospr", model, digits, width=0.375, precision="float32")) < 0.98
    assert share_kept(mask, mask_of("snip", model, digits, width=0.375)) < 0.98  # the share tells masks apart


def test_what_is_published_in_float32_stays_so(digits):
    for name in ("snip", "grasp", "prospr"):
        compat = mask_of(name, "conv6", digits, compat=True)
        again = mask_of(name, "conv6", digits, compat=True, precision="float32")
        assert all((compat[layer] == again[layer]).all() for layer in compat)
    with pytest.raises(ValueError, match=r"Unknown precision of scores 'float16'\..* Known: float64, float32"):
        mask_of("snip", "conv6", digits, precision="float16")
