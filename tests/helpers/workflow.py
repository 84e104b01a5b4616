"""The workflow, run as a user would."""

import re
import subprocess
import sys

from helpers import ROOT


def snakemake(folder, *arguments, config=(), check=True, **settings):
    """Run the workflow in `folder` as a user would, from another directory."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--cores", "2", *arguments, *(["--config", *config] if config else [])]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **settings)
    assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    return done


def jobs(done):
    """Number of jobs by rule in a dry run's table."""
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)}
