"""What a training tells while it runs."""

import builtins
import io
import math
import sys

import pytest

from prunegraph.errors import UserError
from prunegraph.files import write_table
from prunegraph.training.progress import Watch, replay, writer

ROWS = [
    {"epoch": epoch, "learning_rate": 0.1, "train_loss": 1 / epoch, "train_accuracy": 0.5, "validation_loss": None,
     "validation_accuracy": None, "seconds": 1.5}
    for epoch in (1, 2, 3)
]  # fmt: skip


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    names = events.Tags()["scalars"]
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in names}


def test_a_log_has_a_line_an_epoch_and_no_bar(caplog, capsys):
    with caplog.at_level("INFO", logger="prunegraph"), Watch(["seed 7"], 3) as watch:
        watch(0, ROWS[0])
    assert caplog.messages == ["seed 7  epoch 1  learning_rate 0.1  train_loss 1  train_accuracy 0.5  seconds 1.5"]
    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar_for_each_network(monkeypatch, caplog):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    with caplog.at_level("INFO", logger="prunegraph"), Watch(["seed 0", "seed 1"], 3) as watch:
        watch(1, ROWS[2])  # resumed: the first that it is told of is the third
    assert "seed 1: 100%" in terminal.getvalue()
    assert caplog.messages == []


def test_scalars_of_a_running_and_of_a_finished_training_are_the_same(tmp_path):
    pytest.importorskip("tensorboard")
    with Watch(["seed 0"], 3, [tmp_path / "live"]) as watch:
        for row in ROWS:
            watch(0, row)
    live = scalars(tmp_path / "live")
    assert sorted(live) == ["learning_rate", "seconds", "train_accuracy", "train_loss"]
    assert all(math.isclose(value, 1 / step, rel_tol=1e-6) for step, value in live["train_loss"])
    assert len(live["train_loss"]) == 3
    write_table(tmp_path / "history.csv", ROWS)
    for _ in range(2):  # the second time there is nothing to do
        replay(tmp_path / "later", tmp_path / "history.csv")
    assert scalars(tmp_path / "later") == live


def test_without_tensorboard_a_sentence(monkeypatch, tmp_path):
    original = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith(("tensorboard", "torch.utils.tensorboard")):
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match="uv sync --group tensorboard"):
        writer(tmp_path)
