"""Figure: predicted against true accuracy drop of held-out networks (MGE, section 4.2.1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.analysis.folds import dealt
from prunegraph.analysis.scopes import comparable, enough, matrix
from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.statistics import ols
from prunegraph.statistics.leave_out import cross_predict
from prunegraph.tables.features import feature_set

SETS = ("ramanujan_density", "rolled", "rolled_channel", "unrolled")
# Five colours of viridis, darker for higher sparsity, so that the order is visible in grey and with colour blindness.
_LOOKS = (("#E3D21E", "o"), ("#5EC962", "s"), ("#21918C", "^"), ("#3B528B", "D"), ("#440154", "v"))


@style.styled
def draw(features: pd.DataFrame, *, sets: tuple[str, ...] = SETS, folds: int = 5) -> Figure:
    """Draw the accuracy drop predicted by least squares from other configurations, against the true drop.

    A dot is a network. Predictions outside of the axes are drawn at their edge. The title gives R2 and the mean
    absolute error of the held-out predictions.

    Parameters
    ----------
    features
        The table of :func:`prunegraph.tables.features.feature_table`.
    sets
        Names of the feature sets, a panel each; a panel says so if most networks lack the set, or if there are fewer
        than two networks for each feature.
    folds
        Number of folds of configurations; a fold is predicted by a fit to the other folds.

    Raises
    ------
    UserError
        If no set has enough networks, or no network has an accuracy drop.
    """
    rows, usable = comparable(features, sets)
    sets_drawn = [name for name in usable if enough(int(len(rows) * (1 - 1 / folds)), len(feature_set(name)), 2)]
    if not sets_drawn:
        raise UserError(
            f"Predicting the accuracy drop needs two networks per feature in the fit; there are {len(rows)} networks."
        )
    drop = rows.accuracy_drop.to_numpy(dtype="float64")
    (fold,) = dealt(rows, "grouped", folds, 1)
    sparsities = sorted(set(rows.sparsity))
    last = max(len(sparsities) - 1, 1)
    looks = {value: _LOOKS[round(k * (len(_LOOKS) - 1) / last)] for k, value in enumerate(sparsities)}
    low, high = _limits(drop)
    figure = style.new(min(style.PAGE, 0.6 + 1.75 * len(sets_drawn)), 2.55)
    panels = figure.subplots(1, len(sets_drawn), sharex=True, sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, sets_drawn, strict=True):
        predicted = cross_predict(matrix(rows, name), drop, fold)
        _panel(axes, 100 * drop, 100 * np.clip(predicted, low, high), rows.sparsity.to_numpy(), looks)
        axes.set_title(f"{style.label(name)}\n{_quality(drop, predicted)}")
        axes.set(xlabel="True accuracy drop (%)", xlim=(100 * low, 100 * high), ylim=(100 * low, 100 * high))
        axes.set_aspect("equal")
    panels[0].set_ylabel("Predicted, held out (%)")
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=f"Sparsity {value:g}")
        for value, (colour, marker) in looks.items()
    ]
    style.legend_below(figure, handles, 6)
    return figure


def _quality(drop: np.ndarray, predicted: np.ndarray) -> str:
    if np.isnan(predicted).all():
        return "no other configuration to fit to"
    r2 = ols.r_squared(drop, predicted)
    shown = "undefined" if np.isnan(r2) else f"= {r2:.2f}" if r2 > -10 else "< −10"
    return f"$R^2$ {shown}, MAE = {100 * float(np.nanmean(np.abs(drop - predicted))):.1f} %".replace("-", "−")


def _limits(drop: np.ndarray) -> tuple[float, float]:
    margin = 0.15 * max(float(np.ptp(drop)), 0.02)
    return float(drop.min()) - margin, float(drop.max()) + margin


def _panel(axes: Axes, true: np.ndarray, predicted: np.ndarray, sparsity: np.ndarray, looks: dict) -> None:
    axes.axline((0, 0), slope=1, color=style.BLACK, linewidth=0.6)
    size = float(np.clip(30 / np.sqrt(len(true)), 1.4, 3.2))
    for value, (colour, marker) in looks.items():
        here = sparsity == value
        look = {"markersize": size, "markeredgewidth": 0, "alpha": 0.8, "clip_on": False, "rasterized": True}
        axes.plot(true[here], predicted[here], marker, color=colour, **look)
