"""Content of the report, made from the tables: plain lists and dicts that the template prints."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunegraph.catalogue import SYSTEMS
from prunegraph.figures.names import label
from prunegraph.report import page
from prunegraph.report.quality import quality, reading
from prunegraph.report.rows import plain, rows_of
from prunegraph.tables.costs import by_rule
from prunegraph.tables.costs import costs as read_costs
from prunegraph.tables.frames import ordered, read
from prunegraph.tables.grid import beyond

_WHOSE = {
    "own": "trained here",
    "published": "trained, encoded and measured by the authors of MGE",
    "both": "trained here, and those of the authors of MGE",
}

VERDICTS = ("holds", "holds in part", "does not hold", "not tested")


def study(
    name: str, given: Mapping[str, Any], captions: Mapping[str, str], config: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Collect everything that the page shows of one study.

    Parameters
    ----------
    name
        Name of the study.
    given
        Facts about the study from :class:`prunegraph.workflow.questions.Questions`: sources, system, number of expected
        networks, paths of tables and pictures by name.
    captions
        Captions of the figures, by name.
    config
        Configuration of the run.
    folder
        Folder of the page, to which links are relative.
    """
    paths = {key: Path(path) for key, path in given["tables"].items()}
    tables = {key: read(path) for key, path in paths.items()}
    facts = studied(tables, tables.get("hyperparameters"), config, given["sources"], given["expected"])
    return facts | {
        "name": name,
        "system": given["system"],
        "networks": int((beyond(tables["networks"]) == "").sum()),
        "figures": figures({key: Path(path) for key, path in given["pictures"].items()}, captions, folder),
        "tables": [link(path, tables[key], folder) for key, path in paths.items()],
        "costs": tables.get("costs"),
    }


def title(studies: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Make the title of the page."""
    names = ", ".join(label(each["name"]) for each in studies)
    return {
        "title": f"{'Study' if len(studies) == 1 else 'Studies'}: {names}" if len(studies) > 1 else studies[0]["title"]
    }


def networks_by_system(studies: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the networks of each system that were trained here."""
    found: dict[str, int] = {}
    for each in studies:
        if each["system"] and each["own"]:
            found[each["system"]] = found.get(each["system"], 0) + each["networks"]
    return found


def studied(
    tables: Mapping[str, pd.DataFrame],
    hyperparameters: pd.DataFrame | None,
    config: Mapping[str, Any],
    sources: Sequence[str],
    expected: int,
) -> dict[str, Any]:
    """Describe what was studied, in numbers and names; `expected` is the number of networks that were asked for."""
    networks, features = tables["networks"], tables.get("features")
    pruned = networks[networks.pruner != "dense"]
    names = {
        "Data sets": [label(name) for name in ordered(networks.dataset, "dataset")],
        "Models": [label(name) for name in ordered(networks.model, "model")],
        "Pruners": [label(name) for name in ordered(pruned.method, "method")],
        "Sparsities": [f"{value:g}" for value in sorted(set(pruned.sparsity))],
        "Seeds": [str(value) for value in sorted(set(networks.seed))],
    }
    own = networks[networks.source == "own"]
    if len(own) and features is not None:
        names |= {"Encodings": [label(name) for name in config["encodings"]], "Mode": [config["mode"]]}
    names["Networks"] = [_WHOSE["both" if len(sources) > 1 else sources[0]]]
    hyperparameters = pd.DataFrame({"dataset": [], "model": []}) if hyperparameters is None else hyperparameters
    return {
        "title": f"{len(networks):,} networks, {len(set(pruned.method))} ways to prune them",
        "own": len(own),
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


def training(hyperparameters: pd.DataFrame) -> dict[str, Any]:
    """Separate the training settings that all networks share, as (name, value), from a table of the other settings."""
    said = hyperparameters.notna() & hyperparameters.astype(str).ne("")
    table = hyperparameters.loc[:, said.any()]
    fields = [name for name in table.columns if name not in ("dataset", "model")]
    common = [name for name in fields if table[name].nunique() == 1]
    rest = table.drop(columns=common).drop_duplicates()
    return {"common": [(name, plain(table.iloc[0])[name]) for name in common], **rows_of(rest)}


def conditions(networks: pd.DataFrame) -> list[str]:
    """Write a sentence for each device, precision and version on which networks were trained, most networks first."""
    groups = networks.groupby(["device", "threads", "precision", "torch"], dropna=True).size()
    return [
        f"{count:,} networks on {'the CPU' if device == 'cpu' else device} with {threads} "
        f"thread{'s' * (threads != 1)}, in {precision}, torch {version}"
        for (device, threads, precision, version), count in groups.sort_values(ascending=False).items()
    ]


def verdicts(ledger: pd.DataFrame, networks: Mapping[str, int]) -> dict:
    """Collect the systems with their claims, and the words for verdicts; `networks` is the number for each system."""
    return {"systems": systems(ledger, networks), "verdicts": VERDICTS}


def costs(cells: Sequence[pd.DataFrame | None], benchmarks: Path) -> dict[str, Any]:
    """Sum up costs by rule: from the tables of the studies, and for all other rules from the benchmark files."""
    known = [table for table in cells if table is not None]
    seen = {rule for table in known for rule in table.rule}
    files = sorted(benchmarks.rglob("*.tsv")) if benchmarks.is_dir() else []
    others = read_costs(path for path in files if path.relative_to(benchmarks).parts[0] not in {*seen, "report"})
    found = pd.concat([*known, others], ignore_index=True).drop_duplicates(["rule", "job"])
    return {"rules": [plain(row) for row in by_rule(found).to_dict("records")], "total": float(found.seconds.sum())}


def figures(pictures: Mapping[str, Path], captions: Mapping[str, str], folder: Path) -> list[dict[str, Any]]:
    """Collect every picture with its size, caption and link; pictures are embedded as data."""
    found = []
    for name, path in pictures.items():
        width, height = page.size(path)
        pdf = path.with_suffix(".pdf").relative_to(folder).as_posix()
        facts = {"name": name, "caption": captions.get(name, ""), "width": width, "height": height, "pdf": pdf}
        found.append({**facts, "data": page.embedded(path)})
    return found


def link(path: Path, table: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Describe a table by its name, its CSV file relative to the page, and its number of rows."""
    return {"name": path.stem, "href": path.with_suffix(".csv").relative_to(folder).as_posix(), "rows": len(table)}


def grid(networks: pd.DataFrame) -> list[dict[str, Any]]:
    """Average the accuracies of the dense networks and at each sparsity, a row for each data set and model.

    Each sparsity has the smallest, the mean and the largest of the methods' mean accuracies, in percent.
    """
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


def systems(ledger: pd.DataFrame, networks: Mapping[str, int]) -> list[dict[str, Any]]:
    """List every system of the catalogue with the number of its own networks, and its claims as dicts."""
    found = []
    for name, text in SYSTEMS.items():
        claims = [plain(row) for row in ledger[ledger.system == name].to_dict("records")]
        tally = {verdict: sum(claim["verdict"] == verdict for claim in claims) for verdict in VERDICTS}
        found.append({"name": name, "text": text, "networks": networks.get(name, 0), "claims": claims, "tally": tally})
    return found
