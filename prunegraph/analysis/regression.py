"""Regression study: how much of the accuracy drop a set of features explains (MGE, section 4.2.1)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis import ols
from prunegraph.analysis.features import DEFAULT_SETS, feature_set
from prunegraph.analysis.scopes import cells, comparable, enough, matrix

#: The networks that differ by nothing but their seed.
CONFIGURATION = ["dataset", "model", "method", "sparsity"]

MEASURES = ("r2", "adjusted_r2", "mae", "cv_r2", "grouped_cv_r2")


def regression(
    table: pd.DataFrame,
    *,
    sets: Sequence[str] = DEFAULT_SETS,
    levels: Sequence[str] = ("all", "sparsity", "model", "dataset"),
    target: str = "accuracy_drop",
    folds: int = 5,
    repeats: int = 10,
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Fit `target` by ordinary least squares on every feature set in every group of every level.

    Parameters
    ----------
    table: the table of :func:`prunegraph.analysis.features.feature_table`.
    sets, levels: names of feature sets and levels.
    folds, repeats: cross-validation deals the networks (`cv_r2`) or the configurations (`grouped_cv_r2`: the
        seeds of a configuration stay together) into `folds` folds, `repeats` times.
    rows_per_feature: a group with fewer networks per feature is reported without numbers.

    Returns
    -------
    Columns level, group, features (name of the set), n (networks), p (features), rank, then `r2`,
    `adjusted_r2`, `mae` in sample (mae in units of the target) and `cv_r2`, `grouped_cv_r2` out of sample,
    each with its standard deviation over repeats in `<measure>_sd`. All sets of a group use the same networks.
    Missing numbers mean too few networks, or (n = 0) a set that most networks lack.
    """
    rows, usable = comparable(table, sets, target)
    results = []
    for level, group, part in cells(rows, levels):
        y = part[target].to_numpy(dtype="float64")
        groups = part.groupby(CONFIGURATION, sort=False).ngroup().to_numpy()
        for name in sets:
            cell = {"level": level, "group": group, "features": name, "p": len(feature_set(name))}
            cell["n"] = len(part) if name in usable else 0
            if enough(cell["n"], cell["p"], rows_per_feature):
                x = matrix(part, name)
                cell |= _in_sample(x, y) | _out_of_sample(x, y, groups, folds, repeats)
            results.append(cell)
    columns = ["level", "group", "features", "n", "p", "rank", *MEASURES, "cv_r2_sd", "grouped_cv_r2_sd"]
    return pd.DataFrame(results).reindex(columns=columns).astype({"rank": "Int64"} | dict.fromkeys(MEASURES, float))


def _in_sample(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    model = ols.fit(x, y)
    predicted = model.predict(x)
    r2 = ols.r_squared(y, predicted)
    return {
        "rank": model.rank,
        "r2": r2,
        "adjusted_r2": ols.adjusted(r2, len(y), model.rank),
        "mae": float(np.abs(y - predicted).mean()),
    }


def _out_of_sample(x: np.ndarray, y: np.ndarray, groups: np.ndarray, folds: int, repeats: int) -> dict[str, float]:
    single = np.arange(len(y))
    cells = {}
    for name, kinds in (("cv_r2", single), ("grouped_cv_r2", groups)):
        values = [ols.r_squared(y, cross_predict(x, y, deal(kinds, folds, repeat))) for repeat in range(repeats)]
        cells |= {name: float(np.mean(values)), f"{name}_sd": float(np.std(values))}
    return cells


def deal(groups: np.ndarray, folds: int, repeat: int) -> np.ndarray:
    """The fold (0 to folds - 1) of every row; rows of one group (numbered from 0) share a fold.

    Folds come from the legacy numpy generator seeded with the number of the repeat, because its permutations
    are the same in every version of numpy and published comparisons rest on them.
    """
    permutation = np.random.RandomState(repeat).permutation(int(groups.max()) + 1)
    return (permutation % folds)[groups]


def cross_predict(x: np.ndarray, y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The prediction of every row by a fit to the rows of the other folds; missing where these are under 2."""
    predicted = np.full(len(y), np.nan)
    for one in np.unique(fold):
        held = fold == one
        if (~held).sum() >= 2:
            predicted[held] = ols.fit(x[~held], y[~held]).predict(x[held])
    return predicted
