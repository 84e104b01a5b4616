"""Figure: edges against nodes at equal numbers of parameters, without and with a repair."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from prunegraph.errors import UserError
from prunegraph.figures import style

RULES = {"dpp": ("Determinantal", "#CC3311"), "random": ("Random", "#33BBEE"), "importance": ("Importance", "#009988")}
KINDS = {"edge": ("Edges", "o", "-"), "node": ("Nodes", "s", "--")}
REPAIRED = ("least_squares", "compensate")


@style.styled
def draw(networks: pd.DataFrame) -> Figure:
    """Draw the test error, on a logarithmic axis, against the share of the parameters that are not 0.

    A row of panels for each data set and model: left without, right with a repair of the kept weights. Colour stands
    for the rule, line and marker for what it chooses. Where a node rule counts weights, only those methods are shown of
    it, at the sparsities of the edge rules. Points are means over seeds, bars 95 % intervals (Student's t).

    Raises
    ------
    UserError
        If the table has no network pruned by nodes, or none by edges.
    """
    rows = _chosen(networks)
    if rows.empty or rows.kind.nunique() < 2:
        raise UserError("The figure of edges and nodes needs networks pruned by edges and by nodes; one is missing.")
    cells = list(rows.groupby(["dataset", "model"]))
    figure = style.new(5.2, 0.9 + 2.0 * len(cells))
    panels = figure.subplots(len(cells), 2, sharex=True, sharey="row", squeeze=False)
    for line, ((dataset, model), cell) in zip(panels, cells, strict=True):
        dense = networks[(networks.dataset == dataset) & (networks.model == model) & (networks.pruner == "dense")]
        for axes, repaired in zip(line, (False, True), strict=True):
            _panel(axes, cell[cell.repaired == repaired])
            axes.axhline(100 * (1 - dense.accuracy.mean()), color=style.BLACK, linestyle=":", linewidth=0.9)
            axes.set_yscale("log")
            for place in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                place(FuncFormatter(_tick))
        line[0].set_ylabel(f"{style.label(dataset)}, {style.label(model)}\nTest error (%)")
    panels[0, 0].set_title("As pruned")
    panels[0, 1].set_title("Reweighted")
    for axes in panels[-1]:
        axes.set_xlabel("Parameters that are not zero (%)")
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle=line, label=f"{rule} {kind.lower()}")
        for kind, marker, line in KINDS.values()
        for rule, colour in RULES.values()
    ]
    handles.append(Line2D([], [], color=style.BLACK, linestyle=":", linewidth=0.9, label="Dense"))
    style.legend_below(figure, handles, 3)
    return figure


def _chosen(networks: pd.DataFrame) -> pd.DataFrame:
    parts = networks.pruner.str.extract(rf"^({'|'.join(RULES)})_({'|'.join(KINDS)})$")
    rows = networks.assign(rule=parts[0], kind=parts[1], repaired=networks.repair.isin(REPAIRED))
    rows = rows[rows.rule.notna() & rows.accuracy.notna() & rows.nonzero.notna()]
    by_weights = rows.counts == "weights"
    rows = rows[(rows.kind == "edge") | by_weights | ~rows.pruner.isin(rows.pruner[by_weights])]
    return rows.assign(left=100 * rows.nonzero.astype(float) / rows.parameters.astype(float))


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    for rule, (_, colour) in RULES.items():
        for kind, (_, marker, line) in KINDS.items():
            own = rows[(rows.rule == rule) & (rows.kind == kind)].groupby("sparsity")
            if not len(own):
                continue
            error = 100 * (1 - own.accuracy.mean())
            half = own.accuracy.apply(lambda values: style.half_interval(100 * values.to_numpy())).fillna(0.0)
            low = np.minimum(half, 0.7 * error)  # a bar ends above zero
            look = {"color": colour, "marker": marker, "linestyle": line, "elinewidth": 0.7, "capsize": 1.2}
            axes.errorbar(own.left.mean(), error, yerr=[low, half], **look)


def _tick(value: float, _: int | None = None) -> str:
    """Label ticks at 1, 2 and 5 times a power of ten as plain numbers; others get no label."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""
