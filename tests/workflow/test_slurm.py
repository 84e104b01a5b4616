"""The profile for SLURM on a real scheduler: a cluster of one node, started for the test."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers import ROOT
from helpers.slurm_node import one_node


def on_slurm(folder, *arguments, config=(), check=True):
    """Run the workflow in `folder` with the shipped profile, asking the scheduler more often than it does."""
    if find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("the optional dependency group `slurm` is not installed")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--workflow-profile", str(ROOT / "profiles/slurm"), "--slurm-init-seconds-before-status-checks", "2"]
    command += [*arguments, "--config", "device=cpu", *config]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_networks_are_made_by_jobs_of_the_scheduler(tmp_path):
    with one_node(tmp_path / "cluster"):
        target = "results/trained/digits/resnet20_narrow/erk-0.9.json"
        said = on_slurm(tmp_path, target, config=["seeds=[0]", "training={'epochs': 1}"])
        assert (tmp_path / "results/trained/digits/resnet20_narrow/erk-0.9/seed0/score.json").exists()
        # prepare, initialise, prune and train, each with a number of the scheduler.
        assert len(set(re.findall(r"SLURM jobid (\d+)", said))) == 4


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_training_that_is_told_of_its_time_limit_goes_on_in_another_job(tmp_path):
    target, small = "results/trained/digits/conv6_narrow/erk-0.9.json", ["seeds=[0]", "training={'epochs': 60}"]
    log = Newest(tmp_path / "results/logs/train/digits/conv6_narrow")
    with one_node(tmp_path / "cluster"), ThreadPoolExecutor() as aside:
        study = aside.submit(on_slurm, tmp_path, target, config=small)
        while "epoch 3 " not in log.read() and not study.done():
            time.sleep(0.2)
        number = squeue("%A %C %P").split()[0]
        limits = squeue("%A %l", number)
        # What --signal sends, to the job's steps alone.
        subprocess.run(["scancel", "--signal=URG", number], check=True)
        said = study.result()
    assert limits == f"{number} 10:00:00"
    assert "resumed from" in log.read()
    assert "Stopped on a signal" in said
    assert (tmp_path / "results/trained/digits/conv6_narrow/erk-0.9/seed0/score.json").exists()


class Newest:
    """The log of the last job that wrote one in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def read(self):
        logs = sorted(self.folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
        return logs[-1].read_text() if logs else ""


def squeue(wanted, number=None):
    command = ["squeue", "-h", "-o", wanted, *(["-j", number] if number else [])]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
