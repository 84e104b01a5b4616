"""Figure: how much smaller and faster networks become without the units that were removed, and what they retain."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

_CELL = ["dataset", "model", "method", "sparsity"]
_QUANTITIES = {"parameters": "Fewer parameters", "macs": "Fewer operations", "seconds": "Shorter time of a call"}


@style.styled
def draw(latency: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """Draw what is saved in parameters, operations and time, dense / smaller network, against the accuracy retained.

    A line for each method through its amounts, a row of panels for each data set and model. Retention is the mean over
    seeds; time is that of the largest batch of the table, with its quartiles as bars, relative to the dense network's
    median.

    Raises
    ------
    UserError
        If the tables have no pruned network beside its dense one.
    """
    rows = saved(latency, networks)
    if rows.empty:
        raise UserError("The figure of speed needs pruned networks that were measured beside their dense one.")
    looks = style.method_styles(ordered(rows.method, "method"))
    cells = list(rows.groupby(["dataset", "model"], sort=False))
    figure = style.new(style.PAGE, 1.1 + 1.7 * len(cells))
    panels = figure.subplots(len(cells), len(_QUANTITIES), sharey="row", squeeze=False)
    for line, ((dataset, model), cell) in zip(panels, cells, strict=True):
        for axes, (quantity, title) in zip(line, _QUANTITIES.items(), strict=True):
            _panel(axes, cell, quantity, looks)
            axes.set_title(f"{title}, {int(cell.batch.max())} images" if quantity == "seconds" else title)
        line[0].set_ylabel(f"{style.label(dataset)}, {style.label(model)}\nAccuracy retained (%)")
    for axes in panels[-1]:
        axes.set_xlabel("Dense / pruned (times)")
    handles = [Line2D([], [], label=style.label(name), **look) for name, look in looks.items()]
    style.legend_below(figure, handles, 4)
    return figure


def saved(latency: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """A row for each pruned cell of the table of latencies: its ratios to the dense network, and its mean retention."""
    largest = latency[latency.batch == latency.groupby(["dataset", "model"]).batch.transform("max")]
    dense = largest[largest.sparsity == 0].set_index(["dataset", "model"])[list(_QUANTITIES)].add_suffix("_dense")
    rows = largest[largest.sparsity > 0].join(dense, on=["dataset", "model"])
    retained = networks.assign(retention=100 * (1 - networks.accuracy_drop)).groupby(_CELL).retention.mean()
    rows = rows.join(retained, on=_CELL)
    ratios = {f"{name}_ratio": rows[f"{name}_dense"] / rows[name] for name in _QUANTITIES}
    ratios |= {f"{end}_ratio": rows.seconds_dense / rows[f"seconds_{end}"] for end in ("low", "high")}
    return rows.assign(**ratios).dropna(subset=["retention", "seconds_ratio"])


def _panel(axes: Axes, rows: pd.DataFrame, quantity: str, looks: dict[str, dict]) -> None:
    for method, look in looks.items():
        own = rows[rows.method == method].sort_values("sparsity")
        ratio = own[f"{quantity}_ratio"]
        bars = None
        if quantity == "seconds":
            bars = [(ratio - own.high_ratio).clip(lower=0), (own.low_ratio - ratio).clip(lower=0)]
        axes.errorbar(ratio, own.retention, xerr=bars, elinewidth=0.6, **look)
    axes.axvline(1, color=style.BLACK, linestyle="--", linewidth=0.8)
    axes.axhline(100, color=style.BLACK, linestyle="--", linewidth=0.8)
