"""Tables of networks that are relational graphs: a row for each graph, and the edges of a few to draw."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prunegraph.errors import UserError
from prunegraph.tables.frames import shaped, sort

if TYPE_CHECKING:
    from prunegraph.relational.storage import GraphSet

#: Properties of a graph, as they are in its set; in the table of networks they are named "graph_" before that.
PROPERTIES = (
    "nodes",
    "degree",
    "aspl",
    "bound",
    "diameter",
    "clustering",
    "transitivity",
    "gradient_resistance",
    "aopu",
)

#: Which graphs of a sparsity are drawn.
DRAWN = ("best", "middle", "worst")

_CELL = ["dataset", "model", "method", "sparsity"]


def graph_properties(networks: pd.DataFrame) -> pd.DataFrame:
    """One row for each graph that networks of a data set and a model are made of: mean accuracy and properties.

    Parameters
    ----------
    networks
        The table of networks, with the properties of graphs.

    Raises
    ------
    UserError
        If it holds no network that is a graph.
    """
    rows = of_graphs(networks)
    facts = {name: (f"graph_{name}", "first") for name in PROPERTIES}
    found = rows.groupby(_CELL, sort=False).agg(
        source=("source", "first"),
        family=("family", "first"),
        graph=("graph_name", "first"),
        networks=("accuracy", "count"),
        accuracy=("accuracy", "mean"),
        accuracy_sd=("accuracy", "std"),
        validation_accuracy=("validation_accuracy", "mean"),
        density=("density", "first"),
        accuracy_drop=("accuracy_drop", "mean"),
        **facts,
    )
    found = found.reset_index()
    found["excess"] = found.aspl / found.bound - 1
    lengths = found.groupby(["dataset", "model", "sparsity"]).aspl
    ends = {"longest": lengths.transform("max"), "shortest": lengths.transform("min")}
    found["place"] = ""
    for place, length in ends.items():
        found.loc[found.aspl == length, "place"] = place
    return sort(shaped(found, "graph_properties"), "model", "dataset", "sparsity", "aspl", "method")


def of_graphs(networks: pd.DataFrame) -> pd.DataFrame:
    """The networks that are graphs, each with the `family` of its method: methods of one set of graphs."""
    if "graph_name" not in networks:
        raise UserError("The table of networks has no network that is a relational graph; expected at least one.")
    rows = networks[networks.graph_name.fillna("") != ""]
    pairs = zip(rows.method, rows.graph_name, strict=True)
    return rows.assign(family=[method.removesuffix(f"_{graph}") for method, graph in pairs])


def as_families(networks: pd.DataFrame) -> pd.DataFrame:
    """`networks` with the family of their methods in place of methods that are graphs of one set."""
    if "graph_name" not in networks:
        return networks
    families = of_graphs(networks).family
    return networks.assign(method=networks.method.mask(networks.index.isin(families.index), families))


def drawn_graphs(properties: pd.DataFrame, sets: "Mapping[str, GraphSet]") -> pd.DataFrame:
    """The edges of the best, the middle and the worst graph of every sparsity, by mean validation accuracy.

    Parameters
    ----------
    properties
        The table of :func:`graph_properties`.
    sets
        The set of graphs of each family of methods.
    """
    rows = []
    for (dataset, model, family, sparsity), part in properties.groupby(["dataset", "model", "family", "sparsity"]):
        part = part.sort_values(["validation_accuracy", "graph"], ascending=[False, True], ignore_index=True)
        for rank, place in zip(DRAWN, (0, len(part) // 2, len(part) - 1), strict=True):
            one = part.iloc[place]
            facts = {"dataset": dataset, "model": model, "family": family, "sparsity": sparsity, "which": rank}
            facts |= {name: one[name] for name in ("graph", "degree", "aspl", "clustering", "accuracy", "nodes")}
            graph = np.triu(sets[family].only(one.graph).adjacency[0])
            rows += [{**facts, "one_end": one_end, "other_end": other_end} for one_end, other_end in np.argwhere(graph)]
    return shaped(pd.DataFrame(rows), "drawn_graphs")
