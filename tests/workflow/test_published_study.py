"""The analysis of the authors' tables as a workflow: without training, from a copy, and beside own networks."""

import json

import pandas as pd
import pytest
from helpers import ROOT
from helpers.workflow import jobs, snakemake

from prunegraph.tables.schemas import SCHEMAS
from prunegraph.workflow.questions import GRAPHS, SEARCHES

STUDY = ["--configfile", str(ROOT / "studies/published.yaml")]
OWN_JOBS = {"prepare", "initialise", "prune", "train", "encode", "measure"}


def test_nothing_is_trained_or_fetched(tmp_path):
    planned = jobs(snakemake(tmp_path, "-n", *STUDY, config=["download=false"]))
    assert not OWN_JOBS & set(planned)
    assert planned["published_tables_authors"] == planned["published_tables_regression"] == 1
    assert not [name for name in planned if "download" in name]
    assert "published_sizes" in planned
    assert "published_multipartite" not in planned  # nothing was published that it could be drawn from


def test_a_copy_that_is_not_there_is_one_sentence(tmp_path):
    done = snakemake(tmp_path, "-n", *STUDY, config=["published_dir=elsewhere"], check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "(37 of 37 files)" in said and "Set published_dir" in said
    assert "Traceback" not in said


def test_published_networks_beside_own_ones(tmp_path):
    planned = jobs(
        snakemake(
            tmp_path,
            "-n",
            config=[
                "studies={'mge': {'networks': both}, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null,"
                " 'rgp': null}"
            ],
        )
    )
    parts = {"mge_tables_authors", "mge_tables_networks", "mge_tables_joined"}
    assert set(planned) >= OWN_JOBS | parts
    assert planned["mge_tables_regression"] == 1


def test_shipped_tables_are_joined_with_own_ones(tmp_path):
    # Two networks of one's own beside the published ones: every step but the studies.
    config = ["models={'small':{'model':'conv6','options':{'width':0.1}}}", "encodings=[rolled,unrolled]"]
    config += ["training={'recipe':'quick','epochs':1}"]
    config += [
        "studies={'mine': {'networks': both, 'datasets': [digits], 'models': [small], 'methods': [dense,snip],"
        " 'sparsities': [0.9], 'seeds': [0]}}"
    ]
    snakemake(tmp_path, "results/tables/mine/features.csv", config=config)
    tables = tmp_path / "results/tables/mine"
    features = pd.read_csv(tables / "features.csv")
    assert features.source.value_counts().to_dict() == {"published": 2333, "own": 2}
    assert features.accuracy_drop[(features.source == "own") & (features.pruner == "snip")].notna().all()
    quality = pd.read_csv(tables / "quality.csv")
    assert set(quality.source) == {"own", "published"}


@pytest.mark.slow
def test_a_copy_of_the_authors_files_gives_the_shipped_tables(tmp_path, shared):
    table, config = "results/tables/published/features.csv", [f"published_dir={shared / 'published' / 'mge'}"]
    snakemake(tmp_path / "shipped", table, *STUDY)
    snakemake(tmp_path / "copy", table, *STUDY, config=config)
    assert (tmp_path / "shipped" / table).read_bytes() == (tmp_path / "copy" / table).read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_study_of_the_published_tables(tmp_path):
    snakemake(tmp_path, *STUDY)
    tables = tmp_path / "results/tables/published"
    # Masks that can be made again, times, students, searches and graphs are of studies with networks of their own.
    own = {"mask_stability", "published_layers", "latency", "teacher_student", "order_parameters", *SEARCHES}
    own |= set(GRAPHS)
    for name in set(SCHEMAS) - own:
        assert list(pd.read_csv(tables / f"{name}.csv", nrows=5)) == list(SCHEMAS[name])
    regression = pd.read_csv(tables / "regression.csv").set_index(["group", "features"])
    assert regression.adjusted_r2["all", "unrolled"] == pytest.approx(0.6375, abs=5.1e-5)
    assert regression.grouped_cv_r2["all", "unrolled"] == pytest.approx(0.5757, abs=5.1e-5)
    assert list(json.loads((tmp_path / "results/predictors/published.json").read_text())["models"])
    ledger = pd.read_csv(tmp_path / "results/claims.csv")
    assert (ledger.published_verdict[ledger.system == "mge"] != "not tested").all()
    assert (tmp_path / "results/report.html").stat().st_size > 1e5
    assert "Nothing to be done" in snakemake(tmp_path, *STUDY).stderr
