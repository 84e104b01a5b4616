"""Figure: the share of the accuracy drop that each feature set explains (MGE, section 4.2.1)."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunegraph.errors import UserError
from prunegraph.figures import scopes, style
from prunegraph.tables.features import DEFAULT_SETS

_COLOURS = {
    "layer_density": "#bdbdbd",
    "log_edges": "#6e6e6e",
    "ramanujan": style.YELLOW,
    "ramanujan_density": "#A79F1E",
    "rolled_raw": "#9BD3F2",
    "rolled": style.SKY,
    "rolled_mask": "#8FB8D6",
    "rolled_channel_raw": "#7FA9C9",
    "rolled_channel": style.BLUE,
    "unrolled_bipartite": "#F4C27A",
    "unrolled_mask": style.ORANGE,
    "unrolled": style.RED,
}
# In a grey print, stripes mark feature sets that need only the mask.
_HATCHES = dict.fromkeys(("rolled_mask", "unrolled_mask"), "//////")
_FLOOR = -0.3


@style.styled
def draw(
    regression: pd.DataFrame, *, sets: tuple[str, ...] = DEFAULT_SETS, out_of_sample: str = "grouped_cv_r2"
) -> Figure:
    """Draw adjusted R2 in sample as bars and R2 out of sample as diamonds; a panel for each level.

    A cross marks a fit that was not made because there are too few networks. A triangle at the lower edge marks an R2
    below -0.3. The figure is as wide as a column of text.

    Parameters
    ----------
    regression
        The table of :func:`prunegraph.analysis.regression.regression`.
    sets
        Names of the feature sets.
    out_of_sample
        Column of R2 out of sample: "grouped_cv_r2" (seeds of a configuration kept together) or "cv_r2".

    Raises
    ------
    UserError
        If the table holds none of the sets.
    """
    regression = regression[regression.features.isin(sets)]
    if regression.empty:
        raise UserError("The regression figure needs at least one fitted scope; the table of fits is empty.")
    sets = tuple(dict.fromkeys(regression.features))
    groups: dict[str, list[str]] = {}
    for level, group in scopes.shown(regression):
        groups.setdefault(level, []).append(group)
    lines = _rows_of(groups)
    figure = style.new(style.COLUMN, 0.9 + 1.35 * len(lines))
    for band, members in zip(figure.subfigures(len(lines), 1, squeeze=False)[:, 0], lines, strict=True):
        widths = [len(groups[level]) + 0.4 for level in members]
        panels = band.subplots(1, len(members), sharey=True, width_ratios=widths, squeeze=False)[0]
        for axes, level in zip(panels, members, strict=True):
            _panel(axes, regression[regression.level == level], groups[level], sets, out_of_sample)
            axes.set_title(scopes.heading(level))
        panels[0].set_ylabel("$R^2$ of accuracy drop")
    style.legend_below(figure, _handles(regression, sets, out_of_sample), 2)
    return figure


def _rows_of(levels: Iterable[str]) -> list[list[str]]:
    """Arrange the levels in lines of panels; "all", which has one group, shares the line of the next level."""
    lines: list[list[str]] = []
    for level in levels:
        if lines and lines[-1] == ["all"]:
            lines[-1].append(level)
        else:
            lines.append([level])
    return lines


def _panel(axes: Axes, rows: pd.DataFrame, groups: list[str], sets: tuple[str, ...], measure: str) -> None:
    table = rows.set_index(["group", "features"])
    width = 0.84 / len(sets)
    for number, name in enumerate(sets):
        cells = table.reindex([(group, name) for group in groups])
        x = np.arange(len(groups)) + width * (number - (len(sets) - 1) / 2)
        colour = _COLOURS.get(name, style.GREY)
        heights = cells.adjusted_r2.to_numpy(dtype=float)
        axes.bar(x, np.maximum(heights, _FLOOR), width, color=colour, edgecolor="white", hatch=_HATCHES.get(name))
        outside = cells[measure].to_numpy(dtype=float)
        spread = cells[f"{measure}_sd"].to_numpy(dtype=float)
        inside = outside >= _FLOOR
        mark = {"markersize": 1.8, "markeredgewidth": 0.4, "markeredgecolor": style.BLACK, "linestyle": "none"}
        lines = {"color": "white", "ecolor": style.BLACK, "elinewidth": 0.5}
        axes.errorbar(x[inside], outside[inside], spread[inside], fmt="D", **lines, **mark)
        below = outside < _FLOOR
        axes.plot(x[below], np.full(below.sum(), _FLOOR + 0.03), "v", color="white", **mark)
        missing = np.isnan(heights)
        axes.plot(x[missing], np.full(missing.sum(), 0.03), "x", color=colour, markersize=2.4, markeredgewidth=0.7)
    axes.axhline(0, color=style.BLACK, linewidth=0.6)
    counts = rows.groupby("group", sort=False).n.max().reindex(groups)
    names = [f"{scopes.group_name(group)}\nn = {n}" for group, n in counts.items()]
    axes.set_xticks(range(len(groups)), names)
    axes.set(xlim=(-0.6, len(groups) - 0.4), ylim=(_FLOOR, 1.02))
    axes.grid(False, axis="x")
    axes.tick_params(axis="x", length=0)


def _handles(regression: pd.DataFrame, sets: tuple[str, ...], measure: str) -> list:
    handles = [
        Patch(
            facecolor=_COLOURS.get(name, style.GREY),
            edgecolor="white",
            hatch=_HATCHES.get(name),
            label=style.label(name),
        )
        for name in sets
    ]
    kind = "seeds kept together" if measure == "grouped_cv_r2" else "networks dealt singly"
    mark = {"linestyle": "", "markerfacecolor": "white", "markeredgecolor": style.BLACK, "markeredgewidth": 0.5}
    handles.append(Line2D([], [], marker="D", markersize=2.6, label=f"Cross-validated ({kind})", **mark))
    if (regression[measure] < _FLOOR).any():
        handles.append(Line2D([], [], marker="v", markersize=2.6, label="Cross-validated, below the axis", **mark))
    if regression.adjusted_r2.isna().any():
        cross = {"linestyle": "", "marker": "x", "markersize": 3, "color": style.GREY}
        handles.append(Line2D([], [], label="Too few networks to fit", **cross))
    return handles
