"""Figure: importance of the topometrics in the regression (MGE, section 4.2.2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.tables.features import WEIGHTED

_HEADINGS = {"all": "", "sparsity": "Sparsity", "model": "Model", "dataset": "Data set"}


@style.styled
def draw(importance: pd.DataFrame, *, levels: tuple[str, ...] = ("all", "sparsity", "model", "dataset")) -> Figure:
    """Draw the share of R2 (%) of every feature, a column for each group: the exact Shapley (LMG) decomposition.

    Below each group are R2 of the whole set and the number of networks. A hatched column has too few networks. Stars
    mark metrics of the trained weights.

    Parameters
    ----------
    importance
        The table of :func:`prunegraph.analysis.importance.importance`. If it has bootstrap intervals (`share_low`,
        `share_high`), they are written below each share.
    levels
        Names of the levels from left to right; a level with a single group repeats "all" and is left out.

    Raises
    ------
    UserError
        If the table has none of the levels.
    """
    rows = importance[importance.level.isin(levels)]
    if rows.empty:
        raise UserError(f"The importance figure needs the levels {', '.join(levels)}; the table has none of them.")
    features = list(dict.fromkeys(rows.feature))
    sizes = rows.groupby("level").group.nunique()
    shown = [name for name in levels if name in sizes and (name == "all" or sizes[name] > 1)]
    parts = {level: rows[rows.level == level] for level in shown or sizes.index[:1]}
    widths = [part.group.nunique() for part in parts.values()]
    bounded = {"share_low", "share_high"} <= set(rows.columns) and rows.share_low.notna().any()
    figure = style.new(min(style.PAGE, 1.5 + 0.5 * sum(widths)), 0.9 + (0.24 if bounded else 0.17) * len(features))
    panels = figure.subplots(1, len(parts), sharey=True, width_ratios=widths, squeeze=False)[0]
    most = max(0.3, rows.share.max() if rows.share.notna().any() else 0.3)
    for axes, (level, part) in zip(panels, parts.items(), strict=True):
        _panel(axes, part, features, most, bounded, 6 if sum(widths) < 12 else 5)
        axes.set_title(_HEADINGS.get(level, level.replace("_", " and ").capitalize()))
    panels[0].set_yticks(np.arange(len(features)) + 0.5, [_name(name) for name in features])
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, features: list[str], most: float, bounded: bool, size: float) -> None:
    groups = list(dict.fromkeys(rows.group))
    shares = 100 * _wide(rows, "share", features, groups)
    edges = {"edgecolors": "white", "linewidth": 0.6}
    axes.pcolormesh(np.ma.masked_invalid(shares), cmap="Blues", vmin=0, vmax=100 * most, **edges)
    bounds = [100 * _wide(rows, name, features, groups) for name in ("share_low", "share_high")] if bounded else None
    for row, column in np.argwhere(np.isfinite(shares)):
        dark = {"color": "white" if shares[row, column] > 55 * most else style.BLACK, "ha": "center"}
        place = column + 0.5, row + 0.5
        if bounds is None:
            axes.text(*place, f"{shares[row, column]:.0f}", fontsize=6, va="center", **dark)
            continue
        axes.text(*place, f"{shares[row, column]:.0f}", fontsize=6, va="bottom", **dark)
        interval = f"{bounds[0][row, column]:.0f}–{bounds[1][row, column]:.0f}"
        axes.text(place[0], place[1] + 0.08, interval, fontsize=5, va="top", **dark)
    for column in np.flatnonzero(np.isnan(shares).all(axis=0)):
        axes.axvspan(column, column + 1, facecolor="#f7f7f7", edgecolor="#c8c8c8", hatch="////", linewidth=0)
    facts = rows.drop_duplicates("group").set_index("group").loc[groups]
    names = [_heading(group, fact.r2, fact.n) for group, fact in zip(groups, facts.itertuples(), strict=True)]
    axes.set_xticks(np.arange(len(groups)) + 0.5, names, fontsize=size)
    axes.set(xlim=(0, len(groups)), ylim=(len(features), 0))
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _wide(rows: pd.DataFrame, value: str, features: list[str], groups: list[str]) -> np.ndarray:
    return rows.pivot(index="feature", columns="group", values=value).loc[features, groups].to_numpy(dtype=float)


def _heading(group: str, r2: float, n: int) -> str:
    name = group if "." in group else style.label(group).replace("Tiny-ImageNet", "Tiny-IN")
    return f"{name}\n$R^2$ {r2:.2f}\nn = {n}" if np.isfinite(r2) else f"{name}\ntoo few\nn = {n}"


def _name(feature: str) -> str:
    star = "*" if feature.rpartition(".")[2] in WEIGHTED else ""
    return style.label(feature) + star
