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
    _equal(published.read(), published.read(originals))
    for path, facts in published_files.FILES.items():
        assert (originals / path).stat().st_size == facts["length"]
    published_files.verify(originals)


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


def _linked(originals, folder):
    """The published folder, in which files can be changed: links to all of them."""
    for path in published_files.FILES:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(originals / path)
    return folder


def test_changed_and_missing_files_stop_with_what_changed(shared, tmp_path):
    originals = shared / "published" / "mge"
    text = (originals / "graph_metrics/unrolled/unrolled.csv").read_text()
    for number, (changed, words) in enumerate(
        [
            (text.replace("r-out,", "", 1), "column 'r-out' is missing"),
            (text.rpartition("\n")[0].rpartition("\n")[0] + "\n", "2,336 rows, expected 2,337"),
            (text.replace("0.2732", "0.2733", 1), "values differ"),
        ]
    ):
        copy = _linked(originals, tmp_path / str(number))
        (copy / "graph_metrics/unrolled/unrolled.csv").unlink()
        (copy / "graph_metrics/unrolled/unrolled.csv").write_text(changed)
        with pytest.raises(UserError, match=f"1 of 37 files .*unrolled.csv: {words}"):
            published.read(copy)
    copy = _linked(originals, tmp_path / "missing")
    shutil.rmtree(copy / "ramanunjan_results")
    with pytest.raises(UserError, match=r"lacks ramanunjan_results/.*\(12 of 37 files\)"):
        published_files.verify(copy)
