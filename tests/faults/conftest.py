"""A complete small study, made once, and what it is like after each change when nothing disturbs it."""

import shutil

import pytest
from helpers.small_workflow import Jobs, Workflow


@pytest.fixture(scope="session")
def jobs():
    server = Jobs()
    yield server
    server.close()


@pytest.fixture(scope="session")
def complete_study(jobs, tmp_path_factory):
    """The folder of the study with every table; not to be changed."""
    folder = tmp_path_factory.mktemp("complete_study")
    assert Workflow(jobs, folder).command() == ""
    return folder


@pytest.fixture(scope="session")
def changed_at_once(jobs, complete_study, tmp_path_factory):
    """A function of a change that gives (content, lasting moments of each job that ran)."""
    known = {}

    def made(tables, **change):
        key = repr((tables, change))
        if key not in known:
            folder = shutil.copytree(complete_study, tmp_path_factory.mktemp("changed") / "copy")
            workflow = Workflow(jobs, folder, tables, **change)
            assert workflow.command() == ""
            known[key] = (workflow.content(), workflow.moments)
        return known[key]

    return made
