"""Killed trainings go on and end with the same weights bit for bit; torn and foreign checkpoints are ignored."""

import json
import multiprocessing
import os
import random
import signal
import sys

import numpy as np
import pytest
import torch

from prunegraph.job import TRY_AGAIN, stoppable
from prunegraph import models, tensors
from prunegraph.datasets.data import Data, Part
from prunegraph.errors import Interrupted
from prunegraph.masks import Mask
from prunegraph.training import Checkpoint, Recipe, Start, train, train_each

EPOCHS, STEPS = 6, 3
RECIPE = Recipe(epochs=EPOCHS, batch_size=16, schedule="cosine", recalibrate=True)
# Children are forked from a process that has imported torch once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["torch", "prunegraph.training.loop", "prunegraph.models.resnet"])


class Wandering:
    """Another random mask every second step; remembers where its random numbers are."""

    def __init__(self):
        self.draw = torch.Generator().manual_seed(0)

    def update(self, step, steps, weights, gradients, kept):
        if step % 2:
            return None
        return {name: torch.rand(values.shape, generator=self.draw) < 0.5 for name, values in kept.items()}

    def state(self):
        return {"draw": self.draw.get_state()}

    def restore(self, state):
        self.draw.set_state(state["draw"])


def images(number=STEPS * 16):
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (number, 1, 8, 8), generator=draw, dtype=torch.uint8)
    part = Part(pixels, torch.arange(number) % 4, [0.5], [0.25])
    return Data("noise", 4, (1, 8, 8), (0.5,), (0.25,), True, part, part, part)


def half(network):
    draw = np.random.default_rng(0)
    return Mask({name: draw.random(weight.shape) < 0.5 for name, weight in models.prunable(network).items()})


def run(kind, checkpoint):
    """Train on one thread, and give everything that a result consists of as bytes."""
    torch.set_num_threads(1)
    number = 3 if kind == "several" else 1
    networks = [models.create("resnet20", 4, (1, 8, 8), seed, width=0.25) for seed in range(number)]
    masks = [half(network) for network in networks]
    if kind == "several":
        phases = [checkpoint and checkpoint.phase(f"training{seed or ''}") for seed in range(number)]
        starts = [Start(networks[seed], masks[seed], seed, None, phases[seed]) for seed in range(number)]
        found = list(train_each(starts, images(), RECIPE))
    else:
        moving = Wandering() if kind == "dynamic" else None
        found = [train(networks[0], masks[0], images(), RECIPE, 0, dynamics=moving, checkpoint=checkpoint)]
    values = [value.numpy().tobytes() for network in networks for value in network.state_dict().values()]
    values += [result.mask[name].tobytes() for result in found for name in result.mask]
    rows = [[{**row, "seconds": 0} for row in result.history] for result in found]
    return b"".join(values) + json.dumps(rows).encode()


