"""Receipts, manifests and answers: what is kept, what is made again, what is refused."""

import json
import os
import time

import pytest

from prunegraph.errors import UserError
from prunegraph.pool import Manifest, answering, asking, check, files_of, filling, losses, made_by, manifest_path

ONE, TWO = "0" * 12, "1" * 12


def fill(folder, asked=ONE, lost=0, **keys):
    """Make the items whose keys are given, unless they are there; the names of those that were made."""
    made = []
    path = manifest_path(folder, asked)
    with filling(path, lost) as cell:
        for item, key in keys.items():
            if not cell.keep(item, key):
                cell.path(f"{item}/file").write_text(f"{item} from {key}")
                cell.add(item, key, f"{item}/file")
                made.append(item)
    return path, made


@pytest.fixture
def cell(tmp_path):
    return tmp_path / "pool/snip-0.9"


def test_items_are_kept_while_what_they_are_made_from_is_the_same(cell):
    assert fill(cell, seed0="a", seed1="b")[1] == ["seed0", "seed1"]
    assert fill(cell, seed0="a", seed1="b")[1] == []
    assert fill(cell, asked=TWO, seed0="a", seed1="c", seed2="d")[1] == ["seed1", "seed2"]


def test_taken_away_and_added_again_an_item_is_kept(cell):
    fill(cell, seed0="a", seed1="b")
    fill(cell, asked=TWO, seed0="a")
    assert fill(cell, seed0="a", seed1="b")[1] == []


def test_other_manifests_of_the_cell_go_and_those_of_its_neighbours_stay(cell):
    neighbour, _ = fill(cell.with_name("snip-0.95"), seed0="a")
    first, _ = fill(cell, seed0="a")
    second, _ = fill(cell, asked=TWO, seed0="a")
    assert [str(path) for path in sorted(cell.parent.glob("*.json"))] == sorted([neighbour, second])
    assert first != second


def test_the_manifest_is_the_same_whoever_made_the_files(cell):
    path, _ = fill(cell, seed0="a", seed1="b")
    first = Manifest(path).path.read_bytes()
    fill(cell, asked=TWO, seed1="b")
    fill(cell, seed1="b", seed0="a")
    assert Manifest(path).path.read_bytes() == first


def test_a_job_that_dies_leaves_what_it_finished_and_no_manifest(cell):
    old, _ = fill(cell, seed0="a")
    with pytest.raises(KeyboardInterrupt), filling(manifest_path(cell, TWO)) as filled:
        filled.path("seed1/file").write_text("whole")
        filled.add("seed1", "b", "seed1/file")
        filled.path("seed2/file").write_text("hal")
        raise KeyboardInterrupt
    assert not list(cell.parent.glob("*.manifest.json"))
    assert fill(cell, asked=TWO, seed0="a", seed1="b", seed2="c")[1] == ["seed2"]
    with pytest.raises(UserError, match="is missing or damaged"):
        Manifest(old)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("seed0 from b"),  # as long as what was there
        lambda path: path.write_text("seed0"),
        lambda path: path.write_text(""),
    ],
)
def test_a_file_that_is_not_what_was_written_is_refused_and_made_again(cell, damage):
    path, _ = fill(cell, seed0="a", seed1="b")
    damage(cell / "seed0/file")
    manifest = Manifest(path)
    assert manifest.file("seed1", "seed1/file").read_text() == "seed1 from b"
    with pytest.raises(UserError, match=r"seed0/file is missing or not what.*has been removed.*same command again"):
        manifest.file("seed0", "seed0/file")
    assert not manifest.path.exists()
    assert fill(cell, seed0="a", seed1="b")[1] == ["seed0"]


def test_files_that_changed_places_are_noticed(cell):
    path, _ = fill(cell, seed0="a", seed1="b")
    (cell / "seed0/file").rename(cell / "x")
    (cell / "seed1/file").rename(cell / "seed0/file")
    (cell / "x").rename(cell / "seed1/file")
    with pytest.raises(UserError, match="seed0/file is missing or not what"):
        Manifest(path).file("seed0", "seed0/file")
    assert fill(cell, seed0="a", seed1="b")[1] == ["seed0", "seed1"]


def test_a_damaged_manifest_is_refused_whatever_was_changed(cell):
    path, _ = fill(cell, seed0="a")
    text = Manifest(path).path.read_text()
    for place in range(0, len(text) - 1, 3):
        changed = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
        with pytest.raises(UserError, match="missing or damaged"):
            (cell.parent / "copy.json").write_text(changed)
            Manifest(cell.parent / "copy.json")


