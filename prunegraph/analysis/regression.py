"""Regression study: the share of the accuracy drop that a set of features explains (MGE, section 4.2.1)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from prunegraph.analysis.folds import FOLDS, splits
from prunegraph.analysis.scopes import LEVELS, cells, comparable, enough, is_whole, matrix
from prunegraph.statistics import ols
from prunegraph.statistics.leave_out import LeaveOut
from prunegraph.statistics.shrinkage import ESTIMATORS, cross_predict
from prunegraph.tables.features import DEFAULT_SETS, feature_set, needs_training
from prunegraph.tables.frames import shaped

_SHORT = {"random": "cv", "grouped": "grouped_cv", "leave_one_out": "loo"}


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
    table
        The table of :func:`prunegraph.tables.features.feature_table`.
    sets, levels
        Names of feature sets and levels.
    target
        Column that is explained.
    folds
        Number of folds of cross-validation. For `cv_r2` single networks are assigned to folds, for `grouped_cv_r2`
        configurations: all seeds of a configuration are in one fold.
    repeats
        Number of assignments to folds.
    rows_per_feature
        Smallest number of networks for each feature; a group with fewer networks gets no numbers.

    Returns
    -------
    pd.DataFrame
        The table "regression" of :mod:`prunegraph.tables.schemas`. All sets of a group use the same networks. Missing
        numbers mean too few networks, or (n = 0) a set that most networks lack.
    """
    results = []
    for part, y, fits in _groups(table, sets, levels, target, rows_per_feature):
        ways = splits(part, list(_SHORT), folds, repeats)
        results += [cell if x is None else cell | _in_sample(x, y) | _short(x, y, ways) for cell, x in fits]
    return shaped(pd.DataFrame(results), "regression")


def out_of_fold(
    table: pd.DataFrame,
    *,
    sets: Sequence[str] = DEFAULT_SETS,
    levels: Sequence[str] = ("all", "sparsity", "model", "dataset"),
    estimators: Sequence[str] = tuple(ESTIMATORS),
    ways: Sequence[str] = tuple(FOLDS),
    target: str = "accuracy_drop",
    folds: int = 5,
    repeats: int = 10,
    lasso_repeats: int = 2,
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Compute R2 and mean absolute error on held-out networks, for each estimator and each way to hold out.

    Parameters
    ----------
    table, sets, levels, target, folds, repeats, rows_per_feature
        As in :func:`regression`.
    estimators
        Names of :data:`prunegraph.statistics.shrinkage.ESTIMATORS`.
    ways
        Names of :data:`prunegraph.analysis.folds.FOLDS`. Single networks are left out only for least squares, which has
        a closed form for it.
    lasso_repeats
        Number of assignments to folds for the lasso: fewer, because it fits six paths for each fold.

    Returns
    -------
    pd.DataFrame
        The table "regression_folds" of :mod:`prunegraph.tables.schemas`.
    """
    results, whole = [], None
    for part, y, fits in _groups(table, sets, levels, target, rows_per_feature):
        scope = {name: fits[0][0][name] for name in ("level", "group")}
        if whole and is_whole(part, whole[0]):
            results += [row | scope for row in whole[1]]
            continue
        alone = LEVELS[scope["level"]]
        here = splits(part, [name for name in ways if not alone or FOLDS[name] != alone], folds, repeats)
        rows = []
        for cell, x in fits:
            for name, estimator in product(here, estimators):
                if x is None or (name == "leave_one_out" and estimator != "ols"):
                    continue
                dealt = here[name][:lasso_repeats] if estimator == "lasso" else here[name]
                label = {"estimator": estimator, "folds": name, "repeats": len(dealt)}
                rows.append(cell | label | _held_out(estimator, x, y, dealt))
        results += rows
        if scope["level"] == "all":
            whole = part, rows
    return shaped(pd.DataFrame(results), "regression_folds")


_Fits = list[tuple[dict, np.ndarray | None]]


def _groups(
    table: pd.DataFrame, sets: Sequence[str], levels: Sequence[str], target: str, rows_per_feature: float
) -> Iterator[tuple[pd.DataFrame, np.ndarray, _Fits]]:
    """Yield for every group its rows, the target, and for every set its description and features.

    The features of a set are None if there are too few rows.
    """
    rows, usable = comparable(table, sets, target)
    for level, group, part in cells(rows, levels):
        fits: _Fits = []
        for name in sets:
            cell = {"level": level, "group": group, "features": name, "trained_weights": needs_training(name)}
            cell |= {"n": len(part) if name in usable else 0, "p": len(feature_set(name))}
            fits.append((cell, matrix(part, name) if enough(cell["n"], cell["p"], rows_per_feature) else None))
        yield part, part[target].to_numpy(dtype="float64"), fits


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


def _short(x: np.ndarray, y: np.ndarray, ways: Mapping[str, list[np.ndarray]]) -> dict[str, float]:
    """R2 of held-out predictions by least squares, under the names of the table's columns."""
    model, cell = LeaveOut(x, y), {}
    for name, dealt in ways.items():
        values = [ols.r_squared(y, model.predict(fold)) for fold in dealt]
        cell |= {f"{_SHORT[name]}_r2": float(np.mean(values)), f"{_SHORT[name]}_r2_sd": float(np.std(values))}
    return cell


def _held_out(estimator: str, x: np.ndarray, y: np.ndarray, dealt: Sequence[np.ndarray]) -> dict[str, float]:
    if estimator == "ols":
        model = LeaveOut(x, y)
        predictions = [model.predict(fold) for fold in dealt]
    else:
        predictions = [cross_predict(ESTIMATORS[estimator], x, y, fold) for fold in dealt]
    values = [ols.r_squared(y, predicted) for predicted in predictions]
    errors = [np.abs(y - predicted).mean() for predicted in predictions]
    return {"r2": float(np.mean(values)), "r2_sd": float(np.std(values)), "mae": float(np.mean(errors))}
