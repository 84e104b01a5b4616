import os
import subprocess
import sys

import matplotlib
import pytest
from helpers import ROOT
from helpers.small_study import PRUNERS, small_study

from prunegraph.catalogue import DATASETS, MODELS
from prunegraph.catalogue import PRUNERS as CATALOGUE
from prunegraph.errors import UserError
from prunegraph.figures import accuracy, style

SAVE = """
import sys
from helpers.small_study import small_study
from prunegraph.figures import ramanujan, style
style.save(ramanujan.draw(small_study().ramanujan), *sys.argv[1:])
"""


def test_a_pruner_looks_the_same_whatever_else_is_drawn():
    together = style.method_styles(CATALOGUE)
    for name in CATALOGUE:
        assert style.method_styles([name])[name] == together[name]


def test_no_two_pruners_look_the_same():
    looks = [tuple(look.values()) for look in style.method_styles([*CATALOGUE, "mine", "yours"]).values()]
    assert len(set(looks)) == len(looks)
    colours = [look["color"] for look in style.method_styles(PRUNERS).values()]
    assert len(set(colours)) == len(PRUNERS)


@pytest.mark.parametrize("name", [*CATALOGUE, *MODELS, *DATASETS, "unrolled.cut_edges", "my_variant"])
def test_names_are_readable(name):
    assert "_" not in style.label(name).replace("$\\Delta_r$", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet20_narrow", "ResNet-20 narrow"),
        ("mlp_512_512", "MLP 512 512"),
        ("er_classic", "ER (classic)"),  # not ER classic
        ("snip_large_compat", "SNIP large (as published)"),
        ("settled", "Settled"),  # not SET
    ],
)
def test_variants_are_named_after_what_they_vary(name, expected):
    assert style.label(name) == expected


def test_settings_do_not_leak():
    before = dict(matplotlib.rcParams)
    accuracy.draw(small_study().networks)
    assert dict(matplotlib.rcParams) == before


def test_the_users_settings_do_not_matter(tmp_path):
    networks = small_study().networks
    style.save(accuracy.draw(networks), tmp_path / "a.png")
    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "savefig.dpi": 50}):
        style.save(accuracy.draw(networks), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_files_are_the_same_in_every_process_and_carry_no_date(tmp_path):
    for number in ("1", "2"):
        paths = [str(tmp_path / f"{number}.{suffix}") for suffix in ("pdf", "png")]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        environment = os.environ | {"PYTHONHASHSEED": number, "PYTHONPATH": path}
        subprocess.run([sys.executable, "-c", SAVE, *paths], check=True, env=environment)
    for suffix in ("pdf", "png"):
        assert (tmp_path / f"1.{suffix}").read_bytes() == (tmp_path / f"2.{suffix}").read_bytes()
    text = (tmp_path / "1.pdf").read_bytes()
    assert b"CreationDate" not in text
    assert b"/Subtype /Type0" in text or b"/FontFile2" in text
    assert b"/Subtype /Type3" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.pdf", "1.png", "2.pdf", "2.png"]


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.pdf or \.png"):
        style.save(style.new(2, 2), tmp_path / "figure.svg")
