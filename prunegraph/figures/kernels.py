"""Figure: what the kernels of determinantal point processes say about the items among which they choose."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.figures.accuracy import place
from prunegraph.tables.frames import ordered

_QUANTITIES = {
    "kernel_effective_rank": "Effective rank",
    "kernel_median_similarity": "Median off-diagonal entry",
    "kernel_distance_from_uniform": "Distance from uniform\n(nats per item)",
    "kernel_log10_e_k": "log$_{10}$ e$_k$",
}


@style.styled
def draw(networks: pd.DataFrame) -> Figure:
    """Draw four diagnostics of kernels against sparsity, a line for each method that draws from a kernel.

    Points are means over the seeds (of means over the kernels of a network), bars their standard deviation. Rows are
    data sets and models.

    Raises
    ------
    UserError
        If no network of the table was pruned by a kernel.
    """
    there = [name for name in _QUANTITIES if name in networks.columns]
    rows = networks[networks[there].notna().all(axis=1)] if len(there) == len(_QUANTITIES) else networks[:0]
    # Repaired or not, the kernels are the same.
    rows = rows[rows.repair.isin(["", "fold"]) | ~rows.pruner.isin(rows.pruner[rows.repair.isin(["", "fold"])])]
    if rows.empty:
        raise UserError("The figure of kernels needs networks pruned by a determinantal point process; there are none.")
    looks, cells = style.method_styles(ordered(rows.method, "method")), list(rows.groupby(["dataset", "model"]))
    sparsities = sorted(set(rows.sparsity))
    figure = style.new(style.PAGE, 0.7 + 1.35 * len(cells))
    panels = figure.subplots(len(cells), len(_QUANTITIES), sharex=True, squeeze=False)
    for line, ((dataset, model), cell) in zip(panels, cells, strict=True):
        for axes, (quantity, title) in zip(line, _QUANTITIES.items(), strict=True):
            for method, look in looks.items():
                seeds = cell[cell.method == method].groupby("sparsity")[quantity]
                mean, bars = seeds.mean(), seeds.std().fillna(0.0)
                axes.errorbar(place(mean.index.to_numpy()), mean, yerr=bars, elinewidth=0.7, capsize=1.2, **look)
            axes.set_title(title)
            axes.margins(y=0.15)
            if quantity == "kernel_median_similarity":
                axes.set_ylim(0, 1)
            elif quantity != "kernel_log10_e_k":
                axes.set_ylim(bottom=0)
        line[0].set_ylabel(f"{style.label(dataset)}\n{style.label(model)}")
    for axes in panels[-1]:
        axes.set_xlabel("Sparsity")
        axes.set_xticks(place(np.array(sparsities)), [f"{value:g}" for value in sparsities])
    style.legend_below(figure, [Line2D([], [], label=style.label(name), **look) for name, look in looks.items()], 4)
    return figure
