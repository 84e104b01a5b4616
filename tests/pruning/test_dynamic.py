"""Dynamic sparse training: updates drawn by hand, then budgets, schedules and resumption of every method."""

import math

import numpy as np
import pytest
import torch

from prunegraph import datasets, models, training
from prunegraph.catalogue import PRUNERS
from prunegraph.errors import UserError
from prunegraph.masks import kept_weights
from prunegraph.pruning import dynamics, prune
from prunegraph.pruning.allocation import shared
from prunegraph.pruning.dynamic.schedule import Schedule

DYNAMICS = [name for name, record in PRUNERS.items() if record.moves]
LAYERWISE = ("set", "rigl", "itop")
STEPS = 200


def tensors(**layers):
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in layers.items()}


def masks(**layers):
    return {name: torch.tensor(values, dtype=torch.bool) for name, values in layers.items()}


def listed(found):
    return {name: mask.int().tolist() for name, mask in found.items()}


def walk(moving, network, kept, steps=range(STEPS)):
    """(step, masks) of every update of a made-up training in which kept weights wander and gradients are noise."""
    weights = models.prunable(network)
    for step in steps:
        noise = torch.Generator().manual_seed(step)
        values = {n: torch.randn(w.shape, generator=noise) * kept[n] * 0.05 for n, w in weights.items()}
        slopes = {n: torch.randn(w.shape, generator=noise) * (1 + i) for i, (n, w) in enumerate(weights.items())}
        found = moving.update(step, STEPS, values, slopes, kept)
        if found is not None:
            kept = found
            yield step, found


@pytest.fixture(scope="module")
def network():
    return models.create("resnet20", 10, (1, 8, 8), width=0.25)


def start(network, pruner, sparsity=0.8, **options):
    mask = prune(network, pruner, sparsity, 0, **options)
    return {name: torch.from_numpy(values) for name, values in mask.items()}


# Known answers


def test_rigl_drops_the_weakest_and_grows_the_steepest():
    # 0.5 (1 + cos(pi 10 / 150)) / 2 * 0.9: floor(0.445 * 5) = 2 of five go, the dropped -0.1 and 0.2.
    weights = tensors(a=[0.5, -0.1, 0.2, -0.9, 0.3, 0.0, 0.0, 0.0])
    slopes = tensors(a=[9.0, 0.1, 0.2, 9.0, 9.0, -0.7, 0.3, 0.5])
    kept = masks(a=[1, 1, 1, 1, 1, 0, 0, 0])
    moving = dynamics("rigl", 0.4, 0, interval=10, fraction=0.45)
    assert moving.update(9, 200, weights, slopes, kept) is None
    assert listed(moving.update(10, 200, weights, slopes, kept)) == {"a": [1, 0, 0, 1, 1, 1, 0, 1]}
    assert listed(kept) == {"a": [1, 1, 1, 1, 1, 0, 0, 0]}
    assert moving.skip_step_on_update
    # Each weight is a channel of its own here: what grew grew in dead ones, and three are dead in the end.
    assert moving.facts() == {"mask_updates": 1, "explored": 7 / 8, "dead_channels": 3, "grown_in_dead": 1.0}


def test_a_dropped_weight_of_large_gradient_comes_back():
    weights, slopes = tensors(a=[0.1, 0.9, 0.0]), tensors(a=[5.0, 1.0, 2.0])
    moving = dynamics("rigl", 1 / 3, 0, interval=1, fraction=0.9)
    assert listed(moving.update(1, 100, weights, slopes, masks(a=[1, 1, 0]))) == {"a": [1, 1, 0]}


def test_momentum_says_which_layer_grows_and_where():
    # Half of each layer goes: one of a, two of b. Mean momenta of what they kept: 3 and 1, so of the three
    # a grows round(9/4) and b the rest, where the momentum is largest.
    weights = tensors(a=[1.0, 2.0, 0, 0, 0], b=[1.0, 2.0, 3.0, 4.0, 0, 0])
    slopes = tensors(a=[3.0, -3.0, 2.0, 4.0, 1.0], b=[-1.0, 1.0, 1.0, 1.0, 5.0, 6.0])
    kept = masks(a=[1, 1, 0, 0, 0], b=[1, 1, 1, 1, 0, 0])
    moving = dynamics("snfs", 0.5, 0, interval=1, fraction=0.501, average="all")
    # The second step's gradients are the first's: the average is a multiple of them. 0.5 (1 + cos(0.01 pi)) is 0.9998.
    assert moving.update(0, 100, weights, slopes, kept) is None
    assert listed(moving.update(1, 100, weights, slopes, kept)) == {"a": [1, 1, 0, 1, 0], "b": [0, 0, 1, 1, 0, 1]}


