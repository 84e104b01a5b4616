"""The authors' files and what comes with the package in their place: the same values, and nothing that was changed."""

import re
import shutil
from dataclasses import fields

import pytest
from pandas.testing import assert_frame_equal

from prunegraph.errors import UserError
from prunegraph.tables import published, published_files, published_shipped, published_sources


def _equal(one, other):
    for field in fields(one):
        assert_frame_equal(getattr(one, field.name), getattr(other, field.name), check_exact=True)


def test_what_is_shipped_are_the_authors_values(shared, tmp_path):
    originals = shared / "published" / "mge"
    published_shipped.write(originals, tmp_path)
    expected = published_sources.of_folder(originals)
    _equal(published_shipped.sources(), expected)
    _equal(published_shipped.sources(tmp_path), expected)


def test_both_ways_to_read_give_the_same_tables(shared):
    _equal(published.read(), published.read(shared / "published" / "mge"))


def test_what_is_shipped_is_small_and_says_where_it_is_from():
    folder = published_files.SHIPPED_IN
    assert sorted(path.suffix for path in folder.iterdir()) == ["", ".md", *[".parquet"] * 4]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6e6
    about = (folder / "README.md").read_text()
    assert published_files.REPOSITORY in about and published_files.COMMIT in about
    assert "Apache License" in (folder / "LICENSE").read_text()


def test_shipped_rows_are_those_of_the_files():
    rows = {name: len(frame) for name, frame in vars(published_shipped.sources()).items()}
    listed = {path: facts["rows"] for path, facts in published_files.FILES.items()}
    assert rows["unrolled"] == listed["graph_metrics/unrolled/unrolled.csv"]
    for name in ("rolled", "rolled_channel"):  # a layer that stands in its file twice counts once
        assert 0 < rows[name] <= sum(count for path, count in listed.items() if f"/{name}/" in path)
    assert rows["ramanujan"] == rows["rolled"]


@pytest.mark.parametrize("content", [None, b"PAR1 and then nothing"])
def test_a_shipped_file_that_is_not_there_or_damaged_is_named(tmp_path, content):
    copy = shutil.copytree(published_files.SHIPPED_IN, tmp_path / "copy")
    (copy / "rolled.parquet").unlink()
    if content is not None:
        (copy / "rolled.parquet").write_bytes(content)
    with pytest.raises(UserError, match=re.escape("rolled.parquet, which comes with prunegraph, cannot be read")):
        published_shipped.sources(copy)


@pytest.fixture
def copy(shared, tmp_path):
    """The published folder, in which files can be changed: links to all of them."""
    folder = tmp_path / "graph_data"
    for path in published_files.FILES:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(shared / "published" / "mge" / path)
    return folder


def _change(path, edit):
    text = path.read_text()
    path.unlink()
    path.write_text(edit(text))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda text: text.replace("r-out,", "", 1), "column 'r-out' is missing"),
        (lambda text: text.rpartition("\n")[0].rpartition("\n")[0] + "\n", "2,336 rows, expected 2,337"),
        (lambda text: text.replace("0.2732", "0.2733", 1), "values differ"),
    ],
)
def test_a_changed_file_stops_with_what_changed(copy, edit, words):
    _change(copy / "graph_metrics/unrolled/unrolled.csv", edit)
    with pytest.raises(UserError, match=f"1 of 37 files .*unrolled.csv: {words}"):
        published.read(copy)


def test_a_missing_file_is_named(copy):
    shutil.rmtree(copy / "ramanunjan_results")
    with pytest.raises(UserError, match=r"lacks ramanunjan_results/.*\(12 of 37 files\)"):
        published_files.verify(copy)
