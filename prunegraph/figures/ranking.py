"""Figure: how well predictors rank the pruners of a scenario (MGE, section 4.2.3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.analysis.ranking import MEASURES
from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.figures import style

_AXIS = {
    "spearman": "Spearman's $\\rho$",
    "kendall": "Kendall's $\\tau$",
    "rbo": "Rank-biased overlap",
    "top1": "Best pruner found",
    "regret": "Accuracy lost (fraction)",
}
_LEVELS = {
    **{"all": "Fitted on all", "sparsity": "Fitted per sparsity", "model": "Fitted per model"},
    "model_dataset": "Per model and data set",
}
_LOOKS = {
    "": ("Single property", style.GREY, "o"),
    "in_sample": ("Mixture, in sample", style.BLUE, "s"),
    "leave_scenario_out": ("Mixture, scenario left out", style.RED, "D"),
}


@style.styled
def draw(scenarios: pd.DataFrame, *, measure: str = "spearman") -> Figure:
    """Draw the mean of `measure` over scenarios with its 95 % interval, for each predictor.

    Each level of fitting has a panel. The interval is mean +- 1.96 sd / sqrt(scenarios). "Not available" means that the
    mixture had too few networks to be fitted, or that its features are missing.

    Parameters
    ----------
    scenarios
        The table of :func:`prunegraph.analysis.ranking.ranking`.
    measure
        Measure of agreement: spearman, kendall, rbo, top1 or regret.

    Raises
    ------
    UserError
        If the table is empty (no scenario has enough methods), or the measure is unknown.
    """
    known(MEASURES, measure, "measure")
    if scenarios.empty:
        raise UserError(
            "The ranking figure needs scenarios (data set, model, sparsity) with at least 3 pruners; there are none."
        )
    scenarios = scenarios[scenarios.protocol.isin(list(_LOOKS))]
    single = scenarios[scenarios.kind == "single"]
    mixtures = scenarios[scenarios.kind == "mixture"]
    levels = list(dict.fromkeys(mixtures.level)) or [""]
    names = [*dict.fromkeys(single.predictor), *(f"mix:{name}" for name in dict.fromkeys(mixtures.predictor))]
    figure = style.new(style.PAGE if len(levels) > 1 else style.COLUMN, 0.9 + 0.17 * len(names))
    panels = figure.subplots(1, len(levels), sharey=True, sharex=True, squeeze=False)[0]
    for axes, level in zip(panels, levels, strict=True):
        _panel(axes, pd.concat([single, mixtures[mixtures.level == level]]), names, measure)
        axes.set(xlabel=_AXIS[measure], title=_LEVELS.get(level, f"Fitted per {level}" if level else ""))
    panels[0].set_yticks(range(len(names)), [style.label(name.removeprefix("mix:")) for name in names])
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=text)
        for key, (text, colour, marker) in _LOOKS.items()
        if (scenarios.protocol == key).any()
    ]
    style.legend_below(figure, handles, 3 if len(levels) > 1 else 1)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, names: list[str], measure: str) -> None:
    protocols = [name for name in _LOOKS if name and (rows.protocol == name).any()]
    drawn: set[int] = set()
    for (kind, predictor, protocol), part in rows.groupby(["kind", "predictor", "protocol"], sort=False):
        values = part[measure].dropna()
        if values.empty:
            continue
        row = names.index(predictor if kind == "single" else f"mix:{predictor}")
        drawn.add(row)
        shift = 0.26 * (protocols.index(protocol) - (len(protocols) - 1) / 2) if protocol else 0.0
        half = 1.96 * values.std() / np.sqrt(len(values)) if len(values) > 1 else 0.0
        _, colour, marker = _LOOKS.get(protocol, (protocol, style.BLACK, "^"))
        axes.errorbar(values.mean(), row + shift, xerr=half, color=colour, marker=marker, markersize=3, elinewidth=0.8)
    for row in sorted(set(range(len(names))) - drawn):
        look = {"color": style.GREY, "fontsize": 6, "backgroundcolor": "white", "ha": "center", "va": "center"}
        axes.text(0.5, row, "not available", transform=axes.get_yaxis_transform(), **look)
    singles = sum(not name.startswith("mix:") for name in names)
    if 0 < singles < len(names):
        axes.axhline(singles - 0.5, color="#c0c0c0", linewidth=0.6)
    if measure in ("spearman", "kendall"):
        axes.axvline(0, color=style.BLACK, linewidth=0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
