"""The profile for SLURM on a real scheduler: a cluster of one node, started for the test."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from slurm_node import one_node

ROOT = Path(__file__).resolve().parents[1]


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
        small = ["models=[resnet20]", "methods=[erk]", "sparsities=[0.9]", "seeds=[0]", "training={'epochs': 1}"]
        score = "results/trained/digits/resnet20/erk-0.9/seed0/score.json"
        said = on_slurm(tmp_path, score, config=small)
        assert (tmp_path / score).exists()
        # prepare, initialise, prune and train, each with a number of the scheduler.
        assert len(set(re.findall(r"SLURM jobid (\d+)", said))) == 4
