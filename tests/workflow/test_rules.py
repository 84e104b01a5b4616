"""The workflow's shape: every rule fits its script, every environment fits the lock, every target has a plan."""

import ast
import inspect
import re
import runpy
import subprocess
import sys
import tomllib

import pytest
import yaml
from helpers import ROOT
from helpers.scripts import main_of
from helpers.workflow import figures_of, snakemake
from packaging.requirements import Requirement

from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import Plan
from prunegraph.workflow.questions import Questions
from prunegraph.workflow.study import Cell

SCRIPTS = sorted((ROOT / "workflow_scripts").glob("*.py"))


def rules_text():
    return "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))


def rule_blocks():
    """(text of each rule, the script it names)."""
    files = [path.read_text() for path in sorted((ROOT / "rules").glob("*.smk"))]
    for block in [block for text in files for block in re.split(r"\n\s*(?:use )?rule\b", text)[1:]]:
        script = re.search(r'script:\s*"\.\./workflow_scripts/([^"]+)"', block)
        if script:
            yield block, script[1]


def test_every_script_belongs_to_a_rule_and_every_rule_to_a_script():
    assert sorted({name for _, name in rule_blocks()}) == [path.name for path in SCRIPTS]
    # A computed path is read when the job runs, not when the rule is defined: in a loop, all would run the last.
    assert not re.search(r'script:\s*f"', rules_text())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_short_and_runnable(script, monkeypatch, capsys):
    text = script.read_text()
    assert len(text.splitlines()) <= 78
    assert ast.get_docstring(ast.parse(text))
    assert 'launch(main, globals().get("snakemake"))' in text
    # As from a shell, but in this process: starting Python for each would import torch again and again.
    monkeypatch.setattr(sys, "argv", [str(script), "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(script), run_name="__main__")
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in shown for name in inspect.signature(main_of(script)).parameters)


def test_every_field_stands_in_one_order():
    order = [
        "name",
        "input",
        "output",
        "log",
        "benchmark",
        "conda",
        "threads",
        "resources",
        "params",
        "message",
        "script",
    ]
    for block, script in rule_blocks():
        fields = [name for name in re.findall(r"^ +(\w+):(?: |$)", block, flags=re.M) if name in order]
        assert fields == sorted(fields, key=order.index), script
        needed = {"output", "log", "benchmark", "conda", "threads", "message", "script"}
        assert needed | ({"params"} if script != "files.py" else set()) <= set(fields), script


def questions():
    """Those of a configuration that asks every question: name -> question."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["studies"]["both"] = {**config["studies"]["mge"], "networks": "both"}
    taught = {"pairs": [[2, 6]], "nodes": [2], "noise": [0], "inputs": 9, "samples": 9, "networks": 1, "draws": 1}
    config["studies"]["both"] |= {"teacher_student": taught, "search": config["studies"]["bogp"]["search"]}
    asked = Questions(Plan(Configuration(config, read_schema(ROOT / "rules/config.schema.yaml"))))
    found = {
        **asked["mlp_rank"],
        **asked["rgp"],
        **asked["published"],
        **asked["mge"],
        **asked["both"],
        "claims": asked.claims,
        "report": asked.report,
    }
    return found | {"figure": found["figure_accuracy"]}


def test_every_argument_of_a_script_comes_from_its_rules():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["methods"]["tested"] = {"pruner": "magnitude", "finetune": 0}
    config["studies"]["mge"]["methods"].append("tested")
    config["relational_graphs"]["ring"] = {"kind": "circulant", "nodes": 8, "steps": [[1]]}
    plan = Plan(Configuration(config, read_schema(ROOT / "rules/config.schema.yaml")))
    everywhere = {"device", *re.findall(r"\{+(\w+)\}+", rules_text()), *Cell._fields}
    for block, script in rule_blocks():
        given = everywhere | set(re.findall(r"^ +(\w+)=", block, flags=re.M))
        if stage := re.search(r'request\("(\w+)"\)', block):
            cell = Cell("digits", "conv6_narrow", "tested" if stage[1] == "prune_and_test" else "snip", "0.9")
            cell = ("ring",) if stage[1] == "relate" else cell
            given |= set(plan.request(stage[1], cell)) | set(plan.reads(stage[1], cell)) | {"manifest"}
        if "QUESTIONS" in block or "**question" in block:
            asked = questions()[script.removesuffix(".py")]
            given |= set(asked.reads) | set(asked.writes) | set(asked.facts)
        parameters = inspect.signature(main_of(ROOT / "workflow_scripts" / script)).parameters.values()
        lacking = {each.name for each in parameters if each.default is each.empty} - given
        assert not lacking, f"{script}: {lacking}"


def locked():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {package["name"]: package.get("version") for package in packages}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_environments_pin_what_the_lock_pins(path):
    pins = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
    for pin in pins:
        name, _, version = re.sub(r"\[.*?\]| *#.*", "", pin).partition("==")
        assert locked()[name] == version, pin


PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")]


def requirements(text):
    """Package, version and hashes of every platform; how a marker is written differs between versions of uv."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if not line.lstrip().startswith("#")]
    found = {platform: set() for platform in PLATFORMS}
    for line in filter(str.strip, lines):
        wanted, *hashes = line.split(" --hash=")
        parsed = Requirement(wanted)
        for system, machine in PLATFORMS:
            here = {"sys_platform": system, "platform_machine": machine}
            if parsed.marker is None or parsed.marker.evaluate(here):
                found[system, machine].add((parsed.name, str(parsed.specifier), tuple(sorted(map(str.strip, hashes)))))
    return found


def test_requirements_are_exported_from_the_lock():
    command = (
        "uv export --frozen --no-default-groups --group driver --group work --no-emit-project --format requirements-txt"
    )
    try:
        made = subprocess.run(command.split(), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("uv is not installed")
    written = requirements((ROOT / "requirements.lock").read_text())
    assert all(len(packages) > 50 for packages in written.values())
    assert written == requirements(made)


def test_short_files():
    assert len((ROOT / "Snakefile").read_text().splitlines()) < 60
    assert len((ROOT / "rules/common.smk").read_text().splitlines()) < 150


def test_every_target_says_what_it_does(tmp_path):
    said = snakemake(tmp_path, "--list-target-rules").stdout.splitlines()
    listed = [line for line in said if re.match(r"\w+( \(|$)", line)]
    names = {line.split()[0] for line in listed}
    assert {"mge", "published", "claims", "report", *(f"mge_{figure}" for figure in figures_of("mge"))} < names
    assert all(re.fullmatch(r"\w+ \([A-Z].+\)", line) for line in listed), listed
