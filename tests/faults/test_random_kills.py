"""Complete, change, kill, run again: 68 kills at random points of every job that has work to lose.

A job dies by SIGKILL before or after one of the moments at which something becomes lasting (a file is renamed, removed
or synced), or by a timer at any point; sometimes the end of its journal is lost, too, as in a power cut.
"""

import random
import shutil
import signal

import pytest
from helpers.small_workflow import Workflow, killed_workflow

from prunegraph.pool import JOURNAL
from prunegraph.workflow.plan import OF_CELLS, POOLS

NETWORKS = ("collect", "published_accuracy", "hyperparameters")
ANALYSES = ("correlation", "regression", "ranking")

#: Change -> (what it changes, the tables that are looked at, number of kills).
CHANGES = {
    "seeds added": ({"seeds": 3}, NETWORKS, 14),
    "epochs": ({"training": {"epochs": 2}}, NETWORKS, 10),
    "recipe": ({"training": {"recipe": "untrained"}}, NETWORKS, 8),
    "option of a method": ({"batch_size": 64}, NETWORKS, 6),
    "motifs": ({"motifs": "estimate"}, NETWORKS, 4),
    "mode": ({"mode": "compat"}, NETWORKS, 6),
    "split": ({"split": {"validation": 0.3}}, NETWORKS, 14),
    "analysis": ({"analysis": {"bootstrap": 60}}, ANALYSES, 6),
}
KILLS = [(change, number) for change, (_, _, kills) in CHANGES.items() for number in range(kills)]


def test_there_are_enough_of_them():
    assert len(KILLS) >= 60


@pytest.mark.slow
def test_every_stage_of_a_cell_is_among_the_jobs_that_are_killed(changed_at_once):
    change, tables, kills = CHANGES["split"]
    jobs = list(changed_at_once(tables, **change)[1])
    assert {job.split("/")[0] for job in jobs[:kills]} >= {POOLS[stage][0] for stage in OF_CELLS}


@pytest.mark.slow
@pytest.mark.parametrize(("change", "number"), KILLS)
def test_killed_after_a_change(jobs, complete_study, changed_at_once, tmp_path, change, number):
    settings, tables, _ = CHANGES[change]
    expected, moments = changed_at_once(tables, **settings)
    draw = random.Random(f"{change} {number}")
    job = list(moments)[number % len(moments)]
    by_timer = number % 4 == 3
    kill = {"call": draw.randint(1, moments[job]), "after": draw.random() < 0.5}
    if by_timer:
        kill = {"seconds": draw.uniform(0.001, 0.04)}
    workflow = killed_workflow(jobs, complete_study, tmp_path, job, kill, tables, **settings)
    folder = workflow.folder
    assert workflow.died == {job: -(signal.SIGALRM if by_timer else signal.SIGKILL)}
    journal = folder / "results" / job / JOURNAL
    if number % 3 == 2 and journal.exists():
        text = journal.read_bytes()
        journal.write_bytes(text[: -draw.randint(1, min(400, len(text)))])
    said = workflow.finish()
    assert said == []
    found = workflow.content()
    assert {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)} == set()
    assert workflow.command() == "" and workflow.moments == {}


@pytest.mark.slow
def test_files_restored_from_an_older_copy(jobs, complete_study, changed_at_once, tmp_path):
    change = {"training": {"epochs": 2}}
    expected, _ = changed_at_once(NETWORKS, **change)
    folder = shutil.copytree(complete_study, tmp_path / "copy")
    workflow = Workflow(jobs, folder, NETWORKS, **change)
    assert workflow.command() == ""
    for pool in ("trained", "metrics"):
        shutil.rmtree(folder / "results" / pool)
        shutil.copytree(complete_study / "results" / pool, folder / "results" / pool)
    workflow.finish()
    found = workflow.content()
    assert {name for name in expected if expected[name] != found.get(name)} == set()
