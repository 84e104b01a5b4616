"""Figures of networks that are relational graphs: accuracy against the shape of the graph, and graphs drawn."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

_COLOURS = (style.BLUE, style.RED, style.GREEN, style.PINK, style.ORANGE, style.SKY, style.GREY, style.BLACK)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_RANKS = ("best", "middle", "worst")
_PROPERTIES = {
    "aspl": "ASPL",
    "diameter": "Diameter",
    "clustering": "Clustering",
    "transitivity": "Transitivity",
    "gradient_resistance": "Gradient resistance",
    "aopu": "AOPU",
}
_ASPL = "Average shortest path length"


@style.styled
def draw(graph_properties: pd.DataFrame) -> Figure:
    """Mean test accuracy against the path length of the graph, a line for each degree, a panel for each set of graphs.

    Points are means over seeds, bands their standard deviation.

    Raises
    ------
    UserError
        If the table is empty.
    """
    cells, families, looks = _layout(graph_properties)
    figure = style.new(min(style.PAGE, 0.6 + 2.6 * len(families)), 0.6 + 2.1 * len(cells))
    panels = figure.subplots(len(cells), len(families), sharey="row", squeeze=False)
    for line, (dataset, model) in zip(panels, cells, strict=True):
        for axes, family in zip(line, families, strict=True):
            for degree, part in _by_degree(_of(graph_properties, dataset, model, family)):
                _band(axes, part.sort_values("aspl"), looks[degree])
            axes.set_title(style.label(family))
        line[0].set_ylabel(f"{style.label(dataset)}, {style.label(model)}\nTest accuracy (%)")
    for axes in panels[-1]:
        axes.set_xlabel(_ASPL)
    style.legend_below(figure, _degrees(looks), 8)
    return figure


@style.styled
def draw_plane(graph_properties: pd.DataFrame) -> Figure:
    """The graphs in the plane of clustering and path length, a panel for each degree, coloured by accuracy.

    Colours show how many points of mean accuracy a network has over the mean of its panel.

    Raises
    ------
    UserError
        If the table is empty.
    """
    cells, families, looks = _layout(graph_properties)
    figure = style.new(style.PAGE, 0.7 + 2.0 * len(cells))
    panels = figure.subplots(len(cells), len(looks), squeeze=False)
    rows = graph_properties.assign(degree=graph_properties.degree.round(6))
    means = rows.groupby(["dataset", "model", "degree"]).accuracy.transform("mean")
    rows = rows.assign(over=100 * (rows.accuracy - means))
    norm = TwoSlopeNorm(0, *(sign * max(float(rows.over.abs().max()), 1e-6) for sign in (-1, 1)))
    for line, (dataset, model) in zip(panels, cells, strict=True):
        for axes, degree in zip(line, looks, strict=True):
            for family, marker in zip(families, _MARKERS, strict=False):
                part = _of(rows, dataset, model, family)
                part = part[part.degree == degree]
                look = {"c": part.over, "norm": norm, "cmap": "RdBu", "edgecolors": style.BLACK, "linewidths": 0.4}
                points = axes.scatter(part.clustering, part.aspl, s=26, marker=marker, **look)
            axes.set_title(f"Degree {degree:g}")
        line[0].set_ylabel(f"{style.label(dataset)}, {style.label(model)}\n{_ASPL}")
    for axes in panels[-1]:
        axes.set_xlabel("Clustering")
    figure.colorbar(points, ax=panels[:, -1].tolist(), label="Accuracy over the\npanel's mean (points)")
    style.legend_below(figure, _families(families), 4)
    return figure


@style.styled
def draw_walks(graph_properties: pd.DataFrame) -> Figure:
    """Gradient resistance and average number of paths used (AOPU) against path length; every graph once.

    Raises
    ------
    UserError
        If the table is empty.
    """
    _, families, looks = _layout(graph_properties)
    rows = graph_properties.drop_duplicates(["family", "graph"])
    figure = style.new(5.2, 2.6)
    names = {"gradient_resistance": "Gradient resistance (layers)", "aopu": "AOPU"}
    for axes, (name, title) in zip(figure.subplots(1, 2), names.items(), strict=True):
        for family, marker in zip(families, _MARKERS, strict=False):
            for degree, part in _by_degree(rows[rows.family == family]):
                open_face = "white" if marker != _MARKERS[0] else looks[degree]
                axes.plot(part.aspl, part[name], marker, color=looks[degree], markerfacecolor=open_face)
        axes.set_xlabel(_ASPL)
        axes.set_ylabel(title)
    style.legend_below(figure, [*_degrees(looks), *(_families(families) if len(families) > 1 else [])], 6)
    return figure


@style.styled
def draw_topometrics(graph_topometrics: pd.DataFrame) -> Figure:
    """Rank correlations of topometrics with the properties of relational graphs, a panel for each set of graphs.

    Those of the first data set and model of the table.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if graph_topometrics.empty:
        raise UserError("The figure of topometrics needs relational graphs that were measured; the table has none.")
    rows = graph_topometrics
    for name in ("dataset", "model"):
        rows = rows[rows[name] == rows[name].iloc[0]]
    families = sorted(set(rows.family))
    topometrics, names = (list(dict.fromkeys(rows[column])) for column in ("topometric", "property"))
    figure = style.new(min(style.PAGE, 1.8 + 2.0 * len(families)), 0.9 + 0.19 * len(topometrics))
    panels = figure.subplots(1, len(families), sharey=True, squeeze=False)[0]
    for axes, family in zip(panels, families, strict=True):
        own = rows[rows.family == family].set_index(["topometric", "property"])
        rho = own.rho.unstack().reindex(index=topometrics, columns=names).to_numpy(float)
        axes.set_facecolor(style.LIGHT)
        image = axes.imshow(rho, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        sure = ((own.low > 0) | (own.high < 0)).unstack().reindex(index=topometrics, columns=names).to_numpy(bool)
        y, x = np.nonzero(sure)
        axes.plot(x, y, ".", color=style.BLACK, markersize=3)
        axes.set_xticks(range(len(names)), [_PROPERTIES[name] for name in names], rotation=40, ha="right")
        axes.set_yticks(range(len(topometrics)), [style.label(name) for name in topometrics])
        axes.grid(False)
        axes.set_title(style.label(family))
    figure.colorbar(image, ax=panels.tolist(), label="Rank correlation", fraction=0.05)
    return figure


@style.styled
def draw_graphs(drawn_graphs: pd.DataFrame) -> Figure:
    """The best, the middle and the worst graph of each sparsity, nodes on a circle in the order of their numbers.

    Those of the first data set and model of the table, and of its first set of graphs.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if drawn_graphs.empty:
        raise UserError("The figure of relational graphs needs graphs to draw; the table has none.")
    rows = drawn_graphs
    for name in ("dataset", "model", "family"):
        rows = rows[rows[name] == rows[name].iloc[0]]
    sparsities = sorted(set(rows.sparsity))[:6]
    figure = style.new(style.COLUMN + 1.2, 0.4 + 1.55 * len(sparsities))
    panels = figure.subplots(len(sparsities), len(_RANKS), squeeze=False)
    for line, sparsity in zip(panels, sparsities, strict=True):
        for axes, rank in zip(line, _RANKS, strict=True):
            _circle(axes, rows[(rows.sparsity == sparsity) & (rows.which == rank)])
        degree = rows[rows.sparsity == sparsity].degree.iloc[0]
        line[0].text(-0.1, 0.5, f"Degree {degree:g}", transform=line[0].transAxes, rotation=90, va="center", ha="right")
    for axes, rank in zip(panels[0], _RANKS, strict=True):
        axes.set_title(f"{rank.title()}\n{axes.get_title()}", fontsize=6)
    return figure


def _circle(axes: Axes, edges: pd.DataFrame) -> None:
    first = edges.iloc[0]
    angle = 2 * np.pi * np.arange(first.nodes) / first.nodes
    x, y = np.sin(angle), np.cos(angle)
    ends = edges[["one_end", "other_end"]].to_numpy().T
    axes.plot(x[ends], y[ends], color=style.GREY, linewidth=0.4)
    axes.plot(x, y, "o", color=style.BLUE, markersize=2)
    axes.set_title(f"{100 * first.accuracy:.1f} %, ASPL {first.aspl:.2f}, C {first.clustering:.2f}", fontsize=6)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _band(axes: Axes, part: pd.DataFrame, colour: str) -> None:
    mean, deviation = 100 * part.accuracy, 100 * part.accuracy_sd.fillna(0.0)
    if len(part) > 1 and np.diff(part.aspl).min() < 0.02 * np.ptp(part.aspl):  # several graphs of one length
        axes.errorbar(part.aspl, mean, yerr=deviation, fmt="o", color=colour, elinewidth=0.7, capsize=1.2)
        return
    axes.plot(part.aspl, mean, "o-", color=colour)
    axes.fill_between(part.aspl, mean - deviation, mean + deviation, color=colour, alpha=0.15, linewidth=0)


def _layout(rows: pd.DataFrame) -> tuple[list[tuple[str, str]], list[str], dict[float, str]]:
    """Pairs of data set and model, families, and a colour for each degree."""
    if rows.empty:
        raise UserError("Figures of relational graphs need networks that are graphs; the table has none.")
    pairs = set(zip(rows.dataset, rows.model, strict=True))
    datasets, models = ordered(rows.dataset, "dataset"), ordered(rows.model, "model")
    cells = [(dataset, model) for dataset in datasets for model in models if (dataset, model) in pairs]
    degrees = sorted(set(rows.degree.round(6)))
    looks = {degree: _COLOURS[place % len(_COLOURS)] for place, degree in enumerate(degrees)}
    return cells, list(dict.fromkeys(sorted(rows.family))), looks


def _of(rows: pd.DataFrame, dataset: str, model: str, family: str) -> pd.DataFrame:
    return rows[(rows.dataset == dataset) & (rows.model == model) & (rows.family == family)]


def _by_degree(rows: pd.DataFrame):
    return rows.groupby(rows.degree.round(6))


def _degrees(looks: dict[float, str]) -> list[Line2D]:
    return [Line2D([], [], color=colour, marker="o", label=f"Degree {degree:g}") for degree, colour in looks.items()]


def _families(families: list[str]) -> list[Line2D]:
    handles = []
    for family, marker in zip(families, _MARKERS, strict=False):
        face = "white" if handles else style.GREY
        look = {"color": style.GREY, "marker": marker, "markerfacecolor": face, "linestyle": "none"}
        handles.append(Line2D([], [], label=style.label(family), **look))
    return handles
