"""`--use-conda` with a stand-in for conda: the packages in envs/ suffice for their rules. Real conda is not tried."""

import os
import shutil
import subprocess

import pytest
from helpers import ROOT


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(2400)
def test_every_rule_runs_in_its_own_environment(tmp_path):
    if shutil.which("uv") is None:
        pytest.skip("uv, which the stand-in for conda uses, is not installed")
    # The driver has Snakemake only: a script that misses a package in its environment finds it nowhere else.
    driver = tmp_path / "driver"
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment |= {"UV_PROJECT_ENVIRONMENT": str(driver)}
    subprocess.run(["uv", "sync", "--frozen", "--only-group", "driver", "-q"], cwd=ROOT, env=environment, check=True)
    assert not list(driver.glob("lib/*/site-packages/torch"))

    environment["PATH"] = f"{driver / 'bin'}:{ROOT / 'tests/workflow/conda_shim/bin'}:{environment['PATH']}"
    study = "{'models': [resnet20_narrow], 'methods': [dense,erk], 'sparsities': [0.9], 'seeds': [0]}"
    small = [
        f"studies={{'mge': {study}, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null}}",
        "training={'epochs': 1}",
    ]
    command = ["snakemake", "--use-conda", "--cores", "2", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    done = subprocess.run([*command, "--config", *small], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert (tmp_path / "results/report.html").stat().st_size > 100_000
