"""A complete study is changed, a job of it is killed, the same command runs again: as if nothing had happened.

The jobs are killed by themselves, with SIGKILL, at chosen points: a module that Python imports at start replaces a
function by one that kills the process.
"""

import os
import re
import shutil

import pytest
from helpers import ROOT
from helpers.workflow import snakemake

MODEL = "models={'tiny': {'model': 'mlp', 'options': {'hidden': [16]}}}"
TARGET = "results/tables/small/networks.csv"


def study(seeds=2, batch_size=128, epochs=1, motifs="exact", mode="clean"):
    """The configuration of a study of two cells."""
    method = f"methods={{'pruned': {{'pruner': 'snip', 'options': {{'batch_size': {batch_size}}}}}}}"
    selection = "'datasets': [digits], 'models': [tiny], 'methods': [dense, pruned], 'sparsities': [0.9]"
    others = "'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null"
    studies = f"studies={{{others}, 'small': {{{selection}, 'seeds': {seeds}}}}}"
    training = f"training={{'epochs': {epochs}}}"
    return [MODEL, method, studies, training, f"motifs={motifs}", f"mode={mode}"]


def content(folder):
    """What was made, but for what holds times, the commit, and what is about the making."""
    found = {}
    for path in sorted((folder / "results").rglob("*")):
        parts = path.relative_to(folder / "results").parts
        apart = parts[0] in ("logs", "benchmarks", "checkpoints") or path.name in ("history.csv", "journal.jsonl")
        # The manifest of a training names its history, which holds times.
        if path.is_file() and not apart and not (parts[0] == "trained" and path.name.endswith(".manifest.json")):
            # A file that was half written when its job died counts as lost, which is part of what is asked for.
            found[re.sub(r"\.[0-9a-f]{12}\.manifest", ".manifest", "/".join(parts))] = path.read_bytes()
    return found


def killing(folder, script, function, after, count):
    """The environment in which a script's process kills itself around call number `count` of a function of the pool."""
    before, behind = ("", "os.kill(os.getpid(), 9)") if after else ("os.kill(os.getpid(), 9)", "")
    (folder / "patch").mkdir(exist_ok=True)
    (folder / "patch/sitecustomize.py").write_text(
        f"""
import os, sys
if sys.argv[0].endswith(".{script}.py") or any(part.endswith(".{script}.py") for part in sys.orig_argv):
    from prunegraph import pool
    original, calls = {function}, []
    def fatal(*arguments, **options):
        calls.append(1)
        if len(calls) == {count}:
            {before or "pass"}
        found = original(*arguments, **options)
        if len(calls) == {count}:
            {behind or "pass"}
        return found
    {function} = fatal
"""
    )
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "patch"), str(ROOT)])}


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    folder = tmp_path_factory.mktemp("complete")
    snakemake(folder, TARGET, config=study())
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a changed study looks like that was made at once."""
    known = {}

    def made(**changes):
        key = tuple(changes.items())
        if key not in known:
            folder = tmp_path_factory.mktemp("undisturbed")
            snakemake(folder, TARGET, config=study(**changes))
            known[key] = content(folder)
        return known[key]

    return made


DAY = 86_400 * 10**9
ADD, WRITE, KEEP = "pool.Filling.add", "pool.write_json", "pool.Filling.keep"
CHANGES = {
    "prune": {"batch_size": 64},
    "train": {"epochs": 2},
    "measure": {"motifs": "estimate"},
    "initialise": {"seeds": 3},
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("script", "function", "after", "count"),
    [
        ("prune", ADD, False, 1),
        ("train", ADD, True, 1),
        ("measure", WRITE, True, 1),
        ("initialise", KEEP, True, 3),
    ],
)
def test_a_job_that_dies_after_a_change(complete, undisturbed, tmp_path, script, function, after, count):
    folder = shutil.copytree(complete, tmp_path / "copy")
    change = CHANGES[script]
    environment = killing(tmp_path, script, function, after, count)
    killed = snakemake(folder, TARGET, config=study(**change), check=False, env=environment)
    assert killed.returncode != 0
    snakemake(folder, TARGET, config=study(**change))
    expected, found = undisturbed(**change), content(folder)
    assert {name for name in expected if expected[name] != found.get(name)} == set()
    assert "Nothing to be done" in snakemake(folder, TARGET, config=study(**change)).stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_results_copied_without_what_snakemake_remembers(complete, undisturbed, tmp_path):
    shutil.copytree(complete / "results", tmp_path / "results")
    assert "Nothing to be done" in snakemake(tmp_path, TARGET, config=study()).stderr
    before = {path: path.read_bytes() for path in tmp_path.rglob("history.csv")}
    snakemake(tmp_path, TARGET, config=study(seeds=3))
    assert before == {path: path.read_bytes() for path in before}
    expected, found = undisturbed(seeds=3), content(tmp_path)
    assert {name for name in expected if expected[name] != found.get(name)} == set()
    snakemake(tmp_path, TARGET, config=study(epochs=2))
    expected, found = undisturbed(epochs=2), content(tmp_path)
    assert {name for name in expected if expected[name] != found.get(name)} == set()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("days", [1, -1])
def test_results_of_a_clock_that_was_wrong(complete, undisturbed, tmp_path, days):
    folder = shutil.copytree(complete, tmp_path / "copy")
    for path in [folder / "results", *(folder / "results").rglob("*")]:
        times = path.stat()
        os.utime(path, ns=(times.st_atime_ns + days * DAY, times.st_mtime_ns + days * DAY))
    snakemake(folder, TARGET, config=study(epochs=2))
    expected, found = undisturbed(epochs=2), content(folder)
    assert {name for name in expected if expected[name] != found.get(name)} == set()
    assert "Nothing to be done" in snakemake(folder, TARGET, config=study(epochs=2)).stderr


def flip(path):
    """Flip one bit in the middle of a file, whose times stay."""
    times, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("damaged", "change"),
    [
        ("datasets/digits/images.safetensors", {"batch_size": 64}),
        ("masks/digits/tiny/pruned-0.9/seed1.safetensors", {"epochs": 2}),
        ("trained/digits/tiny/dense-0/seed0/score.json", {"motifs": "estimate"}),
    ],
)
def test_a_flipped_bit_is_named_and_healed_by_the_same_command(complete, undisturbed, tmp_path, damaged, change):
    folder = shutil.copytree(complete, tmp_path / "copy")
    flip(folder / "results" / damaged)
    said = snakemake(folder, TARGET, config=study(**change), check=False)
    assert said.returncode != 0
    assert f"{damaged} is missing or not what the workflow wrote" in said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    for _ in range(3):  # what was made from it may have to be made again, too
        if not snakemake(folder, TARGET, config=study(**change), check=False).returncode:
            break
    expected, found = undisturbed(**change), content(folder)
    assert {name for name in expected if expected[name] != found.get(name)} == set()


@pytest.mark.slow
def test_a_lost_file_is_noticed_while_planning(complete, tmp_path):
    folder = shutil.copytree(complete, tmp_path / "copy")
    lost = folder / "results/trained/digits/tiny/pruned-0.9/seed1/weights.safetensors"
    before = lost.read_bytes()
    lost.unlink()
    snakemake(folder, TARGET, config=study())
    assert lost.read_bytes() == before
    assert "Nothing to be done" in snakemake(folder, TARGET, config=study()).stderr
