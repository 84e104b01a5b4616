"""What the README says is so: its example runs, its files and names exist."""

import argparse
import re
import shlex
import sys
from types import SimpleNamespace

import pytest
import yaml
from helpers import ROOT
from snakemake.utils import update_config

from prunegraph import catalogue
from prunegraph.figures.records import FIGURES
from prunegraph.pruning import listing
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.questions import ANALYSES, NETWORKS

README = (ROOT / "README.md").read_text()


def test_the_example_runs(capsys):
    example, shrinking, saving = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    names = {}
    exec(compile(shrinking, "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert "in_features=64, out_features=100," in said
    assert "in_features=100, out_features=100," in said
    exec(compile(saving, "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert "'parameters': 50610, 'macs': 50200" in said and "'macs_left': 17600" in said
    assert re.search(r"{'median': \d", said) and "'batch': 64, 'device': 'cpu'" in said
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


TARGETS = [
    ("the table of targets", line) for line in re.findall(r"(?:^\||,|or) `(snakemake [^`]*)`", README, flags=re.M)
]
SCHEMA = read_schema(ROOT / "rules/config.schema.yaml")


def parsed(line):
    """The options and the targets of a command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("snakemake")
    parser.add_argument("targets", nargs="*")
    for several in ("--config", "--configfile"):
        parser.add_argument(several, nargs="+", default=[])
    for one in ("--cores", "--workflow-profile"):
        parser.add_argument(one)
    for flag in ("--use-conda", "--list-target-rules", "--unlock", "-n"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args(shlex.split(line, comments=True))


def configured(*files, **changes):
    """config.yaml with overlays and changes, as Snakemake merges them."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for file in files:
        update_config(config, yaml.safe_load((ROOT / file).read_text()))
    update_config(config, changes)
    return Configuration(config, SCHEMA)


def targets_of(configuration):
    """Names and paths that can be made: what the rules build from studies, figures, tables and cells."""
    found = {"all", "report", "claims", "figures", "tables", *configuration.studies}
    suffixes = re.findall(r'f"\{study\}_(tables_\w+)"', (ROOT / "rules/tables.smk").read_text())
    assert len(suffixes) > 5
    tables = {table for names, _ in ANALYSES.values() for table in names} | {*NETWORKS, "published_accuracy"}
    for study in configuration.studies.values():
        found.update(f"{study.name}_{name}" for name in (*FIGURES, *suffixes))
        found.update(f"results/figures/{study.name}/{name}.pdf" for name in FIGURES)
        found.update(f"results/tables/{study.name}/{name}.csv" for name in tables)
        found.update(f"results/metrics/{c[0]}/{c[1]}/{c[2]}-{c[3]}.json" for c in study.cells())
    return found


@pytest.mark.parametrize(("path", "line"), [*COMMANDS, *TARGETS])
def test_the_commands_can_be_given(path, line):
    """Options and values are legal, targets exist, and none is swallowed by an option before it."""
    found = parsed(line)
    assert all("=" in value for value in found.config)
    changes = {key: yaml.safe_load(value) for key, value in (word.split("=", 1) for word in found.config)}
    assert set(found.targets) <= targets_of(configured(*found.configfile, **changes))


def test_every_overlay_is_listed_with_its_study():
    listed = dict(re.findall(r"^\| `(studies/[^`]*)` \|.*\| (`[^|]*`) \|$", README, flags=re.M))
    files = [f"studies/{path.name}" for path in sorted((ROOT / "studies").glob("*.yaml"))]
    assert sorted(listed) == files
    for file, names in listed.items():
        own = set(configured(file).studies) - {"mge", "published", "dpp", "mlp_rank", "bogp", "rgp"} or set(
            configured(file).studies
        )
        assert own == set(re.findall(r"`(\w+)`", names)), file


@pytest.mark.parametrize("key", ["run", "study"])
def test_the_tables_of_keys_name_keys(key):
    table = README[README.index(f"| key of {'the run' if key == 'run' else 'a study'} |") :].split("\n\n")[0]
    named = {
        word for cell in re.findall(r"^\| (`[^|]*) \|", table, flags=re.M) for word in re.findall(r"`(\w+)`", cell)
    }
    legal = SCHEMA["properties"]
    legal = legal if key == "run" else legal["studies"]["additionalProperties"]["properties"]
    assert named <= set(legal)
    assert key == "run" or named == set(legal)


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", README, flags=re.S))
def test_the_examples_of_variants_are_legal(block, monkeypatch):
    def read(folder):
        """A data set of somebody's own."""

    read.input_shape = (3, 8, 8)
    monkeypatch.setitem(sys.modules, "my_data", SimpleNamespace(read=read))
    monkeypatch.setitem(sys.modules, "my_pruners", SimpleNamespace(mine=lambda task: {}))
    assert configured(**yaml.safe_load(block)).studies


@pytest.mark.parametrize("table", [catalogue.DATASETS, catalogue.MODELS, catalogue.PRUNERS, catalogue.ENCODINGS])
def test_every_name_that_can_be_configured_is_listed(table):
    for name in table:
        assert re.search(rf"\b{name}\b", README), name


def test_every_figure_is_listed_with_its_target():
    assert set(re.findall(r"figures/(?:mge|dpp|mlp_rank|bogp|rgp)/(\w+)\.pdf` \|", README)) == set(FIGURES)


def test_continuous_integration_runs_the_command_that_the_readme_gives():
    command = "uv run pytest"
    assert f"\n{command} " in README
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == command


def test_the_table_of_pruners_is_that_of_the_catalogue():
    assert listing.table() in README, "run python -m prunegraph.pruning.listing and put its output into the README"
