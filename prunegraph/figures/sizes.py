"""Figure: nodes and edges of the encodings against sparsity."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.figures.accuracy import place
from prunegraph.tables.columns import IDENTITY
from prunegraph.tables.frames import ordered

_LOOKS = {"rolled": (style.BLUE, "o"), "rolled_channel": (style.ORANGE, "s"), "unrolled": (style.GREEN, "^")}


@style.styled
def draw(topometrics: pd.DataFrame) -> Figure:
    """Draw nodes and edges of each encoding: mean (line) and smallest to largest (band) over all networks.

    Layer graphs are summed over the layers of a network. Dense networks are left out. Both axes are logarithmic; the
    horizontal one is logarithmic in the density.

    Parameters
    ----------
    topometrics
        The table of :func:`prunegraph.tables.collect.topometrics`.

    Raises
    ------
    UserError
        If the table has no graph of a pruned network.
    """
    rows = topometrics[(topometrics.method != "dense") & topometrics.edges.notna()]
    if rows.empty:
        raise UserError("The figure of graph sizes needs graphs of pruned networks; the table has none.")
    sizes = rows.groupby([*IDENTITY, "encoding"], sort=False)[["nodes", "edges"]].sum().astype("float64").reset_index()
    models, encodings = ordered(sizes.model, "model"), ordered(sizes.encoding, "encoding")
    figure = style.new(min(style.PAGE, max(style.COLUMN, 1.9 * len(models))), 3.2)
    panels = figure.subplots(2, len(models), sharex=True, sharey="row", squeeze=False)
    for column, model in zip(panels.T, models, strict=True):
        for axes, quantity in zip(column, ("nodes", "edges"), strict=True):
            _panel(axes, sizes[sizes.model == model], encodings, quantity)
        column[0].set_title(style.label(model))
        column[1].set_xlabel("Sparsity")
    for axes, quantity in zip(panels[:, 0], ("Nodes", "Edges"), strict=True):
        axes.set_ylabel(quantity)
    ticks = sorted(set(sizes.sparsity))
    panels[0, 0].set_xticks([float(place(value)) for value in ticks], [f"{value:g}" for value in ticks])
    handles = [Line2D([], [], label=style.label(name), **_look(name)) for name in encodings]
    style.legend_below(figure, handles, 3)
    return figure


def _panel(axes: Axes, sizes: pd.DataFrame, encodings: list[str], quantity: str) -> None:
    axes.set_yscale("log")
    for encoding in encodings:
        values = sizes[(sizes.encoding == encoding) & (sizes[quantity] > 0)].groupby("sparsity")[quantity]
        mean = values.mean()
        x = place(mean.index.to_numpy())
        axes.fill_between(x, values.min(), values.max(), color=_look(encoding)["color"], alpha=0.2, linewidth=0)
        axes.plot(x, mean, **_look(encoding))


def _look(encoding: str) -> dict:
    colour, marker = _LOOKS.get(encoding, (style.GREY, "D"))
    return {"color": colour, "marker": marker}
