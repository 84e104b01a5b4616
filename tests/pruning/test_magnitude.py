"""Magnitude pruning, once and in rounds with rewinding."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import datasets, models, training
from prunegraph.errors import UserError
from prunegraph.masks import Mask, kept_weights
from prunegraph.pruning import prune
from prunegraph.training import iterative, loop


class Two(nn.Module):
    """Weights 1 to 4 and 10 to 17, signs mixed."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(4, 2)
        self.first.weight.data = torch.tensor([[1.0, -4.0], [3.0, -2.0]])
        self.second.weight.data = torch.tensor([[-10.0, 11.0, 12.0, -13.0], [14.0, -15.0, 16.0, 17.0]])


def listed(mask):
    return {name: values.astype(int).tolist() for name, values in mask.items()}


def test_the_largest_of_all_layers_or_of_each():
    everywhere = prune(Two(), "magnitude", 2 / 3, 0)
    assert listed(everywhere) == {"first.weight": [[0, 0], [0, 0]], "second.weight": [[0] * 4, [1] * 4]}
    layerwise = prune(Two(), "magnitude", 0.5, 0, scope="layer")
    assert listed(layerwise) == {"first.weight": [[0, 1], [1, 0]], "second.weight": [[0] * 4, [1] * 4]}
    assert prune(Two(), "magnitude", 2 / 3, 0, scope="layer").kept == 4


def test_not_finite_weights_and_bad_options_are_refused():
    network = Two()
    with pytest.raises(UserError, match=r"Unknown scope of pruner 'magnitude': 'layers'\. Did you mean 'layer'"):
        prune(network, "magnitude", 0.5, 0, scope="layers")
    with pytest.raises(UserError, match="'rounds' of pruner 'iterative_magnitude' is 0; expected at least 1"):
        prune(network, "iterative_magnitude", 0.5, 0, rounds=0)
    network.first.weight.data[0, 0] = float("nan")
    for scope in ("global", "layer"):
        with pytest.raises(UserError, match=r"'magnitude' found 1 of 4 scores of layer 'first\.weight' not finite"):
            prune(network, "magnitude", 0.5, 0, scope=scope)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.safetensors"
    datasets.prepare("digits", "data", path, 0.15, 0)
    return datasets.load(path)


@pytest.fixture
def network(digits):
    return models.create("conv6", 10, digits.input_shape, width=0.125)


RECIPE = training.recipe("quick", "digits", "conv6", epochs=1)


def test_one_round_is_train_prune_rewind_train(digits, network):
    by_hand = models.create("conv6", 10, digits.input_shape, width=0.125)
    training.train(by_hand, None, digits, RECIPE, 0)
    mask = prune(by_hand, "magnitude", 0.8, 0)
    by_hand = models.create("conv6", 10, digits.input_shape, width=0.125)
    training.train(by_hand, mask, digits, RECIPE, 0)

    found = iterative.train(network, digits, RECIPE, 0, sparsity=0.8, rounds=1, rewind=0, scope="global")
    assert listed(found.mask) == listed(mask)
    for name, value in by_hand.state_dict().items():
        assert torch.equal(network.state_dict()[name], value), name


def test_rounds_prune_a_geometric_share_of_what_the_last_left(digits, network, monkeypatch):
    masks = []

    def train(network, mask, *arguments):
        masks.append(mask)
        return real(network, mask, *arguments)

    real = loop.train
    monkeypatch.setattr(loop, "train", train)
    found = iterative.train(network, digits, RECIPE, 0, sparsity=0.9, rounds=3, rewind=0, scope="layer")
    size = masks[0].size
    assert [mask.kept for mask in masks] == [size, *(round(size * 0.1 ** (r / 3)) for r in (1, 2)), round(size * 0.1)]
    for one, next_one in pairwise(masks):
        assert all(not (next_one[name] & ~one[name]).any() for name in one)
    assert found.mask.kept == kept_weights(size, 0.9) and len(found.history) == 1
    weights = models.prunable(network)
    assert all(not weights[name][~torch.from_numpy(values)].any() for name, values in found.mask.items())


class Watched(iterative.MaskFrom):
    """Remembers the weights of some steps."""

    seen: dict = {}  # noqa: RUF012

    def update(self, step, steps, weights, gradients, kept):
        self.seen.setdefault(step, []).append({name: value.clone() for name, value in weights.items()})
        return super().update(step, steps, weights, gradients, kept)


def test_rewinding_returns_to_the_weights_of_that_step(digits, network, monkeypatch):
    monkeypatch.setattr(iterative, "MaskFrom", Watched)
    everything = Mask({n: np.ones(tuple(w.shape), dtype=bool) for n, w in models.prunable(network).items()})
    reference = models.create("conv6", 10, digits.input_shape, width=0.125)
    training.train(reference, everything, digits, RECIPE, 0, dynamics=Watched(everything, 10_000))
    found = iterative.train(network, digits, RECIPE, 0, sparsity=0.8, rounds=1, rewind=7, scope="global")
    (whole, again), (_, masked) = Watched.seen[7], Watched.seen[8]
    for name, values in found.mask.items():
        assert torch.equal(whole[name], again[name])
        assert torch.equal(masked[name], whole[name] * torch.from_numpy(values))
    assert found.mask.kept == kept_weights(found.mask.size, 0.8)


def test_weights_fit_the_mask_though_the_training_diverged_before_it_came(digits, network):
    recipe = training.recipe("quick", "digits", "conv6", epochs=1, learning_rate=1e30)
    found = iterative.train(network, digits, recipe, 0, sparsity=0.8, rounds=1, rewind=7, scope="global")
    assert found.diverged and found.mask.kept == kept_weights(found.mask.size, 0.8)
    weights = models.prunable(network)
    assert not any(weights[name].detach()[~torch.from_numpy(values)].any() for name, values in found.mask.items())


def test_a_step_beyond_the_training_cannot_be_rewound_to(digits, network):
    with pytest.raises(UserError, match=r"'rewind' .* is 20, but training has 20 steps"):
        iterative.train(network, digits, RECIPE, 0, sparsity=0.8, rounds=1, rewind=20, scope="global")
