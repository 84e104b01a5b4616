"""Ranking study: can a predictor order the pruners of a scenario (MGE, section 4.2.3)?

A scenario is a data set, a model and a sparsity. The methods of a scenario are
ordered by predicted accuracy drop and by true accuracy, both averaged over seeds.
"""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from prunegraph.analysis.folds import numbers
from prunegraph.analysis.scopes import SCENARIO, comparable, enough, level_columns, matrix
from prunegraph.statistics import agreement, ols
from prunegraph.statistics.leave_out import LeaveOut
from prunegraph.statistics.resampling import mean_interval
from prunegraph.tables.features import DEFAULT_SETS, FEATURE_SETS
from prunegraph.tables.frames import shaped, sort

MEASURES = ("spearman", "kendall", "rbo", "top1", "regret")

#: Single properties tried as predictors: the larger, the smaller the predicted drop.
SINGLE = ("ramanujan.delta_r", "ramanujan.imdb", "ramanujan.imsg", "layer_density", "log_edges")

#: Feature sets that are mixed by default: those of more than one feature.
MIXTURES = tuple(
    name for name in FEATURE_SETS if name in (*DEFAULT_SETS, "ramanujan_density") and len(FEATURE_SETS[name]) > 1
)

#: How a mixture is tested -> the columns of which one combination at a time is kept out of the fit.
PROTOCOLS: dict[str, tuple[str, ...]] = {
    "in_sample": (),
    "leave_scenario_out": SCENARIO,
    "leave_dataset_out": ("dataset",),
    "leave_model_out": ("model",),
    "leave_method_out": ("method",),
}

#: Protocols that leave out so much that only a fit to everything else makes sense.
_FIT_ON_ALL = ("leave_dataset_out", "leave_model_out", "leave_method_out")


def ranking(
    table: pd.DataFrame,
    *,
    single: Sequence[str] = SINGLE,
    sets: Sequence[str] = MIXTURES,
    levels: Sequence[str] = ("all", "sparsity", "model", "model_dataset"),
    protocols: Sequence[str] = tuple(PROTOCOLS),
    target: str = "accuracy_drop",
    rbo_p: float = 0.9,
    fewest: int = 3,
    rows_per_feature: float = 5.0,
    tie_decimals: int | None = agreement.TIE_DECIMALS,
) -> pd.DataFrame:
    """Agreement of predicted and true order of the methods, per predictor and scenario.

    Parameters
    ----------
    table
        The table of :func:`prunegraph.tables.features.feature_table`.
    single
        Columns whose negative is the predicted drop.
    sets
        Feature sets mixed by least squares on `target`.
    levels
        A mixture is fitted separately in every group of each of these levels.
    protocols
        Names from :data:`PROTOCOLS`. Those that leave out a data set, model or method have the level "all" only.
    fewest
        Scenarios with fewer methods are left out.
    tie_decimals
        Mean accuracies and predictions equal to this many decimals are ties, which go to the name that comes first in
        the alphabet. None leaves the order of equal means to rounding noise, as in the reference computation.

    Returns
    -------
    pd.DataFrame
        The table "ranking" of :mod:`prunegraph.tables.schemas` (rbo with p = `rbo_p`). Missing numbers: a mixture that
        has too few networks to be fitted, or a scenario in which all methods are predicted alike or are equally
        accurate.
    """
    rows, usable = comparable(_no_subgraph_is_zero(table), [*sets, *_sets_of(single)], target)
    test = partial(_scenarios, rows, rbo_p=rbo_p, fewest=fewest, tie_decimals=tie_decimals)
    results = []
    for column in single:
        results += test(-rows[column], predictor=column, kind="single", protocol="", level="")
    fit = partial(predict, rows, target=target, rows_per_feature=rows_per_feature)
    for name, (protocol, level) in product(sets, _tests(protocols, levels)):
        predicted = fit(name, level, PROTOCOLS[protocol]) if name in usable else pd.Series(np.nan, index=rows.index)
        results += test(predicted, predictor=name, kind="mixture", protocol=protocol, level=level)
    return shaped(pd.DataFrame(results), "ranking")


