"""What the report shows, from the tables: plain lists and dicts that the template prints."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from prunegraph.catalogue import SYSTEMS
from prunegraph.figures.names import label
from prunegraph.report import page
from prunegraph.tables.columns import METRICS
from prunegraph.tables.costs import by_rule
from prunegraph.tables.costs import costs as read_costs
from prunegraph.tables.frames import ordered

_WHOSE = {
    "own": "trained here",
    "published": "trained, encoded and measured by the authors of MGE",
    "both": "trained here, and those of the authors of MGE",
}

VERDICTS = ("holds", "holds in part", "does not hold", "not tested")


def study(
    tables: Mapping[str, pd.DataFrame], hyperparameters: pd.DataFrame, config: Mapping[str, Any], expected: int
) -> dict:
    """What was studied, in numbers and names; `expected` networks were asked for."""
    networks, features = tables["networks"], tables["features"]
    pruned = networks[networks.pruner != "dense"]
    names = {
        "Data sets": [label(name) for name in ordered(networks.dataset, "dataset")],
        "Models": [label(name) for name in ordered(networks.model, "model")],
        "Pruners": [label(name) for name in ordered(pruned.method, "method")],
        "Sparsities": [f"{value:g}" for value in sorted(set(pruned.sparsity))],
        "Seeds": [str(value) for value in sorted(set(networks.seed))],
    }
    own = networks[networks.source == "own"]
    if len(own):
        names |= {"Encodings": [label(name) for name in config["encodings"]], "Mode": [config["mode"]]}
    names["Networks"] = [_WHOSE[config["networks"]]]
    return {
        "title": f"{len(networks):,} networks, {len(set(pruned.method))} ways to prune them",
        "tiles": [
            (len(networks), "networks"),
            (len(names["Pruners"]), "pruners"),
            (len(names["Models"]), "models"),
            (len(names["Data sets"]), "data sets" if len(names["Data sets"]) > 1 else "data set"),
            (len(names["Sparsities"]), "sparsities"),
            (len(names["Seeds"]), "seeds" if len(names["Seeds"]) > 1 else "seed"),
        ],
        "studied": list(names.items()),
        "sparsities": sorted(set(pruned.sparsity)),
        "grid": grid(networks),
        "training": training(hyperparameters if len(own) else hyperparameters.iloc[:0]),
        "conditions": conditions(own),
        "quality": quality(networks, features, expected if len(own) == len(networks) else len(networks)),
        "reading": reading(tables.get("quality", pd.DataFrame({"status": []}))),
    }


def reading(checks: pd.DataFrame) -> dict[str, Any]:
    """The table of :mod:`prunegraph.tables.quality`, and how many of its checks came out how."""
    counts = [f"{count} {status}" for status, count in checks.status.value_counts().items()]
    return {"summary": ", ".join(counts), **rows_of(checks)}


def training(hyperparameters: pd.DataFrame) -> dict[str, Any]:
    """What all trainings have in common, as (name, value), and a table of the rest by data set and model."""
    table = hyperparameters.loc[:, hyperparameters.astype(str).ne("").any()]
    fields = [name for name in table.columns if name not in ("dataset", "model")]
    common = [name for name in fields if table[name].nunique() == 1]
    rest = table.drop(columns=common).drop_duplicates()
    return {"common": [(name, _plain(table.iloc[0])[name]) for name in common], **rows_of(rest)}


def conditions(networks: pd.DataFrame) -> list[str]:
    """On what the networks were trained, most of them first: a sentence for each device, precision and version."""
    groups = networks.groupby(["device", "threads", "precision", "torch"], dropna=True).size()
    return [
        f"{count:,} networks on {'the CPU' if device == 'cpu' else device} with {threads} "
        f"thread{'s' * (threads != 1)}, in {precision}, torch {version}"
        for (device, threads, precision, version), count in groups.sort_values(ascending=False).items()
    ]


def verdicts(ledger: pd.DataFrame, networks: Mapping[str, int]) -> dict:
    """The systems with their claims, and the words for verdicts; `networks` counts those of each system."""
    return {"systems": systems(ledger, networks), "verdicts": VERDICTS}


def costs(cells: pd.DataFrame | None, benchmarks: Path) -> dict:
    """Cost by rule: of the study's cells from their table, of all other rules from the folder of benchmark files."""
    files = sorted(benchmarks.rglob("*.tsv")) if benchmarks.is_dir() else []
    known = set() if cells is None else set(cells.rule)
    others = read_costs(path for path in files if path.relative_to(benchmarks).parts[0] not in {*known, "report"})
    found = others if cells is None else pd.concat([cells, others], ignore_index=True)
    return {"rules": [_plain(row) for row in by_rule(found).to_dict("records")], "total": float(found.seconds.sum())}


