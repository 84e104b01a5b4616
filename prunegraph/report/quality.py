"""Content of the report about data quality: what is missing, unusual or not as expected."""

from typing import Any

import pandas as pd

from prunegraph.report.rows import rows_of
from prunegraph.tables.columns import METRICS


def quality(networks: pd.DataFrame, features: pd.DataFrame | None, expected: int) -> list[dict[str, Any]]:
    """Count what is missing or unusual among the networks: what, how many, of how many, and the consequence."""
    pruned = networks[networks.pruner != "dense"]
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
        *_of_graphs(features),
        (
            "pruned networks more accurate than their reference",
            pruned.accuracy_drop.lt(0).sum(),
            len(pruned),
            "their accuracy drop is negative",
        ),
    ]
    return [dict(zip(("what", "count", "of", "follows"), (w, int(c), int(n), f), strict=True)) for w, c, n, f in checks]


def _of_graphs(features: pd.DataFrame | None) -> list[tuple[str, Any, int, str]]:
    if features is None:
        return []
    graphs = features[[f"unrolled.{name}" for name in METRICS]].notna().all(axis=1)
    properties = features.loc[features.pruner != "dense", ["ramanujan.imdb", "ramanujan.imsg"]]
    return [
        ("networks with a missing topometric", (~graphs).sum(), len(features), "left out of the regressions"),
        (
            "pruned networks too sparse for any Ramanujan subgraph",
            properties.isna().any(axis=1).sum(),
            len(properties),
            "no IMDB and IMSG; a feature set that most networks lack is not fitted",
        ),
    ]


def reading(checks: pd.DataFrame) -> dict[str, Any]:
    """Describe the table of :mod:`prunegraph.tables.quality`: its rows, and the number of checks with each status."""
    counts = [f"{count} {status}" for status, count in checks.status.value_counts().items()]
    return {"summary": ", ".join(counts), **rows_of(checks)}
