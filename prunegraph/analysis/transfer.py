"""Transfer of the regression from MGE's networks to other systems, and coverage of the predictor's intervals."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from prunegraph import catalogue
from prunegraph.analysis import predictor
from prunegraph.analysis.folds import numbers, splits
from prunegraph.analysis.scopes import enough, matrix
from prunegraph.statistics import agreement, ols
from prunegraph.statistics.leave_out import LeaveOut
from prunegraph.tables.features import feature_set, pruned, with_drop
from prunegraph.tables.frames import shaped
from prunegraph.tables.grid import BEYOND, beyond

#: The systems whose networks are predicted by a fit to MGE's: the two groups of published networks beyond the
#: paper's grid, then the other four systems.
SYSTEMS = ("mge", *BEYOND, *(name for name in catalogue.SYSTEMS if name != "mge"))

SETS = ("layer_density", "log_edges", "ramanujan_density", "rolled", "rolled_channel", "unrolled_mask", "unrolled")

#: Feature sets of a single unrolled graph, to which a predictor for single networks can be fitted.
WHOLE = ("log_edges", "unrolled_mask", "unrolled")

#: The ways to hold out networks in which the intervals are tested: networks of the same kind, then four new kinds.
TESTED = ("grouped", "leave_sparsity_out", "leave_dataset_out", "leave_model_out", "leave_method_out")


def transfer(
    table: pd.DataFrame,
    *,
    others: Mapping[str, pd.DataFrame] | None = None,
    systems: Sequence[str] = SYSTEMS,
    sets: Sequence[str] = SETS,
    target: str = "accuracy_drop",
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Fit each feature set to MGE's networks, and predict the networks of each system.

    Parameters
    ----------
    table
        The feature table of MGE's study (:func:`prunegraph.tables.features.feature_table`), with any sources.
    others
        Feature table of the study of each other system that has one, by system.
    systems
        Names of the systems whose networks are predicted.
    sets
        Names of the feature sets.
    target
        Column that is predicted.
    rows_per_feature
        Smallest number of networks for each feature; nothing is fitted to fewer.

    Returns
    -------
    pd.DataFrame
        The table "transfer" of :mod:`prunegraph.tables.schemas`. A system without networks has rows that say "not yet".
        MGE's own networks are predicted by a fit to those of the other source if there is one, else by fits that leave
        their configuration out.
    """
    results = []
    for system, source, rows in _parts(table, others or {}, systems):
        if rows.empty:
            nothing = "not yet: no networks of this system in the tables"
            results.append({"system": system, "source": source, "n": 0, "status": nothing})
        for name in sets if len(rows) else ():
            known = pruned(table).dropna(subset=list(feature_set(name)))
            held_out = system == "mge" and known.source.nunique() < 2
            if system == "mge" and not held_out:
                known = known[known.source != source]
            label = {"system": system, "source": source, "features": name, "trained_on": len(known)}
            unseen = rows.dropna(subset=list(feature_set(name)))
            reason = _impossible(rows, unseen, known, name, rows_per_feature)
            if reason:
                results.append(label | {"n": 0, "status": f"not yet: {reason}"})
            else:
                found = _held_out(known, name, target) if held_out else _predicted(known, unseen, name, target)
                results.append(label | found)
    return shaped(pd.DataFrame(results), "transfer")


def coverage(
    table: pd.DataFrame,
    *,
    sets: Sequence[str] = WHOLE,
    ways: Sequence[str] = TESTED,
    target: str = "accuracy_drop",
    rows_per_feature: float = 5.0,
) -> pd.DataFrame:
    """Measure the share of held-out networks that the intervals of the predictor hold, for each way to hold out.

    Parameters
    ----------
    table, sets, target, rows_per_feature
        As in :func:`transfer`.
    ways
        Names of :data:`prunegraph.analysis.folds.FOLDS`.

    Returns
    -------
    pd.DataFrame
        The table "coverage" of :mod:`prunegraph.tables.schemas`.
    """
    results = []
    for name in sets:
        rows = pruned(table).dropna(subset=list(feature_set(name))).reset_index(drop=True)
        if not enough(int(0.8 * len(rows)), len(feature_set(name)), rows_per_feature):
            continue
        x, y = matrix(rows, name), rows[target].to_numpy(dtype="float64")
        for way, dealt in splits(rows, ways, 5, 1).items():
            parts = [(held, rows[~held]) for held in (dealt[0] == one for one in np.unique(dealt[0]))]
            if not all(enough(len(known), x.shape[1], 1) for _, known in parts):
                continue
            models = [predictor.fit(known, name) for _, known in parts]
            if not all(model.has_interval() for model in models):
                continue
            found = [model.predict(x[held]).assign(y=y[held]) for model, (held, _) in zip(models, parts, strict=True)]
            label = {"features": name, "folds": way, "n": len(rows), "nominal": predictor.NOMINAL}
            results.append(label | _kept(pd.concat(found)))
    return shaped(pd.DataFrame(results), "coverage")


