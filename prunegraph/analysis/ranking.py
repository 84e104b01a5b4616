"""Ranking study: can a predictor order the pruners of a scenario (MGE, section 4.2.3)?

A scenario is a data set, a model and a sparsity. The methods of a scenario are
ordered by predicted and by true accuracy drop, both averaged over seeds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis import agreement, ols
from prunegraph.analysis.features import DEFAULT_SETS, feature_set
from prunegraph.analysis.scopes import comparable, enough, level_columns, matrix
from prunegraph.analysis.tables import sort

SCENARIO = ("dataset", "model", "sparsity")
MEASURES = ("spearman", "kendall", "rbo", "top1", "regret")

#: Single properties tried as predictors: the larger, the smaller the predicted drop.
SINGLE = ("ramanujan.delta_r", "ramanujan.imdb", "ramanujan.imsg", "layer_density", "log_edges")

#: How a mixture is tested -> the columns of which one combination at a time is kept out of the fit.
PROTOCOLS = {"in_sample": (), "leave_scenario_out": SCENARIO}


def ranking(
    table: pd.DataFrame,
    *,
    single: Sequence[str] = SINGLE,
    sets: Sequence[str] = DEFAULT_SETS,
    levels: Sequence[str] = ("all", "sparsity", "model"),
    protocols: Sequence[str] = tuple(PROTOCOLS),
    target: str = "accuracy_drop",
    rbo_p: float = 0.9,
    fewest: int = 3,
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Agreement of predicted and true order of the methods, per predictor and scenario.

    Parameters
    ----------
    table: the table of :func:`prunegraph.analysis.features.feature_table`.
    single: columns whose negative is the predicted drop.
    sets: feature sets mixed by least squares; the sets of :func:`comparable` rows.
    levels: a mixture is fitted separately in every group of each of these levels.
    protocols: names from :data:`PROTOCOLS`.
    fewest: scenarios with fewer methods are left out.

    Returns
    -------
    Columns predictor (column or feature set), kind ("single", "mixture"), protocol, level, the scenario,
    methods (how many were ranked), spearman, kendall, rbo (p = `rbo_p`), top1 (1 if the best method is
    predicted), regret (mean accuracy lost by taking the method predicted best, a fraction). A mixture that
    has too few networks to be fitted gives missing numbers.
    """
    rows, usable = comparable(table, [*sets, *_sets_of(single)], target)
    results = []
    for column in single:
        results += _scenarios(rows, -rows[column], target, rbo_p, fewest, predictor=column, kind="single")
    for name in sets:
        for protocol in protocols:
            for level in levels:
                predicted = pd.Series(np.nan, index=rows.index)
                if name in usable:
                    predicted = predict(
                        rows, name, level, PROTOCOLS[protocol], target=target, rows_per_feature=rows_per_feature
                    )
                label = {"predictor": name, "kind": "mixture", "protocol": protocol, "level": level}
                results += _scenarios(rows, predicted, target, rbo_p, fewest, **label)
    columns = ["predictor", "kind", "protocol", "level", *SCENARIO, "methods", *MEASURES]
    frame = pd.DataFrame(results).reindex(columns=columns)
    return frame.fillna({"protocol": "", "level": ""})


def summary(scenarios: pd.DataFrame) -> pd.DataFrame:
    """Mean of every measure over the scenarios of a predictor, `spearman_sd` (n - 1) and their number."""
    by = ["predictor", "kind", "protocol", "level"]
    groups = scenarios.groupby(by, sort=False)
    means = groups[list(MEASURES)].mean()
    means["spearman_sd"] = groups.spearman.std()
    means["scenarios"] = groups.spearman.count()
    return means.reset_index()


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
    groups = _numbers(rows, level_columns(level))
    parts = _numbers(rows, held_out)
    for group in np.unique(groups):
        inside = groups == group
        for part in np.unique(parts[inside]):
            wanted = inside & (parts == part)
            fitted = inside & (parts != part) if held_out else inside
            if enough(int(fitted.sum()), x.shape[1], rows_per_feature):
                predicted[wanted] = ols.fit(x[fitted], y[fitted]).predict(x[wanted])
    return pd.Series(predicted, index=rows.index)


def _sets_of(columns: Sequence[str]) -> list[str]:
    """The feature sets that single columns come from, so that they are asked to be complete too."""
    names = {"layer_density": "layer_density", "log_edges": "log_edges"}
    return sorted({names.get(column, column.partition(".")[0]) for column in columns})


def _numbers(rows: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    if not columns:
        return np.zeros(len(rows), dtype=int)
    return rows.groupby(list(columns), sort=False).ngroup().to_numpy()


def _scenarios(
    rows: pd.DataFrame, predicted: pd.Series, target: str, rbo_p: float, fewest: int, **label: str
) -> list[dict]:
    table = rows[[*SCENARIO, "method", "accuracy"]].assign(true=rows[target], predicted=predicted)
    means = sort(table.groupby([*SCENARIO, "method"], sort=False).mean().reset_index(), "method")
    results = []
    for scenario, part in sort(means, "model", "dataset", "sparsity", "method").groupby(list(SCENARIO), sort=False):
        if len(part) >= fewest:
            cell = dict(zip(SCENARIO, scenario, strict=True)) | {"methods": len(part)}
            results.append(label | cell | _compare(part, rbo_p))
    return results


def _compare(part: pd.DataFrame, rbo_p: float) -> dict[str, float]:
    predicted, true = part.predicted.to_numpy(), part.true.to_numpy()
    if np.isnan(predicted).any():
        return dict.fromkeys(MEASURES, float("nan"))
    accuracy = part.accuracy.to_numpy()
    chosen, best = int(predicted.argmin()), int(true.argmin())
    return {
        "spearman": agreement.spearman(predicted, true),
        "kendall": agreement.kendall(predicted, true),
        "rbo": agreement.rank_biased_overlap(predicted, true, rbo_p),
        "top1": float(chosen == best),
        "regret": float(accuracy[best] - accuracy[chosen]),
    }
