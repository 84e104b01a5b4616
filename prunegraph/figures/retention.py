"""Figure: how much accuracy pruned networks retain, by measure, amount and scope."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

CONTROLS = ("unit_random", "unit_l1", "unit_activation")
"""Pruners that other measures are held against: by chance, by weights alone, by activations alone."""

GLOBAL = "_global"
"""The end of the name of a method that ranks the units of all layers together."""


@style.styled
def draw(networks: pd.DataFrame) -> Figure:
    """Draw accuracy / accuracy of the dense network: a panel for each network and amount, a line for each measure.

    Filled: units ranked in each layer; open: of all layers together, those methods whose name ends so. Points are means
    over the seeds, bars their 95 % interval (Student's t). The controls stand below the others on a grey ground.

    Raises
    ------
    UserError
        If no pruned network has a dense one to refer to.
    """
    rows = networks[(networks.pruner != "dense") & networks.accuracy_drop.notna()]
    if rows.empty:
        raise UserError("The figure of retention needs pruned networks and their dense ones; the table has none.")
    rows = rows.assign(retention=100 * (1 - rows.accuracy_drop))
    measures = ordered((name.removesuffix(GLOBAL) for name in rows.method), "method")
    controls = [name for name in measures if name in CONTROLS]
    measures = [*(name for name in measures if name not in CONTROLS), *controls]
    cells, amounts = list(rows.groupby(["dataset", "model"], sort=False)), sorted(set(rows.sparsity))
    figure = style.new(style.PAGE, 0.8 + len(cells) * (0.3 + 0.2 * len(measures)))
    panels = figure.subplots(len(cells), len(amounts), sharex="row", sharey=True, squeeze=False)
    for line, ((dataset, model), cell) in zip(panels, cells, strict=True):
        for axes, amount in zip(line, amounts, strict=True):
            _panel(axes, cell[cell.sparsity == amount], measures, len(controls))
            axes.set_title(f"{amount:.0%} of the units removed" if len(amounts) < 4 else f"{amount:.0%} removed")
        if len(cells) > 1:
            line[0].set_ylabel(f"{style.label(dataset)}\n{style.label(model)}")
    panels[-1, len(amounts) // 2].set_xlabel("Accuracy retained (%)")
    look = {"linestyle": "none", "color": style.BLACK, "marker": "o"}
    handles = [Line2D([], [], label="Ranked in each layer", **look)]
    if rows.method.str.endswith(GLOBAL).any():
        handles.append(Line2D([], [], label="Ranked in all layers together", markerfacecolor="white", **look))
    if controls:
        handles.append(Patch(color=style.LIGHT, alpha=0.5, linewidth=0, label="Controls"))
    style.legend_below(figure, handles, 3)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, measures: list[str], controls: int) -> None:
    looks = style.method_styles(measures)
    for place, measure in enumerate(measures):
        for shift, method in ((-0.17, measure), (0.17, f"{measure}{GLOBAL}")):
            values = rows[rows.method == method].retention.to_numpy()
            if not len(values):
                continue
            colour = looks[measure]["color"]
            half = np.nan_to_num(style.half_interval(values))
            face = "white" if method != measure else colour
            look = {"marker": "o", "markerfacecolor": face, "markeredgecolor": colour, "color": colour}
            axes.errorbar(values.mean(), place + shift, xerr=half, elinewidth=0.8, capsize=1.2, **look)
    if controls:
        axes.axhspan(len(measures) - controls - 0.5, len(measures) - 0.5, color=style.LIGHT, alpha=0.5, linewidth=0)
    axes.axvline(100, color=style.BLACK, linestyle="--", linewidth=0.8)
    axes.set_yticks(range(len(measures)), [style.label(name) for name in measures])
    axes.set_ylim(len(measures) - 0.5, -0.5)
    axes.grid(False, axis="y")
