"""Figure: shares of the layers of kept weights, ours and published."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered


@style.styled
def draw(layers: pd.DataFrame) -> Figure:
    """Draw the shares of the layers, a row of panels for each data set and model, a panel for each method.

    Parameters
    ----------
    layers
        The table `published_layers`.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if layers.empty:
        raise UserError("No network of this study has a published one of its model, method and sparsity beside it.")
    methods = ordered(layers.method, "method")
    places = [
        (dataset, model)
        for dataset in ordered(layers.dataset, "dataset")
        for model in ordered(layers[layers.dataset == dataset].model, "model")
    ]
    sparsities = sorted(set(layers.sparsity))
    colors = colormaps["viridis"](np.linspace(0, 0.8, len(sparsities)))
    looks = dict(zip(sparsities, colors, strict=True))
    columns = min(4, len(methods))
    lines = -(-len(methods) // columns)
    figure = style.new(style.PAGE, 0.6 + 1.35 * lines * len(places))
    panels = figure.subplots(lines * len(places), columns, squeeze=False, sharey=False)
    for number, (dataset, model) in enumerate(places):
        rows = layers[(layers.dataset == dataset) & (layers.model == model)]
        block = panels[number * lines : (number + 1) * lines].ravel()
        top = 100 * max(rows.share.max(), rows.published_share.max())
        for axes, method in zip(block, methods, strict=False):
            _panel(axes, rows[rows.method == method], looks, top)
            axes.set_title(f"{style.label(model)}, {style.label(method)}")
        for axes in block[len(methods) :]:
            axes.set_visible(False)
    for line in panels:
        line[0].set_ylabel("Share of\nweights (%)")
    for axes in panels[-1]:
        axes.set_xlabel("Layer")
    handles = [Line2D([], [], color=color, label=f"Sparsity {value:g}") for value, color in looks.items()]
    handles.append(Line2D([], [], color=style.BLACK, marker="o", markersize=2.5, linestyle="", label="Published"))
    style.legend_below(figure, handles, 4)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, looks: dict[float, np.ndarray], top: float) -> None:
    axes.set_ylim(0, 1.6 * top)  # room for the numbers
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    for number, (sparsity, color) in enumerate(looks.items()):
        cell = rows[rows.sparsity == sparsity].sort_values("position")
        if cell.empty:
            continue
        axes.plot(cell.position, 100 * cell.share, color=color, linewidth=1)
        axes.plot(cell.position, 100 * cell.published_share, color=color, marker="o", markersize=2, linestyle="")
        first = cell.iloc[0]
        within = "" if pd.isna(first.published_distance) else f" ({first.published_distance:.2f})"
        place = (0.97, 0.96 - 0.13 * number)
        words = f"{first.distance:.2f}{within}"
        axes.text(*place, words, color=color, transform=axes.transAxes, ha="right", va="top", fontsize=6)
