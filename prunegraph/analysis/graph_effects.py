"""Does the shape of a relational graph matter? Correlations of its properties with accuracy, inside sparsities."""

import numpy as np
import pandas as pd

from prunegraph.statistics.blocked import correlation, spread
from prunegraph.tables.columns import METRICS
from prunegraph.tables.frames import shaped, sort
from prunegraph.tables.graph_properties import of_graphs

#: (property, what is held fixed).
ASKED = (
    ("aspl", ""),
    ("aspl", "clustering"),
    ("clustering", ""),
    ("clustering", "aspl"),
    ("transitivity", ""),
    ("gradient_resistance", ""),
    ("aopu", ""),
)

#: Properties that topometrics are compared with.
COMPARED = ("aspl", "diameter", "clustering", "transitivity", "gradient_resistance", "aopu")

#: From which p on graphs of a sparsity are held to be alike.
LEVEL = 0.05


def graph_effects(properties: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """One row for each data set, model, family of methods and question of :data:`ASKED`.

    The number of edges decides most of the accuracy, so ranks are taken inside sparsities. A property that is infinite
    counts as larger than any other. ``icc`` says beforehand whether graphs of a sparsity differ by more than seeds do.

    Parameters
    ----------
    properties
        The table of :func:`prunegraph.tables.graph_properties.graph_properties`.
    networks
        The table of networks that it was made from.
    """
    rows = []
    single = of_graphs(networks)
    for (dataset, model, family), part in properties.groupby(["dataset", "model", "family"], sort=False):
        own = single[(single.dataset == dataset) & (single.model == model) & (single.family == family)]
        between = _between(own)
        sizes = part.groupby("sparsity").size()
        facts = {"dataset": dataset, "model": model, "family": family, "blocks": len(sizes), "graphs": sizes.min()}
        facts |= {"n": len(part), "seeds": part.networks.min(), "icc": between.share, "icc_p": between.p}
        facts["resolved"] = None if np.isnan(between.p) else between.p < LEVEL
        for name, given in ASKED:
            fixed, blocks = _values(part, given) if given else None, part.sparsity.to_numpy()
            found = correlation(_values(part, name), part.accuracy.to_numpy(float), blocks, fixed)
            result = {"rho": found.rho, "low": found.low, "high": found.high, "permutation_p": found.p}
            if given:
                result["confounding"] = correlation(_values(part, name), fixed, blocks, times=1).rho
            rows.append({**facts, "property": name, "given": given, **result})
    return sort(shaped(pd.DataFrame(rows), "graph_effects"), "model", "dataset")


def graph_topometrics(properties: pd.DataFrame, topometrics: pd.DataFrame) -> pd.DataFrame:
    """How the topometrics of the network that a graph became go along with the properties of the graph.

    Rank correlations inside sparsities, over graphs; of the unrolled graph of the whole network, means over seeds.

    Parameters
    ----------
    properties
        The table of :func:`prunegraph.tables.graph_properties.graph_properties`.
    topometrics
        The table of topometrics of the same networks.
    """
    cell = ["dataset", "model", "method", "sparsity"]
    whole = topometrics[topometrics.encoding == "unrolled"]
    means = whole.groupby(cell)[list(METRICS)].mean().reset_index()
    joined = properties.merge(means, on=cell, how="inner", validate="one_to_one")
    rows = []
    for (dataset, model, family), part in joined.groupby(["dataset", "model", "family"], sort=False):
        sizes = part.groupby("sparsity").size()
        facts = {"dataset": dataset, "model": model, "family": family, "blocks": len(sizes), "graphs": sizes.min()}
        for topometric in METRICS:
            for name in COMPARED:
                pair = (part[topometric].to_numpy(float), _values(part, name), part.sparsity.to_numpy())
                found = correlation(*pair, times=200)
                result = {"rho": found.rho, "low": found.low, "high": found.high}
                rows.append({**facts, "n": len(part), "topometric": topometric, "property": name, **result})
    return sort(shaped(pd.DataFrame(rows), "graph_topometrics"), "model", "dataset")


def _values(part: pd.DataFrame, name: str) -> np.ndarray:
    return part[name].fillna(np.inf).to_numpy(float)


def _between(own: pd.DataFrame):
    """The intraclass correlation over the seeds that all graphs of a family have."""
    wide = own.pivot(index=["sparsity", "method"], columns="seed", values="accuracy").dropna(axis=1)
    return spread(wide.to_numpy(float), wide.index.get_level_values("sparsity").to_numpy())
