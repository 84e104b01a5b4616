"""Figures: the error of pruned students against what is kept, and their order parameters."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

_PAIR = ["teachers", "students"]


@style.styled
def draw(teacher_student: pd.DataFrame) -> Figure:
    """Generalisation error of pruned students against the share kept, a line per rule, a panel per pair and noise.

    Points are means over networks and draws, bars their standard deviation. Dotted: the idealised student; dashed: the
    student before it was pruned.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if teacher_student.empty:
        raise UserError("The figure of teachers and students needs pruned students; the table has none.")
    pairs = list(teacher_student.groupby(_PAIR, sort=True))
    noises = sorted(set(teacher_student.noise))
    looks = style.method_styles(ordered(teacher_student.method, "method"))
    figure = style.new(min(style.PAGE, 2.4 * len(noises) + 0.4), 0.9 + 1.9 * len(pairs))
    panels = figure.subplots(len(pairs), len(noises), sharex="row", sharey="row", squeeze=False)
    for line, ((teachers, students), rows) in zip(panels, pairs, strict=True):
        for axes, noise in zip(line, noises, strict=True):
            _panel(axes, rows[rows.noise == noise], looks)
            axes.set_title(f"{teachers} : {students} units, noise {noise:g}")
        line[0].set_ylabel("Generalisation error")
    for axes in panels[-1]:
        axes.set_xlabel("Share of the parameters kept")
    handles = [Line2D([], [], label=style.label(name), **look) for name, look in looks.items()]
    handles += [
        Line2D([], [], color=style.BLACK, linestyle=":", linewidth=0.9, label="Idealised student"),
        Line2D([], [], color=style.BLACK, linestyle="--", linewidth=0.9, label="Before pruning"),
    ]
    style.legend_below(figure, handles, 4)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, looks: dict[str, dict]) -> None:
    axes.set_yscale("log")
    for number, (method, look) in enumerate(looks.items()):
        own = rows[rows.method == method]
        losses = own.groupby("share").loss
        mean, deviation = losses.mean(), losses.std().fillna(0.0)
        # Rules stand side by side at a share, so that bars do not hide each other; a bar ends above zero.
        x = mean.index.to_numpy() * (1 + 0.008 * (number - (len(looks) - 1) / 2))
        low = np.minimum(deviation, 0.9 * mean)
        axes.errorbar(x, mean, yerr=[low, deviation], elinewidth=0.7, capsize=1.2, capthick=0.6, **look)
        ideal = own.groupby("share").ideal.first().dropna()
        axes.plot(ideal.index, ideal, color=look["color"], linestyle=":", linewidth=0.9)
    axes.axhline(rows.whole_loss.mean(), color=style.BLACK, linestyle="--", linewidth=0.9)


@style.styled
def draw_orders(order_parameters: pd.DataFrame) -> Figure:
    """Order parameters Q and R of one student before pruning and under each rule, as heat maps, beside T.

    The first pair, noise and network of the table, at the share kept that is nearest to a half; means over draws.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if order_parameters.empty:
        raise UserError("The figure of order parameters needs pruned students; the table has none.")
    rows = order_parameters
    for name in (*_PAIR, "noise", "seed"):
        rows = rows[rows[name] == rows[name].iloc[0]]
    shares = sorted(set(rows[rows.method != "dense"].share), key=lambda share: (abs(share - 0.5), share))
    rows = rows[(rows.method == "dense") | (rows.share == shares[0])]
    methods = ordered(rows.method, "method")
    most = float(rows.value.abs().max())
    figure = style.new(style.PAGE, 2.6)
    panels = figure.subplots(2, len(methods) + 1, squeeze=False)
    for column, method in zip(panels.T, methods, strict=False):
        for axes, matrix in zip(column, ("Q", "R"), strict=True):
            image = _map(axes, rows[(rows.method == method) & (rows.matrix == matrix)], most)
        column[0].set_title("Before\npruning" if method == "dense" else style.label(method).replace(" ", "\n", 1))
    _map(panels[0, -1], rows[(rows.method == "dense") & (rows.matrix == "T")], most)
    panels[0, -1].set_title("T:\nteacher")
    panels[1, -1].set_axis_off()
    panels[0, 0].set_ylabel("Q: student unit")
    panels[1, 0].set_ylabel("R: student unit")
    figure.colorbar(image, ax=panels[1, -1], orientation="horizontal", fraction=0.5, aspect=12)
    first = rows.iloc[0]
    text = f"{first.teachers} : {first.students} units, noise {first.noise:g}, {shares[0]:g} of the parameters kept"
    figure.suptitle(text, fontsize=7)
    return figure


def _map(axes: Axes, entries: pd.DataFrame, most: float):
    values = entries.pivot(index="row", columns="column", values="value").to_numpy()
    axes.set_xticks(range(values.shape[1]))
    axes.set_yticks(range(values.shape[0]))
    axes.grid(False)
    axes.tick_params(length=0, labelsize=5)
    return axes.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most)
