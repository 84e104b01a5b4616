"""Networks that train together end as if each had trained alone."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from prunegraph import models
from prunegraph.datasets.data import Data, Part
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.training import Recipe, evaluate, train, train_together
from prunegraph.training.cell import groups
from prunegraph.training.stack import Stack

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01, weight_decay=5e-4, schedule="cosine", recalibrate=True)
SEEDS = [3, 1, 2]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def noise():
    draw = torch.Generator().manual_seed(0)
    # 33 images: the last batch of every epoch holds one, which takes no part.
    pixels = torch.randint(256, (33, 2, 8, 8), generator=draw, dtype=torch.uint8)
    part = Part(pixels, torch.arange(33) % 4, [0.5] * 2, [0.25] * 2)
    return Data("noise", 4, (2, 8, 8), (0.5,) * 2, (0.25,) * 2, True, part, part, part)


def network_and_mask(model, seed):
    network = models.create(model, 4, (2, 8, 8), seed, width=0.25)
    draw = np.random.default_rng(seed)
    weights = models.prunable(network)
    return network, Mask({name: draw.random(weight.shape) < 0.4 for name, weight in weights.items()})


@pytest.mark.parametrize("model", ["conv6", "resnet20", "wide_resnet28_2"])
@pytest.mark.parametrize("masked", [True, False])
def test_equal_to_one_by_one(model, masked, noise):
    alone, together = ([network_and_mask(model, seed) for seed in SEEDS] for _ in range(2))
    one = [train(n, m if masked else None, noise, RECIPE, s) for (n, m), s in zip(alone, SEEDS, strict=True)]
    networks, masks = zip(*together, strict=True)
    rows = []
    several = train_together(
        networks, masks if masked else [None] * 3, noise, RECIPE, SEEDS, on_epoch=lambda *row: rows.append(row)
    )
    assert [place for place, _ in rows] == [0, 1, 2, 0, 1, 2]
    for place, (network, mask) in enumerate(together):
        expected, found = alone[place][0].state_dict(), network.state_dict()
        for name, value in expected.items():
            torch.testing.assert_close(
                found[name], value, rtol=2e-3, atol=2e-4, msg=lambda m, name=name: f"{name}: {m}"
            )
            assert found[name].untyped_storage().nbytes() == value.untyped_storage().nbytes()  # of its own again
        assert not network.training
        if masked:
            for name, weight in models.prunable(network).items():
                assert not weight[torch.from_numpy(~mask[name])].any()
        for row, reference in zip(several[place].history, one[place].history, strict=True):
            assert list(row) == list(reference)
            for name in ("learning_rate", "train_loss", "train_accuracy", "validation_loss"):
                assert row[name] == pytest.approx(reference[name], rel=2e-3), name
        assert rows[place][1] == several[place].history[0]
    # Different seeds, different networks: the comparison means something.
    first, second = (next(iter(models.prunable(network).values())) for network in networks[:2])
    assert not torch.allclose(first, second, atol=0.01)


@pytest.mark.parametrize("model", ["conv6", "resnet20", "mobilenet_v2"])
def test_equal_to_one_by_one_in_float64_where_rounding_does_not_grow(model, noise, monkeypatch):
    normalise = Part.normalise
    monkeypatch.setattr(Part, "normalise", lambda part, images: normalise(part, images).double())
    recipe = Recipe(epochs=1, batch_size=16, learning_rate=0.1, schedule="one_cycle", recalibrate=True)
    alone, together = ([network_and_mask(model, seed) for seed in SEEDS[:2]] for _ in range(2))
    for (network, mask), seed in zip(alone, SEEDS, strict=False):
        train(network.double(), mask, noise, recipe, seed)
    networks, masks = zip(*((network.double(), mask) for network, mask in together), strict=True)
    train_together(networks, masks, noise, recipe, SEEDS[:2])
    for (one, _), other in zip(alone, networks, strict=True):
        for name, value in one.state_dict().items():
            torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-7, atol=1e-9, msg=name)


def test_who_diverges_stands_still_and_disturbs_nobody(noise):
    members = [network_and_mask("conv6", seed) for seed in SEEDS]
    networks, masks = zip(*members, strict=True)
    with torch.no_grad():
        networks[1].linear[-1].weight.fill_(1e38)
        masks[1].apply(networks[1])
    start = {name: value.clone() for name, value in networks[1].state_dict().items()}
    found = train_together(networks, masks, noise, RECIPE, SEEDS)
    assert [training.diverged for training in found] == [False, True, False]
    assert [len(training.history) for training in found] == [2, 0, 2]
    assert all(torch.equal(value, start[name]) for name, value in networks[1].state_dict().items())
    alone, mask = network_and_mask("conv6", SEEDS[2])
    train(alone, mask, noise, RECIPE, SEEDS[2])
    for one, other in zip(alone.parameters(), networks[2].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=2e-3, atol=2e-4)


def test_networks_of_a_stack_share_its_memory(noise):
    networks = [network_and_mask("conv6", seed)[0] for seed in SEEDS]
    images = noise.train.normalise(noise.train.images)
    expected = torch.stack([network.eval()(images) for network in networks])
    stack = Stack(networks)
    torch.testing.assert_close(stack(images.expand(3, *images.shape)), expected, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        dict(stack.named_parameters())["linear.6.bias"][1] += 1
    torch.testing.assert_close(networks[1](images), expected[1] + 1, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(networks[0](images), expected[0], rtol=1e-4, atol=1e-5)
    assert evaluate(networks[0], noise.test.batches())["loss"] is not None


def test_masks_for_some_only_are_refused(noise):
    networks, masks = zip(*(network_and_mask("conv6", seed) for seed in SEEDS), strict=True)
    with pytest.raises(UserError, match="give each one, or none to all"):
        train_together(networks, [masks[0], None, None], noise, RECIPE, SEEDS)


@pytest.mark.parametrize(
    ("stack", "device", "moving", "expected"),
    [
        ("auto", "cpu", False, [["a"], ["b"]]),
        ("auto", "cuda", False, [["a", "b"]]),
        ("true", "cpu", False, [["a", "b"]]),
        ("false", "cuda", False, [["a"], ["b"]]),
        ("sparsities", "cpu", False, [["a", "b"]]),
        ("sparsities", "cpu", True, [["a"], ["b"]]),
        ("true", "cuda", True, [["a"], ["b"]]),
    ],
)
def test_who_trains_together(stack, device, moving, expected):
    members = [SimpleNamespace(name=name, dynamics=object() if moving else None, rounds=None) for name in "ab"]
    assert [[member.name for member in group] for group in groups(members, stack, device)] == expected
    assert list(groups([], stack, device)) == []
