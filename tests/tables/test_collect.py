"""Tables from the JSON files of a study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import dump, small_study, write_study
from pandas.testing import assert_frame_equal

from prunegraph.errors import UserError
from prunegraph.tables import collect
from prunegraph.tables.frames import ordered, read, write


def _score(path: Path, **changes) -> Path:
    content = {
        **{"dataset": "digits", "model": "conv6", "method": "snip", "pruner": "snip"},
        **{"sparsity": 0.9, "seed": 0, "accuracy": 0.6, "collapsed": ["fc", "conv1"], "kept": 10, "weights": 100},
    }
    return dump(path, content | changes)


def test_drop_is_relative_to_the_dense_network_of_the_same_seed(tmp_path):
    paths = [
        _score(tmp_path / "a.json"),
        _score(tmp_path / "b.json", seed=1),
        _score(tmp_path / "c.json", method="dense", pruner="dense", sparsity=0, accuracy=0.8, collapsed=[]),
    ]
    table = collect.networks(paths).set_index(["method", "seed"])
    assert table.accuracy_drop["snip", 0] == pytest.approx(1 - 0.6 / 0.8)
    assert np.isnan(table.accuracy_drop["snip", 1])  # no dense network with seed 1
    assert table.accuracy_drop["dense", 0] == 0
    assert table.collapsed_layers["snip", 0] == 2
    assert table.edges.isna().all()


def test_two_dense_references_are_refused(tmp_path):
    dense = {"pruner": "dense", "sparsity": 0.0}
    paths = [_score(tmp_path / "a.json", method="dense", **dense), _score(tmp_path / "b.json", method="big", **dense)]
    with pytest.raises(UserError, match="Two dense networks of conv6 on digits, seed 0"):
        collect.networks(paths)


def test_the_same_network_twice_is_refused(tmp_path):
    paths = [_score(tmp_path / "a.json"), _score(tmp_path / "b.json", accuracy=0.5)]
    with pytest.raises(UserError, match=r"a\.json and .*b\.json describe the same network"):
        collect.networks(paths)


@pytest.mark.parametrize(
    ("text", "sentence"), [("{", "cannot be read as JSON"), ('{"model": "conv6"}', "lacks dataset")]
)
def test_broken_files_are_named(tmp_path, text, sentence):
    path = tmp_path / "score.json"
    path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        collect.networks([path])


def test_sizes_come_from_the_unrolled_graph():
    study = small_study()
    assert len(study.networks) == 2 * 2 * (7 * 3 + 1)
    assert (study.networks.nodes == 30_000).all()
    unrolled = study.topometrics[study.topometrics.encoding == "unrolled"]
    assert study.networks.edges.sum() == unrolled.edges.sum()


def test_normalised_values_are_the_raw_ones_over_the_published_divisors():
    study = small_study()
    row, normal = study.topometrics.iloc[5], study.normalised.iloc[5]
    assert normal.sink_nodes == pytest.approx(row.sink_nodes / row.nodes)
    assert normal.cut_nodes == pytest.approx(row.cut_nodes / row.edges)
    assert normal.components == row.components


def test_a_layer_without_edges_keeps_what_needs_no_division(tmp_path):
    row = {"encoding": "rolled", "layer": "fc", "nodes": 10, "edges": 0, "components": 10, "motifs": 0, "strength": 0}
    identity = {"dataset": "d", "model": "m", "method": "snip", "sparsity": 0.9, "seed": 0, "mode": "clean"}
    path = dump(tmp_path / "topometrics.json", {**identity, "rows": [row]})
    normal = collect.topometrics_normalised(collect.topometrics([path])).iloc[0]
    assert normal.components == 10
    assert np.isnan(normal.motifs)
    assert np.isnan(normal.strength)


@pytest.mark.parametrize("name", ["networks", "topometrics", "normalised", "ramanujan", "features"])
def test_tables_survive_both_formats_and_are_written_the_same_twice(tmp_path, name):
    table = getattr(small_study(), name)
    first, second = ([folder / "t.csv", folder / "t.parquet"] for folder in (tmp_path / "a", tmp_path / "b"))
    write(table, *first)
    write(table.copy(), *second)
    for path, again in zip(first, second, strict=True):
        assert path.read_bytes() == again.read_bytes()
        assert_frame_equal(read(path), table)
    assert len(list((tmp_path / "a").iterdir())) == 2  # no temporary file stays


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.csv or \.parquet"):
        write(pd.DataFrame(), tmp_path / "t.xlsx")


def test_order_of_files_does_not_matter(tmp_path):
    files = write_study(tmp_path, models=("conv6",), seeds=(0,))
    assert_frame_equal(collect.networks(files.scores), collect.networks(files.scores[::-1]))
    assert_frame_equal(collect.ramanujan(files.ramanujan), collect.ramanujan(files.ramanujan[::-1]))


def test_names_come_in_catalogue_order_and_unknown_ones_last():
    assert ordered(["zeta", "er", "dense", "alpha", "snip"], "method") == [
        "dense",
        "snip",
        "er",
        "alpha",
        "zeta",
    ]


def test_a_network_without_repair_counts_weights(tmp_path):
    repaired = _score(tmp_path / "b.json", seed=1, repair="fold", counts="units")
    table = collect.networks([_score(tmp_path / "a.json"), repaired])
    assert table.repair.tolist() == ["", "fold"]
    assert table.counts.tolist() == ["weights", "units"]


def test_facts_of_pruners_are_columns_by_name(tmp_path):
    paths = [
        _score(tmp_path / "a.json", facts={"path_length": 3, "shape": "ring"}),
        _score(tmp_path / "b.json", seed=1, facts={"path_length": 2.5, "exact": True}),
        _score(tmp_path / "c.json", seed=2),
    ]
    table = collect.networks(paths)
    assert list(table.columns)[-3:] == ["exact", "path_length", "shape"]
    assert table.path_length.tolist()[:2] == [3.0, 2.5] and np.isnan(table.path_length[2])
    assert table["shape"].tolist() == ["ring", "", ""]
    assert table.exact.isna().tolist() == [True, False, True]
    again = tmp_path / "t.parquet"
    write(table, again)
    assert_frame_equal(read(again), table)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ([{"density": 0.1}], "a.json: a fact of its pruner is named 'density'"),
        ([{"unrolled.motifs": 1}], "named 'unrolled.motifs'"),
        ([{"ranks": [1, 2]}], r"the fact 'ranks' is \[1, 2\]. Expected a number, a word or a truth value"),
        ([{"spread": 1}, {"spread": "full"}], "b.json: the fact 'spread' is 'full'"),
    ],
)
def test_facts_that_cannot_be_columns_are_refused(tmp_path, facts, words):
    paths = [_score(tmp_path / f"{'ab'[seed]}.json", seed=seed, facts=one) for seed, one in enumerate(facts)]
    with pytest.raises(UserError, match=words):
        collect.networks(paths)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("content", [b"", b"PAR1 and half of it", b'a,"b\n1,2', b"\xff\xfe\x00\x01"])
def test_a_damaged_table_is_named(tmp_path, suffix, content):
    path = tmp_path / f"features.{suffix}"
    if suffix == "csv" and content.startswith(b"PAR1"):
        content = b"a,b\n1,2\n1,2,3,4\n"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"features.{suffix} cannot be read as a table .*its rule makes it again"):
        read(path)
    with pytest.raises(UserError, match="There is no table"):
        read(tmp_path / f"none.{suffix}")
