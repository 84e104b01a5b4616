"""A search that is killed loses no evaluation, and a damaged line is evaluated again."""

import multiprocessing
import os
import time

import numpy as np
import pytest

from prunegraph.search.ledger import Ledger
from prunegraph.search.repeats import Budget, Objective, search
from prunegraph.search.space import space

SPACE = space({"x": np.arange(30.0)})
BUDGET = Budget(4, 2, 3, 1)


class Killed(Exception):
    pass


def searched(path, limit):
    """A search whose process dies before evaluation number `limit`; its trace, and how many it made."""
    made = []
    with Ledger(path) as ledger:

        def evaluate(graph, seed):
            if len(made) == limit:
                raise Killed
            made.append(graph)
            return -((graph - 20) ** 2) / 400

        def accuracy(graph, seed):
            return ledger.value(f"{graph} {seed}", lambda: evaluate(graph, seed))

        try:
            rows = search("bayesian", SPACE, Objective(accuracy, np.zeros(30)), BUDGET, 0, 0)
        except Killed:
            rows = None
    return rows, len(made)


@pytest.mark.parametrize("limit", range(10))
def test_a_search_that_is_killed_goes_on_where_it_was(tmp_path, limit):
    whole, made = searched(None, 99)
    assert made == BUDGET.evaluations
    assert searched(tmp_path / "one.jsonl", limit) == (None, limit)
    assert searched(tmp_path / "one.jsonl", 99) == (whole, made - limit)
    assert searched(tmp_path / "one.jsonl", 0) == (whole, 0)


def test_a_line_that_was_cut_short_or_damaged_is_evaluated_again(tmp_path):
    path = tmp_path / "one.jsonl"
    whole, _ = searched(path, 99)
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    assert searched(path, 99) == (whole, 1)
    path.write_bytes(content.replace(b'"value": -', b'"value": 1', 1) + b"no line\n\xff\n")
    assert searched(path, 99) == (whole, 1)
    assert searched(path, 99) == (whole, 0)


def work(path, started):
    os.fork() and os._exit(0)  # the parent is gone at once
    time.sleep(0.2)
    with Ledger(path, started) as ledger:
        ledger.value("a", lambda: path.with_suffix(".evaluated").touch())


def test_a_worker_whose_job_was_killed_evaluates_nothing_more(tmp_path):
    path = tmp_path / "one.jsonl"
    process = multiprocessing.get_context("fork").Process(target=work, args=(path, os.getpid()))
    process.start()
    process.join()
    while not path.exists():
        time.sleep(0.01)
    with Ledger(path, os.getppid()) as ledger:  # waits for the other
        assert len(ledger) == 0 and not path.with_suffix(".evaluated").exists()
        assert ledger.value("a", lambda: 1) == 1


def hold(path, seconds):
    with Ledger(path) as ledger:
        time.sleep(seconds)
        ledger.value("a", lambda: 1)


def test_a_second_process_waits_for_the_first(tmp_path):
    path = tmp_path / "one.jsonl"
    other = multiprocessing.get_context("fork").Process(target=hold, args=(path, 0.5))
    other.start()
    while not path.exists():
        time.sleep(0.01)
    time.sleep(0.05)
    with Ledger(path) as ledger:
        assert ledger.value("a", lambda: 2) == 1
    other.join()
    assert other.exitcode == 0