def test_removed_weights_have_no_momentum():
    # As above, but the largest gradients, those of removed weights, do not count: what was dropped grows first, then
    # weights drawn at random. Means 3 and 1: a, with room for four, grows two of the three.
    weights = tensors(a=[1.0, 2.0, 0, 0, 0], b=[1.0, 2.0, 3.0, 4.0, 0, 0])
    slopes = tensors(a=[3.0, -3.0, 2.0, 4.0, 1.0], b=[-1.0, 1.0, 1.0, 1.0, 5.0, 6.0])
    kept = masks(a=[1, 1, 0, 0, 0], b=[1, 1, 1, 1, 0, 0])
    drawn = set()
    for seed in range(20):
        moving = dynamics("snfs", 0.5, seed, interval=1, fraction=0.501)
        assert moving.update(0, 100, weights, slopes, kept) is None
        found = listed(moving.update(1, 100, weights, slopes, kept))
        assert found["a"][:2] == [1, 1] and sum(found["a"]) == 3
        assert found["b"] in ([1, 0, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0])
        drawn.add(tuple(found["a"]))
    assert len(drawn) == 3


def test_what_was_kept_once_keeps_a_fading_momentum():
    slopes, weights = tensors(a=[[4.0, 2.0], [9.0, 9.0]]), tensors(a=[[1.0, 1.0], [0, 0]])
    moving = dynamics("snfs", 0.5, 0, interval=50, smoothing=0.5)
    moving.update(0, 200, weights, slopes, masks(a=[[1, 1], [0, 0]]))
    moving.update(1, 200, weights, slopes, masks(a=[[1, 0], [0, 0]]))
    assert moving.memory.momentum["a"].tolist() == [[3.0, 0.5], [0.0, 0.0]]
    assert moving.facts()["dead_channels"] == 1


def test_growth_in_dead_channels_is_counted():
    # One of two goes, the steepest of the three free ones grows: in the second channel, which kept nothing.
    weights, slopes = tensors(a=[[0.1, 0.9], [0.0, 0.0]]), tensors(a=[[0.0, 0.0], [5.0, 1.0]])
    moving = dynamics("rigl", 0.5, 0, interval=1, fraction=0.51)
    assert listed(moving.update(1, 100, weights, slopes, masks(a=[[1, 1], [0, 0]]))) == {"a": [[0, 1], [1, 0]]}
    facts = moving.facts()
    assert (facts["dead_channels"], facts["grown_in_dead"]) == (0, 1.0)


def test_the_threshold_doubles_and_halves_and_survivors_share():
    weights = tensors(a=[0.1, 0.2, 0.5, 0.6, 0.7, 0.8, 0, 0], b=[0.3, 0.9, 0, 0, 0, 0])
    kept = masks(a=[1, 1, 1, 1, 1, 1, 0, 0], b=[1, 1, 0, 0, 0, 0])
    moving = dynamics("dsr", 0.5, 0, interval=1, fraction=0.25, threshold=0.15, tolerance=0.1)
    # Wanted: 2 of 8. Below 0.15 lies one: the threshold doubles, and what fell grows again.
    found = moving.update(1, 100, weights, weights, kept)
    assert (moving.memory.threshold, sum(int(mask.sum()) for mask in found.values())) == (0.3, 8)
    # Below 0.3 lie two, as wanted. Four of a and two of b are left: one and a third each, rounded to 1 and 1.
    found = moving.update(2, 100, weights, weights, kept)
    assert moving.memory.threshold == 0.3
    assert {name: int(mask.sum()) for name, mask in found.items()} == {"a": 5, "b": 3}
    # Below 10 lie all: the four smallest go, no more than twice the number wanted.
    moving.memory.threshold = 10.0
    survivors = moving.drop(weights, kept, 0.25)
    assert listed(survivors) == {"a": [0, 0, 0, 1, 1, 1, 0, 0], "b": [0, 1, 0, 0, 0, 0]}
    assert moving.memory.threshold == 5.0


