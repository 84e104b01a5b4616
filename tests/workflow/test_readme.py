"""What the README says is so: its example runs, its files and names exist."""

import argparse
import re
import shlex

import pytest
from helpers import ROOT

from prunegraph import catalogue
from prunegraph.figures.records import FIGURES
from prunegraph.pruning import listing

README = (ROOT / "README.md").read_text()


def test_the_example_runs(capsys):
    example, shrinking = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    exec(compile(shrinking, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "in_features=64, out_features=100," in said
    assert "in_features=100, out_features=100," in said
    exec(compile(example, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert said.startswith("191894 ")
    assert "'spectral_gap'" in said
    assert "layer3.2.conv2 {'delta_r'" in said


COMMANDS = [
    (path, line)
    for path in (ROOT / "README.md", *sorted((ROOT / "studies").glob("*.yaml")))
    for line in re.findall(r"^(?:# )?(?:uv run )?(?:[^ ]*/)?(snakemake .*)$", path.read_text(), flags=re.M)
]


@pytest.mark.parametrize(("path", "line"), COMMANDS)
def test_targets_come_before_the_options_that_would_swallow_them(path, line):
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", nargs="+", default=[])
    parser.add_argument("--configfile", nargs="+", default=[])
    found, _ = parser.parse_known_args(shlex.split(line, comments=True))
    assert all("=" in value for value in found.config)
    assert all((ROOT / name).is_file() for name in found.configfile)


def test_every_study_is_listed_with_its_folder():
    listed = dict(re.findall(r"^\| `(studies/[^`]*)` \|.*\| `([^`]*)` \|$", README, flags=re.M))
    files = sorted((ROOT / "studies").glob("*.yaml"))
    folders = [re.search(r"^results: (\S+)", path.read_text(), flags=re.M) for path in files]
    assert listed == {f"studies/{path.name}": f[1] if f else "results" for path, f in zip(files, folders, strict=True)}


@pytest.mark.parametrize("table", [catalogue.DATASETS, catalogue.MODELS, catalogue.PRUNERS, catalogue.ENCODINGS])
def test_every_name_that_can_be_configured_is_listed(table):
    for name in table:
        assert re.search(rf"\b{name}\b", README), name


def test_every_figure_is_listed_with_its_target():
    assert set(re.findall(r"figures/mge/(\w+)\.pdf` \|", README)) == set(FIGURES)


def test_continuous_integration_runs_the_command_that_the_readme_gives():
    command = "uv run pytest"
    assert f"\n{command} " in README
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == command


def test_the_table_of_pruners_is_that_of_the_catalogue():
    assert listing.table() in README, "run python -m prunegraph.pruning.listing and put its output into the README"
