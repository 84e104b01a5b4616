"""Locks of dead runs go; those of living ones, of other machines and of nobody known stay."""

import os
import signal
import subprocess
import sys
import time

import pytest
from helpers import ROOT
from helpers.workflow import snakemake

from prunegraph.workflow import locks

RUN = "import sys, time; from prunegraph.workflow.locks import own; own(sys.argv[1]); print('owns', flush=True); {}"


def run(folder, then):
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.format(then), str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process.stdout as said:
        assert said.readline() == "owns\n"
    return process


def lock(folder):
    (folder / "locks").mkdir(exist_ok=True)
    (folder / "locks/0.output.lock").write_text("results/report.html\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(locks.atexit, "register", lambda *given: None)
    return tmp_path


def test_the_lock_of_a_killed_run_goes(folder):
    process = run(folder, "time.sleep(60)")
    lock(folder)
    assert not locks.own(folder)
    assert list((folder / "locks").iterdir())
    for path in (folder / "owners").iterdir():
        if f".{os.getpid()}." in path.name:
            path.unlink()
    process.kill()
    process.wait()
    assert locks.own(folder)
    assert not list((folder / "locks").iterdir())
    assert [path.name.split(".")[-2] for path in (folder / "owners").iterdir()] == [str(os.getpid())]


def test_a_run_that_ended_leaves_no_name(folder):
    run(folder, "pass").wait()
    assert not list((folder / "owners").iterdir())


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(folder):
    (folder / "owners").mkdir()
    (folder / f"owners/{locks._machine()}.1.12").touch()
    lock(folder)
    assert locks.own(folder)


@pytest.mark.parametrize("owner", [None, "another.4026531836.999999.5"])
def test_locks_of_other_machines_and_of_nobody_known_stay(folder, owner):
    (folder / "owners").mkdir()
    if owner:
        (folder / "owners" / owner).touch()
    lock(folder)
    assert not locks.own(folder)
    assert list((folder / "locks").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
def test_the_same_command_goes_on_after_snakemake_was_killed(tmp_path, how):
    arguments = ["results/datasets/digits.json"]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2", *arguments]
    # Where tests run without a terminal (nohup), SIGHUP is ignored, and children inherit that.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    process = subprocess.Popen(
        [*command, "--directory", str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    signal.signal(signal.SIGHUP, before)
    held = tmp_path / ".snakemake/locks"
    until = time.monotonic() + 120
    while not (held.is_dir() and any(held.iterdir())):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(how)
    process.wait()
    assert any(held.iterdir())
    snakemake(tmp_path, *arguments)
    assert (tmp_path / "results/datasets/digits.json").exists()
