"""Recorded steps end as steps taken one by one; a stand-in repeats recordings as a GPU would, on fixed memory."""

import itertools

import numpy as np
import pytest
import torch
from helpers.threads import threads

from prunegraph import models
from prunegraph.datasets.data import Data, Part
from prunegraph.errors import Interrupted, UserError
from prunegraph.masks import Mask
from prunegraph.pruning import dynamics
from prunegraph.training import Checkpoint, Recipe, Start, loop, train, train_each
from prunegraph.training.recording import RecordedSteps, seconds_a_step

RECIPE = Recipe(epochs=3, batch_size=16, learning_rate=0.05, weight_decay=5e-4, schedule="one_cycle", recalibrate=True)
SEEDS = [3, 1, 2]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threads(1):
        yield


class Pretended:
    """Repeats pieces as a CUDA graph does: what they assigned while recorded stays the memory that is written to.

    So the gradients of a repetition land in the memory of the recorded ones, whoever holds others by then, and a
    repetition that reads gradients reads those.
    """

    def __init__(self):
        self.recorded = self.replayed = 0

    def __call__(self, pieces):
        for _ in range(2):  # to warm up, and what recording itself leaves behind
            for piece in pieces:
                piece()
        self.recorded += 1
        descents = [getattr(piece, "func", piece).__self__ for piece in pieces]
        held = [{name: value.grad for name, value in descent.parameters.items()} for descent in descents]
        for gradient in [gradient for gradients in held for gradient in gradients.values() if gradient is not None]:
            gradient.fill_(torch.nan)  # recording computes nothing

        def replay():
            self.replayed += 1
            for piece, descent, gradients in zip(pieces, descents, held, strict=True):
                present = {name: value.grad for name, value in descent.parameters.items()}
                for name, value in descent.parameters.items():
                    value.grad = gradients[name]
                piece()
                for name, value in descent.parameters.items():
                    if value.grad is not gradients[name] and value.grad is not None:
                        gradients[name].copy_(value.grad)
                    value.grad = present[name]

        return replay


@pytest.fixture(scope="module")
def noise():
    draw = torch.Generator().manual_seed(0)
    # 41 images: two full batches and one of nine.
    pixels = torch.randint(256, (41, 2, 8, 8), generator=draw, dtype=torch.uint8)
    part = Part(pixels, torch.arange(41) % 4, [0.5] * 2, [0.25] * 2)
    return Data("noise", 4, (2, 8, 8), (0.5,) * 2, (0.25,) * 2, True, part, part, part)


def network_and_mask(model, seed, density=0.4):
    network = models.create(model, 4, (2, 8, 8), seed, width=0.25)
    draw = np.random.default_rng(seed)
    weights = models.prunable(network)
    return network, Mask({name: draw.random(weight.shape) < density for name, weight in weights.items()})


def started(model, method=None, seeds=SEEDS, checkpoint=None):
    starts = []
    for seed in seeds:
        network, mask = network_and_mask(model, seed)
        moving = dynamics(method, 0.6, seed, **OPTIONS.get(method, {})) if method else None
        starts.append(Start(network, mask, seed, moving, checkpoint and checkpoint(seed)))
    return starts


OPTIONS = {method: {"interval": 2} for method in ("set", "rigl", "snfs", "dsr", "itop")}


def trained(starts, data, recipe, together, record):
    """Train in groups of so many with a recorder, None: as on a CPU; contents of all networks, and their histories."""
    found = []
    for number in range(0, len(starts), together):
        runs = [loop.begun(start, data, recipe) for start in starts[number : number + together]]
        loop.advance(runs, record)
        found += map(loop.finished, runs)
    return contents(starts, found)


def contents(starts, found):
    values = [{name: value.clone() for name, value in start.network.state_dict().items()} for start in starts]
    rows = [[{**row, "seconds": 0} for row in training.history] for training in found]
    return values, rows, [training.mask for training in found]


def same(one, other):
    values, rows, masks = one
    assert rows == other[1]
    for mine, theirs in zip(masks, other[2], strict=True):
        assert all((mine[name] == theirs[name]).all() for name in mine)
    return all(
        torch.equal(mine[name], theirs[name]) for mine, theirs in zip(values, other[0], strict=True) for name in mine
    )


