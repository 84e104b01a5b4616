"""The state of a data set's files: other files have another one, whatever no reader reads has none."""

import os
import shutil

import pytest

from prunegraph import catalogue
from prunegraph.datasets.sources import SOURCES
from prunegraph.datasets.state import state

ONES_OWN = "imagefolder"


def folder_of_images(path):
    for name in ("train/cat/0.png", "train/dog/0.png", "test/cat/0.png", "test/dog/0.png"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"x" * 10)
    return path


def later(path):
    """As if changed a second later, so that no clock has to tell two moments apart."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))


def of(path):
    return state(ONES_OWN, "unused", path=str(path), size=8)


def written_over(path):
    later(path / "train/cat/0.png")


def longer(path):
    file = path / "train/cat/0.png"
    before = file.stat().st_mtime_ns
    file.write_bytes(b"x" * 11)
    os.utime(file, ns=(before, before))


CHANGES = {
    "added": lambda path: (path / "train/cat/1.png").write_bytes(b"y"),
    "removed": lambda path: (path / "test/dog/0.png").unlink(),
    "renamed": lambda path: (path / "test/dog/0.png").rename(path / "test/dog/1.png"),
    "moved to another class": lambda path: (path / "test/dog/0.png").rename(path / "test/cat/1.png"),
    "written over": written_over,
    "longer": longer,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_in_a_folder_is_noticed(change, tmp_path):
    path = folder_of_images(tmp_path / "mine")
    before = of(path)
    assert before.startswith("4 entries, 40 bytes, ") and of(path) == before
    change(path)
    assert of(path) != before


def test_hidden_files_and_the_place_of_the_folder_do_not_matter(tmp_path):
    path = folder_of_images(tmp_path / "a" / "mine")
    before = of(path)
    (path / "train/cat/.DS_Store").write_bytes(b"?")
    assert of(path) == before
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert of(tmp_path / "b" / "mine") == before


def test_an_archive_is_known_by_size_and_time(tmp_path):
    path = tmp_path / "mine.zip"
    path.write_bytes(b"x" * 7)
    before = of(path)
    assert before.startswith("1 entries, 7 bytes, ")
    later(path)
    assert of(path) != before


def test_links_lead_somewhere_once_and_broken_ones_are_left_to_the_reader(tmp_path):
    path = folder_of_images(tmp_path / "mine")
    elsewhere = folder_of_images(tmp_path / "elsewhere")
    (path / "val").symlink_to(elsewhere / "train")
    (path / "train/cat/loop").symlink_to(path)
    (path / "train/cat/broken.png").symlink_to(tmp_path / "nowhere")
    before = of(path)
    assert before.startswith("7 entries, 60 bytes, ")
    later(elsewhere / "train/dog/0.png")
    assert of(path) != before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_left_to_the_reader(tmp_path):
    path = folder_of_images(tmp_path / "mine")
    (path / "train/cat").chmod(0)
    try:
        assert of(path).startswith("4 entries, 30 bytes, ")
    finally:
        (path / "train/cat").chmod(0o755)


@pytest.mark.parametrize("name", SOURCES)
def test_official_files_by_their_first_complete_layout(name, tmp_path):
    assert state(name, tmp_path) == ""
    files = [tmp_path / file for file in SOURCES[name].layouts[0]]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        if "." in file.name or "ubyte" in file.name or "batch" in file.name or name == "cifar100":
            file.write_bytes(b"xy")
        else:
            (file / "class").mkdir(parents=True)
    before = state(name, tmp_path)
    assert before
    if files[-1].is_dir():
        (files[-1] / "class/new.JPEG").write_bytes(b"x")
        later(files[-1] / "class")
    else:
        later(files[-1])
    assert state(name, tmp_path) != before
    if files[0].is_file():
        files[0].unlink()
    else:
        shutil.rmtree(files[0])
    assert state(name, tmp_path) == ""


def test_what_is_not_there_or_comes_with_a_package_has_none(tmp_path):
    assert state("digits", tmp_path) == ""
    assert of(tmp_path / "nothing.zip") == ""
    assert set(catalogue.DATASETS) - set(SOURCES) == {"digits", ONES_OWN}