def figures(pictures: Iterable[Path], captions: Mapping[str, str], folder: Path) -> list[dict[str, Any]]:
    """Every picture with its caption; the folder that it lies in names its system."""
    found = []
    for path in pictures:
        width, height = page.size(path)
        facts = {"name": path.stem, "system": path.parent.name, "caption": captions.get(path.stem, "")}
        pdf = path.with_suffix(".pdf").relative_to(folder).as_posix()
        found.append(facts | {"data": page.embedded(path), "width": width, "height": height, "pdf": pdf})
    return found


def link(path: Path, table: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """A table's name, its CSV file relative to the page, and its rows."""
    return {"name": path.stem, "href": path.with_suffix(".csv").relative_to(folder).as_posix(), "rows": len(table)}


def grid(networks: pd.DataFrame) -> list[dict[str, Any]]:
    """Accuracy of the dense networks and mean loss at each sparsity, a row per data set and model."""
    rows = []
    for dataset in ordered(networks.dataset, "dataset"):
        for model in ordered(networks.model[networks.dataset == dataset], "model"):
            part = networks[(networks.dataset == dataset) & (networks.model == model)]
            pruned = part[part.pruner != "dense"]
            means = (
                pruned.groupby(["sparsity", "method"])
                .accuracy.mean()
                .groupby(level="sparsity")
                .agg(["min", "mean", "max"])
            )
            dense = part.accuracy[part.pruner == "dense"]
            rows.append(
                {
                    "dataset": dataset,
                    "model": model,
                    "networks": len(part),
                    "dense": float(dense.mean()) if len(dense) else None,
                    "sparsities": {
                        value: tuple(100 * cell) for value, cell in zip(means.index, means.to_numpy(), strict=True)
                    },
                }
            )
    return rows


def quality(networks: pd.DataFrame, features: pd.DataFrame, expected: int) -> list[dict[str, Any]]:
    """What is missing or unusual among the networks: what, how many, of how many, and what follows."""
    pruned = networks[networks.pruner != "dense"]
    graphs = features[[f"unrolled.{name}" for name in METRICS]].notna().all(axis=1)
    properties = features.loc[features.pruner != "dense", ["ramanujan.imdb", "ramanujan.imsg"]]
    checks = [
        ("networks missing from the tables", expected - len(networks), expected, "the study is not complete"),
        ("networks without an accuracy", networks.accuracy.isna().sum(), len(networks), "left out of every study"),
        ("networks whose training diverged", networks.diverged.fillna(False).sum(), len(networks), "kept"),
        (
            "pruned networks at chance (no better than one constant answer, luck included)",
            pruned.at_chance.fillna(False).sum(),
            len(pruned),
            "kept: they are results",
        ),
        (
            "pruned networks with a layer that lost all weights",
            pruned.collapsed_layers.fillna(0).gt(0).sum(),
            len(pruned),
            "kept: they still train, encode and are measured",
        ),
        ("networks with a missing topometric", (~graphs).sum(), len(features), "left out of the regressions"),
        (
            "pruned networks too sparse for any Ramanujan subgraph",
            properties.isna().any(axis=1).sum(),
            len(properties),
            "no IMDB and IMSG; a feature set that most networks lack is not fitted",
        ),
        (
            "pruned networks more accurate than their reference",
            pruned.accuracy_drop.lt(0).sum(),
            len(pruned),
            "their accuracy drop is negative",
        ),
    ]
    return [dict(zip(("what", "count", "of", "follows"), (w, int(c), int(n), f), strict=True)) for w, c, n, f in checks]


def systems(ledger: pd.DataFrame, networks: Mapping[str, int]) -> list[dict[str, Any]]:
    """Every system of the catalogue: the number of its networks, and its claims as dicts."""
    found = []
    for name, text in SYSTEMS.items():
        claims = [_plain(row) for row in ledger[ledger.system == name].to_dict("records")]
        tally = {verdict: sum(claim["verdict"] == verdict for claim in claims) for verdict in VERDICTS}
        found.append({"name": name, "text": text, "networks": networks.get(name, 0), "claims": claims, "tally": tally})
    return found


def rows_of(frame: pd.DataFrame) -> dict[str, Any]:
    """A table as its column names and rows of plain values, missing ones None."""
    return {"columns": list(frame.columns), "rows": [list(_plain(row).values()) for row in frame.to_dict("records")]}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return {name: None if pd.isna(value) else value for name, value in plain.items()}