def fitted(
    table: pd.DataFrame, tested: pd.DataFrame, *, sets: Sequence[str] = WHOLE, rows_per_feature: float = 5.0
) -> dict:
    """Make the content of predictor.json: a predictor with an interval for each feature set with enough networks.

    Besides `models` (predictors by name) it holds the networks that they were fitted to and, from the table of
    :func:`coverage`, the share of held-out networks in their intervals (by name and way to hold out).
    """
    everything = pruned(table)
    names = ("source", "dataset", "model", "method", "sparsity")
    content = {"kind": "prunegraph predictor", "target": "accuracy_drop", "models": {}}
    shares = {name: part.set_index("folds").coverage.to_dict() for name, part in tested.groupby("features")}
    content["coverage"] = shares
    content["fitted_to"] = {name: sorted(everything[name].unique().tolist()) for name in names}
    for name in sets:
        rows = everything.dropna(subset=list(feature_set(name)))
        if enough(len(rows), len(feature_set(name)), rows_per_feature):
            model = predictor.fit(rows, name)
            if model.has_interval():
                content["models"][name] = model.to_dict()
    return content


def _parts(
    table: pd.DataFrame, others: Mapping[str, pd.DataFrame], systems: Sequence[str]
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (system, source, networks); the source is empty for a system without networks."""
    groups = beyond(table).replace("", "mge")
    for system in systems:
        of_system = others.get(system, table[groups == system])
        yield from ((system, source, rows) for source, rows in of_system.groupby("source", sort=False))
        if of_system.empty:
            yield system, "", of_system


def _impossible(
    rows: pd.DataFrame, unseen: pd.DataFrame, known: pd.DataFrame, name: str, rows_per_feature: float
) -> str:
    if with_drop(rows).empty:
        return "its networks have no accuracy drop (no dense network to compare with)"
    if len(with_drop(unseen)) < 3:
        return "its networks were not measured in this encoding"
    enough_known = enough(len(known), len(feature_set(name)), rows_per_feature)
    return "" if enough_known else "too few networks to fit to"


def _held_out(known: pd.DataFrame, name: str, target: str) -> dict:
    """Predict MGE's networks, each by a fit to the other configurations, and score the predictions."""
    x, y = matrix(known, name), known[target].to_numpy(dtype="float64")
    predicted = LeaveOut(x, y).predict(numbers(known))
    if np.isnan(predicted).any():
        return {"n": 0, "status": "not yet: no other configurations to fit to"}
    return _scores(y, predicted) | {"n": len(y), "status": "held out by configuration"}


def _predicted(known: pd.DataFrame, unseen: pd.DataFrame, name: str, target: str) -> dict:
    rows = with_drop(unseen)
    y = rows[target].to_numpy(dtype="float64")
    model = predictor.fit(known, name)
    found = model.predict(matrix(rows, name)).assign(y=y)
    kept = _kept(found)
    share = {"coverage": kept["coverage"] if model.has_interval() else float("nan"), "outside": kept["outside"]}
    return _scores(y, found["drop"].to_numpy()) | share | {"n": len(y), "status": "predicted"}


def _scores(y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    return {
        "r2": ols.r_squared(y, predicted),
        "mae": float(np.abs(y - predicted).mean()),
        "spearman": agreement.spearman(y, predicted),
    }


def _kept(found: pd.DataFrame) -> dict[str, float]:
    """Share of true drops inside the intervals, and median width of the intervals."""
    return {
        "coverage": float(found.y.between(found.low, found.high).mean()),
        "width": float((found.high - found.low).median()),
        "t_coverage": float(found.y.between(found.t_low, found.t_high).mean()),
        "t_width": float((found.t_high - found.t_low).median()),
        "outside": float(found.outside.mean()),
    }
