"""The workflow, run as a user would."""

import re
import subprocess
import sys

import yaml

from helpers import ROOT
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import Plan
from prunegraph.workflow.questions import Questions


def snakemake(folder, *arguments, config=(), check=True, **settings):
    """Run the workflow in `folder` as a user would, from another directory."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--cores", "2", *arguments, *(["--config", *config] if config else [])]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **settings)
    assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    return done


def figures_of(study):
    """The names of the figures of a study of the default configuration."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    asked = Questions(Plan(Configuration(config, read_schema(ROOT / "rules/config.schema.yaml"))))
    return list(asked.pictures(asked.plan.configuration.studies[study]))


def jobs(done):
    """Number of jobs by rule in a dry run's table."""
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)}
