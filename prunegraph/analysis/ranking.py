"""Ranking study: how well a predictor ranks the pruners of a scenario (MGE, section 4.2.3).

A scenario is a data set, a model and a sparsity. The methods of a scenario are ranked by predicted accuracy drop and by
true accuracy, both averaged over seeds.
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

#: Single properties that serve as predictors: the larger the property, the smaller the predicted drop.
SINGLE = ("ramanujan.delta_r", "ramanujan.imdb", "ramanujan.imsg", "layer_density", "log_edges")

#: Feature sets that are fitted by default ("mixtures"): those of more than one feature.
MIXTURES = tuple(
    name for name in FEATURE_SETS if name in (*DEFAULT_SETS, "ramanujan_density") and len(FEATURE_SETS[name]) > 1
)

#: For each protocol, the columns of which one combination of values at a time is held out from the fit of a mixture.
PROTOCOLS: dict[str, tuple[str, ...]] = {
    "in_sample": (),
    "leave_scenario_out": SCENARIO,
    "leave_dataset_out": ("dataset",),
    "leave_model_out": ("model",),
    "leave_method_out": ("method",),
}

#: Protocols that hold out so much that a fit needs all other networks: they have the level "all" only.
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
    """Measure the agreement of predicted and true ranking of the methods, for each predictor and scenario.

    Parameters
    ----------
    table
        The table of :func:`prunegraph.tables.features.feature_table`.
    single
        Columns whose negative serves as the predicted drop.
    sets
        Feature sets that are fitted to `target` by least squares ("mixtures").
    levels
        Levels of fitting: a mixture is fitted separately in every group of each level.
    protocols
        Names from :data:`PROTOCOLS`. Those that hold out a data set, model or method have the level "all" only.
    rbo_p
        Persistence p of the rank-biased overlap.
    fewest
        Smallest number of methods in a scenario; scenarios with fewer methods are left out.
    tie_decimals
        Number of decimals to which mean accuracies and predictions must be equal to count as ties. A tie is won by the
        name that comes first in the alphabet. With None, rounding errors decide, as in the reference computation.

    Returns
    -------
    pd.DataFrame
        The table "ranking" of :mod:`prunegraph.tables.schemas`. Numbers are missing where a mixture has too few
        networks to be fitted, and where all methods of a scenario have the same prediction or the same accuracy.
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
    """List the pairs of protocol and level that are tested."""
    return [
        (protocol, level)
        for protocol in protocols
        for level in (("all",) if protocol in _FIT_ON_ALL and "all" in levels else levels)
        if protocol not in _FIT_ON_ALL or level == "all"
    ]


def summary(scenarios: pd.DataFrame, *, times: int = 200, seed: int = 0) -> pd.DataFrame:
    """Average every measure over the scenarios of a predictor, with `spearman_sd` (n - 1) and a bootstrap interval.

    Parameters
    ----------
    scenarios
        The table of :func:`ranking`.
    times
        Number of bootstrap samples of scenarios.
    seed
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        The table "ranking_summary" of :mod:`prunegraph.tables.schemas`.
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
    """Predict the drop of every network by least squares on the feature set, fitted in each group of `level`.

    With `held_out` columns, the networks with each combination of their values (a scenario, a data set, a pruner) are
    predicted by a fit to the other rows of the group. A prediction is missing where the fit has fewer than
    `rows_per_feature` networks for each feature.
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
    """List the feature sets to which single columns belong, so that networks must be complete in these, too."""
    names = {"layer_density": "layer_density", "log_edges": "log_edges"}
    return sorted({names.get(column, column.partition(".")[0]) for column in columns})


def _no_subgraph_is_zero(table: pd.DataFrame) -> pd.DataFrame:
    """Set imdb and imsg to 0 for networks that are too sparse for any regular subgraph: they have no margin and no gap.

    Without such networks, whole methods would be missing in the sparsest scenarios. Networks without any Ramanujan
    measurement keep missing values.
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
    # Ties are broken by alphabetical order: it favours no method, and the reference computation has it as well.
    means = sort(means.reset_index().sort_values("method"), "model", "dataset", "sparsity")
    for scenario, part in means.groupby(list(SCENARIO), sort=False):
        if len(part) >= fewest:
            cell = dict(zip(SCENARIO, scenario, strict=True)) | {"methods": len(part)}
            results.append(label | cell | _compare(part.predicted.to_numpy(), part.accuracy.to_numpy(), rbo_p))
    return results


def _compare(predicted: np.ndarray, accuracy: np.ndarray, rbo_p: float) -> dict[str, float]:
    # Equal predictions give no ranking: the alphabet would decide whether the best method is found.
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