@pytest.mark.parametrize("together", [1, 2, 3])
@pytest.mark.parametrize("model", ["conv6", "resnet20", "mobilenet_v2"])
def test_recorded_steps_are_the_steps_taken_one_by_one(model, together, noise):
    expected = trained(started(model), noise, RECIPE, 1, None)
    record = Pretended()
    assert same(expected, trained(started(model), noise, RECIPE, together, record))
    groups = -(-len(SEEDS) // together)
    # two recordings a group; of each, two full batches in each of three epochs; the small batch is not recorded
    assert (record.recorded, record.replayed) == (2 * groups, 2 * groups * 2 * 3)


@pytest.mark.parametrize("method", list(OPTIONS))
def test_masks_move_between_recorded_steps(method, noise):
    starts = started("conv6", method)
    expected = trained(starts, noise, RECIPE, 1, None)
    assert any((expected[2][0][name] != starts[0].mask[name]).any() for name in starts[0].mask), "nothing moved"
    assert same(expected, trained(started("conv6", method), noise, RECIPE, 2, Pretended()))


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_every_optimiser_and_precision_can_be_recorded(optimiser, precision, noise):
    recipe = Recipe(epochs=2, batch_size=16, learning_rate=0.01, optimiser=optimiser, precision=precision)
    expected = trained(started("resnet20"), noise, recipe, 1, None)
    assert same(expected, trained(started("resnet20"), noise, recipe, 3, Pretended()))


def test_bfloat16_is_another_training_and_tf32_the_same_on_a_cpu(noise):
    def found(precision):
        return trained(
            started("conv6", seeds=[0]), noise, Recipe(epochs=1, batch_size=16, precision=precision), 1, None
        )

    assert same(found("float32"), found("tf32"))
    assert found("float32")[1] != found("bfloat16")[1]


def test_runs_of_different_progress_train_beside_each_other(noise, tmp_path):
    expected = trained(started("resnet20"), noise, RECIPE, 1, None)

    def checkpoint(seed):
        return Checkpoint(tmp_path / str(seed), "key", 1, lambda: stop and seed == SEEDS[1] and next(asked) == 4)

    stop, asked = True, itertools.count()
    with pytest.raises(Interrupted, match="1 of 3 epochs and 1 steps of the next"):
        trained(started("resnet20", checkpoint=checkpoint), noise, RECIPE, 2, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(str, SEEDS[:2]))
    stop = False
    # The first goes on from its step, the second has lost its state and begins anew.
    (tmp_path / str(SEEDS[1]) / "training.safetensors").unlink()
    record = Pretended()
    assert same(expected, trained(started("resnet20", checkpoint=checkpoint), noise, RECIPE, 3, record))
    assert record.recorded > 2  # anew when one ended before the others


def test_who_diverges_stands_still_and_disturbs_nobody(noise):
    def broken():
        starts = started("conv6")
        with torch.no_grad():
            starts[1].network.linear[-1].weight.fill_(1e38)
            starts[1].mask.apply(starts[1].network)
        return starts

    expected = trained(broken(), noise, RECIPE, 1, None)
    assert [len(rows) for rows in expected[1]] == [3, 0, 3]
    assert same(expected, trained(broken(), noise, RECIPE, 3, Pretended()))


def test_recording_and_measuring_leave_a_run_as_it_is(noise):
    starts = started("resnet20")
    runs = [loop.begun(start, noise, RECIPE) for start in starts]
    before = [{name: value.clone() for name, value in run.tensors().items()} for run in runs]
    assert seconds_a_step(runs, Pretended(), steps=2) > 0
    RecordedSteps(runs, Pretended())
    for run, values in zip(runs, before, strict=True):
        for name, value in run.tensors().items():
            assert torch.equal(value, values[name]) if name in values else not value.any(), name


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        ({1: 2.5, 2: 3.4, 4: 4.9, 8: 8.7}, 8),  # ResNet-20 on an H100
        ({1: 3.4, 4: 23.6, 2: 12}, 1),  # Wide-ResNet-28-2
        ({1: 3.0, 2: 4.0, 4: None}, 2),  # the third does not fit into memory
        ({1: None}, 1),
        ({1: 1.0, 2: 1.0, 4: 2.0}, 2),  # no gain by more
    ],
)
def test_how_many_train_together_is_measured(milliseconds, expected, noise, monkeypatch):
    def measured(runs, record):
        if milliseconds[len(runs)] is None:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return milliseconds[len(runs)] / 1000

    monkeypatch.setattr(loop, "seconds_a_step", measured)
    runs = [type("Run", (), {"finished": False})() for _ in range(8)]
    assert loop.number_together(runs, Pretended()) == expected


def test_how_many_train_together_when_there_are_few(monkeypatch):
    monkeypatch.setattr(loop, "seconds_a_step", lambda runs, record: 1.0)
    runs = [type("Run", (), {"finished": number < 3})() for number in range(6)]
    assert loop.number_together(runs, Pretended()) == 3
    assert loop.number_together(runs[:4], Pretended()) == 1


def test_too_little_memory_is_a_sentence(noise):
    def full(pieces):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(UserError, match="Training 2 networks does not fit into the GPU's memory"):
        trained(started("conv6"), noise, RECIPE, 2, full)


def test_each_alone_is_the_same_as_one_after_the_other(noise):
    starts = started("conv6")
    found = list(train_each(starts, noise, RECIPE))
    expected = [network_and_mask("conv6", seed) for seed in SEEDS]
    alone = [train(network, mask, noise, RECIPE, seed) for (network, mask), seed in zip(expected, SEEDS, strict=True)]
    as_starts = [Start(network, mask, seed) for (network, mask), seed in zip(expected, SEEDS, strict=True)]
    assert same(contents(starts, found), contents(as_starts, alone))
    assert not same(
        contents(starts[:1], found[:1]), contents(starts[1:2], found[:1])
    )  # different seeds, different networks