def test_a_damaged_journal_loses_lines_and_nothing_else(cell):
    fill(cell, seed0="a", seed1="b")
    journal = cell / "journal.jsonl"
    lines = journal.read_text().splitlines()
    journal.write_text(lines[0].replace('"a"', '"z"') + "\n" + lines[1] + "\n" + lines[1][:40])
    assert fill(cell, asked=TWO, seed0="z", seed1="b")[1] == ["seed0"]
    assert fill(cell, asked=TWO, seed0="z", seed1="b")[1] == []


def test_lost_files_raise_a_number_until_they_are_made_again(cell):
    fill(cell, seed0="a", seed1="b")
    assert losses(cell, ["seed0", "seed1"]) == 0
    (cell / "seed1/file").unlink()
    assert losses(cell, ["seed0"]) == 0
    assert losses(cell, ["seed0", "seed1"]) == 1
    assert fill(cell, asked=TWO, lost=1, seed0="a", seed1="b")[1] == ["seed1"]
    assert losses(cell, ["seed0", "seed1"]) == 1
    (cell / "seed0/file").write_text("longer than it was")
    assert losses(cell, ["seed0", "seed1"]) == 2
    assert losses(cell.with_name("nowhere"), ["seed0"]) == 0


def test_who_made_the_items(cell):
    fill(cell, seed0="a")
    fill(cell, asked=TWO, seed0="a", seed1="b")
    assert made_by(cell) == {ONE, TWO}
    fill(cell, asked=TWO, seed0="c", seed1="b")
    assert made_by(cell) == {TWO}


def test_content_is_of_the_items_that_are_named(cell):
    path, _ = fill(cell, seed0="a", seed1="b")
    manifest = Manifest(path)
    assert manifest.content("seed0") + manifest.content("seed1") == manifest.content()
    assert len(set(manifest.content())) == 2
    assert [file.read_text() for file in files_of([path], [[1]], "file")] == ["seed1 from b"]
    with pytest.raises(UserError, match="has no seed2/file; it has seed0, seed1"):
        manifest.file("seed2", "file")


def test_answers_say_what_files_of_stable_names_must_be(tmp_path):
    table, other = tmp_path / "tables/a.csv", tmp_path / "tables/b.csv"
    first, second = (manifest_path(tmp_path / "tables/.answers/question", each) for each in (ONE, TWO))

    with answering(first, [table, other]):
        table.write_text("1")
        other.write_text("2")
    check([first], [table])
    with answering(second, [table, other]):
        table.write_text("3")
    check([second], [table])
    with pytest.raises(UserError, match="missing or damaged"):
        check([first], [table])
    table.write_text("4")
    check([second], [other])
    with pytest.raises(UserError, match=r"a\.csv is missing or not what the workflow wrote"):
        check([second], [table])
    assert not list((tmp_path / "tables/.answers").glob("*.json"))


def test_a_failed_question_has_no_answer(tmp_path):
    path = manifest_path(tmp_path / ".answers/question", ONE)
    with answering(path, []):
        pass
    assert json.loads((tmp_path / ".answers" / f"question.{ONE}.manifest.json").read_text())["items"]
    with pytest.raises(ZeroDivisionError), answering(path, []):
        1 / 0  # noqa: B018
    assert not list((tmp_path / ".answers").glob("*.json"))


def test_a_question_without_an_answer_is_newer_than_old_files_whatever_the_clock_says(tmp_path):
    table, flag, manifest = tmp_path / "a.csv", tmp_path / ".asked/a", tmp_path / ".answers/a"
    asked = asking(flag, manifest, [table])
    assert asked(None) == str(flag) and flag.stat().st_size == 0
    table.write_text("old")
    future = time.time() + 10**6  # as if the clock had been set back since
    os.utime(table, (future, future))
    asked(None)
    assert flag.stat().st_mtime > table.stat().st_mtime
    manifest.parent.mkdir()
    manifest.touch()
    asked(None)
    assert flag.stat().st_mtime < 10
    os.utime(table, (100, 100))
    before = flag.stat().st_mtime_ns
    asked(None)
    assert flag.stat().st_mtime_ns == before
    manifest.unlink()
    asked(None)
    assert flag.stat().st_mtime > table.stat().st_mtime


def test_the_manifest_of_another_cell_is_refused(cell):
    path, _ = fill(cell, seed0="a")
    other, _ = fill(cell.with_name("snip-0.95"), seed0="a")
    Manifest(path).path.write_bytes(Manifest(other).path.read_bytes())
    with pytest.raises(UserError, match=r"is the manifest of snip-0\.95, not its own cell's.*has been removed"):
        Manifest(path)
    assert fill(cell, seed0="a")[1] == []
    assert Manifest(path).file("seed0", "seed0/file").read_text() == "seed0 from a"
