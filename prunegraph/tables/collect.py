"""Collection of the small JSON files of many networks into a few tables."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from prunegraph.errors import UserError
from prunegraph.metrics.normalise import normalise
from prunegraph.tables.columns import IDENTITY, METRICS, NETWORK_COLUMNS, RAMANUJAN_COLUMNS, TOPOMETRIC_COLUMNS, TYPES
from prunegraph.tables.frames import sort, table

#: The source of networks that this project trained.
OWN = {"source": "own"}

# Names that facts must not have: a name has the same meaning in all tables.
_TAKEN = {*TYPES, "log_edges", "collapsed"}

_BY_LAYER = ("model", "dataset", "method", "sparsity", "seed", "encoding")


def networks(scores: Iterable[str | Path], topometrics: pd.DataFrame | None = None) -> pd.DataFrame:
    """Collect one row for each network from its `score.json`, with its accuracy drop.

    Parameters
    ----------
    scores
        Paths of score.json files.
    topometrics
        The table of :func:`topometrics`, from which nodes and edges of the unrolled graph are taken; missing without
        it.

    Returns
    -------
    pd.DataFrame
        Columns of :data:`prunegraph.tables.columns.NETWORK_COLUMNS`, then those of :func:`fact_columns`. `accuracy`,
        `validation_accuracy`, `density` are fractions, `collapsed_layers` counts layers without a weight,
        `accuracy_drop` is that of :func:`accuracy_drop`.

    Raises
    ------
    UserError
        If a file is not readable, two files describe the same network, or a fact cannot be a column.
    """
    rows, facts = [], {}
    for path, score in _read(scores):
        facts[path] = score.pop("facts", {})
        collapsed = score.get("collapsed")
        row = {"counts": "weights", "network_seed": score.get("seed"), **score, **facts[path], **OWN, "_path": path}
        rows.append({**row, "collapsed_layers": None if collapsed is None else len(collapsed)})
    _refuse_repeats(rows)
    frame = table(rows, NETWORK_COLUMNS | fact_columns(facts))
    if topometrics is not None:
        frame = _with_sizes(frame, topometrics)
    frame["accuracy_drop"] = accuracy_drop(frame)
    frame["reference"] = frame.accuracy_drop.notna().map({True: "dense", False: ""})
    return sort(frame)


def fact_columns(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Type of each column that holds a fact which pruners report of their networks, by name of the column.

    Parameters
    ----------
    facts
        Path of a score.json file -> its "facts", such as a path length or an effective rank; plain values. A network
        whose pruner does not tell a fact has a missing value.

    Raises
    ------
    UserError
        If a fact has the name of another column, is neither a number, a word nor a truth value, or has different types
        in different files.
    """
    found: dict[str, str] = {}
    for path, given in facts.items():
        for name, value in given.items():
            if name in _TAKEN or not name.isidentifier():
                raise UserError(
                    f"{path}: a fact of its pruner is named {name!r}, like another column, or like no column can be. "
                    "Name it otherwise in what the pruner returns."
                )
            kind = _kind(value)
            if value is not None and (not kind or found.setdefault(name, kind) != kind):
                raise UserError(
                    f"{path}: the fact {name!r} is {value!r}. Expected a number, a word or a truth value, of the same "
                    "kind in all networks."
                )
    return dict(sorted(found.items()))


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "float64" if isinstance(value, int | float) else "str" if isinstance(value, str) else ""


def accuracy_drop(frame: pd.DataFrame) -> pd.Series:
    """Compute the relative accuracy lost to pruning: 1 - accuracy / accuracy of the dense network.

    The dense network is the row whose pruner is "dense", with the same data set and model, and the seed of the network
    that was pruned (`network_seed`, or `seed` where that is missing). The drop is missing where there is no such row.
    0 means that nothing is lost, 1 that all is lost; a negative drop means that the pruned network is better. The drop
    is the target of the MGE study (Cunegatti et al., TMLR 2024, section 4.2.1).
    """
    same = ["dataset", "model", "seed"]
    dense = frame.loc[frame.pruner == "dense", [*same, "accuracy"]]
    if dense.duplicated(same).any():
        first = dense[dense.duplicated(same)].iloc[0]
        raise UserError(
            f"Two dense networks of {first.model} on {first.dataset}, seed {first.seed}: the accuracy drop needs "
            "exactly one reference. Keep one method with the pruner dense."
        )
    pruned = frame[same]
    if "network_seed" in frame:
        pruned = pruned.assign(seed=frame.network_seed.fillna(frame.seed).astype("int64"))
    reference = pruned.merge(dense, on=same, how="left").accuracy.to_numpy()
    return (1 - frame.accuracy / reference).where(reference > 0)


def topometrics(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Collect one row for each network, encoding and layer from `topometrics.json`: nodes, edges, 16 raw topometrics.

    The unrolled graph, which covers all layers, has an empty layer name. A metric that is not defined for a graph is
    missing.
    """
    return _graph_rows(paths, TOPOMETRIC_COLUMNS)


def topometrics_normalised(raw: pd.DataFrame) -> pd.DataFrame:
    """Divide every topometric of the table of :func:`topometrics` as in the published tables.

    Sinks, sources, disconnected nodes and the mean component are divided by the number of nodes; all others, except
    components and the two spectral metrics, by the number of edges (:func:`prunegraph.metrics.normalise.normalise`).
    """
    names = list(METRICS)
    values = raw[names].astype(object).where(raw[names].notna(), None).to_dict("records")
    sizes = raw[["nodes", "edges"]].fillna(0).to_numpy(dtype="int64").tolist()
    rows = [normalise(row, nodes, edges) for row, (nodes, edges) in zip(values, sizes, strict=True)]
    normal = pd.DataFrame(rows, index=raw.index, columns=names).astype("float64")
    return raw.assign(**{name: normal[name] for name in names})


def ramanujan(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Collect delta_r, imdb, imsg and layer_density of each network, encoding and layer from `ramanujan.json` files."""
    return _graph_rows(paths, RAMANUJAN_COLUMNS)


def _graph_rows(paths: Iterable[str | Path], columns: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    files = list(_read(paths))
    _refuse_repeats([{**content, "_path": path} for path, content in files])
    for _, content in files:
        common = OWN | {name: content[name] for name in (*IDENTITY, "mode") if name in content}
        rows.extend({**common, **row} for row in content["rows"])
    return sort(table(rows, columns), *_BY_LAYER)


def _with_sizes(frame: pd.DataFrame, topometrics: pd.DataFrame) -> pd.DataFrame:
    keys = list(IDENTITY)
    sizes = topometrics.loc[topometrics.encoding == "unrolled", [*keys, "nodes", "edges"]]
    joined = frame.drop(columns=["nodes", "edges"]).merge(sizes, on=keys, how="left", validate="one_to_one")
    return joined[list(frame.columns)]


def _read(paths: Iterable[str | Path]) -> Iterable[tuple[str, dict]]:
    for path in sorted(map(str, paths)):
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise UserError(f"{path} cannot be read as JSON ({problem}). Remove it and run again.") from problem
        lacking = [name for name in IDENTITY if name not in content]
        if lacking:
            raise UserError(f"{path} does not say which network it is about: it lacks {', '.join(lacking)}.")
        yield path, content


def _refuse_repeats(contents: Iterable[Mapping]) -> None:
    seen: dict[tuple, str] = {}
    for content in contents:
        key = tuple(content[name] for name in IDENTITY)
        if key in seen:
            raise UserError(f"{seen[key]} and {content['_path']} describe the same network {key}. Keep one of the two.")
        seen[key] = content["_path"]
