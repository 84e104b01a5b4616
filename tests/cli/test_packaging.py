"""What pyproject.toml says of the library, and the library as a wheel in an environment of its own."""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import torch
from helpers import ROOT
from helpers.small_study import small_study

import prunegraph
from prunegraph import encoding, models
from prunegraph.analysis import transfer
from prunegraph.cli import main
from prunegraph.files import write_json
from prunegraph.metrics import topometrics

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml"}

# In the environment that has the wheel: every module is imported; what lacks is printed.
IMPORT_ALL = """
import importlib, pkgutil, prunegraph
for found in pkgutil.walk_packages(prunegraph.__path__, "prunegraph."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as problem:
            print(problem.name.partition(".")[0])
"""


def names(requirements):
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


def test_what_the_library_imports_is_declared_and_nothing_else():
    found = {name for path in (ROOT / "prunegraph").rglob("*.py") for name in imported(path)}
    foreign = {PACKAGES.get(name, name) for name in found - sys.stdlib_module_names - {"prunegraph"}}
    assert foreign == names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["all"])


def test_the_version_is_written_once(capsys, monkeypatch):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"prunegraph {PROJECT['version']}\n"
    # Installed, without the repository's files.
    monkeypatch.setattr(prunegraph, "__file__", "/elsewhere/site-packages/prunegraph/__init__.py")
    monkeypatch.setattr(importlib.metadata, "version", {"prunegraph": "7.8"}.__getitem__)
    assert prunegraph.__version__ == "7.8"


def run(*command, cwd):
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    run("uv", "build", "--wheel", "--out-dir", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
@pytest.mark.network
def test_the_wheel_holds_the_package_and_its_data(wheel):
    tracked = run("git", "ls-files", "prunegraph", cwd=ROOT).split()
    held = [name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/") and ".dist-info" not in name]
    assert sorted(held) == sorted(tracked)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_wheel_works_by_itself(version, wheel, tmp_path):
    """The versions of the lock are installed: after `uv sync` most of them lie in uv's cache already."""
    python = subprocess.run(["uv", "python", "find", "--no-project", version], capture_output=True, text=True)
    if python.returncode:
        pytest.skip(f"there is no Python {version}")
    export = ["uv", "export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-hashes", "--quiet"]
    (tmp_path / "constraints.txt").write_text(run(*export, cwd=ROOT))
    run("uv", "venv", "--quiet", "--python", python.stdout.strip(), "own", cwd=tmp_path)
    install = ["uv", "pip", "install", "--quiet", "--python", "own", "--constraint", "constraints.txt", wheel]
    run(*install, cwd=tmp_path)

    own = tmp_path / "own/bin"
    where, foreign = run(
        own / "python",
        "-c",
        "import sys, prunegraph; print(prunegraph.__file__); print(*sys.version_info[:2], sep='.')",
        cwd=tmp_path,
    ).split()
    assert Path(where).is_relative_to(tmp_path / "own") and foreign == version
    assert run(own / "prunegraph", "--version", cwd=tmp_path) == f"prunegraph {PROJECT['version']}\n"
    lacking = {PACKAGES.get(name, name) for name in run(own / "python", "-c", IMPORT_ALL, cwd=tmp_path).split()}
    assert lacking <= names(PROJECT["optional-dependencies"]["all"])

    network = models.create("resnet20", 10, (3, 32, 32), width=0.25)
    torch.save(network.state_dict(), tmp_path / "net.pth")
    table = small_study().features
    content = transfer.fitted(table, transfer.coverage(table, rows_per_feature=2), rows_per_feature=2)
    write_json(tmp_path / "predictor.json", content)
    checkpoint = ["net.pth", "--model", "resnet20", "--option", "width=0.25", "--input", "3,32,32"]
    run(own / "prunegraph", "measure", *checkpoint, "--output", "measured.json", cwd=tmp_path)
    run(own / "prunegraph", "graph", *checkpoint, "--output", "net.graph", cwd=tmp_path)
    run(own / "prunegraph", "measure", "net.graph", "--output", "measured.parquet", cwd=tmp_path)
    run(own / "prunegraph", "draw", "net.graph", "--output", "net.png", cwd=tmp_path)
    said = run(own / "prunegraph", "predict", "measured.json", "--predictor", "predictor.json", cwd=tmp_path)
    assert said.startswith("accuracy drop")
    (row,) = json.loads((tmp_path / "measured.json").read_text())["rows"]
    expected = topometrics(encoding.encode(network, (3, 32, 32)))
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert (tmp_path / "measured.parquet").stat().st_size > 1000 and (tmp_path / "net.png").stat().st_size > 10_000
