"""Figure: which topometrics carry the regression (MGE, section 4.2.2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunegraph.analysis.features import WEIGHTED
from prunegraph.errors import UserError
from prunegraph.figures import style

_HEADINGS = {"all": "", "sparsity": "Sparsity", "model": "Model", "dataset": "Data set"}


@style.styled
def draw(importance: pd.DataFrame, *, levels: tuple[str, ...] = ("all", "sparsity", "model")) -> Figure:
    """Share of R2 (%) of every feature, a column per group: the exact Shapley (LMG) decomposition.

    Parameters
    ----------
    importance: the table of :func:`prunegraph.analysis.importance.importance`.
    levels: which levels to show, left to right.

    Below each group stand R2 of the whole set and the number of networks. A hatched column has too few
    networks. Stars mark metrics of the trained weights.

    Raises
    ------
    UserError: the table has none of the levels.
    """
    rows = importance[importance.level.isin(levels)]
    if rows.empty:
        raise UserError(f"The importance figure needs the levels {', '.join(levels)}; the table has none of them.")
    features = list(dict.fromkeys(rows.feature))
    parts = {level: rows[rows.level == level] for level in levels if (rows.level == level).any()}
    widths = [part.group.nunique() for part in parts.values()]
    figure = style.new(min(style.PAGE, 1.5 + 0.5 * sum(widths)), 0.9 + 0.17 * len(features))
    panels = figure.subplots(1, len(parts), sharey=True, width_ratios=widths, squeeze=False)[0]
    most = max(0.3, rows.share.max() if rows.share.notna().any() else 0.3)
    for axes, (level, part) in zip(panels, parts.items(), strict=True):
        _panel(axes, part, features, most)
        axes.set_title(_HEADINGS.get(level, level.replace("_", " and ").capitalize()))
    panels[0].set_yticks(np.arange(len(features)) + 0.5, [_name(name) for name in features])
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, features: list[str], most: float) -> None:
    import seaborn  # takes two seconds, which no other figure should wait for

    groups = list(dict.fromkeys(rows.group))
    shares = rows.pivot(index="feature", columns="group", values="share").loc[features, groups].to_numpy()
    seaborn.heatmap(
        100 * shares, ax=axes, cmap="Blues", vmin=0, vmax=100 * most, cbar=False, linewidths=0.6, linecolor="white",
        annot=True, fmt=".0f", annot_kws={"fontsize": 6}, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    for column in np.flatnonzero(np.isnan(shares).all(axis=0)):
        axes.axvspan(column, column + 1, facecolor="#f7f7f7", edgecolor="#c8c8c8", hatch="////", linewidth=0)
    facts = rows.drop_duplicates("group").set_index("group").loc[groups]
    names = [_heading(group, fact.r2, fact.n) for group, fact in zip(groups, facts.itertuples(), strict=True)]
    axes.set_xticks(np.arange(len(groups)) + 0.5, names, fontsize=6)
    axes.set(xlim=(0, len(groups)), ylim=(len(features), 0))
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _heading(group: str, r2: float, n: int) -> str:
    name = group if "." in group else style.label(group)
    return f"{name}\n$R^2$ {r2:.2f}\nn = {n}" if np.isfinite(r2) else f"{name}\ntoo few\nn = {n}"


def _name(feature: str) -> str:
    star = "*" if feature.rpartition(".")[2] in WEIGHTED else ""
    return style.label(feature) + star
