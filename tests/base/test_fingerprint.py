"""Hashes of code and of inputs: what changes them and what must not."""

import pytest

from prunegraph import fingerprint
from prunegraph.fingerprint import code_of, made_from


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A small package tree in place of the real one: a imports b, nothing imports c."""
    package = tmp_path / "prunegraph"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text('"""Text."""\nfrom prunegraph.b import two\n\ndef one():\n    return two()\n')
    (package / "b.py").write_text("def two():\n    return 2\n")
    (package / "c.py").write_text("x = 1\n")
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    monkeypatch.setattr(fingerprint, "_MEMORY", tmp_path / "meanings.json")

    def hash_of(module="prunegraph.a"):
        for cached in (code_of, fingerprint._read, fingerprint._path):
            cached.cache_clear()
        return code_of(module)

    yield package, hash_of
    hash_of_nothing = (code_of, fingerprint._read, fingerprint._path)
    for cached in hash_of_nothing:
        cached.cache_clear()


def test_a_script_counts_by_itself(library):
    package, hash_of = library
    script = package.parent / "workflow_scripts/train.py"
    script.parent.mkdir()
    script.write_text('"""Text."""\nfrom prunegraph.b import two\n\nprint(two())\n')
    before = hash_of("workflow_scripts.train")
    (package / "b.py").write_text("def two():\n    return 3\n")
    assert hash_of("workflow_scripts.train") == before
    script.write_text("from prunegraph.b import two\n\nprint(two() + 1)\n")
    assert hash_of("workflow_scripts.train") != before


def test_blind_to_comments_docstrings_and_layout(library):
    package, hash_of = library
    before = hash_of()
    (package / "a.py").write_text(
        '"""Other text."""\nfrom prunegraph.b import two  # why\n\n\ndef one():\n    """Doc."""\n    return (two())\n'
    )
    assert hash_of() == before


def test_follows_imports(library):
    package, hash_of = library
    before = hash_of()
    (package / "b.py").write_text("def two():\n    return 3\n")
    assert hash_of() != before


def test_ignores_modules_that_are_not_imported(library):
    package, hash_of = library
    before = hash_of()
    (package / "c.py").write_text("x = 2\n")
    assert hash_of() == before


def test_unknown_module():
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        code_of("prunegraph.nowhere")


def test_one_pruner_does_not_depend_on_another():
    assert code_of("prunegraph.pruning.snip") != code_of("prunegraph.pruning.synflow")


def test_made_from_sees_content_and_facts():
    first = made_from(["1", "2"], seed=0)
    assert made_from(["1", "2"], seed=0) == first
    assert made_from(["1", "2"], seed=1) != first
    assert made_from(["2", "1"], seed=0) != first


def test_what_is_remembered_of_a_source_is_what_parsing_gives(monkeypatch, tmp_path):
    fresh = code_of("prunegraph.pruning.snip")
    for cached in (code_of, fingerprint._read, fingerprint._remembered):
        cached.cache_clear()
    monkeypatch.setattr(fingerprint, "_MEMORY", tmp_path / "meanings.json")
    assert code_of("prunegraph.pruning.snip") == fresh
    assert (tmp_path / "meanings.json").stat().st_size > 0
    code_of.cache_clear()
    fingerprint._read.cache_clear()
    fingerprint._remembered.cache_clear()
    monkeypatch.setattr(fingerprint, "_parsed", lambda source: pytest.fail("parsed again"))
    assert code_of("prunegraph.pruning.snip") == fresh
