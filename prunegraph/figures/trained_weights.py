"""Figure: the regression with and without the metrics of trained weights (MGE, section 4.2.1)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import scopes, style

#: For each feature set of the mask alone, the same set with strength, spectral gap and spectral radius of the weights.
PAIRS = {
    "rolled_mask": "rolled",
    "rolled_channel_mask": "rolled_channel",
    "unrolled_mask": "unrolled",
}
_FLOOR = -0.5
_MEASURES = {"adjusted_r2": (style.BLUE, "o", "In sample"), "grouped_cv_r2": (style.RED, "D", "Held out")}


@style.styled
def draw(regression: pd.DataFrame) -> Figure:
    """Draw R2 with metrics of the trained weights (filled) and without (open), in sample and held out.

    Each group has a line, and each encoding with both feature sets has a panel. Values below -0.5 are drawn at the
    edge.

    Parameters
    ----------
    regression
        The table of :func:`prunegraph.analysis.regression.regression`.

    Raises
    ------
    UserError
        If no encoding has both feature sets fitted.
    """
    fitted = regression[regression.adjusted_r2.notna()]
    found = set(fitted.features)
    pairs = {mask: full for mask, full in PAIRS.items() if {mask, full} <= found}
    if not pairs:
        raise UserError(
            "The figure of trained-weight metrics needs a regression with and without them for the same encoding "
            f"({', '.join(f'{full} and {mask}' for mask, full in PAIRS.items())}); the table has no such pair."
        )
    shown = scopes.shown(fitted[fitted.features.isin([*pairs, *pairs.values()])])
    figure = style.new(min(style.PAGE, max(style.COLUMN, 1.4 + 2.0 * len(pairs))), 0.95 + 0.2 * len(shown))
    panels = figure.subplots(1, len(pairs), sharey=True, sharex=True, squeeze=False)[0]
    for axes, (mask, full) in zip(panels, pairs.items(), strict=True):
        _panel(axes, fitted.set_index(["features", "level", "group"]), mask, full, shown)
        axes.set(title=style.label(full), xlabel="$R^2$ of accuracy drop")
    panels[0].set_yticks(range(len(shown)), [_name(group) for _, group in shown])
    panels[0].set(ylim=(len(shown) - 0.4, -0.6), xlim=(_FLOOR - 0.05, 1.02))
    style.legend_below(figure, _handles(), 2 if len(pairs) < 3 else 4)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, mask: str, full: str, shown: list[tuple[str, str]]) -> None:
    for row, scope in enumerate(shown):
        if (mask, *scope) not in table.index or (full, *scope) not in table.index:
            continue
        for shift, (measure, (colour, marker, _)) in zip((-0.16, 0.16), _MEASURES.items(), strict=True):
            ends = [max(float(table.loc[(name, *scope), measure]), _FLOOR) for name in (mask, full)]
            axes.plot(ends, [row + shift] * 2, color=colour, linewidth=0.9)
            look = {"color": colour, "marker": marker, "markersize": 3.2, "linestyle": "none"}
            axes.plot(ends[0], row + shift, markerfacecolor="white", **look)
            axes.plot(ends[1], row + shift, **look)
    for row in range(1, len(shown)):
        if shown[row][0] != shown[row - 1][0]:
            axes.axhline(row - 0.5, color="#c0c0c0", linewidth=0.6)
    axes.axvline(0, color=style.BLACK, linewidth=0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)


def _name(group: str) -> str:
    return f"Sparsity {group}" if "." in group else scopes.group_name(group)


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=colour, marker=marker, markerfacecolor=face, linestyle="none", label=f"{text}, {what}")
        for colour, marker, text in _MEASURES.values()
        for face, what in (("white", "masks alone"), (colour, "with weights"))
    ]