def child(kind, folder, key, pipe, tear):
    """In a process of its own: tell of every step, end as a job does; on request die in the middle of a writing."""
    if tear:
        finish, calls = tensors._sort_header, []

        def half_of_it(path):
            calls.append(path)
            if len(calls) == 2:
                os.truncate(path, path.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            finish(path)

        tensors._sort_header = half_of_it
    with stoppable() as stop:

        def told():
            pipe.send("step")
            return stop()

        try:
            result = run(kind, Checkpoint(folder, key, 2, told))
        except Interrupted:
            sys.exit(TRY_AGAIN)
    pipe.send(result)


def in_a_process(kind, folder, *, key="key", steps=10**6, how=signal.SIGKILL, tear=False):
    """Run and send the signal `how` after so many steps: (result or None, exit code)."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=child, args=(kind, folder, key, theirs, tear))
    process.start()
    theirs.close()
    result, seen = None, 0
    try:
        while result is None:
            got = ours.recv()
            result = got if isinstance(got, bytes) else None
            seen += 1
            if seen == steps:
                os.kill(process.pid, how)
    except EOFError:
        pass
    process.join()
    return result, process.exitcode


@pytest.mark.parametrize("kind", ["static", "dynamic", "several"])
def test_killed_trainings_end_with_the_same_bits(kind, tmp_path):
    expected, code = in_a_process(kind, tmp_path / "whole")
    assert code == 0 and expected is not None
    draw = random.Random(kind)
    kills = [signal.SIGTERM, signal.SIGKILL, signal.SIGURG, signal.SIGKILL]
    for how in kills:
        result, code = in_a_process(kind, tmp_path / "cut", steps=draw.randrange(2, 8), how=how)
        assert result is None
        assert code == (-signal.SIGKILL if how == signal.SIGKILL else TRY_AGAIN)
    result, code = in_a_process(kind, tmp_path / "torn", tear=True)
    assert (result, code) == (None, -signal.SIGKILL)
    for folder in ("cut", "torn"):
        assert (tmp_path / folder / "training.safetensors").exists()
        assert in_a_process(kind, tmp_path / folder) == (expected, 0), folder


class Stopped:
    """Asks to stop at a step."""

    def __init__(self, step):
        self.left = step + 1  # it is asked once before the first step

    def __call__(self):
        self.left -= 1
        return self.left < 0


@pytest.fixture(scope="module")
def whole():
    return run("static", None)


@pytest.mark.parametrize("step", range(0, EPOCHS * STEPS, 5))
def test_a_stop_after_any_step_changes_nothing(step, tmp_path, whole):
    with pytest.raises(Interrupted, match=r"holds the state\. Run the same again"):
        run("static", Checkpoint(tmp_path, "key", 100, Stopped(step)))
    assert run("static", Checkpoint(tmp_path, "key")) == whole


def test_a_finished_training_is_not_repeated(tmp_path, whole, monkeypatch):
    assert run("static", Checkpoint(tmp_path, "key")) == whole
    monkeypatch.setattr("prunegraph.training.sgd.Descent.step", None)
    assert run("static", Checkpoint(tmp_path, "key")) == whole
    Checkpoint(tmp_path, "key").remove()
    assert not tmp_path.exists()


def test_phases_keep_states_of_their_own(tmp_path, whole):
    checkpoint = Checkpoint(tmp_path, "key")
    assert run("static", checkpoint.phase("first")) == whole
    with pytest.raises(Interrupted):
        run("dynamic", Checkpoint(tmp_path, "key", 100, Stopped(4)).phase("second"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.safetensors", "second.safetensors"]
    assert run("dynamic", checkpoint.phase("second")) == run("dynamic", None)


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "bit", "header", "key"])
def test_a_damaged_or_foreign_checkpoint_is_ignored_with_a_line(damage, tmp_path, caplog):
    checkpoint = Checkpoint(tmp_path, "key")
    checkpoint.write({"a": np.arange(100, dtype=np.float32), "b": np.int64(3)}, {"epoch": 7})
    content = checkpoint.path.read_bytes()
    arrays, facts = checkpoint.read()
    assert arrays["a"].tolist() == list(range(100)) and arrays["b"] == 3 and facts == {"epoch": 7}
    last = bytes([content[-1] ^ 1])
    checkpoint.path.write_bytes(
        {
            "empty": b"",
            "cut": content[:-10],
            "text": b"no safetensors file at all, but some text",
            "bit": content[:-1] + last,
            "header": content.replace(b": 7}", b": 8}"),
            "key": content,
        }[damage]
    )
    assert damage == "key" or checkpoint.path.read_bytes() != content
    with caplog.at_level("INFO", logger="prunegraph"):
        assert Checkpoint(tmp_path, "other" if damage == "key" else "key").read() is None
    assert "ignored the checkpoint" in caplog.text


def test_another_recipe_starts_over(tmp_path, whole):
    with pytest.raises(Interrupted):
        run("static", Checkpoint(tmp_path, "before", 100, Stopped(5)))
    assert run("static", Checkpoint(tmp_path, "after")) == whole


def test_no_checkpoint_is_no_file_that_can_execute(tmp_path):
    run("dynamic", Checkpoint(tmp_path, "key"))
    content = (tmp_path / "training.safetensors").read_bytes()
    size = int.from_bytes(content[:8], "little")
    assert "parameters/conv1.weight" in json.loads(content[8 : 8 + size])
