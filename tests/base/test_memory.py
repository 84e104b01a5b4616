"""Work that does not fit into memory is refused in one sentence; anything else is let through."""

import os

import pytest

from prunegraph import memory
from prunegraph.errors import UserError


def test_more_than_there_is_is_refused_with_numbers_and_advice(monkeypatch):
    monkeypatch.setattr(memory, "total", lambda: 8 * 10**9)
    with pytest.raises(UserError, match=r"^To sort it takes about 12 GB; this machine has 8 GB\. Sort less\.$"):
        memory.check(12 * 10**9, "To sort it", "Sort less.")
    memory.check(8 * 10**9, "To sort it", "Sort less.")


def test_a_list_of_edges_takes_forty_bytes_an_edge(monkeypatch):
    monkeypatch.setattr(memory, "total", lambda: 4000)
    memory.check_edge_list(100, "draw")
    with pytest.raises(UserError, match="To draw this graph its 101 edges must be listed"):
        memory.check_edge_list(101, "draw")


def test_a_system_that_does_not_say_refuses_nothing(monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    assert memory.total() is None
    memory.check(10**18, "To sort it", "Sort less.")
