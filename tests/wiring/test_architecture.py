"""Architectures on disk: what survives, and what is refused."""

import pytest

from prunegraph import models
from prunegraph.catalogue import MODELS
from prunegraph.errors import UserError
from prunegraph.wiring import Architecture, trace


@pytest.mark.parametrize("name", MODELS)
def test_an_architecture_survives_json(name, tmp_path):
    architecture = trace(models.create(name, 5, (1, 16, 16), width=0.25), (1, 16, 16))
    architecture.save(tmp_path / "architecture.json")
    assert Architecture.load(tmp_path / "architecture.json") == architecture


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "prunegraph architecture", "version": 9, "layers": [], "maps": [], "margin": []}'],
)
def test_files_that_hold_no_architecture(text, tmp_path):
    (tmp_path / "architecture.json").write_text(text)
    with pytest.raises(UserError, match="architecture"):
        Architecture.load(tmp_path / "architecture.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.json"):
        Architecture.load(tmp_path / "none.json")