@pytest.mark.parametrize(
    ("total", "weights", "rooms", "expected"),
    [
        (6, (1, 2), (9, 9), (2, 4)),
        (6, (1, 2), (9, 3), (3, 3)),  # what the second cannot take goes to the first
        (7, (1, 1, 1), (1, 9, 9), (1, 3, 3)),
        (5, (1, 0), (3, 9), (3, 2)),  # weight 0 only when the others are full
        (4, (0, 0), (2, 6), (1, 3)),
        (0, (1, 1), (5, 0), (0, 0)),
        (5, (1, 1), (5, 0), (5, 0)),
    ],
)
def test_sharing_a_number_among_layers_with_room(total, weights, rooms, expected):
    found = shared(total, dict(enumerate(weights)), dict(enumerate(rooms)))
    assert tuple(found.values()) == expected


def test_rigl_updates_as_published():
    # Every 100 steps, fraction 0.3 / 2 (1 + cos(t pi / T)), until T, three quarters of 10,000 steps.
    schedule = dynamics("rigl", 0.9, 0).schedule
    found = {step: schedule.fraction_at(step, 10_000) for step in range(10_000)}
    updates = {step: fraction for step, fraction in found.items() if fraction is not None}
    assert list(updates) == list(range(100, 7500, 100))
    assert updates[2500] == pytest.approx(0.3 / 2 * (1 + math.cos(math.pi / 3)))
    assert updates[7400] < 0.001


@pytest.mark.parametrize("steps", [140, 184, 500, 2000])
def test_short_trainings_are_updated_more_often(steps):
    schedule = Schedule("rigl", 0.3, 0.75, 100)
    updates = [step for step in range(steps) if schedule.fraction_at(step, steps) is not None]
    assert 18 <= len(updates) <= 23
    assert schedule.steps_between(steps) == int(0.75 * steps) // 20
    assert schedule.steps_between(40) == 5
    given = Schedule("rigl", 0.3, 0.75, 100, interval=50)
    assert given.steps_between(steps) == 50


# Properties of every method


@pytest.mark.parametrize("pruner", DYNAMICS)
def test_the_budget_is_exact_after_every_update(network, pruner):
    kept = start(network, pruner)
    before = {name: int(mask.sum()) for name, mask in kept.items()}
    found = list(walk(dynamics(pruner, 0.8, 0, interval=9), network, kept))
    assert len(found) > 10
    for step, new in found:
        counts = {name: int(mask.sum()) for name, mask in new.items()}
        assert sum(counts.values()) == kept_weights(sum(mask.numel() for mask in kept.values()), 0.8), step
        assert (counts == before) or pruner not in LAYERWISE, step
    assert any(not torch.equal(found[0][1][name], mask) for name, mask in kept.items())
    if pruner not in LAYERWISE:
        assert {name: int(mask.sum()) for name, mask in found[-1][1].items()} != before


