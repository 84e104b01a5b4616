"""Figure: the accuracy of every method at every sparsity, as a table of numbers with intervals."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunegraph.errors import UserError
from prunegraph.figures import style


@style.styled
def draw(networks: pd.DataFrame, search_summary: pd.DataFrame) -> Figure:
    """Test accuracy of every method, a line for each, the best on top; a panel for each data set, model and sparsity.

    Points are means over seeds, bars 95 % intervals (Student's t), dots single networks. Numbers: mean, half the
    interval, and the weights that are kept. Dashed: the dense network. Methods that search are drawn in another colour.

    Raises
    ------
    UserError
        If there is no pruned network.
    """
    del search_summary  # read so that only studies with a search have this figure
    pruned = networks[networks.method != "dense"]
    if pruned.empty:
        raise UserError("The table of baselines needs pruned networks; there are none.")
    cases = list(pruned.groupby(["dataset", "model", "sparsity"], sort=False))
    most = max(rows.method.nunique() for _, rows in cases)
    figure = style.new(style.PAGE, 0.3 + len(cases) * (0.65 + 0.2 * most))
    for axes, ((dataset, model, sparsity), rows) in zip(
        figure.subplots(len(cases), 1, squeeze=False)[:, 0], cases, strict=True
    ):
        dense = networks.query("method == 'dense' and dataset == @dataset and model == @model")
        _panel(axes, rows)
        if len(dense):
            axes.axvline(dense.accuracy.mean(), color=style.BLACK, linestyle="--", linewidth=0.8)
        place = f"{style.label(dataset)}, {style.label(model)}, sparsity {sparsity:g}"
        axes.set_title(f"{place}; dashed: dense, {dense.accuracy.mean():.4f}" if len(dense) else place)
    axes.set_xlabel("Test accuracy")
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    means = rows.groupby("method").accuracy.mean().sort_values()
    for place, (method, mean) in enumerate(means.items()):
        own = rows[rows.method == method]
        half = style.half_interval(own.accuracy.to_numpy())
        colour = style.RED if "bogp" in method else style.BLUE
        axes.plot(own.accuracy, [place] * len(own), ".", color=style.GREY, markersize=3)
        axes.errorbar(mean, place, xerr=half, color=colour, marker="o", markersize=4, capsize=2, elinewidth=0.9)
        text = f"{mean:.4f} ± {half:.4f}, n = {len(own)}, {int(own.kept.median()):,} weights"
        axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=6.5)
    axes.set_yticks(range(len(means)), [style.label(method) for method in means.index])
    axes.set_ylim(-0.6, len(means) - 0.4)
    axes.grid(axis="y", visible=False)
