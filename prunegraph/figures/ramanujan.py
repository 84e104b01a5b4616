"""Figure: Ramanujan properties of layers against their density (MGE, section 4.1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.analysis.correlation import with_density
from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.columns import RAMANUJAN
from prunegraph.tables.frames import ordered

_PROPERTIES = RAMANUJAN[:3]
_TURNS = 6


@style.styled
def draw(ramanujan: pd.DataFrame, *, encoding: str = "rolled") -> Figure:
    """Draw each Ramanujan property of each pruned layer against the layer's density, with Spearman's rho.

    Dense networks are left out. Layers without the property (no regular subgraph) are not drawn; n is the number of
    layers that are drawn.

    Parameters
    ----------
    ramanujan
        The table of :func:`prunegraph.tables.collect.ramanujan`.
    encoding
        Encoding of the layers, "rolled" or "rolled_channel".

    Raises
    ------
    UserError
        If no pruned layer of that encoding has any property.
    """
    layers = ramanujan[(ramanujan.encoding == encoding) & (ramanujan.method != "dense")]
    layers = layers[layers.layer_density > 0]
    if not np.isfinite(layers[list(_PROPERTIES)]).any(axis=None):
        raise UserError(
            f"The Ramanujan figure needs layers of pruned networks in the encoding {encoding!r} with a Ramanujan "
            "property; the table has none."
        )
    methods = ordered(layers.method, "method")
    styles = style.method_styles(methods)
    agreement = with_density(layers, encoding=encoding).query("model == 'all'").set_index("property")

    figure = style.new(style.PAGE, 2.5)
    size = float(np.clip(4000 / len(layers), 1.5, 9.0))
    for axes, name in zip(figure.subplots(1, 3), _PROPERTIES, strict=True):
        points = layers[np.isfinite(layers[name])]
        _points(axes, points, name, styles, size)
        axes.set(xscale="log", xlabel="Layer density", ylabel=style.label(name))
        if points.empty:
            axes.set_xlim(1e-3, 1)
        if name == "imsg":  # a gap, which ranges from 0 to tens
            axes.set_yscale("symlog", linthresh=0.1, linscale=0.3)
            axes.set_ylim(bottom=min(0.0, points[name].min()) if len(points) else 0.0)
        else:  # a layer at or above the line is a Ramanujan graph
            axes.axhline(0, color=style.BLACK, linewidth=0.6)
        rho = agreement.spearman[name]
        correlation = f"$\\rho$ = {rho:.2f}, " if np.isfinite(rho) else ""
        axes.set_title(f"{correlation}n = {len(points):,} layers")
    dots = [
        Line2D([], [], linestyle="", marker=look["marker"], color=look["color"], label=style.label(name))
        for name, look in styles.items()
    ]
    style.legend_below(figure, dots, 9)
    return figure


def _points(axes: Axes, points: pd.DataFrame, name: str, styles: dict[str, dict], size: float) -> None:
    """Draw a point for each layer, alternately a few of each method, so that no method covers the others."""
    for turn in range(_TURNS):
        for method, look in styles.items():
            some = points[points.method == method].iloc[turn::_TURNS]
            if some.empty:
                continue
            shape = {"s": size, "color": look["color"], "marker": look["marker"], "linewidths": 0}
            axes.scatter(some.layer_density, some[name], alpha=0.5, rasterized=True, **shape)
