"""A job that is started again for the same question goes on, also where it died between a file and its receipt."""

import pytest
from helpers import ROOT

from prunegraph.files import write_text
from prunegraph.pool import filling
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import Plan
from prunegraph.workflow.study import Cell

CELL = Cell("digits", "conv6_narrow", "snip", "0.9")


@pytest.fixture
def plan_of(tmp_path, monkeypatch):
    """A function that plans anew, as every process does."""
    import yaml

    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    schema = read_schema(ROOT / "rules/config.schema.yaml")

    def planned(**changes):
        return Plan(Configuration({**config, **changes}, schema))

    return planned


def fill(plan, text):
    with filling(plan.manifest("train", CELL), plan.request("train", CELL)["lost"]) as cell:
        for item in plan.items("train", CELL):
            write_text(cell.path(f"{item}/weights"), text)
            cell.add(item, text, f"{item}/weights")


def test_a_difference_that_comes_from_losses_only_is_accepted(plan_of, tmp_path):
    fill(plan_of(), "old")
    changed = {"threads": 2}
    first = plan_of(**changed)
    asked = first.asked("train", CELL)
    # The job for the changed question wrote a file of another size and died before its receipt.
    write_text(f"{first.folder('train', CELL)}/seed0/weights", "newer")
    again = plan_of(**changed)
    assert again.asked("train", CELL) != asked
    given = again.accepted("train", CELL, asked)
    assert given == first.request("train", CELL)
    with filling(first.manifest("train", CELL), given["lost"]) as cell:
        for item in again.items("train", CELL):
            write_text(cell.path(f"{item}/weights"), "newer")
            cell.add(item, "newer", f"{item}/weights")
    assert plan_of(**changed).asked("train", CELL) == asked


def test_another_question_is_not(plan_of):
    asked = plan_of().asked("train", CELL)
    assert plan_of().accepted("train", CELL, asked) == plan_of().request("train", CELL)
    assert plan_of(threads=2).accepted("train", CELL, asked) is None
