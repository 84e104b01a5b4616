"""Figures: how properties of candidate graphs go together, and with accuracy on graphs of a few nodes."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.schemas import SCHEMAS

_NAMES = {
    "eigenvector": "Eigenvector centrality",
    "edge_connectivity": "Edge connectivity",
    "aspl": "ASPL",
    "four_cycles": "4-cycles",
    "cyclomatic": "Independent cycles",
    "first_cycle": "First cycle ('n_cycles')",
}
_FIRST = "degree"


def named(column: str) -> str:
    """The name of a property for readers."""
    return _NAMES.get(column, column.capitalize())


@style.styled
def draw_correlation(search_graphs: pd.DataFrame) -> Figure:
    """Correlation (Pearson) of the properties of the candidates, as a heat map; a constant one has none.

    Raises
    ------
    UserError
        If there are fewer than three candidates.
    """
    rows = search_graphs[search_graphs["set"] == "graphs"]
    if len(rows) < 3:
        raise UserError(f"The correlation of properties needs at least three candidate graphs, found {len(rows)}.")
    columns = list(SCHEMAS["search_graphs"])
    table = rows[columns[columns.index(_FIRST) :]]
    varies = [name for name in table if np.ptp(table[name]) > 1e-9 * abs(table[name]).max()]
    figure = style.new(style.COLUMN + 0.9, 3.6)
    axes = figure.subplots()
    found = table[varies].corr()
    look = {"vmin": -1, "vmax": 1, "cmap": "RdBu_r", "square": True, "linewidths": 0.3, "annot_kws": {"fontsize": 6}}
    labels = [named(name) for name in varies]
    seaborn.heatmap(found, ax=axes, annot=True, fmt=".2f", xticklabels=labels, yticklabels=labels, **look)
    axes.tick_params(length=0)
    axes.grid(False)
    constant = [named(name).lower() for name in table if name not in varies]
    axes.set_title(f"{len(rows)} candidates" + (f"; constant: {', '.join(constant)}" if constant else ""))
    return figure


@style.styled
def draw_small(search_graphs: pd.DataFrame, search_signal: pd.DataFrame) -> Figure:
    """Accuracy of networks with small graphs as their masks against three properties, coloured by edges.

    Points are means over seeds, bars their standard deviation; a line of panels for each data set and model. With more
    edges there are more weights, so a property that goes with the number of edges explains nothing by itself.

    Raises
    ------
    UserError
        If no small graph was evaluated.
    """
    rows = search_signal[search_signal["set"] == "small"]
    if rows.empty:
        raise UserError("The figure of small graphs needs accuracies of a set of them; there are none.")
    graphs = search_graphs[search_graphs["set"] == "small"].set_index("graph")
    cases = list(rows.groupby(["dataset", "model"], sort=False))
    figure = style.new(style.PAGE, 0.3 + 2.2 * len(cases))
    panels = figure.subplots(len(cases), 3, sharey="row", squeeze=False)
    norm = Normalize(graphs.edges.min(), graphs.edges.max())
    for line, (place, own) in zip(panels, cases, strict=True):
        values = own.groupby("graph").accuracy
        table = graphs.join(pd.DataFrame({"accuracy": values.mean(), "spread": values.std()}), how="inner")
        for axes, column in zip(line, ("clustering", "aspl", "eigenvector"), strict=True):
            bars = {"fmt": "none", "ecolor": style.LIGHT, "elinewidth": 0.7, "zorder": 1}
            axes.errorbar(table[column], table.accuracy, yerr=table.spread, **bars)
            shown = axes.scatter(
                table[column], table.accuracy, c=table.edges, cmap="viridis", norm=norm, s=14, zorder=2
            )
            axes.set_xlabel(named(column))
        line[0].set_ylabel("Validation accuracy")
        line[1].set_title(f"{', '.join(map(style.label, place))}: {len(table)} graphs")
    nodes = int(graphs.nodes.iloc[0])
    figure.colorbar(shown, ax=panels, label=f"Edges of the graph of {nodes} nodes", fraction=0.03)
    return figure
