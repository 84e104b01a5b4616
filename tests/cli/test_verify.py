"""Every kind of file that the workflow writes, damaged in every way: `prunegraph verify` names it."""

import shutil
import subprocess
import sys

import pytest
from helpers import ROOT
from helpers.damage import DAMAGES

from prunegraph.cli import main
from prunegraph.files import write_text
from prunegraph.pool import JOURNAL, Manifest, answering, filling, manifest_path
from prunegraph.workflow.plan import OF_CELLS, POOLS

ASKED = "0" * 12
#: What the rules of studies write: the question's name, its files.
ANSWERS = {
    "tables/small/.answers/collect": ["tables/small/networks.csv", "tables/small/networks.parquet"],
    "tables/small/.answers/transfer": ["tables/small/transfer.csv", "predictors/small.json"],
    "figures/small/.answers/figure_accuracy": ["figures/small/accuracy.pdf", "figures/small/accuracy.png"],
    ".answers/claims": ["claims.csv"],
    ".answers/report": ["report.html"],
}
FOLDERS = ["/".join((pool, *("digits", "tiny", "snip-0.9")[: min(length, 3)])) for pool, length in POOLS.values()]


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Results as the workflow leaves them: of every pool one cell with two networks, and every sort of answer."""
    results = tmp_path_factory.mktemp("verify") / "results"
    for folder in FOLDERS:
        with filling(manifest_path(results / folder, ASKED)) as cell:
            for item in ("seed0", "seed1"):
                write_text(cell.path(f"{item}/file"), f"{item} of {folder}, which is long enough\n")
                cell.add(item, f"key of {item}", f"{item}/file")
    listed = results / f"{FOLDERS[-1]}.json"
    shutil.copy(manifest_path(results / FOLDERS[-1], ASKED), listed)
    for question, files in ANSWERS.items():
        with answering(manifest_path(results / question, ASKED), [results / name for name in files]):
            for name in files:
                write_text(results / name, f"the content of {name}\n")
        flag = results / question.replace(".answers", ".asked")
        flag.parent.mkdir(exist_ok=True)
        flag.touch()
    write_text(results / "logs/train.log", "whatever")
    return results


@pytest.fixture
def results(complete, tmp_path):
    return shutil.copytree(complete, tmp_path / "results")


def verify(results, capsys, *more):
    code = main(["verify", str(results), *more])
    return code, capsys.readouterr().out.splitlines()


def test_what_is_right_is_said_to_be(results, capsys):
    code, lines = verify(results, capsys)
    files = 2 * len(FOLDERS) + sum(map(len, ANSWERS.values()))
    assert code == 0 and len(lines) == 1
    assert lines[0].startswith(f"{files} files of {2 * len(FOLDERS) + len(ANSWERS)} results")
    assert lines[0].endswith("all are as the workflow wrote them.")


KINDS = {"flip": "altered", "half": "half", "empty": "empty", "swapped": "swapped"}
FILES = [f"{folder}/seed0/file" for folder in FOLDERS] + [name for names in ANSWERS.values() for name in names]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(results, capsys, name, damage):
    other = "claims.csv" if name != "claims.csv" else "report.html"
    other = name.replace("seed0", "seed1") if "seed0" in name else other
    DAMAGES[damage](results / name, results / other)
    code, lines = verify(results, capsys)
    assert code == 1 and len(lines) == 2
    assert lines[0].split()[:2] == [KINDS[damage], str(results / name)]
    assert lines[1].endswith("1 problems.")
    if damage == "swapped":
        assert lines[0].endswith(f"holds what belongs to {results / other}")


@pytest.mark.parametrize("name", FILES)
def test_a_lost_file_is_named_and_mending_has_it_made_again(results, capsys, name):
    (results / name).unlink()
    before = {path: path.read_text() for path in results.rglob("*.manifest.json")}
    code, lines = verify(results, capsys, "--mend")
    assert code == 1 and lines[0].split()[:2] == ["missing", str(results / name)]
    (gone,) = (path for path in before if not path.exists())
    assert name.split("/")[-1] in before[gone]
    assert "seed0" not in name or name.split("/")[-3] in gone.name


@pytest.mark.parametrize("damage", ["flip", "half", "empty"])
@pytest.mark.parametrize("name", [*FOLDERS, *ANSWERS])
def test_a_damaged_manifest_is_named(results, capsys, name, damage):
    path = results / f"{name}.{ASKED}.manifest.json"
    DAMAGES[damage](path)
    code, lines = verify(results, capsys)
    assert code == 1
    assert any(line.split()[:2] == [KINDS["empty" if damage == "empty" else "flip"], str(path)] for line in lines)
    assert path.exists()


@pytest.mark.parametrize("damage", ["flip", "half", "empty"])
def test_a_damaged_journal_list_or_flag_is_named(results, capsys, damage):
    journal, listed = results / FOLDERS[0] / JOURNAL, results / f"{FOLDERS[-1]}.json"
    for path in (journal, listed):
        DAMAGES[damage](path)
    flag = results / "tables/small/.asked/collect"
    flag.write_text("x")
    code, lines = verify(results, capsys)
    assert code == 1
    for path in (journal, listed, flag):
        assert any(line.split()[1] == str(path) for line in lines)


def test_what_the_workflow_did_not_make_is_named(results, capsys):
    stray = [results / "tables/small/mine.csv", results / FOLDERS[1] / "seed9/file", results / "claims.md"]
    for path in stray:
        write_text(path, "mine")
    left = results / FOLDERS[1] / ".tmp.1.host.file"
    left.write_text("hal")
    code, lines = verify(results, capsys)
    assert code == 1
    assert {tuple(line.split()[:2]) for line in lines[:-1]} == {
        *(("unknown", str(path)) for path in stray),
        ("half", str(left)),
    }


def test_a_cell_whose_job_did_not_end_is_named_and_its_finished_files_are_read(results, capsys):
    for path in results.glob("trained/**/*.manifest.json"):
        path.unlink()
    DAMAGES["flip"](results / "trained/digits/tiny/snip-0.9/seed1/file")
    code, lines = verify(results, capsys)
    assert code == 1
    assert [line.split()[0] for line in lines[:-1]] == ["half", "altered"]


def test_other_configurations_are_told_apart(results, capsys, monkeypatch):
    from prunegraph.workflow import expected

    wanted = {str(path) for path in results.rglob("*.manifest.json")}
    changed = manifest_path(results / FOLDERS[2], "f" * 12)
    of_other_study = str(results / f"tables/small/.answers/transfer.{ASKED}.manifest.json")
    new = manifest_path(results / "masks/digits/tiny/snip-0.5", ASKED)
    wanted -= {manifest_path(results / FOLDERS[2], ASKED), of_other_study}
    monkeypatch.setattr(expected, "expected", lambda files, folder: [*wanted, changed, new])
    code, lines = verify(results, capsys, "--configuration", "config.yaml")
    assert code == 1
    assert {tuple(line.split()[:2]) for line in lines[:-1]} == {
        ("unasked", manifest_path(results / FOLDERS[2], ASKED)),
        ("missing", new),
    }


def test_a_configuration_says_which_manifests_it_asks_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("seeds: 2\n")
    code, lines = verify("results", capsys, "--configuration", str(ROOT / "config.yaml"), str(overlay))
    missing = {line.split()[1] for line in lines[:-1] if line.startswith("missing")}
    assert code == 1 and len(missing) == len(lines) - 1
    for pool in (POOLS[stage][0] for stage in OF_CELLS):
        assert any(path.startswith(f"results/{pool}/") for path in missing)
    assert main(["verify", str(tmp_path), "--configuration", str(ROOT / "config.yaml")]) == 1
    assert "has its results in results" in capsys.readouterr().err
    overlay.write_text("seeds: [1,\n")
    assert main(["verify", "results", "--configuration", str(overlay)]) == 1
    assert "cannot be read as YAML" in capsys.readouterr().err


def test_verifying_needs_neither_torch_nor_snakemake(results):
    code = (
        "import sys; from prunegraph.cli import main; code = main(sys.argv[1:]); "
        "print([name for name in ('torch', 'numpy', 'snakemake') if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", str(results)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.endswith("[]\n")


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "nowhere")]) == 1
    assert "There is no folder" in capsys.readouterr().err


def test_a_manifest_reads_what_verifying_found_right(results):
    manifest = Manifest(manifest_path(results / FOLDERS[3], ASKED))
    assert manifest.file("seed0", "seed0/file").exists()


def test_a_manifest_of_another_cell_is_named(results, capsys):
    other = results / "masks/digits/tiny/dense-0"
    with filling(manifest_path(other, ASKED)) as cell:
        write_text(cell.path("seed0/file"), "dense\n")
        cell.add("seed0", "key", "seed0/file")
    path = results / f"masks/digits/tiny/snip-0.9.{ASKED}.manifest.json"
    shutil.copy(manifest_path(other, ASKED), path)
    code, lines = verify(results, capsys)
    assert code == 1 and lines[:-1] == [f"swapped   {path} is the manifest of dense-0"]
