"""Figures: how searches among relational graphs go, what their process says, and what sparsity costs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style

_COLOURS = {"bayesian": style.BLUE, "random": style.ORANGE}
_PLACE = ["dataset", "model"]


@style.styled
def draw_trace(
    search_trace: pd.DataFrame, bogp_search: pd.DataFrame, search_summary: pd.DataFrame, search_signal: pd.DataFrame
) -> Figure:
    """The largest value seen so far against the number of evaluations, and what the winners are worth.

    A line of panels for each data set and model. Left: means over repeats, bands their 95 % intervals; marks at the
    right edge: means of the winners' new networks; dashed: the mean of candidates drawn at random. Right: winners of
    each repeat, one search against the other.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if search_trace.empty:
        raise UserError("The figure of searches needs evaluations; the table has none.")
    cases = list(search_trace.groupby(_PLACE, sort=False))
    figure = style.new(style.PAGE, 0.5 + 2.3 * len(cases))
    panels = figure.subplots(len(cases), 2, squeeze=False, width_ratios=[1.5, 1])
    for (trace, scatter), (place, rows) in zip(panels, cases, strict=True):
        winners = _of(bogp_search, place)
        summary = _of(search_summary, place).iloc[0]
        _progress(trace, rows, winners, summary)
        drawn = _of(search_signal[search_signal["set"] == "graphs"], place)
        if summary.alpha == 0:
            trace.axhline(drawn.accuracy.mean(), color=style.GREY, linestyle="--", linewidth=0.8)
        _pairs(scatter, winners, summary)
    handles = [Line2D([], [], label=f"{style.label(name)} search", color=c) for name, c in _COLOURS.items()]
    handles.append(Line2D([], [], color=style.GREY, linestyle="--", label="Candidates drawn at random, mean"))
    handles.append(Line2D([], [], color=style.GREY, marker="D", linestyle="", label="Winners, new networks"))
    style.legend_below(figure, handles, 4)
    return figure


def _progress(axes: Axes, rows: pd.DataFrame, winners: pd.DataFrame, summary: pd.Series) -> None:
    last = int(rows.evaluation.max())
    for place, (search, colour) in enumerate(_COLOURS.items()):
        table = rows[rows.search == search].pivot(index="repeat", columns="evaluation", values="objective")
        best = np.maximum.accumulate(table.to_numpy(), axis=1)
        mean, half = best.mean(axis=0), np.array([style.half_interval(column) for column in best.T])
        axes.plot(table.columns, mean, color=colour)
        axes.fill_between(table.columns, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
        worth = winners[winners.search == search].best.to_numpy()
        at = last * (1.05 + 0.04 * place)
        bar = {"yerr": style.half_interval(worth), "color": colour, "marker": "D", "capsize": 1.5}
        axes.errorbar(at, worth.mean(), elinewidth=0.8, **bar)
    began = rows[rows["round"] > 0].evaluation.min() - 0.5
    axes.axvline(began, color=style.GREY, linestyle=":", linewidth=0.8)
    axes.set_xlabel("Evaluations (left of the dotted line the same, at random)")
    axes.set_ylabel("Validation accuracy" if summary.alpha == 0 else "Objective")
    correlation = f"Intraclass correlation {summary.icc:.2f} [{summary.icc_low:.2f}, {summary.icc_high:.2f}]"
    axes.set_title(
        f"{style.label(summary.dataset)}, {style.label(summary.model)}, {summary.repeats} repeats\n{correlation}"
    )


def _pairs(axes: Axes, winners: pd.DataFrame, summary: pd.Series) -> None:
    table = winners.pivot(index="seed", columns="search", values="best")
    axes.axline((table.random.mean(),) * 2, slope=1, color=style.GREY, linewidth=0.8)
    axes.plot(table.random, table.bayesian, "o", color=style.BLACK, markersize=3, alpha=0.7)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("Winner of random search, new networks")
    axes.set_ylabel("Winner of Bayesian search")
    interval = f"{summary.difference:+.4f} [{summary.low:+.4f}, {summary.high:+.4f}]"
    axes.set_title(f"Bayesian less random:\n{interval}\n{summary.verdict}")


@style.styled
def draw_posterior(search_posterior: pd.DataFrame) -> Figure:
    """Mean and 95 % band of the process at every candidate, in the order of the mean, with what was observed.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if search_posterior.empty:
        raise UserError("The figure of the process needs candidates; the table has none.")
    cases = list(search_posterior.groupby(_PLACE, sort=False))
    figure = style.new(style.PAGE, 0.4 + 2.3 * len(cases))
    for axes, (place, rows) in zip(figure.subplots(len(cases), 1, squeeze=False)[:, 0], cases, strict=True):
        rows = rows.sort_values("mean", kind="stable", ignore_index=True)
        seen = rows[rows.tried > 0]
        band = 1.96 * rows.deviation
        axes.fill_between(
            rows.index, rows["mean"] - band, rows["mean"] + band, color=style.SKY, alpha=0.35, linewidth=0
        )
        axes.plot(rows.index, rows["mean"], color=style.BLUE, label="Mean of the process, 95 % band")
        size = 8 + 10 * (seen.tried.astype(float) - 1)
        axes.scatter(
            seen.index, seen.observed, s=size, color=style.RED, zorder=3, label="Evaluated (larger: more often)"
        )
        axes.set_xlabel("Candidate, in the order of the mean")
        axes.set_ylabel("Validation accuracy")
        axes.set_title(", ".join(map(style.label, place)))
        axes.margins(x=0.01)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@style.styled
def draw_trade_off(search_trade_off: pd.DataFrame) -> Figure:
    """Accuracy and sparsity of winners against the weight of sparsity in what was searched for.

    Points are repeats, lines their means.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if search_trade_off.empty:
        raise UserError("The figure of the trade-off needs searches with several alphas; the table has none.")
    cases = list(search_trade_off.groupby(_PLACE, sort=False))
    figure = style.new(min(style.PAGE, style.COLUMN * len(cases)), 2.7)
    looks = {"test_accuracy": (style.BLUE, "o", "Test accuracy"), "sparsity": (style.RED, "s", "Sparsity")}
    for axes, (place, rows) in zip(figure.subplots(1, len(cases), squeeze=False)[0], cases, strict=True):
        for column, (colour, marker, _) in looks.items():
            means = rows.groupby("alpha")[column].mean()
            axes.plot(means.index, means, color=colour)
            axes.plot(rows.alpha, rows[column], marker, color=colour)
        axes.set_xlabel("Weight of sparsity, alpha")
        axes.set_ylabel("Share")
        axes.set_ylim(0, 1.03)
        axes.set_title(", ".join(map(style.label, place)))
    style.legend_below(figure, [Line2D([], [], color=c, marker=m, label=text) for c, m, text in looks.values()], 2)
    return figure


def _of(table: pd.DataFrame, place: tuple[str, str]) -> pd.DataFrame:
    return table[(table.dataset == place[0]) & (table.model == place[1])]
