"""Our accuracies beside the published ones."""

import json

import pandas as pd
import pytest

from prunegraph.analysis import accuracies
from prunegraph.tables import published


def test_the_file_holds_the_means_of_the_published_tables():
    means = accuracies.published_means(published.read().networks)
    kept = pd.read_csv(accuracies.PUBLISHED)
    pd.testing.assert_frame_equal(means, kept, check_dtype=False, atol=1e-9)


def score(folder, **facts):
    facts = {"dataset": "cifar10_jpeg", "model": "resnet20", "recipe": "quick", "epochs": 3, **facts}
    path = folder / f"{facts['method']}-{facts['seed']}-{facts['model']}.json"
    path.write_text(json.dumps(facts))
    return path


def test_cells_stand_beside_their_published_ones(tmp_path):
    paths = [
        score(tmp_path, method="rigl", pruner="rigl", sparsity=0.9, seed=0, accuracy=0.8),
        score(tmp_path, method="rigl", pruner="rigl", sparsity=0.9, seed=1, accuracy=0.9),
        score(tmp_path, method="er_old", pruner="er", sparsity=0.98, seed=0, accuracy=0.7),
        score(tmp_path, method="dense", pruner="dense", sparsity=0, seed=0, accuracy=0.9),
        score(tmp_path, method="dense", pruner="dense", sparsity=0, seed=0, accuracy=0.5, model="narrow"),
    ]
    table = accuracies.beside_published(paths, {"cifar10_jpeg": "cifar10"}, {"resnet20": "resnet20"})
    rows = table.set_index(["model", "method"])
    moving = rows.loc["resnet20", "rigl"]
    assert (moving.n, moving.accuracy, moving.sd) == (2, pytest.approx(0.85), pytest.approx(0.0707, abs=1e-4))
    # Three seeds of ResNet-20 on CIFAR-10 at 0.9: 0.8876, 0.8906 and 0.8888 (unrolled.csv).
    assert (moving.published_n, moving.published_accuracy) == (3, pytest.approx(0.8890, abs=1e-5))
    assert moving.difference == pytest.approx(moving.accuracy - moving.published_accuracy)
    assert rows.loc["resnet20", "er_old"].published_accuracy == pytest.approx(0.7698)
    assert rows.loc["resnet20", "dense"].isna().published_accuracy
    assert rows.loc["narrow", "dense"].isna().published_accuracy
    assert len(table) == 4


def test_a_narrow_network_is_not_the_published_one(tmp_path):
    path = score(tmp_path, method="snip", pruner="snip", sparsity=0.9, seed=0, accuracy=0.8)
    table = accuracies.beside_published([path], {"cifar10_jpeg": "cifar10"}, {})
    assert table.published_accuracy.isna().all() and table.n.tolist() == [1]
