"""Ramanujan properties against the accuracy drop and against layer density (MGE, section 4.1)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis.agreement import pearson, spearman
from prunegraph.analysis.features import pruned
from prunegraph.analysis.ranking import SCENARIO
from prunegraph.analysis.tables import RAMANUJAN, sort

PROPERTIES = ("ramanujan.delta_r", "ramanujan.imdb", "ramanujan.imsg", "layer_density")


def with_drop(
    table: pd.DataFrame,
    *,
    properties: Sequence[str] = PROPERTIES,
    target: str = "accuracy_drop",
    fewest: int = 4,
) -> pd.DataFrame:
    """Correlation of each property with `target` over the networks of each scenario.

    Parameters
    ----------
    table: the table of :func:`prunegraph.analysis.features.feature_table`.
    fewest: scenarios with fewer networks that have the property are reported without numbers.

    Returns
    -------
    Columns property, dataset, model, sparsity, n (networks that have the property), pearson, spearman.
    """
    rows = pruned(table)
    results = []
    for scenario, part in sort(rows).groupby(list(SCENARIO), sort=False):
        for name in properties:
            both = part[[name, target]].dropna()
            cell = {"property": name, **dict(zip(SCENARIO, scenario, strict=True)), "n": len(both)}
            results.append(cell | _both(both[name], both[target], fewest))
    return pd.DataFrame(results)


def with_density(ramanujan: pd.DataFrame, *, encoding: str = "rolled", fewest: int = 4) -> pd.DataFrame:
    """Correlation of each Ramanujan property of a layer with the layer's density, over all layers.

    `ramanujan` is the table of :func:`prunegraph.analysis.collect.ramanujan`. Returns columns model ("all"
    for all models), property, n (layers in which the property exists), pearson, spearman.
    """
    layers = ramanujan[ramanujan.encoding == encoding]
    groups = [*layers.groupby("model", sort=False), ("all", layers)]
    results = []
    for model, part in groups:
        for name in RAMANUJAN[:3]:
            values = part[["layer_density", name]].replace([np.inf, -np.inf], np.nan).dropna()
            cell = {"model": model, "property": name, "n": len(values)}
            results.append(cell | _both(values[name], values.layer_density, fewest))
    return pd.DataFrame(results)


def _both(x: pd.Series, y: pd.Series, fewest: int) -> dict[str, float]:
    if len(x) < fewest:
        return {"pearson": float("nan"), "spearman": float("nan")}
    a, b = x.to_numpy(dtype="float64"), y.to_numpy(dtype="float64")
    return {"pearson": pearson(a, b), "spearman": spearman(a, b)}
