"""Figure: Ramanujan properties and layer density as predictors of the accuracy drop (MGE, section 4.1)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

MEASURES = {"spearman": "Spearman's $\\rho$", "pearson": "Pearson's $r$"}
_MODELS = ((style.BLUE, "o"), (style.ORANGE, "s"), (style.GREEN, "^"), (style.RED, "D"), (style.PINK, "v"))


@style.styled
def draw(correlation: pd.DataFrame, *, measure: str = "spearman") -> Figure:
    """Draw the correlation of each property with the accuracy drop, with means and 95 % intervals over scenarios.

    Each property has a panel, each sparsity a column; a dot is a scenario (data set and model). The title gives the
    mean absolute correlation over the scenarios that have one.

    Parameters
    ----------
    correlation
        The table of :func:`prunegraph.analysis.correlation.with_drop`.
    measure
        Measure of correlation: "spearman" or "pearson".

    Raises
    ------
    UserError
        If no scenario has enough networks for a correlation, or the measure is unknown.
    """
    known(MEASURES, measure, "measure")
    rows = correlation[correlation[measure].notna()] if len(correlation) else correlation
    if rows.empty:
        raise UserError(
            "The figure of Ramanujan properties and performance needs scenarios (data set, model, sparsity) with at "
            "least 4 pruned networks whose accuracy drop is known; there are none."
        )
    properties = list(dict.fromkeys(correlation.property))
    sparsities = sorted(set(correlation.sparsity))
    looks = dict(zip(ordered(rows.model, "model"), _MODELS * 9, strict=False))
    figure = style.new(style.PAGE, 2.35)
    panels = figure.subplots(1, len(properties), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, properties, strict=True):
        _panel(axes, rows[rows.property == name], sparsities, looks, measure)
        size = rows.loc[rows.property == name, measure].abs().mean()
        letter = MEASURES[measure].rpartition(" ")[2]
        axes.set_title(f"{style.label(name)}\nmean |{letter}| = {size:.2f}")
    panels[0].set_ylabel(f"{MEASURES[measure]} with accuracy drop")
    panels[0].set_ylim(-1.05, 1.05)
    style.legend_below(figure, _handles(looks), 6)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, sparsities: list[float], looks: dict, measure: str) -> None:
    axes.axhline(0, color=style.BLACK, linewidth=0.6)
    for number, (model, (colour, marker)) in enumerate(looks.items()):
        part = rows[rows.model == model]
        # The dots of the models are side by side, left of the mean.
        x = part.sparsity.map(sparsities.index) - 0.3 + 0.1 * number
        axes.plot(x, part[measure], marker, color=colour, markersize=2.6, alpha=0.8, markeredgewidth=0)
    for place, sparsity in enumerate(sparsities):
        values = rows.loc[rows.sparsity == sparsity, measure].to_numpy()
        if len(values):
            half = style.half_interval(values)
            axes.errorbar(place + 0.25, values.mean(), half, fmt="_", color=style.BLACK, markersize=6, elinewidth=0.9)
    axes.set_xticks(range(len(sparsities)), [f"{value:g}" for value in sparsities])
    axes.set(xlim=(-0.6, len(sparsities) - 0.4), xlabel="Sparsity")
    axes.grid(False, axis="x")


def _handles(looks: dict) -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=style.label(model))
        for model, (colour, marker) in looks.items()
    ]
    return [*handles, Line2D([], [], color=style.BLACK, marker="_", label="Mean, 95 % interval")]
