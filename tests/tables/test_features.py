import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import small_study

from prunegraph.analysis import scopes
from prunegraph.errors import UserError
from prunegraph.tables import features

IDENTITY = {"dataset": "d", "model": "m", "method": "snip", "sparsity": 0.9, "seed": 0}


def test_layer_mean_leaves_out_missing_and_infinite_layers():
    layers = pd.DataFrame([{**IDENTITY, "imdb": value} for value in (1.0, np.nan, 3.0, np.inf)])
    assert features.layer_mean(layers, ["imdb"], "ramanujan.")["ramanujan.imdb"].tolist() == [2.0]


def test_sizes_of_the_published_sets():
    # 16 topometrics on the multipartite graph, 10 on bipartite ones, 13 without trained weights.
    sizes = {name: len(columns) for name, columns in features.FEATURE_SETS.items()}
    expected = {"unrolled": 16, "unrolled_mask": 13, "rolled": 10, "rolled_channel": 10, "ramanujan": 3}
    assert sizes | expected | {"layer_density": 1, "log_edges": 1} == sizes


def test_mask_sets_hold_no_metric_of_trained_weights():
    for name in ("unrolled_mask", "rolled_mask"):
        assert not {column.rpartition(".")[2] for column in features.feature_set(name)} & set(features.WEIGHTED)


@pytest.mark.parametrize("name", features.FEATURE_SETS)
def test_every_set_is_in_the_feature_table(name):
    table = small_study().features
    assert table[list(features.feature_set(name))].notna().any().all()


def test_feature_values_of_one_network():
    study = small_study()
    network = study.features.iloc[10]
    same = lambda rows: rows[(rows[list(IDENTITY)] == network[list(IDENTITY)]).all(axis=1)]  # noqa: E731
    layers, unrolled = same(study.normalised), same(study.topometrics).query("encoding == 'unrolled'").iloc[0]
    assert network["rolled.motifs"] == pytest.approx(layers[layers.encoding == "rolled"].motifs.mean())
    assert network["rolled_raw.motifs"] == pytest.approx(
        same(study.topometrics).query("encoding == 'rolled'").motifs.mean()
    )
    assert network["unrolled.sink_nodes"] == pytest.approx(unrolled.sink_nodes / unrolled.nodes)
    assert network.log_edges == pytest.approx(np.log10(unrolled.edges))


def test_unknown_set_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'unrolled'"):
        features.feature_set("unroled")


def test_a_set_that_most_networks_lack_is_left_out_instead_of_emptying_the_study():
    table = small_study().features.copy()
    table.loc[table.index[: int(0.8 * len(table))], "ramanujan.imdb"] = np.nan
    rows, usable = scopes.comparable(table, ["layer_density", "ramanujan"])
    assert usable == ["layer_density"]
    assert len(rows) == len(features.pruned(table))


def test_without_dense_networks_there_is_nothing_to_study():
    table = small_study().features.assign(accuracy_drop=np.nan)
    with pytest.raises(UserError, match="Add the pruner dense"):
        scopes.comparable(table, ["layer_density"])


def test_groups_come_in_catalogue_order():
    table = small_study(datasets=("cifar10", "digits"), seeds=(0,)).features
    names = [(level, group) for level, group, _ in scopes.cells(table, ["all", "dataset", "sparsity"])]
    assert names[:3] == [("all", "all"), ("dataset", "digits"), ("dataset", "cifar10")]
    assert [group for level, group in names if level == "sparsity"] == ["0.0", "0.6", "0.9", "0.98"]


def test_analysis_and_figures_import_lean():
    code = (
        "import sys; from prunegraph.tables import published;"
        "from prunegraph.analysis import ranking, importance, correlation;"
        "from prunegraph.figures import accuracy, importance, multipartite, ramanujan, ranking, regression, sizes;"
        "heavy = {'torch', 'scipy.stats', 'matplotlib.pyplot', 'numba', 'seaborn'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
