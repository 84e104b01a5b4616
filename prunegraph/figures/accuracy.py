"""Figure: test accuracy against sparsity, a panel for each data set and model."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered
from prunegraph.tables.graph_properties import as_families

INTERVALS = ("sd", "range")


@style.styled
def draw(networks: pd.DataFrame, *, interval: str = "sd") -> Figure:
    """Draw the mean test accuracy over seeds against sparsity, a line for each method.

    The horizontal axis is logarithmic in the density. The dense network is a dashed line, chance (1 / classes) a dotted
    one. The vertical axis of a data set begins at zero or, where all its networks are far better than chance, just
    below the worst network (:func:`bottom`).

    Parameters
    ----------
    networks
        The table of networks (:func:`prunegraph.tables.collect.networks`).
    interval
        Meaning of the error bars over seeds: "sd" (standard deviation, n - 1) or "range" (smallest to largest). A
        single seed has no bar.

    Raises
    ------
    UserError
        If the table has no pruned network with an accuracy, or the interval is unknown.
    """
    known(INTERVALS, interval, "interval")
    networks = as_families(networks)
    rows = networks[(networks.pruner != "dense") & networks.accuracy.notna()]
    if rows.empty:
        raise UserError("The accuracy figure needs pruned networks with an accuracy; the table has none.")
    datasets, models = ordered(rows.dataset, "dataset"), ordered(rows.model, "model")
    bottoms = {dataset: bottom(networks[networks.dataset == dataset]) for dataset in datasets}
    sparsities, methods = sorted(set(rows.sparsity)), ordered(rows.method, "method")
    styles = style.method_styles(methods)

    many = len(methods) > 9  # too many lines and names for a narrow figure
    width = style.PAGE if many else min(style.PAGE, max(style.COLUMN, 2.3 * len(models)))
    figure = style.new(width, 0.5 + (2.6 if many else 1.55) * len(datasets))
    panels = figure.subplots(len(datasets), len(models), sharex=True, sharey="row", squeeze=False)
    for line, dataset in zip(panels, datasets, strict=True):
        for axes, model in zip(line, models, strict=True):
            cell = (networks.dataset == dataset) & (networks.model == model)
            _panel(axes, networks[cell & networks.accuracy.notna()], styles, interval)
        line[0].set_ylabel(f"{style.label(dataset)}\nTest accuracy (%)")
        line[0].set_ylim(bottom=bottoms[dataset])
    for axes, model in zip(panels[0], models, strict=True):
        axes.set_title(style.label(model))
    _sparsity_axis(panels, sparsities)
    handles = [Line2D([], [], label=style.label(name), **look) for name, look in styles.items()]
    style.legend_below(
        figure,
        [*handles, *_reference_handles(networks, 0.0 in bottoms.values())],
        4 if many else 5 if len(models) > 1 else 3,
    )
    return figure


def bottom(networks: pd.DataFrame) -> float:
    """Lower end of the axis of accuracies (%) of one data set.

    It is zero if a network is nearer to chance than to the best network, or if chance is unknown. Otherwise it lies a
    tenth of the span below the worst network (or below the lowest error bar), so that lines between 95 and 99 % can be
    told apart.
    """
    seen, classes = 100 * networks.accuracy.dropna(), networks.classes.dropna()
    if seen.empty or classes.empty or seen.min() < (100 / classes.iloc[0] + seen.max()) / 2:
        return 0.0
    seeds = 100 * networks.groupby(["model", "method", "sparsity"]).accuracy.agg(["mean", "std"])
    low = min(seen.min(), (seeds["mean"] - seeds["std"].fillna(0)).min())
    return max(0.0, float(low - max(0.1 * (seen.max() - low), 0.5)))


def place(sparsity: float | np.ndarray) -> float | np.ndarray:
    """Position of a sparsity on the axis: -log10 of the density."""
    return -np.log10(1 - sparsity)


def _panel(axes: Axes, rows: pd.DataFrame, styles: dict[str, dict], interval: str) -> None:
    dense = rows[rows.pruner == "dense"].accuracy
    if len(dense):
        axes.axhline(100 * dense.mean(), color=style.BLACK, linestyle="--", linewidth=0.9)
    classes = rows.classes.dropna()
    if len(classes):
        axes.axhline(100 / classes.iloc[0], color=style.BLACK, linestyle=":", linewidth=0.9)
    for number, (method, look) in enumerate(styles.items()):
        seeds = 100 * rows[rows.method == method].set_index("sparsity").accuracy.sort_index()
        if len(seeds):
            # Methods are drawn side by side at each sparsity, so that error bars do not hide each other.
            shift = 0.012 * (number - (len(styles) - 1) / 2)
            _line(axes, seeds.groupby(level=0), look, interval, shift)


def _line(axes: Axes, seeds, look: dict, interval: str, shift: float) -> None:
    mean = seeds.mean()
    if interval == "sd":
        low = high = seeds.std().fillna(0.0)
    else:
        low, high = mean - seeds.min(), seeds.max() - mean
    bars = np.where(seeds.count() > 1, np.vstack([low, high]), np.nan)
    x = place(mean.index.to_numpy()) + shift
    axes.errorbar(x, mean, yerr=bars, elinewidth=0.7, capsize=1.2, capthick=0.6, **look)


def _sparsity_axis(panels: np.ndarray, sparsities: list[float]) -> None:
    for axes in panels.flat:
        axes.set_xticks([float(place(value)) for value in sparsities], [f"{value:g}" for value in sparsities])
        axes.set_xlim(place(sparsities[0]) - 0.12, place(sparsities[-1]) + 0.12)
    for axes in panels[-1]:
        axes.set_xlabel("Sparsity")


def _reference_handles(networks: pd.DataFrame, chance: bool) -> list[Line2D]:
    handles = []
    if (networks.pruner == "dense").any():
        handles.append(Line2D([], [], color=style.BLACK, linestyle="--", linewidth=0.9, label="Dense"))
    if chance and networks.classes.notna().any():
        handles.append(Line2D([], [], color=style.BLACK, linestyle=":", linewidth=0.9, label="Chance"))
    return handles
