"""What docs/extending.md says, done to a copy of the project: every block is put where it says, and the study runs."""

import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from helpers import ROOT

PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:python|yaml)\n# (\S+?)(?:, after: ([^\n]+))?\n(.*?)^```$", PAGE, flags=re.M | re.S)
COPIED = [
    "Snakefile",
    "config.yaml",
    "rules",
    "workflow_scripts",
    "prunegraph",
    "claims",
    "envs",
    "profiles",
    "studies",
]


def extended(folder):
    """A copy of the project with the additions of the page."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for path, place, text in BLOCKS:
        file = folder / path
        if place:
            before = file.read_text(encoding="utf-8")
            assert before.count(f"\n{place}\n") == 1, place
            text = before.replace(f"\n{place}\n", f"\n{place}\n{text}")
        else:
            assert not file.exists(), path
        file.write_text(text, encoding="utf-8")
    return folder


def test_every_kind_of_addition_is_on_the_page():
    assert [path for path, place, _ in BLOCKS if not place] == [
        "prunegraph/datasets/bars.py",
        "prunegraph/models/tiny.py",
        "prunegraph/pruning/relative_magnitude.py",
        "lonely.py",
        "prunegraph/figures/density.py",
        "studies/bars.yaml",
    ]
    assert len(BLOCKS) == PAGE.count("```python") + PAGE.count("```yaml")


@pytest.mark.slow
def test_the_study_of_all_additions_runs(tmp_path):
    folder = extended(tmp_path)
    targets = ["results/figures/bars/density.pdf", "results/tables/bars/networks.parquet"]
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "2", "--configfile", "studies/bars.yaml"]
    command += ["--config", "training={recipe: quick, epochs: 2}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    assert (folder / targets[0]).read_bytes().startswith(b"%PDF")
    networks = pd.read_parquet(folder / targets[1])
    assert set(networks.method) == {"dense", "er", "relative_magnitude", "absolute"}
    assert set(networks.model) == {"tiny", "tiny_wide"} and set(networks.dataset) == {"bars"}
    pruned = networks[networks.sparsity > 0]
    assert (pruned.kept == (pruned.weights * (1 - pruned.sparsity)).round()).all()
    done = subprocess.run([sys.executable, "lonely.py"], capture_output=True, text=True, cwd=folder,
                          env={"PYTHONPATH": str(folder)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(folder / "results/lonely_bars.csv")
    assert len(found) == len(networks) and found.lonely.between(0, 1).all()
    # A dense network has no lonely node; at 90 % some have lost all their edges.
    assert not found.lonely[found.method == "dense"].any() and found.lonely[found.sparsity == 0.9].any()
