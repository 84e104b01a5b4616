"""Tables from the JSON files of a study; `write_study` makes a small synthetic one for other tests too."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from prunegraph.analysis import collect, features, tables
from prunegraph.errors import UserError

PRUNERS = ("snip", "grasp", "synflow", "prospr", "uniform", "er", "erk")


def write_study(
    folder: Path,
    datasets=("digits",),
    models=("conv6", "resnet20"),
    pruners=PRUNERS,
    sparsities=(0.6, 0.9, 0.98),
    seeds=(0, 1),
    layers=("conv1", "conv2", "fc"),
    unmeasured=0.1,
) -> SimpleNamespace:
    """A study's JSON files with plausible random contents; a fraction `unmeasured` of layers lacks imdb and imsg."""
    draw = np.random.default_rng(7)
    files = SimpleNamespace(scores=[], topometrics=[], ramanujan=[])
    cells = [(pruner, sparsity) for pruner in pruners for sparsity in sparsities] + [("dense", 0.0)]
    for dataset, model, (pruner, sparsity), seed in (
        (d, m, c, s) for d in datasets for m in models for c in cells for s in seeds
    ):
        identity = {"dataset": dataset, "model": model, "method": pruner, "sparsity": sparsity, "seed": seed}
        place = folder / dataset / model / f"{pruner}-{sparsity}" / f"seed{seed}"
        place.mkdir(parents=True)
        loss = (sparsity**6) * (0.2 + 0.05 * PRUNERS.index(pruner) if pruner in PRUNERS else 0.0)
        accuracy = float(np.clip(0.95 - loss + 0.01 * draw.standard_normal(), 0.1, 1))
        score = {
            **identity,
            **{"system": "mge", "pruner": pruner, "recipe": "short", "epochs": 8, "classes": 10},
            **{"accuracy": accuracy, "validation_accuracy": accuracy, "test_loss": 1 - accuracy},
            **{"weights": 10_000, "kept": round(10_000 * (1 - sparsity)), "density": 1 - sparsity},
            **{"collapsed": ["fc"] if sparsity > 0.97 else [], "diverged": False},
        }
        files.scores.append(_dump(place / "score.json", score))
        rows = []
        for encoding, names in (("rolled", layers), ("rolled_channel", layers), ("unrolled", ("",))):
            for layer in names:
                scale = 100 if encoding == "unrolled" else 1
                edges = int(scale * 4000 * (1.001 - sparsity) * draw.uniform(0.7, 1.3))
                metrics = {name: float(draw.uniform(0.1, 1) * (1 + loss)) for name in tables.METRICS}
                rows.append({"encoding": encoding, "layer": layer, "nodes": 300 * scale, "edges": edges, **metrics})
        content = {**identity, "mode": "clean", "rows": rows}
        files.topometrics.append(_dump(place / "topometrics.json", content))
        rows = []
        for encoding in ("rolled", "rolled_channel"):
            for layer in layers:
                density = float(np.clip((1 - sparsity) * draw.uniform(0.5, 1.5), 1e-3, 1))
                there = draw.uniform() >= unmeasured
                row = {"encoding": encoding, "layer": layer, "nodes": 300, "edges": int(4000 * density)}
                row |= {"delta_r": density - 0.3, "layer_density": density}
                row |= {"imdb": density - 0.2 if there else None, "imsg": 3 * density if there else None}
                rows.append(row)
        files.ramanujan.append(_dump(place / "ramanujan.json", {**identity, "rows": rows}))
    return files


@cache
def small_study(**options) -> SimpleNamespace:
    """The tables of a synthetic study: networks, topometrics, normalised, ramanujan, features."""
    with TemporaryDirectory() as folder:
        files = write_study(Path(folder), **options)
        raw = collect.topometrics(files.topometrics)
        networks = collect.networks(files.scores, raw)
        properties = collect.ramanujan(files.ramanujan)
    normal = collect.topometrics_normalised(raw)
    wide = features.feature_table(networks, raw, normal, properties)
    return SimpleNamespace(networks=networks, topometrics=raw, normalised=normal, ramanujan=properties, features=wide)


def _dump(path: Path, content: dict) -> Path:
    path.write_text(json.dumps(content))
    return path


def _score(path: Path, **changes) -> Path:
    content = {
        **{"system": "mge", "dataset": "digits", "model": "conv6", "method": "snip", "pruner": "snip"},
        **{"sparsity": 0.9, "seed": 0, "accuracy": 0.6, "collapsed": ["fc", "conv1"], "kept": 10, "weights": 100},
    }
    return _dump(path, content | changes)


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
    path = _dump(tmp_path / "topometrics.json", {**identity, "rows": [row]})
    normal = collect.topometrics_normalised(collect.topometrics([path])).iloc[0]
    assert normal.components == 10
    assert np.isnan(normal.motifs)
    assert np.isnan(normal.strength)


@pytest.mark.parametrize("name", ["networks", "topometrics", "normalised", "ramanujan", "features"])
def test_tables_survive_both_formats_and_are_written_the_same_twice(tmp_path, name):
    table = getattr(small_study(), name)
    first, second = ([folder / "t.csv", folder / "t.parquet"] for folder in (tmp_path / "a", tmp_path / "b"))
    tables.write(table, *first)
    tables.write(table.copy(), *second)
    for path, again in zip(first, second, strict=True):
        assert path.read_bytes() == again.read_bytes()
        assert_frame_equal(tables.read(path), table)
    assert len(list((tmp_path / "a").iterdir())) == 2  # no temporary file stays


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.csv or \.parquet"):
        tables.write(pd.DataFrame(), tmp_path / "t.xlsx")


def test_order_of_files_does_not_matter(tmp_path):
    files = write_study(tmp_path, models=("conv6",), seeds=(0,))
    assert_frame_equal(collect.networks(files.scores), collect.networks(files.scores[::-1]))
    assert_frame_equal(collect.ramanujan(files.ramanujan), collect.ramanujan(files.ramanujan[::-1]))


def test_names_come_in_catalogue_order_and_unknown_ones_last():
    assert tables.ordered(["zeta", "er", "dense", "alpha", "snip"], "method") == [
        "dense",
        "snip",
        "er",
        "alpha",
        "zeta",
    ]
