"""From a rule or a command line to the arguments of `main`."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from prunegraph import job
from prunegraph.errors import Interrupted, UserError

ROOT = Path(__file__).resolve().parents[2]


def main(
    mask: Path, weights: list[Path], options: dict, sparsity: float, seeds: list[int], epochs: int | None, device: str
):
    main.got = locals()


def rule(**changes):
    parts = {
        "output": {"mask": "m"},
        "input": {"weights": ["a", "b"]},
        "params": {"options": {"x": 1}, "seeds": [0, 1], "epochs": None},
        "wildcards": {"sparsity": "0.9"},
        "resources": {"gpu": 0},
        "log": "",
        "rule": "train",
    }
    return SimpleNamespace(**{**parts, **changes})


def test_arguments_come_by_name_and_type():
    job.launch(main, rule())
    assert main.got == {
        "mask": Path("m"),
        "weights": [Path("a"), Path("b")],
        "options": {"x": 1},
        "sparsity": 0.9,
        "seeds": [0, 1],
        "epochs": None,
        "device": "cpu",
    }


def test_the_shell_gives_the_same(monkeypatch):
    words = 'train.py --mask m --weights a b --options {"x":1} --sparsity 0.9 --seeds 0 1 --epochs 3'
    monkeypatch.setattr(sys, "argv", words.split())
    job.launch(main)
    assert main.got["weights"] == [Path("a"), Path("b")]
    assert (main.got["options"], main.got["seeds"], main.got["epochs"]) == ({"x": 1}, [0, 1], 3)
    assert main.got["device"] == "cpu"


def test_a_user_error_is_a_sentence_and_exit_code_1(capsys):
    def wrong():
        raise UserError("Found this, expected that.")

    with pytest.raises(SystemExit, match="1"):
        job.launch(wrong, rule())
    assert capsys.readouterr().err.strip() == "Error: Found this, expected that."


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "results/x"), "no room left on the disk at results/x"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "needs more memory than it has"),
        (MemoryError(), "needs more memory than it has"),
        (ImportError("libtorch.so: failed to map segment: Cannot allocate memory"), "needs more memory than it has"),
    ],
)
def test_what_the_machine_lacks_is_a_sentence(capsys, problem, said):
    def fails():
        raise problem

    with pytest.raises(SystemExit, match="1"):
        job.launch(fails, rule())
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "problem",
    [MemoryError(), ImportError("libscipy.so: failed to map segment from shared object")],
)
def test_no_memory_for_the_libraries_of_a_script_is_a_sentence(capsys, problem):
    job._uncaught(type(problem), problem, None)
    assert capsys.readouterr().err.startswith("Error: This job needs more memory than it has.")


def test_a_library_that_is_not_there_is_told_in_full(capsys):
    problem = ModuleNotFoundError("No module named 'zzz'")
    job._uncaught(type(problem), problem, None)
    assert capsys.readouterr().err == "ModuleNotFoundError: No module named 'zzz'\n"


def test_another_mistake_of_the_system_is_told_in_full():
    def fails():
        raise OSError(errno.EACCES, "Permission denied", "x")

    with pytest.raises(PermissionError):
        job.launch(fails, rule())


def test_a_granted_gpu_that_torch_cannot_see_stops_the_job(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    job.launch(main, rule(resources={"gpu": 1}))
    assert main.got["device"] == "cuda"
    with pytest.raises(UserError, match="granted a GPU, but torch sees none"):
        job.usable_device("cuda")
    assert job.usable_device("cpu") == "cpu"


def test_what_is_requested_comes_by_name(tmp_path):
    asked = {"request": {"options": {"x": 2}, "seeds": [3], "epochs": 4}}
    job.launch(main, rule(params=asked))
    assert (main.got["options"], main.got["seeds"], main.got["epochs"]) == ({"x": 2}, [3], 4)


def test_an_argument_that_the_rule_does_not_give(capsys):
    with pytest.raises(SystemExit):
        job.launch(main, rule(input={}))
    assert "gives its script no 'weights'" in capsys.readouterr().err


def test_how_a_job_runs_comes_from_its_resources():
    def main(every: int, word: str, device: str):
        main.got = every, word, device

    job.launch(main, rule(resources={"gpu": 0, "every": 5, "word": "auto"}))
    assert main.got == (5, "auto", "cpu")


TAKE = (
    "import sys; from prunegraph.job import free_card; print(free_card(2, sys.argv[1]), flush=True); sys.stdin.read()"
)


def test_jobs_take_the_card_that_is_free(tmp_path):
    def take():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-c", TAKE, str(tmp_path)], cwd=ROOT, **pipes)
        return process, int(process.stdout.readline())

    jobs = [take() for _ in range(3)]
    assert [card for _, card in jobs] == [0, 1, 0]
    second = jobs[1][0]
    second.kill()
    second.wait()
    jobs.append(take())
    assert jobs[-1][1] == 1  # given back by the death of its job
    for process, _ in jobs:
        process.kill()
        process.communicate()


def test_a_job_computes_on_the_card_it_took(monkeypatch, tmp_path):
    chosen = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    monkeypatch.setattr("torch.cuda.set_device", chosen.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(job, "_LOCKS", locks := [])
    assert [job.usable_device(device) for device in ("cuda", "cpu", "cuda")] == ["cuda", "cpu", "cuda"]
    assert chosen == [0, 1]
    for file in locks:
        file.close()


def test_an_interrupted_job_says_so_and_asks_to_be_tried_again(capsys):
    def stopped():
        raise Interrupted("Stopped in epoch 3.")

    with pytest.raises(SystemExit, match="75"):
        job.launch(stopped, rule())
    assert capsys.readouterr().err.strip() == "Stopped in epoch 3."


@pytest.mark.parametrize("number", job.STOP_SIGNALS)
def test_a_signal_asks_to_stop_inside_the_block_only(number):
    before = signal.getsignal(number)
    with job.stoppable() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
    assert signal.getsignal(number) == before
