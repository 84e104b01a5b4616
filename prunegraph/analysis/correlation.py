"""Correlation of Ramanujan properties with the accuracy drop and with layer density (MGE, section 4.1)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis.scopes import SCENARIO, cells
from prunegraph.statistics.agreement import pearson, spearman
from prunegraph.statistics.resampling import mean_interval
from prunegraph.tables.columns import IDENTITY, RAMANUJAN
from prunegraph.tables.features import pruned
from prunegraph.tables.frames import shaped, sort

PROPERTIES = ("ramanujan.delta_r", "ramanujan.imdb", "ramanujan.imsg", "layer_density")


def with_drop(
    table: pd.DataFrame,
    *,
    properties: Sequence[str] = PROPERTIES,
    target: str = "accuracy_drop",
    fewest: int = 4,
) -> pd.DataFrame:
    """Correlate each property with `target` over the networks of each scenario.

    Parameters
    ----------
    table
        The table of :func:`prunegraph.tables.features.feature_table`.
    fewest
        Smallest number of networks with the property for which a scenario gets numbers.

    Returns
    -------
    pd.DataFrame
        The table "correlation" of :mod:`prunegraph.tables.schemas`.
    """
    rows = pruned(table)
    results = []
    for scenario, part in sort(rows).groupby(list(SCENARIO), sort=False):
        for name in properties:
            both = part[[name, target]].dropna()
            cell = {"property": name, **dict(zip(SCENARIO, scenario, strict=True)), "n": len(both)}
            results.append(cell | _both(both[name], both[target], fewest))
    return shaped(pd.DataFrame(results), "correlation")


def summary(
    scenarios: pd.DataFrame,
    table: pd.DataFrame,
    *,
    levels: Sequence[str] = ("all", "sparsity", "model", "dataset"),
    target: str = "accuracy_drop",
    times: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Average the correlations of scenarios over each group, and correlate over all networks of the group at once.

    Parameters
    ----------
    scenarios
        The table of :func:`with_drop`.
    table
        The feature table from which `scenarios` was made.
    times
        Number of bootstrap samples of scenarios.
    seed
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        The table "correlation_summary" of :mod:`prunegraph.tables.schemas`.
    """
    rows = pruned(table)
    results = []
    for level in levels:
        networks = {group: part for _, group, part in cells(rows, [level])}
        for _, group, part in cells(scenarios, [level]):
            density = _by_scenario(part, "layer_density")
            for name in dict.fromkeys(part.property):
                own = part[part.property == name]
                both = networks[group][[name, target]].dropna()
                pooled = _both(both[name], both[target], 4)
                low, high = mean_interval(own.pearson, times, seed, "correlation", level, group, name)
                cell = {"property": name, "level": level, "group": group, "scenarios": own.pearson.count()}
                cell |= {"mean_pearson": own.pearson.mean(), "mean_pearson_low": low, "mean_pearson_high": high}
                cell |= {"mean_abs_pearson": own.pearson.abs().mean(), "mean_spearman": own.spearman.mean()}
                cell |= {"mean_abs_spearman": own.spearman.abs().mean(), "n": len(both)}
                cell |= {"above_density": int((_by_scenario(own, name).abs() > density.abs()).sum())}
                results.append(cell | {f"pooled_{measure}": value for measure, value in pooled.items()})
    return shaped(pd.DataFrame(results), "correlation_summary")


def _by_scenario(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[rows.property == name].set_index(list(SCENARIO)).pearson


def with_density(ramanujan: pd.DataFrame, *, encoding: str = "rolled", fewest: int = 4) -> pd.DataFrame:
    """Correlate each Ramanujan property of a layer with the layer's density, over all layers.

    Parameters
    ----------
    ramanujan
        The table of :func:`prunegraph.tables.collect.ramanujan`.
    encoding
        Encoding of the layers, "rolled" or "rolled_channel".
    fewest
        Smallest number of layers with the property for which there are numbers.

    Returns
    -------
    pd.DataFrame
        The table "correlation_layers" of :mod:`prunegraph.tables.schemas`.
    """
    layers = ramanujan[ramanujan.encoding == encoding]
    groups = [*layers.groupby("model", sort=False), ("all", layers)]
    results = []
    for model, part in groups:
        for name in RAMANUJAN[:3]:
            values = part[["layer_density", name]].replace([np.inf, -np.inf], np.nan).dropna()
            cell = {"model": model, "property": name, "n": len(values)}
            results.append(cell | _both(values[name], values.layer_density, fewest))
    return shaped(pd.DataFrame(results), "correlation_layers")


def layers_of(ramanujan: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """Select the layers of the networks that are rows of `networks`."""
    keys = ["source", *IDENTITY]
    return ramanujan.merge(networks[keys], on=keys)


def _both(x: pd.Series, y: pd.Series, fewest: int) -> dict[str, float]:
    if len(x) < fewest:
        return {"pearson": float("nan"), "spearman": float("nan")}
    a, b = x.to_numpy(dtype="float64"), y.to_numpy(dtype="float64")
    return {"pearson": pearson(a, b), "spearman": spearman(a, b)}
