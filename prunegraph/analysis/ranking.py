"""Ranking study: can a predictor order the pruners of a scenario (MGE, section 4.2.3)?

A scenario is a data set, a model and a sparsity. The methods of a scenario are
ordered by predicted accuracy drop and by true accuracy, both averaged over seeds.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from prunegraph.analysis import agreement, ols
from prunegraph.analysis.features import DEFAULT_SETS, FEATURE_SETS
from prunegraph.analysis.scopes import comparable, enough, level_columns, matrix
from prunegraph.analysis.tables import sort

SCENARIO = ("dataset", "model", "sparsity")
MEASURES = ("spearman", "kendall", "rbo", "top1", "regret")

#: Single properties tried as predictors: the larger, the smaller the predicted drop.
SINGLE = ("ramanujan.delta_r", "ramanujan.imdb", "ramanujan.imsg", "layer_density", "log_edges")

#: Feature sets that are mixed by default: those of more than one feature.
MIXTURES = tuple(
    name for name in FEATURE_SETS if name in (*DEFAULT_SETS, "ramanujan_density") and len(FEATURE_SETS[name]) > 1
)

#: How a mixture is tested -> the columns of which one combination at a time is kept out of the fit.
PROTOCOLS = {"in_sample": (), "leave_scenario_out": SCENARIO}


def ranking(
    table: pd.DataFrame,
    *,
    single: Sequence[str] = SINGLE,
    sets: Sequence[str] = MIXTURES,
    levels: Sequence[str] = ("all", "sparsity", "model"),
    protocols: Sequence[str] = tuple(PROTOCOLS),
    target: str = "accuracy_drop",
    rbo_p: float = 0.9,
    fewest: int = 3,
    rows_per_feature: float = 5.0,
    tie_decimals: int | None = 12,
) -> pd.DataFrame:
    """Agreement of predicted and true order of the methods, per predictor and scenario.

    Parameters
    ----------
    table: the table of :func:`prunegraph.analysis.features.feature_table`.
    single: columns whose negative is the predicted drop.
    sets: feature sets mixed by least squares on `target`.
    levels: a mixture is fitted separately in every group of each of these levels.
    protocols: names from :data:`PROTOCOLS`.
    fewest: scenarios with fewer methods are left out.
    tie_decimals: mean accuracies and predictions equal to this many decimals are ties. None leaves the
        order of equal means to rounding noise, as in the reference computation.

    Returns
    -------
    Columns predictor (column or feature set), kind ("single", "mixture"), protocol, level, the scenario,
    methods (how many were ranked), spearman, kendall, rbo (p = `rbo_p`), top1 (1 if the best method is
    predicted), regret (mean accuracy lost by taking the method predicted best, a fraction). A mixture that
    has too few networks to be fitted gives missing numbers.
    """
    rows, usable = comparable(_no_subgraph_is_zero(table), [*sets, *_sets_of(single)], target)
    test = partial(_scenarios, rows, rbo_p=rbo_p, fewest=fewest, tie_decimals=tie_decimals)
    results = []
    for column in single:
        results += test(-rows[column], predictor=column, kind="single", protocol="", level="")
    for name in sets:
        for protocol in protocols:
            for level in levels:
                predicted = pd.Series(np.nan, index=rows.index)
                if name in usable:
                    predicted = predict(
                        rows, name, level, PROTOCOLS[protocol], target=target, rows_per_feature=rows_per_feature
                    )
                label = {"predictor": name, "kind": "mixture", "protocol": protocol, "level": level}
                results += test(predicted, **label)
    columns = ["predictor", "kind", "protocol", "level", *SCENARIO, "methods", *MEASURES]
    return pd.DataFrame(results, columns=columns)


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
    means = sort(means.reset_index(), "model", "dataset", "sparsity", "method")
    for scenario, part in means.groupby(list(SCENARIO), sort=False):
        if len(part) >= fewest:
            cell = dict(zip(SCENARIO, scenario, strict=True)) | {"methods": len(part)}
            results.append(label | cell | _compare(part.predicted.to_numpy(), part.accuracy.to_numpy(), rbo_p))
    return results


def _compare(predicted: np.ndarray, accuracy: np.ndarray, rbo_p: float) -> dict[str, float]:
    if np.isnan(predicted).any():
        return dict.fromkeys(MEASURES, float("nan"))
    chosen, best = int(predicted.argmin()), int(accuracy.argmax())
    return {
        "spearman": agreement.spearman(predicted, -accuracy),
        "kendall": agreement.kendall(predicted, -accuracy),
        "rbo": agreement.rank_biased_overlap(predicted, -accuracy, rbo_p),
        "top1": float(accuracy[chosen] == accuracy[best]),
        "regret": float(accuracy[best] - accuracy[chosen]),
    }
