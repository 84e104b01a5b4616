"""Files of a clock that was ahead are dated now; others, and what no rule names, keep their times."""

import os

import pytest

from prunegraph.workflow.clocks import settle
from prunegraph.workflow.plan import POOLS

NOW = 1_000_000_000.0
LOOKED_AT = [
    "claims.csv",
    "datasets/digits.0123456789ab.manifest.json",
    "init/digits/tiny.0123456789ab.manifest.json",
    "trained/digits/tiny/dense-0.0123456789ab.manifest.json",
    "trained/digits/tiny/.asked/dense-0",
    "tables/mge/networks.csv",
    "tables/mge/.answers/collect.0123456789ab.manifest.json",
    "tables/mge/own/.asked/collect",
]
APART = ["logs/train/a.log", "trained/digits/tiny/dense-0/seed0/weights.safetensors", "datasets/digits/images"]


@pytest.mark.parametrize(("ahead", "expected"), [(86_400, NOW), (1, NOW + 1), (-86_400, NOW - 86_400)])
def test_dated_now(tmp_path, ahead, expected):
    for name in LOOKED_AT + APART:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (NOW + ahead, NOW + ahead))
    found = settle(tmp_path, dict(POOLS.values()), NOW)
    assert {name: (tmp_path / name).stat().st_mtime for name in LOOKED_AT} == dict.fromkeys(LOOKED_AT, expected)
    assert {(tmp_path / name).stat().st_mtime for name in APART} == {NOW + ahead}
    assert found == (len(LOOKED_AT) if ahead > 5 else 0)


def test_a_folder_that_is_not_there_yet(tmp_path):
    assert settle(tmp_path / "results", {}) == 0
