"""Figure: R2 of every feature set in every scope, in sample and held out, as numbers (MGE, section 4.2.1)."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunegraph.errors import UserError
from prunegraph.figures import scopes, style

_PANELS = {
    "adjusted_r2": "Adjusted $R^2$ in sample",
    "grouped_cv_r2": "$R^2$ held out, seeds kept together",
}
#: Lower numbers are written as "below" this number: differences between predictions that are so bad have no meaning.
LOWEST = -9.0


@style.styled
def draw(regression: pd.DataFrame) -> Figure:
    """Draw R2 of the accuracy drop as a table: a row for each feature set, a column for each scope.

    Each measure of R2 has a panel. Cells without a number are fits that were not made. Colours range from 0 or less to
    1. Stars mark sets that need trained weights.

    Parameters
    ----------
    regression
        The table of :func:`prunegraph.analysis.regression.regression`.

    Raises
    ------
    UserError
        If nothing was fitted.
    """
    if regression.empty or regression.adjusted_r2.isna().all():
        raise UserError("The table of regressions needs at least one fitted scope; there is none.")
    columns = scopes.shown(regression)
    weighted = regression.groupby("features", sort=False).trained_weights.first()
    width = min(style.PAGE, max(style.COLUMN, 1.3 + 0.44 * len(columns)))
    figure = style.new(width, 0.9 + 0.38 * len(weighted))
    panels = figure.subplots(len(_PANELS), 1, sharex=True)
    for axes, (measure, title) in zip(panels, _PANELS.items(), strict=True):
        values = regression.pivot(index="features", columns=["level", "group"], values=measure)
        _panel(axes, values.loc[weighted.index, columns].to_numpy(dtype="float64"), columns)
        names = [style.label(name) + (" *" if needs else "") for name, needs in weighted.items()]
        axes.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0)
        axes.set_title(title, pad=14)
    counts = regression.groupby(["level", "group"]).n.max()
    names = [f"{scopes.group_name(group)} ({counts[level, group]})" for level, group in columns]
    panels[-1].set_xticks(np.arange(len(columns)) + 0.5, names, rotation=90)
    panels[-1].set_xlabel("Scope (networks)")
    return figure


def _panel(axes: Axes, values: np.ndarray, columns: list[tuple[str, str]]) -> None:
    words = np.array([[_word(value) for value in row] for row in values])
    look = {"vmin": 0, "vmax": 1, "cmap": "YlGnBu", "cbar": False, "linewidths": 0.3, "annot_kws": {"fontsize": 6}}
    seaborn.heatmap(values, ax=axes, annot=words, fmt="", **look)
    axes.set_facecolor("#f0f0f0")
    axes.grid(False)
    axes.tick_params(length=0)
    levels = [level for level, _ in columns]
    for level in dict.fromkeys(levels):
        first, count = levels.index(level), levels.count(level)
        if first:
            axes.axvline(first, color="white", linewidth=3)
        place = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "va": "bottom", "fontsize": 6.5}
        axes.annotate(scopes.heading(level), (first + count / 2, 1), xycoords=axes.get_xaxis_transform(), **place)


def _word(value: float) -> str:
    if np.isnan(value):
        return ""
    word = f"{value:.2f}" if value >= LOWEST else f"< {LOWEST:.0f}"
    return word.removeprefix("-") if float(word.removeprefix("< ")) == 0 else word
