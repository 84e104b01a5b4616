"""Masks that move during training: what the method sees, and what becomes of weights and momenta."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import datasets, models, training
from prunegraph.datasets.data import Data, Part
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.training import Recipe
from prunegraph.training.sgd import Descent


class Swap:
    """In step 1, the only kept weight of the first layer goes and its removed neighbour comes."""

    def __init__(self, skip=False):
        self.skip_step_on_update = skip
        self.seen = []

    def update(self, step, steps, weights, gradients, kept):
        self.seen.append((step, steps, {name: value.clone() for name, value in gradients.items()}))
        return {name: ~values for name, values in kept.items()} if step == 1 else None

    def state(self):
        return {}

    def restore(self, state):
        pass


def two_inputs(epochs, **changes):
    """Two equal images (1, 1) of class 0, a linear layer of two inputs and two classes without bias."""
    pixels = torch.full((2, 1, 1, 2), 255, dtype=torch.uint8)
    part = Part(pixels, torch.zeros(2, dtype=torch.int64), [0.0], [1.0])
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    nn.init.zeros_(network[1].weight)
    recipe = Recipe(epochs=epochs, batch_size=2, learning_rate=1, momentum=0.9, weight_decay=0, **changes)
    return network, Data("tiny", 2, (1, 1, 2), (0.0,), (1.0,), False, part, part, part), recipe


MASK = Mask({"1.weight": np.array([[1, 0], [1, 0]])})


@pytest.mark.parametrize("skip", [False, True])
def test_three_steps_by_hand(skip):
    # Step 0 moves the kept weights from 0 to (1/2, -1/2): p = 1/2, the gradient is (-1/2, 1/2).
    # In step 1 they go and their neighbours come, from zero, without momentum. The gradient is that at the
    # weights of the forward pass: p - 1 with p = 1 / (1 + exp(-1)); RigL leaves this step out.
    network, data, recipe = two_inputs(3)
    swap = Swap(skip)
    found = training.train(network, MASK, data, recipe, 0, dynamics=swap)
    gradient = 1 / (1 + math.exp(-1)) - 1
    momentum = 0.0 if skip else gradient
    weight = -momentum
    gradient = 1 / (1 + math.exp(-2 * weight)) - 1
    weight -= 0.9 * momentum + gradient
    assert network[1].weight.flatten().tolist() == pytest.approx([0, weight, 0, -weight], rel=1e-6)
    assert network[1].weight[:, 0].tolist() == [0, 0]
    assert found.mask["1.weight"].tolist() == [[False, True], [False, True]]
    assert MASK["1.weight"].tolist() == [[True, False], [True, False]]


def test_what_grew_where_no_gradient_arrives_is_kept_at_zero():
    # The second pixel is black, so the weights from it never move: only the mask tells them from removed ones.
    network, data, recipe = two_inputs(3)
    data.train.images[..., 1] = 0
    found = training.train(network, MASK, data, recipe, 0, dynamics=Swap())
    assert found.mask["1.weight"].tolist() == [[False, True], [False, True]]
    assert network[1].weight.tolist() == [[0, 0], [0, 0]]
    assert found.history[-1]["train_loss"] == pytest.approx(math.log(2))


def test_dense_gradients_of_every_step_are_shown():
    network, data, recipe = two_inputs(3)
    swap = Swap()
    training.train(network, MASK, data, recipe, 0, dynamics=swap)
    assert [(step, steps) for step, steps, _ in swap.seen] == [(0, 3), (1, 3), (2, 3)]
    assert swap.seen[0][2]["1.weight"].tolist() == [[-0.5, -0.5], [0.5, 0.5]]


def test_a_mask_that_moves_needs_a_start():
    network, data, recipe = two_inputs(1)
    with pytest.raises(UserError, match="needs one to start from"):
        training.train(network, None, data, recipe, 0, dynamics=Swap())


def test_after_every_step_weights_and_momenta_are_zero_outside_the_present_mask(tmp_path):
    class Shuffle(Swap):
        def update(self, step, steps, weights, gradients, kept):
            draw = torch.Generator().manual_seed(step)
            return {name: torch.rand(value.shape, generator=draw) < 0.3 for name, value in kept.items()}

    datasets.prepare("digits", tmp_path, tmp_path / "digits.safetensors", 0.15, 0)
    data = datasets.load(tmp_path / "digits.safetensors")
    network = models.create("resnet20", 10, data.input_shape, width=0.25)
    start = {name: torch.rand(value.shape) < 0.5 for name, value in models.prunable(network).items()}
    descent = Descent(network, start, Recipe(epochs=1, batch_size=64), 20, Shuffle())
    for place, (images, labels) in enumerate(data.epoch(64, torch.Generator().manual_seed(0))):
        kept = {name: values.clone() for name, values in descent.kept.items()}
        descent.step(images, labels)
        for name, weight in models.prunable(network).items():
            assert not torch.equal(descent.kept[name], kept[name])
            assert not weight[~descent.kept[name]].any()
            assert not descent.memory["momentum"][name][~descent.kept[name]].any()
            assert weight[descent.kept[name]].any()
        if place == 3:
            break
