"""The workflow itself, on a small study: from data to report, then nothing to do, then only what changed."""

import json
import os
import re
import shutil
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import ROOT
from helpers.workflow import figures_of, jobs, snakemake

from prunegraph import datasets, models, pruning, relational, tensors
from prunegraph.figures.records import FIGURES
from prunegraph.teacher_student.masks import RULES
from prunegraph.training import evaluate

# The default study with fewer networks and one epoch.
REDUCED = [
    "studies={'mge': {'sparsities': [0.6,0.9]}, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null,"
    " 'rgp': null}",
    "training={'epochs': 1}",
]


def test_dry_run_of_the_default_study_needs_no_torch(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    # The plugin for SLURM, which Snakemake loads wherever it is installed, imports the other two itself.
    plugin = find_spec("snakemake_executor_plugin_slurm") is not None
    for name in ("torch",) if plugin else ("torch", "numpy", "pandas"):
        (blocked / f"{name}.py").write_text(f"raise ImportError('{name} in a dry run')")
    done = snakemake(tmp_path, "-n", env={**os.environ, "PYTHONPATH": str(blocked)})
    planned = jobs(done)
    assert planned["train"] == 2 * (7 * 3 + 1) + 4  # of DPP, MLP-Rank, BoGP and RGP the dense networks alone
    assert planned["report"] == 1


def test_paper_study_resolves_every_figure(tmp_path):
    done = snakemake(tmp_path, "paper", "-n", "--configfile", str(ROOT / "studies/paper.yaml"))
    planned = jobs(done)
    assert planned["train"] == 432
    assert {f"paper_{figure}" for figure in figures_of("mge")} < set(planned)
    assert not [name for name in planned if name.startswith(("mge", "published"))]


@pytest.mark.parametrize(("overlay", "study", "methods"), [("dpp", "mnist", 17), ("mlp_rank", "cifar100", 12)])
def test_studies_of_trained_networks_at_full_size_are_planned(tmp_path, overlay, study, methods):
    name = f"paper_{overlay}_{study}"
    planned = jobs(snakemake(tmp_path, name, "-n", "--configfile", str(ROOT / f"studies/paper_{overlay}.yaml")))
    assert (planned["train"], planned["prune_and_test_0"]) == (1, methods)
    assert {f"{name}_{figure}" for figure in figures_of(overlay)} == {
        rule for rule in planned if rule.removeprefix(f"{name}_") in FIGURES
    }


def test_a_missing_data_set_is_one_sentence_before_any_job(tmp_path):
    done = snakemake(
        tmp_path,
        "results/datasets/cifar10.json",
        "results/datasets/digits.json",
        config=["download=false"],
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "cifar10" in said and "https://" in said
    assert "Traceback" not in said
    assert not (tmp_path / "results/datasets/digits").exists()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("studies={'mge':{'methods':[snipp]}}", "Did you mean 'snip'"),
        ("studies={'mge':{'sparsities':[1.0]}}", "outside [0, 1)"),
        ("trainings={}", "Unknown key"),
        ("sparsities=[0.5]", "belongs to a study"),
    ],
)
def test_a_wrong_configuration_stops_in_a_sentence(tmp_path, config, words):
    done = snakemake(tmp_path, "-n", config=[config], check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert words in said
    assert "Traceback" not in said


def test_one_cell_by_name(tmp_path):
    cell, config = "digits/conv6_narrow/erk-0.75", ["training={'epochs': 1}"]
    target = f"results/metrics/{cell}.json"
    snakemake(tmp_path, target, config=config)
    listed = json.loads((tmp_path / target).read_text())
    assert sorted(listed["items"]) == ["seed0", "seed1"]
    found = json.loads((tmp_path / f"results/metrics/{cell}/seed1/topometrics.json").read_text())
    assert (found["method"], found["sparsity"], found["seed"]) == ("erk", 0.75, 1)
    assert [row["encoding"] for row in found["rows"] if row["layer"] == ""] == ["unrolled"]
    assert "Nothing to be done" in snakemake(tmp_path, target, config=config).stderr
    # Histories hold wall times, so they tell a network that was kept from one that was trained again.
    before = {path: path.read_bytes() for path in tmp_path.rglob("erk-0.75/seed1/history.csv")}
    assert len(before) == 1

    # A seed added: the cell runs again and keeps the seeds that are up to date.
    snakemake(tmp_path, target, config=["seeds=[0,1,2]", *config])
    assert {path: path.read_bytes() for path in before} == before
    for rule, name in (
        {"initialise": "conv6_narrow"} | dict.fromkeys(("prune", "train", "encode", "measure"), cell.partition("/")[2])
    ).items():
        logs = sorted((tmp_path / f"results/logs/{rule}/digits").rglob("*.log"))
        of_rule = [path for path in logs if str(path).startswith(f"{tmp_path}/results/logs/{rule}/digits/{name}.")]
        log = max(of_rule, key=lambda path: path.stat().st_mtime_ns).read_text()
        assert re.search("seed1.*: kept, it is up to date", log), rule
        assert not re.search("seed2.*kept, it is up to date", log), rule


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_reduced_default_study_from_data_to_report(tmp_path):
    snakemake(tmp_path, config=REDUCED)
    results = tmp_path / "results"
    networks = pd.read_csv(results / "tables/mge/networks.csv")
    assert len(networks) == 2 * 2 * (7 * 2 + 1)
    assert networks.accuracy.between(0, 1).all()
    assert networks.edges.gt(0).all()
    # Each study's table is its own.
    for name, column in {
        "correlation": "pearson",
        "regression": "adjusted_r2",
        "importance": "share",
        "ranking": "rbo",
    }.items():
        assert column in pd.read_csv(results / f"tables/mge/{name}.csv").columns
    for figure in figures_of("mge"):
        assert (results / f"figures/mge/{figure}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/mge/{figure}.png").read_bytes().startswith(b"\x89PNG")
    report = (results / "report.html").read_text()
    assert report.count("data:image/png;base64,") == len(figures_of("mge"))
    ledger = pd.read_csv(results / "claims.csv", index_col="id")
    # A few networks of easy data, trained for an epoch, can show nothing of regressions with 16 features.
    assert ledger.own_verdict["mge_drop_against_ramanujan"] == "not tested"
    assert "needs 3 groups with n at least 80" in report
    # Two models, two sparsities, seven pruners, two seeds: every job of a cell has its cost.
    costs = pd.read_csv(results / "tables/mge/costs.csv")
    assert costs.rule.value_counts()["train"] == 2 * (7 * 2 + 1)

    assert "Nothing to be done" in snakemake(tmp_path, config=REDUCED).stderr

    # Another option of one pruner: its cells only, and what is made of all.
    names = "['dense','larger','grasp','synflow','prospr','uniform','er','erk']"
    others = "'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null"
    study = f"studies={{'mge': {{'sparsities': [0.6,0.9], 'methods': {names}}}, {others}}}"
    variant = "methods={'larger':{'pruner':'snip','options':{'batch_size':64}}}"
    changed = jobs(snakemake(tmp_path, "-n", config=[study, variant, *REDUCED[1:]]))
    pools = {name: changed.get(name) for name in ("prune", "train", "encode", "measure", "mge_tables_networks")}
    assert pools == {"prune": 4, "train": 4, "encode": 4, "measure": 4, "mge_tables_networks": 1}
    assert "initialise" not in changed

    shutil.rmtree(results / "figures")
    only = jobs(snakemake(tmp_path, "-n", config=REDUCED))
    assert not {"prune", "train", "encode", "measure"} & set(only)


TWO_STUDIES = [
    "models={'tiny': {'model': 'mlp', 'options': {'hidden': [16]}, 'epochs': 1}}",
    "studies={'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null,"
    " 'first': {'datasets': [digits], 'models': [tiny], 'methods': [dense, er], 'sparsities': [0.9], 'seeds': 1,"
    " 'measured': false},"
    " 'second': {'datasets': [digits], 'models': [tiny], 'methods': [dense, magnitude], 'sparsities': [0.9],"
    " 'seeds': [0, 2], 'measured': false}}",
]


def test_studies_share_their_networks_and_have_their_own_tables(tmp_path):
    done = snakemake(tmp_path, "first", "second", config=TWO_STUDIES)
    # Three cells, the dense one for both studies.
    assert jobs(done)["train"] == 3 and "encode" not in jobs(done)
    results = tmp_path / "results"
    first, second = (pd.read_csv(results / f"tables/{name}/networks.csv") for name in ("first", "second"))
    assert sorted(zip(first.method, first.seed, strict=True)) == [("dense", 0), ("er", 0)]
    assert sorted(zip(second.method, second.seed, strict=True)) == [
        ("dense", 0), ("dense", 2), ("magnitude", 0), ("magnitude", 2)
    ]  # fmt: skip
    dense = results / "trained/digits/tiny/dense-0"
    assert sorted(path.name for path in dense.glob("seed*")) == ["seed0", "seed2"]
    shared = first[first.method == "dense"].accuracy.item()
    assert second[(second.method == "dense") & (second.seed == 0)].accuracy.item() == shared
    assert not (results / "tables/first/features.csv").exists()
    assert (results / "figures/second/accuracy.pdf").exists()
    score = json.loads((results / "trained/digits/tiny/magnitude-0.9/seed2/score.json").read_text())
    assert (score["seed"], score["network_seed"]) == (2, 2)
    assert "system" not in first.columns
    # One of them alone asks for other seeds of the shared cell: no network is made again.
    before = {path: path.read_bytes() for path in results.rglob("history.csv")}
    alone = [TWO_STUDIES[0], TWO_STUDIES[1].replace("'second': {", "'third': {")]
    snakemake(tmp_path, "first", config=alone)
    assert before == {path: path.read_bytes() for path in results.rglob("history.csv")}


TESTED = [
    "models={'tiny': {'model': 'mlp', 'options': {'hidden': [16]}, 'recipe': short}}",
    "recipes={'short': {'recipe': quick, 'epochs': 1, 'optimiser': adam, 'learning_rate': 0.01}}",
    "methods={'now': {'pruner': 'magnitude', 'finetune': 0, 'network_seeds': 1, 'sparsities': [0.5, 0.9]}}",
    "studies={'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null,"
    " 'once': {'datasets': [digits], 'models': [tiny], 'methods': [dense, now],"
    " 'sparsities': [0.9], 'seeds': 3, 'measured': false}}",
]


def test_what_is_not_trained_after_pruning_is_pruned_and_tested_in_one_job(tmp_path):
    planned = jobs(snakemake(tmp_path, "once_tables_networks", "once_tables_training", config=TESTED))
    assert (planned["prune_and_test_0"], planned["prune"], planned["train"]) == (1, 1, 1)
    results = tmp_path / "results"
    found = pd.read_csv(results / "tables/once/networks.csv").set_index(["method", "sparsity", "seed"])
    # Three draws share one dense network, so one is trained, and theirs is the accuracy that they lose.
    assert list(found.index) == [
        ("dense", 0, 0),
        *(("now", sparsity, seed) for sparsity in (0.5, 0.9) for seed in range(3)),
    ]
    score = json.loads((results / "trained/digits/tiny/dense-0/seed0/score.json").read_text())
    assert (score["recipe"], score["epochs"]) == ("short", 1)
    trained = pd.read_csv(results / "tables/once/hyperparameters.csv").iloc[0]
    assert (trained.recipe, trained.epochs, trained.optimiser, trained.learning_rate) == ("short", 1, "adam", 0.01)
    assert (found.network_seed == 0).all() and (found.epochs == [1] + 6 * [0]).all()
    assert np.allclose(found.accuracy_drop, 1 - found.accuracy / found.accuracy["dense", 0, 0])
    data = datasets.load(results / "datasets/digits/images.safetensors")
    network = models.create("mlp", 10, (1, 8, 8), 0, hidden=[16])
    models.load_weights(network, results / "trained/digits/tiny/dense-0/seed0/weights.safetensors")
    pruning.prune(network, "magnitude", 0.9, 2).apply(network)
    for part, accuracy in (("test", "accuracy"), ("validation", "validation_accuracy")):
        assert evaluate(network, getattr(data, part).batches())["accuracy"] == found[accuracy]["now", 0.9, 2]
    # One more sparsity: the job runs again, and keeps what is there; a cell that no study names is made by itself.
    before = {path: path.stat().st_mtime_ns for path in results.rglob("score.json")}
    more = [text.replace("0.5, 0.9", "0.5, 0.7, 0.9") for text in TESTED]
    snakemake(tmp_path, "once_tables_networks", config=more)
    after = {path: path.stat().st_mtime_ns for path in results.rglob("score.json")}
    assert before.items() < after.items() and len(after) == len(before) + 3
    planned = jobs(snakemake(tmp_path, "-n", "results/trained/digits/tiny/now-0.8.json", config=more))
    assert (planned["prune"], planned["train"]) == (1, 1) and "prune_and_test_0" not in planned


@pytest.mark.slow
def test_every_graph_of_a_set_is_a_method_and_one_job_trains_them_all(tmp_path):
    config = [
        "models={'tiny': {'model': 'mlp', 'options': {'hidden': [16, 16]}, 'epochs': 1}}",
        "relational_graphs={'drawn': {'kind': random, 'nodes': 8, 'degrees': [3], 'number': 4}}",
        "methods={'blocks': {'pruner': rgp, 'graphs': drawn, 'rungs': all, 'together': true}}",
        "studies={'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null,"
        " 'shapes': {'datasets': [digits], 'models': [tiny], 'methods': [blocks], 'sparsities': [0.625], 'seeds': 2,"
        " 'measured': false}}",
    ]
    done = snakemake(tmp_path, "shapes_tables_graphs", config=config)
    assert {"relate": 1, "prune_and_test_0": 1, "shapes_tables_graphs": 1}.items() <= jobs(done).items()
    assert not {"prune", "train"} & set(jobs(done))
    results = tmp_path / "results"
    graphs = relational.load(results / "relational/drawn/graphs.zst")
    table = pd.read_csv(results / "tables/shapes/graph_properties.csv").set_index("graph")
    assert set(table.index) == {row["name"] for row in graphs.rows} and set(table.networks) == {2}
    for row, adjacency in zip(graphs.rows, graphs.adjacency, strict=True):
        assert table.aspl[row["name"]] == row["aspl"]
        weights = results / f"trained/digits/tiny/blocks_{row['name']}-0.625/seed1/weights.safetensors"
        hidden = tensors.load(weights)[0]["layers.2.weight"]
        assert ((hidden.reshape(8, 2, 8, 2) != 0).any((1, 3)) == adjacency).all()
    again = snakemake(tmp_path, "-n", "shapes_tables_graphs", config=config)
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.slow
def test_a_tuned_recipe_is_chosen_on_the_validation_images_and_trained_with(tmp_path):
    config = [
        "models={'tiny': {'model': 'mlp', 'options': {'hidden': [16]}, 'recipe': 'searched'}}",
        "recipes={'searched': {'recipe': quick, 'epochs': 2,"
        " 'tuned': {'learning_rate': [0.00001, 0.1], 'weight_decay': [0, 0.0001], 'epochs': 1}}}",
        "studies={'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null,"
        " 'found': {'datasets': [digits], 'models': [tiny], 'methods': [dense], 'sparsities': [0.5], 'seeds': 2,"
        " 'measured': false}}",
    ]
    targets = ("found_tables_networks", "found_tables_training")
    assert jobs(snakemake(tmp_path, *targets, config=config))["tune"] == 1
    results = tmp_path / "results"
    choice = json.loads((results / "tuning/digits/tiny/choice.json").read_text())
    accuracies = [point["validation_accuracy"] for point in choice["points"]]
    best = choice["points"][accuracies.index(max(accuracies))]
    assert len(accuracies) == 4 and choice["learning_rate"] == best["learning_rate"] == 0.1
    assert choice["weight_decay"] == best["weight_decay"] and choice["points"][0]["learning_rate"] == 0.00001
    row = pd.read_csv(results / "tables/found/hyperparameters.csv").iloc[0]
    assert (row.learning_rate, row.weight_decay, row.epochs) == (0.1, choice["weight_decay"], 2)
    # The same networks as with these numbers in the recipe.
    fields = f"'epochs': 2, 'learning_rate': 0.1, 'weight_decay': {choice['weight_decay']}}}}}"
    named = [config[0], f"recipes={{'searched': {{'recipe': quick, {fields}", config[2]]
    snakemake(tmp_path / "named", "found_tables_networks", config=named)
    found, other = (
        pd.read_csv(folder / "results/tables/found/networks.csv") for folder in (tmp_path, tmp_path / "named")
    )
    assert found.accuracy.tolist() == other.accuracy.tolist() and len(found) == 2
    # Another grid is another question; the same one is answered.
    assert "tune" not in jobs(snakemake(tmp_path, "-n", *targets, config=config))
    wider = [config[0], config[1].replace("0.00001", "0.001"), config[2]]
    assert jobs(snakemake(tmp_path, "-n", *targets, config=wider)).keys() >= {"tune", "train"}


def test_teachers_and_students_are_a_table_and_two_figures_of_a_study(tmp_path):
    settings = "{'pairs': [[2, 6]], 'nodes': [2, 4], 'noise': [0, 0.25], 'inputs': 30, 'samples': 20000,"
    settings += " 'networks': 1, 'draws': 2}"
    config = [
        "models={'tiny': {'model': 'mlp', 'options': {'hidden': [8]}, 'epochs': 1}}",
        "studies={'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null,"
        " 'pupils': {'datasets': [digits], 'models': [tiny],"
        f" 'methods': [dense], 'sparsities': [0.5], 'measured': false, 'teacher_student': {settings}}}}}",
    ]
    done = snakemake(tmp_path, "pupils_teacher_student", "pupils_order_parameters", config=config)
    assert jobs(done) == {
        "pupils_tables_students": 1,
        "pupils_teacher_student": 1,
        "pupils_order_parameters": 1,
        "total": 3,
    }
    found = pd.read_csv(tmp_path / "results/tables/pupils/teacher_student.csv")
    assert len(found) == 2 * 2 * (4 * 2 + 2) and set(found.method) == set(RULES)
    assert (tmp_path / "results/figures/pupils/order_parameters.pdf").exists()
    planned = jobs(snakemake(tmp_path, "-n", config=config))
    assert not {"pupils_encodings", "pupils_mask_stability", "pupils_tables_students"} & set(planned)


def test_weights_from_a_file_are_what_is_pruned_and_tested(tmp_path):
    network = models.create("mlp", 10, (1, 8, 8), 7, hidden=[16])
    torch.save({"state_dict": network.state_dict()}, tmp_path / "mine.pth")
    config = [
        "models={'mine': {'model': 'mlp', 'options': {'hidden': [16]}, 'weights': mine.pth, 'recipe': untrained}}",
        "seeds=[0,1]",
    ]
    snakemake(tmp_path, "results/trained/digits/mine/magnitude-0.5.json", config=config)
    results = tmp_path / "results"
    for seed in (0, 1):
        found, _ = tensors.load(results / f"trained/digits/mine/dense-0/seed{seed}/weights.safetensors")
        assert all(np.array_equal(found[name], value.numpy()) for name, value in network.state_dict().items())
        score = json.loads((results / f"trained/digits/mine/magnitude-0.5/seed{seed}/score.json").read_text())
        assert (score["recipe"], score["epochs"], score["kept"]) == ("untrained", 0, score["weights"] // 2)
    # Other weights in the file: other networks.
    torch.save(models.create("mlp", 10, (1, 8, 8), 8, hidden=[16]).state_dict(), tmp_path / "mine.pth")
    planned = jobs(snakemake(tmp_path, "-n", "results/trained/digits/mine/magnitude-0.5.json", config=config))
    assert {planned[name] for name in ("initialise", "prune", "train")} == {1, 2}
    (tmp_path / "mine.pth").unlink()
    done = snakemake(tmp_path, "-n", "results/trained/digits/mine/dense-0.json", config=config, check=False)
    assert done.returncode != 0 and "there is no such file" in done.stdout + done.stderr