def _tests(protocols: Sequence[str], levels: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of protocol and level that are tried."""
    return [
        (protocol, level)
        for protocol in protocols
        for level in (("all",) if protocol in _FIT_ON_ALL and "all" in levels else levels)
        if protocol not in _FIT_ON_ALL or level == "all"
    ]


def summary(scenarios: pd.DataFrame, *, times: int = 200, seed: int = 0) -> pd.DataFrame:
    """Mean of every measure over the scenarios of a predictor, with `spearman_sd` (n - 1) and a bootstrap interval.

    `scenarios` is the table of :func:`ranking`, the result the table "ranking_summary" of
    :mod:`prunegraph.tables.schemas`.
    """
    results = []
    for label, part in scenarios.groupby(_PREDICTOR, sort=False):
        low, high = mean_interval(part.spearman, times, seed, "ranking", *label)
        row = dict(zip(_PREDICTOR, label, strict=True)) | part[list(MEASURES)].mean().to_dict()
        row |= {"scenarios": part.spearman.count(), "spearman_sd": part.spearman.std()}
        results.append(row | {"spearman_low": low, "spearman_high": high})
    return shaped(pd.DataFrame(results), "ranking_summary")


_PREDICTOR = ["predictor", "kind", "protocol", "level"]


def predict(
    rows: pd.DataFrame,
    features: str,
    level: str,
    held_out: Sequence[str] = (),
    *,
    target: str = "accuracy_drop",
    rows_per_feature: float = 5.0,
) -> pd.Series:
    """Predicted drop of every network by least squares on the feature set, fitted per group of `level`.

    With `held_out` columns, each combination of their values (a scenario, a data set, a pruner) is predicted
    by a fit to the other rows of its group. Missing where the fit has under `rows_per_feature` networks per
    feature.
    """
    x, y = matrix(rows, features), rows[target].to_numpy(dtype="float64")
    predicted = np.full(len(rows), np.nan)
    groups, parts = numbers(rows, level_columns(level)), numbers(rows, held_out)
    for group in np.unique(groups):
        inside = groups == group
        _, fold, sizes = np.unique(parts[inside], return_inverse=True, return_counts=True)
        fewest = int(inside.sum()) - (sizes if held_out else np.zeros_like(sizes))
        fitted = np.array([enough(int(n), x.shape[1], rows_per_feature) for n in fewest])[fold]
        if fitted.any():
            model = LeaveOut(x[inside], y[inside])
            found = model.predict(fold) if held_out else model.fitted()
            predicted[inside] = np.where(fitted, found, np.nan)
    return pd.Series(predicted, index=rows.index)


def _sets_of(columns: Sequence[str]) -> list[str]:
    """The feature sets that single columns come from, so that they are asked to be complete too."""
    names = {"layer_density": "layer_density", "log_edges": "log_edges"}
    return sorted({names.get(column, column.partition(".")[0]) for column in columns})


def _no_subgraph_is_zero(table: pd.DataFrame) -> pd.DataFrame:
    """A network that is too sparse for any regular subgraph has no margin and no gap: it counts as 0 here.

    Leaving it out would leave whole methods out of the sparsest scenarios. Networks without any Ramanujan
    measurement stay missing.
    """
    names = ["ramanujan.imdb", "ramanujan.imsg"]
    measured = table.layer_density.notna()
    return table.assign(**{name: table[name].mask(measured & table[name].isna(), 0.0) for name in names})


def _scenarios(
    rows: pd.DataFrame, predicted: pd.Series, rbo_p: float, fewest: int, tie_decimals: int | None, **label: str
) -> list[dict]:
    table = rows[[*SCENARIO, "method", "accuracy"]].assign(predicted=predicted)
    groups = table.groupby([*SCENARIO, "method"])
    means = pd.DataFrame({name: groups[name].mean() for name in ("accuracy", "predicted")})
    if tie_decimals is not None:
        means = means.round(tie_decimals)
    results = []
    # Methods in alphabetical order, in which ties are broken: it favours none, and the reference has it too.
    means = sort(means.reset_index().sort_values("method"), "model", "dataset", "sparsity")
    for scenario, part in means.groupby(list(SCENARIO), sort=False):
        if len(part) >= fewest:
            cell = dict(zip(SCENARIO, scenario, strict=True)) | {"methods": len(part)}
            results.append(label | cell | _compare(part.predicted.to_numpy(), part.accuracy.to_numpy(), rbo_p))
    return results


def _compare(predicted: np.ndarray, accuracy: np.ndarray, rbo_p: float) -> dict[str, float]:
    # Equal predictions order nothing: the alphabet would decide whether the best method is hit.
    if np.isnan(predicted).any() or ols.is_constant(predicted) or ols.is_constant(accuracy):
        return dict.fromkeys(MEASURES, float("nan"))
    chosen, best = int(predicted.argmin()), int(accuracy.argmax())
    return {
        "spearman": agreement.spearman(predicted, -accuracy),
        "kendall": agreement.kendall(predicted, -accuracy),
        "rbo": agreement.rank_biased_overlap(predicted, -accuracy, rbo_p),
        "top1": float(accuracy[chosen] == accuracy[best]),
        "regret": float(accuracy[best] - accuracy[chosen]),
    }
