"""Figure: time and memory for encoding networks and measuring their graphs, against the size of the graph."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

CELL = ["dataset", "model", "method", "sparsity"]
_RULES = {"encode": (style.BLUE, "Encode, all encodings"), "measure": (style.RED, "Measure, all metrics")}
_MARKERS = "os^Dv<>"
_QUANTITIES = {"seconds": "Wall time per network (s)", "memory_mb": "Peak memory of the job (MiB)"}


@style.styled
def draw(costs: pd.DataFrame, topometrics: pd.DataFrame) -> Figure:
    """Draw time per network and peak memory against edges of the unrolled graph, a dot for each job (seeds of a cell).

    Both axes are logarithmic. Colours stand for rules, markers for models. Times include the start of the process,
    which takes most of the time for small graphs.

    Parameters
    ----------
    costs
        The table of :func:`prunegraph.tables.costs.costs`.
    topometrics
        The table of :func:`prunegraph.tables.collect.topometrics`, with the edges and the number of networks of a job.

    Raises
    ------
    UserError
        If no job that encodes or measures has a known time and graph.
    """
    graphs = topometrics[topometrics.encoding == "unrolled"].groupby(CELL, sort=False)
    sizes = pd.DataFrame({"edges": graphs.edges.mean().astype("float64"), "networks": graphs.seed.nunique()})
    rows = costs[costs.rule.isin(_RULES)].merge(sizes.reset_index(), on=CELL)
    rows = rows[(rows.edges > 0) & rows.seconds.gt(0)]
    if rows.empty:
        raise UserError(
            "The figure of costs needs benchmark files of the rules encode and measure and the sizes of their graphs; "
            "there are none."
        )
    rows = rows.assign(seconds=rows.seconds / rows.networks)
    markers = dict(zip(ordered(rows.model, "model"), _MARKERS * 9, strict=False))
    figure = style.new(5.2, 2.5)
    for axes, (quantity, text) in zip(figure.subplots(1, 2, sharex=True), _QUANTITIES.items(), strict=True):
        for (rule, model), part in rows.groupby(["rule", "model"], sort=False):
            look = {"markersize": 3, "alpha": 0.75, "markeredgewidth": 0, "linestyle": "none"}
            axes.plot(part.edges, part[quantity], marker=markers[model], color=_RULES[rule][0], **look)
        axes.set(xscale="log", yscale="log", xlabel="Edges of the unrolled graph", ylabel=text)
        for place in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            place(FuncFormatter(_tick))
    handles = [Line2D([], [], marker="s", linestyle="none", color=look, label=text) for look, text in _RULES.values()]
    handles += [
        Line2D([], [], marker=marker, linestyle="none", color=style.GREY, label=style.label(model))
        for model, marker in markers.items()
    ]
    style.legend_below(figure, handles, 4)
    return figure


def _tick(value: float, _: int | None = None) -> str:
    """Label a tick at 1, 2 or 5 times a power of ten as a plain number; other ticks get no label."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""