@pytest.mark.parametrize("pruner", DYNAMICS)
def test_a_resumed_training_takes_the_same_path(network, pruner):
    kept = start(network, pruner)
    whole = list(walk(dynamics(pruner, 0.8, 3, interval=9), network, kept))
    first = dynamics(pruner, 0.8, 3, interval=9)
    half = list(walk(first, network, kept, range(STEPS // 2)))
    second = dynamics(pruner, 0.8, 3, interval=9)
    second.restore(first.state())
    rest = list(walk(second, network, half[-1][1], range(STEPS // 2, STEPS)))
    assert [step for step, _ in half + rest] == [step for step, _ in whole]
    for (_, one), (_, other) in zip(half + rest, whole, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert all(torch.equal(value, second.state()[name]) for name, value in second.state().items())


@pytest.mark.parametrize("pruner", ["set", "dsr", "itop"])
def test_random_growth_depends_on_the_seed_only(network, pruner):
    def last(seed):
        moving = dynamics(pruner, 0.8, seed, interval=20, **({"threshold": 0.05} if pruner == "dsr" else {}))
        return list(walk(moving, network, start(network, pruner), range(61)))[-1][1]

    one, again, other = last(0), last(0), last(1)
    assert all(torch.equal(again[name], mask) for name, mask in one.items())
    assert any(not torch.equal(other[name], mask) for name, mask in one.items())


def test_exploration_grows_with_every_update(network):
    moving = dynamics("itop", 0.8, 0, interval=5)
    explored = [moving.facts()["explored"] for _ in walk(moving, network, start(network, "itop"))]
    assert explored == sorted(explored)
    assert 0.2 < explored[0] < explored[-1] <= 1


@pytest.mark.parametrize("pruner", DYNAMICS)
def test_weights_and_gradients_that_are_not_finite_keep_the_budget(pruner):
    bad = tensors(a=[math.nan, math.inf, 1.0, 0.0, 0.0, 0.0])
    kept = masks(a=[1, 1, 1, 0, 0, 0])
    moving = dynamics(pruner, 0.5, 0, interval=1)
    found = [moving.update(step, 100, bad, bad, kept) for step in range(3)]
    assert found[0] is None and all(int(mask["a"].sum()) == 3 for mask in found[1:])


@pytest.mark.parametrize("pruner", DYNAMICS)
def test_the_first_mask_is_that_of_erk(network, pruner):
    erk = prune(network, "erk", 0.9, 4)
    assert all(np.array_equal(values, erk[name]) for name, values in prune(network, pruner, 0.9, 4).items())


def test_static_pruners_and_dense_networks_have_nothing_that_moves():
    assert dynamics("snip", 0.9, 0, batch_size=64) is None
    assert dynamics("rigl", 0, 0) is None


@pytest.mark.parametrize(
    ("pruner", "options", "sentence"),
    [
        ("rigl", {"interval": 0}, "'interval' of pruner 'rigl' is 0; expected a whole number of steps, or null"),
        ("set", {"interval": 2.5}, r"'interval' of pruner 'set' is 2\.5"),
        ("set", {"fraction": 1.0}, "'fraction' of pruner 'set' is 1.0; expected a number between 0 and 1"),
        ("snfs", {"end": 0.0}, r"'end' of pruner 'snfs' is 0.0; expected a share of the training in \(0, 1\]"),
        ("snfs", {"smoothing": 1.0}, "'smoothing' of pruner 'snfs'"),
        ("snfs", {"average": "some"}, "Unknown average of pruner 'snfs'"),
        ("dsr", {"threshold": -1.0}, "'threshold' of pruner 'dsr' is -1.0; expected a positive number"),
        ("dsr", {"tolerance": 2.0}, "'tolerance' of pruner 'dsr'"),
        ("itop", {"growth": "gradients"}, "Unknown growth of pruner 'itop': 'gradients'. Did you mean 'gradient'"),
        ("itop", {"growth": 3}, "expected a word, such as the default 'random'"),
        ("rigl", {"intervall": 3}, "Did you mean 'interval'"),
        ("riggl", {}, "Did you mean 'rigl'"),
    ],
)
def test_mistakes_are_answered_before_any_training(network, pruner, options, sentence):
    with pytest.raises(UserError, match=sentence):
        dynamics(pruner, 0.9, 0, **options)
    with pytest.raises(UserError, match=sentence):
        prune(network, pruner, 0.9, 0, **options)


# In a real training


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.safetensors"
    datasets.prepare("digits", "data", path, 0.15, 0)
    return datasets.load(path)


@pytest.mark.parametrize("pruner", DYNAMICS)
def test_weights_outside_the_mask_that_training_returns_are_zero(digits, pruner):
    network = models.create("conv6", 10, digits.input_shape, width=0.125)
    mask = prune(network, pruner, 0.9, 0)
    moving = dynamics(pruner, 0.9, 0)
    recipe = training.recipe("quick", "digits", "conv6", epochs=2)
    found = training.train(network, mask, digits, recipe, 0, dynamics=moving)
    assert found.mask.kept == mask.kept and not found.diverged
    assert any(not np.array_equal(found.mask[name], mask[name]) for name in mask)
    for name, weight in models.prunable(network).items():
        assert not weight.detach()[~torch.from_numpy(found.mask[name])].any()
    assert moving.facts()["mask_updates"] >= 5
