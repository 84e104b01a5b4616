"""Every kind of file that a job reads, damaged in every way: healed by the same command, or named; never silent.

The outcomes are those of the table in docs/damage.md.
"""

import shutil

import pytest
from helpers import ROOT
from helpers.damage import DAMAGES
from helpers.small_workflow import Workflow

from prunegraph.cli import main

PAGE = ROOT / "docs/damage.md"
OPTION, MODE, EPOCHS, MOTIFS = (
    {"batch_size": 64},
    {"mode": "compat"},
    {"training": {"epochs": 2}},
    {"motifs": "estimate"},
)
COLLECT, REGRESSION = "tables/small/.answers/collect", "tables/small/.answers/regression"
HERE, OTHER, DENSE = (f"digits/tiny/{name}" for name in ("pruned-0.9/seed0", "pruned-0.9/seed1", "dense-0"))

#: Kind of file -> (its path, that of the file that takes its place, what has it read: a change, or an answer removed).
KINDS = {
    "prepared images": ("datasets/digits/images.safetensors", f"masks/{OTHER}.safetensors", OPTION),
    "initial weights": ("init/digits/tiny/seed0.safetensors", "init/digits/tiny/seed1.safetensors", OPTION),
    "architecture.json": ("init/digits/tiny/architecture.json", f"trained/{HERE}/score.json", OPTION),
    "mask": (f"masks/{HERE}.safetensors", f"masks/{OTHER}.safetensors", EPOCHS),
    "trained weights": (f"trained/{HERE}/weights.safetensors", f"trained/{OTHER}/weights.safetensors", MODE),
    "trained mask": (f"trained/{HERE}/mask.safetensors", f"trained/{OTHER}/mask.safetensors", MODE),
    "score.json": (f"trained/{HERE}/score.json", f"trained/{OTHER}/score.json", COLLECT),
    "unrolled.graph": (f"graphs/{HERE}/unrolled.graph", f"graphs/{OTHER}/unrolled.graph", MOTIFS),
    "rolled.graph": (f"graphs/{HERE}/rolled.graph", f"graphs/{OTHER}/rolled.graph", MOTIFS),
    "rolled_channel.graph": (f"graphs/{HERE}/rolled_channel.graph", f"graphs/{OTHER}/rolled_channel.graph", MOTIFS),
    "topometrics.json": (f"metrics/{HERE}/topometrics.json", f"metrics/{OTHER}/topometrics.json", COLLECT),
    "ramanujan.json": (f"metrics/{HERE}/ramanujan.json", f"metrics/{OTHER}/ramanujan.json", COLLECT),
    "table (Parquet)": ("tables/small/features.parquet", "tables/small/networks.parquet", REGRESSION),
    "journal.jsonl": ("trained/digits/tiny/pruned-0.9/journal.jsonl", f"trained/{DENSE}/journal.jsonl", EPOCHS),
    "manifest": ("trained/digits/tiny/pruned-0.9.*.manifest.json", f"trained/{DENSE}.*.manifest.json", MODE),
}
NAMED, HEALED = "named, then healed", "healed"


def stated(kind):
    """The outcomes that the page states, by kind of damage."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    heading = next(row for row in rows if row[1:] == list(DAMAGES))
    return dict(zip(heading[1:], next(row[1:] for row in rows if row[0].strip("`") == kind), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_damage(jobs, complete_study, changed_at_once, tmp_path, kind, damage):
    folder = shutil.copytree(complete_study, tmp_path / "copy")
    name, other, read_by = KINDS[kind]
    (path,), (other,) = ((folder / "results").glob(each) for each in (name, other))
    DAMAGES[damage](path, other)
    settings, tables = (read_by, ()) if isinstance(read_by, dict) else ({}, None)
    if not settings:
        (answer,) = (folder / "results").glob(f"{read_by}.*.manifest.json")
        answer.unlink()
    workflow = Workflow(jobs, folder, tables, **settings)
    said = workflow.finish()
    assert not any("Traceback" in each for each in said)
    assert all(str(path.relative_to(folder)) in each for each in said[:1])
    assert stated(kind)[damage] == (NAMED if said else HEALED)
    expected, found = changed_at_once(tables, **settings)[0], workflow.content()
    assert {each for each in expected.keys() | found.keys() if expected.get(each) != found.get(each)} == set()


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_predictor_is_named(complete_study, tmp_path, capsys, damage):
    folder = shutil.copytree(complete_study, tmp_path / "copy")
    path = folder / "results/predictors/small.json"
    DAMAGES[damage](path, folder / "results/claims.csv")
    measured = folder / f"results/metrics/{HERE}/topometrics.json"
    assert main(["predict", str(measured), "--predictor", str(path)]) == 1
    assert "small.json is missing or not what the workflow wrote" in capsys.readouterr().err
