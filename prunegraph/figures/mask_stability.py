"""Figure: the share of each method's masks that stays with other images, another precision, another device."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.frames import ordered

# Marks from the largest to the smallest, so that all are visible where they coincide at 1.
SIZES = {"precision": 4.6, "device": 3.6, "draw": 2.0}
CHANGES = {
    "draw": (style.BLUE, "o", "Other training images"),
    "precision": (style.RED, "s", "float32 scores instead of float64"),
    "device": (style.GREEN, "^", "GPU instead of CPU"),
}


@style.styled
def draw(stability: pd.DataFrame) -> Figure:
    """Draw the share of kept weights that stay: a row for each model, a column for each data set.

    Sparsities increase from left to right. Grey bars show the share that a random mask with the same layer densities
    would keep (mean over changes).

    Parameters
    ----------
    stability
        The table "mask_stability" of :data:`prunegraph.tables.schemas.SCHEMAS`.

    Raises
    ------
    UserError
        If the table is empty.
    """
    if stability.empty:
        raise UserError(
            "The figure of the stability of masks needs a method that prunes before training; there is none."
        )
    methods, models, datasets = (ordered(stability[name], name) for name in ("method", "model", "dataset"))
    sparsities = sorted(set(stability.sparsity))
    width = style.PAGE if len(datasets) > 1 else max(style.COLUMN, min(style.PAGE, 0.55 * len(methods) + 1))
    figure = style.new(width, 1.6 * len(models) + 0.8)
    grid = figure.subplots(len(models), len(datasets), sharex=True, sharey=True, squeeze=False)
    for row, model in zip(grid, models, strict=True):
        for axes, dataset in zip(row, datasets, strict=True):
            part = stability[(stability.model == model) & (stability.dataset == dataset)]
            _panel(axes, part, methods, sparsities)
            axes.set_title(f"{style.label(model)}, {style.label(dataset)}")
        row[0].set_ylabel("Share of kept weights")
    shown = [CHANGES[change] for change in CHANGES if change in set(stability.change)]
    looks = [*shown, (style.LIGHT, "s", "Chance, same layer densities")]
    handles = [
        Line2D([], [], marker=marker, linestyle="none", color=colour, label=text) for colour, marker, text in looks
    ]
    style.legend_below(figure, handles, 2 if width > style.COLUMN else 1)
    return figure


def _panel(axes: Axes, part: pd.DataFrame, methods: list[str], sparsities: list[float]) -> None:
    width = 0.8 / len(sparsities)
    for (method, sparsity), rows in part.groupby(["method", "sparsity"], sort=False):
        place = methods.index(method) + (sparsities.index(sparsity) - (len(sparsities) - 1) / 2) * width
        axes.bar(place, rows.chance.mean(), 0.9 * width, color=style.LIGHT, linewidth=0)
        for change, size in SIZES.items():
            points = rows[rows.change == change]
            colour, marker, _ = CHANGES[change]
            look = {"markersize": size, "markeredgewidth": 0, "linestyle": "none"}
            axes.plot([place] * len(points), points.stay, marker=marker, color=colour, **look)
    axes.set_ylim(0, 1.05)
    axes.set_xticks(range(len(methods)), [style.label(method) for method in methods], rotation=90)
