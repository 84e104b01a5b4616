"""Kills at random points of jobs that :mod:`test_random_kills` has not.

Those that prune and test at once, sets of graphs, the stability of masks, figures.
"""

import random
import shutil
import signal

import pytest
from helpers.small_workflow import Workflow, killed_workflow

TABLES = ("collect", "mask_stability")
FIGURES = ("accuracy", "mask_stability")

#: Change -> (from, to, tables, figures, number of kills).
CHANGES = {
    "repair": ({"tested": {}}, {"tested": {"repair": "compensate"}}, (), (), 6),
    "graphs": ({"tested": {}}, {"tested": {"graphs": 1}}, (), (), 4),
    "batches": ({"tested": {}}, {"tested": {}, "batch_size": 64}, TABLES, FIGURES, 14),
}
KILLS = [(change, number) for change, (*_, kills) in CHANGES.items() for number in range(kills)]


@pytest.fixture(scope="module")
def complete(jobs, tmp_path_factory):
    """The folder of a complete study with networks that are tested at once; not to be changed."""
    folder = tmp_path_factory.mktemp("complete_at_once")
    assert Workflow(jobs, folder, TABLES, FIGURES, tested={}).command() == ""
    return folder


@pytest.fixture(scope="module")
def undisturbed(jobs, complete, tmp_path_factory):
    """A function of a change: (content, lasting moments of each job) of a changed study that nothing disturbs."""
    known = {}

    def made(change):
        if change not in known:
            _, settings, tables, figures, _ = CHANGES[change]
            folder = shutil.copytree(complete, tmp_path_factory.mktemp("changed") / "copy")
            workflow = Workflow(jobs, folder, tables, figures, **settings)
            assert workflow.command() == ""
            known[change] = (workflow.content(), workflow.moments)
        return known[change]

    return made


@pytest.mark.slow
def test_what_is_killed(undisturbed):
    found = {job for change in CHANGES for job in list(undisturbed(change)[1])[: CHANGES[change][-1]]}
    wanted = {
        "prune_and_test/digits/tiny/cut",
        "relational/few",
        "tables/mask_stability",
        "tables/figure_accuracy",
        "tables/figure_mask_stability",
    }
    assert wanted <= found


@pytest.mark.slow
@pytest.mark.parametrize(("change", "number"), KILLS)
def test_killed_after_a_change(jobs, complete, undisturbed, tmp_path, change, number):
    _, settings, tables, figures, _ = CHANGES[change]
    expected, moments = undisturbed(change)
    draw = random.Random(f"{change} {number}")
    job = list(moments)[number % len(moments)]
    by_timer = number % 4 == 3 and job.startswith(("prune_and_test", "relational"))
    kill = {"seconds": draw.uniform(0.001, 0.04)} if by_timer else {}
    kill = kill or {"call": draw.randint(1, moments[job]), "after": draw.random() < 0.5}
    workflow = killed_workflow(jobs, complete, tmp_path, job, kill, tables, figures, **settings)
    assert workflow.died == {job: -(signal.SIGALRM if by_timer else signal.SIGKILL)}
    assert workflow.finish() == []
    found = workflow.content()
    assert {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)} == set()
    assert workflow.command() == "" and workflow.moments == {}
