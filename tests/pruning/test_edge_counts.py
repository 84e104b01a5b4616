"""The benchmarks of pruning run, and the random pruners land where the published networks lie."""

import csv
import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def benchmark(name, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / name), *map(str, arguments)]
    # As the README has it: nothing but the script's own place tells it where prunegraph is.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_time_and_memory_are_told_for_each_model_and_pruner():
    header, _, row = benchmark("pruning.py", "--models", "mlp", "--pruners", "snip").splitlines()
    told = dict(zip(*([part.strip() for part in line.split("|")[1:-1]] for line in (header, row)), strict=True))
    assert (told["model"], told["pruner"]) == ("mlp", "snip")
    assert 0 < float(told["before GB"]) <= float(told["peak GB"]) < 4


def test_edge_counts_of_random_pruners_beside_the_published(shared, tmp_path):
    output = tmp_path / "counts.csv"
    chosen = ["--models", "resnet20", "--sparsities", 0.6, "--seeds", 0, "--output", output]
    summary = benchmark("edge_counts.py", shared / "published" / "mge", *chosen)
    rows = rows_of(output)
    assert len(rows) == 9  # three pruners on three data sets
    assert all(abs(float(row["deviation"])) < 0.02 for row in rows)
    assert summary.splitlines()[0].startswith("er: 3 of 3 networks inside")


def test_how_many_networks_the_range_of_seeds_should_hold(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    spec = importlib.util.spec_from_file_location("edge_counts", ROOT / "benchmarks" / "edge_counts.py")
    edge_counts = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(edge_counts)
    # A deviation of half the mean: one percent hardly matters, (n - 1) / (n + 1) of new draws lie between n.
    assert edge_counts.chance(1000.0, 500.0, 3) == pytest.approx(1 / 2, abs=0.02)
    assert edge_counts.chance(1000.0, 500.0, 2) == pytest.approx(1 / 3, abs=0.02)
    # A deviation far below one percent: every draw lies inside.
    assert edge_counts.chance(1000.0, 0.1, 3) == 1
    assert math.isnan(edge_counts.chance(1000.0, math.nan, 1))


@pytest.mark.slow
def test_the_published_grid_of_random_pruners(shared, tmp_path):
    # Networks are single draws; the mean of three is compared with the range of three.
    output = tmp_path / "counts.csv"
    benchmark("edge_counts.py", shared / "published" / "mge", "--output", output)
    cells = {}
    for row in rows_of(output):
        cells.setdefault((row["dataset"], row["model"], row["pruner"], row["sparsity"]), []).append(row)
    outside = {}
    for cell, rows in cells.items():
        edges, low, high = (sum(float(row[name]) for row in rows) / len(rows) for name in ("edges", "low", "high"))
        if not 0.99 * low <= edges <= 1.01 * high:
            outside[cell] = edges
    # At 0.98 a count varies by more than that from seed to seed; nowhere else.
    assert len(cells) >= 170 and len(outside) <= 0.03 * len(cells)
    assert all(sparsity == "0.98" for *_, sparsity in outside)
