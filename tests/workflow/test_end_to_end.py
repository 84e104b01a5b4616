"""The workflow itself, on a small study: from data to report, then nothing to do, then only what changed."""

import json
import os
import re
import shutil
from importlib.util import find_spec

import pandas as pd
import pytest
from helpers import ROOT
from helpers.workflow import jobs, snakemake

from prunegraph.figures.records import FIGURES

# The default study with fewer networks and one epoch.
REDUCED = [
    "sparsities=[0.6,0.9]",
    "training={'recipe': 'quick', 'epochs': 1}",
]


def test_dry_run_of_the_default_study_needs_no_torch(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    # The plugin for SLURM, which Snakemake loads wherever it is installed, imports the other two itself.
    plugin = find_spec("snakemake_executor_plugin_slurm") is not None
    for name in ("torch",) if plugin else ("torch", "numpy", "pandas"):
        (blocked / f"{name}.py").write_text(f"raise ImportError('{name} in a dry run')")
    done = snakemake(tmp_path, "-n", env={**os.environ, "PYTHONPATH": str(blocked)})
    planned = jobs(done)
    assert planned["train"] == 2 * (7 * 3 + 1)
    assert planned["report"] == 1


def test_paper_study_resolves_every_figure(tmp_path):
    done = snakemake(tmp_path, "-n", "--configfile", str(ROOT / "studies/paper.yaml"))
    planned = jobs(done)
    assert planned["train"] == 432
    assert sum(name.startswith("mge_") for name in planned) == len(FIGURES)


def test_a_missing_data_set_is_one_sentence_before_any_job(tmp_path):
    done = snakemake(
        tmp_path,
        "results/datasets/cifar10.safetensors",
        "results/datasets/digits.safetensors",
        config=["datasets=[cifar10,digits]", "download=false"],
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "cifar10" in said and "https://" in said
    assert "Traceback" not in said
    assert not (tmp_path / "results/datasets/digits.safetensors").exists()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("methods=[snipp]", "Did you mean 'snip'"),
        ("sparsities=[1.0]", "outside [0, 1)"),
        ("sparsitys=[0.5]", "Unknown key"),
    ],
)
def test_a_wrong_configuration_stops_in_a_sentence(tmp_path, config, words):
    done = snakemake(tmp_path, "-n", config=[config], check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert words in said
    assert "Traceback" not in said


def test_one_network_by_name(tmp_path):
    target = "results/metrics/digits/conv6/erk-0.75/seed1/topometrics.json"
    snakemake(tmp_path, target, config=["training={'recipe': 'quick', 'epochs': 1}"])
    found = json.loads((tmp_path / target).read_text())
    assert (found["method"], found["sparsity"], found["seed"]) == ("erk", 0.75, 1)
    assert [row["encoding"] for row in found["rows"] if row["layer"] == ""] == ["unrolled"]
    # Histories hold wall times, so they tell a network that was kept from one that was trained again.
    before = {path: path.read_bytes() for path in tmp_path.rglob("erk-0.75/seed1/history.csv")}
    assert len(before) == 1

    # A seed added: the cell runs again and keeps the seeds that are up to date.
    added = ["seeds=[0,1,2]", "training={'recipe': 'quick', 'epochs': 1}"]
    snakemake(tmp_path, target.replace("seed1", "seed2"), config=added)
    assert {path: path.read_bytes() for path in before} == before
    for rule, name in (
        {"initialise": "conv6"} | dict.fromkeys(("prune", "train", "encode", "measure"), "conv6/erk-0.75")
    ).items():
        log = (tmp_path / f"results/logs/{rule}/digits/{name}.log").read_text()
        assert "seed 1" in log and "kept, it is up to date" in log, rule
        assert not re.search("seed 2.*kept, it is up to date", log), rule


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_reduced_default_study_from_data_to_report(tmp_path):
    snakemake(tmp_path, config=REDUCED)
    results = tmp_path / "results"
    networks = pd.read_csv(results / "tables/networks.csv")
    assert len(networks) == 2 * 2 * (7 * 2 + 1)
    assert networks.accuracy.between(0, 1).all()
    assert networks.edges.gt(0).all()
    # Each study's table is its own.
    for name, column in {
        "correlation": "pearson",
        "regression": "adjusted_r2",
        "importance": "share",
        "ranking": "rbo",
    }.items():
        assert column in pd.read_csv(results / f"tables/{name}.csv").columns
    for figure in FIGURES:
        assert (results / f"figures/mge/{figure}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/mge/{figure}.png").read_bytes().startswith(b"\x89PNG")
    report = (results / "report.html").read_text()
    assert report.count("data:image/png;base64,") == len(FIGURES)
    ledger = pd.read_csv(results / "claims.csv", index_col="id")
    # A few networks of easy data, trained for an epoch, can show nothing of regressions with 16 features.
    assert ledger.own_verdict["mge_drop_against_ramanujan"] == "not tested"
    assert "needs 3 groups with n at least 80" in report
    # Two models, two sparsities, seven pruners, two seeds: every job of a cell has its cost.
    costs = pd.read_csv(results / "tables/costs.csv")
    assert costs.rule.value_counts()["train"] == 2 * (7 * 2 + 1)

    assert "Nothing to be done" in snakemake(tmp_path, config=REDUCED).stderr

    # Another option of one pruner: its cells only, and what is made of all.
    methods = "['dense',{'name':'snip','options':{'batch_size':64}},'grasp','synflow','prospr','uniform','er','erk']"
    changed = jobs(snakemake(tmp_path, "-n", config=[*REDUCED, f"methods={methods}"]))
    assert {name: changed[name] for name in ("prune", "train", "encode", "measure", "collect")} == {
        "prune": 4, "train": 4, "encode": 4, "measure": 4, "collect": 1
    }  # fmt: skip
    assert "initialise" not in changed

    shutil.rmtree(results / "figures")
    only = jobs(snakemake(tmp_path, "-n", config=REDUCED))
    assert not {"prune", "train", "encode", "measure"} & set(only)
