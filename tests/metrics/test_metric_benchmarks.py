"""The benchmarks of the topometrics run and say what they measured."""

import json
import subprocess
import sys

import pytest
from helpers import ROOT

BENCHMARKS = ROOT / "benchmarks"


def run(script, *options):
    command = [sys.executable, BENCHMARKS / script, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_row_is_measured(tmp_path):
    rows = ["chosen", "implicit", "igraph", "rolled", "channel"]
    done = run("topometrics.py", "--quick", "--network", "resnet20", "--path", *rows, "--output", tmp_path / "all.json")
    assert done.returncode == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    found = json.loads((tmp_path / "all.json").read_text())["rows"]
    assert [row["kind"] for row in found] == rows * 2
    assert [row["kind"] for row in found if "seconds" not in row] == ["igraph"]  # fifteen million edges
    measured = [row for row in found if "seconds" in row]
    assert all(row["seconds"] > 0 and row["megabytes"] >= 0 for row in measured)
    assert all(row["vectors"] > 0 for row in measured if row["ways"].endswith("i"))
    assert {row["ways"] for row in measured if row["kind"] == "implicit"} == {"i i i"}


@pytest.mark.parametrize("script", ["topometrics.py", "torchvision_networks.py"])
def test_a_device_that_is_not_there_ends_in_a_sentence(script):
    done = run(script, "--device", "abacus")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no device 'abacus' here") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_networks_of_torchvision_have_their_own_table(tmp_path):
    done = run("torchvision_networks.py", "--network", "mlp", "--output", tmp_path / "all.json")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "all.json").read_text())["rows"]
    assert [(row["side"], row["density"]) for row in rows] == [(side, d) for side in (32, 224) for d in (0.01, 0.2)]
    assert all(row["spectrum"] > 0 and row["edges"] > 0 for row in rows)
