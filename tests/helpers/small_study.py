"""A small synthetic study: the JSON files of its networks, or the tables that they make."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pandas as pd

from prunegraph.analysis.layer_shares import beside_published
from prunegraph.tables import collect, features
from prunegraph.tables.columns import METRICS
from prunegraph.tables.frames import shaped

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
            **{"pruner": pruner, "recipe": "short", "epochs": 8, "classes": 10},
            **{"accuracy": accuracy, "validation_accuracy": accuracy, "test_loss": 1 - accuracy},
            **{"weights": 10_000, "kept": round(10_000 * (1 - sparsity)), "density": 1 - sparsity},
            **{"collapsed": ["fc"] if sparsity > 0.97 else [], "diverged": False, "at_chance": accuracy <= 0.1},
        }
        files.scores.append(dump(place / "score.json", score))
        rows = []
        for encoding, names in (("rolled", layers), ("rolled_channel", layers), ("unrolled", ("",))):
            for layer in names:
                scale = 100 if encoding == "unrolled" else 1
                edges = int(scale * 4000 * (1.001 - sparsity) * draw.uniform(0.7, 1.3))
                metrics = {name: float(draw.uniform(0.1, 1) * (1 + loss)) for name in METRICS}
                rows.append({"encoding": encoding, "layer": layer, "nodes": 300 * scale, "edges": edges, **metrics})
        content = {**identity, "mode": "clean", "rows": rows}
        files.topometrics.append(dump(place / "topometrics.json", content))
        rows = []
        for encoding in ("rolled", "rolled_channel"):
            for layer in layers:
                density = float(np.clip((1 - sparsity) * draw.uniform(0.5, 1.5), 1e-3, 1))
                there = draw.uniform() >= unmeasured
                row = {"encoding": encoding, "layer": layer, "nodes": 300, "edges": int(4000 * density)}
                row |= {"delta_r": density - 0.3, "layer_density": density}
                row |= {"imdb": density - 0.2 if there else None, "imsg": 3 * density if there else None}
                rows.append(row)
        files.ramanujan.append(dump(place / "ramanujan.json", {**identity, "rows": rows}))
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


def dump(path: Path, content: dict) -> Path:
    """Write `content` as JSON to `path`, which is returned."""
    path.write_text(json.dumps(content))
    return path


def remade(study):
    """The table of the stability of a study's masks, with a GPU: the images decide half of what chance does not."""
    cells = study.networks[study.networks.pruner != "dense"].drop_duplicates(["dataset", "model", "method", "sparsity"])
    chance = 1 - cells.sparsity
    shares = {"draw": (1 + chance) / 2, "precision": 1 - chance / 8, "device": 1.0}
    rows = [cells.assign(change=change, chance=chance, stay=stay) for change, stay in shares.items()]
    return shaped(pd.concat(rows, ignore_index=True), "mask_stability")


def beside_itself(study):
    """The table of the layers' shares of a study, as if its own networks had been published."""
    own = study.ramanujan
    names = [{name: name for name in own[column].unique()} for column in ("model", "method")]
    return beside_published(own, own.assign(dataset="cifar10"), {}, *names)


def timed(study):
    """The table of latencies of a study: half as much of everything at each step of sparsity, calls twice as short."""
    cells = study.networks.drop_duplicates(["dataset", "model", "method", "sparsity"])
    size = (10_000 * (1 - cells.sparsity)).round()
    rows = [
        cells.assign(batch=batch, parameters=size, macs=size, calls=50, seconds=1e-6 * batch * (size + 500))
        for batch in (1, 256)
    ]
    rows = pd.concat(rows, ignore_index=True)
    return shaped(rows.assign(seconds_low=rows.seconds * 0.9, seconds_high=rows.seconds * 1.1), "latency")
