"""Tests of claims on one table: which rows are compared, what effect each group has, and the verdict.

A test turns its rows into one *effect* for each group. A positive effect supports the claim:

greater
    value of the rows `more` minus value of the rows `less`, minus `margin`
not_greater
    value of `less` minus value of `more`, plus `margin`: `more` exceeds `less` by less than the margin
at_least, at_most
    value of the rows minus `threshold`, and the reverse
correlation_at_least, correlation_at_most
    Spearman's rho of the columns `x` and `y` over the rows of a group, against `threshold`

Verdicts. With `judge: every` (groups that overlap, or whose values are known exactly) a claim holds if all effects are
positive; it holds in part if at least half of them are; otherwise it does not hold. With `judge: mean` (independent
groups, such as scenarios) it holds if the 95 % interval of the mean effect (Student's t) lies above zero; it holds in
part if the mean lies above zero but the interval does not; otherwise it does not hold. With `each`, this is done for
each value of a column (of the rows `each_of`: `more` or `less`); the claim holds if it holds for all values, and in
part if it holds for some of them or holds in part for one. With fewer than `fewest` groups it is not tested, nor is a
margin of accuracies that is smaller than what one test image changes.

Rows are chosen by `method`, never by pruner: one pruner has variants (repaired or not, local or global), and a mean
over variants that nobody asked for gives a wrong verdict. Rows of several methods are compared only where the test
lists these methods; then every method has the same weight, and groups that lack one of them are left out. Any other
mixture of methods is not tested.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from prunegraph.analysis.claim_files import CONDITIONS
from prunegraph.catalogue import known
from prunegraph.statistics.agreement import spearman

ACCURACIES = ("accuracy", "top5_accuracy", "accuracy_drop")
"""Columns of a table that can only change by whole test images."""

HOLDS, PART, FAILS, UNTESTED = "holds", "holds in part", "does not hold", "not tested"


class Untestable(Exception):
    """A test cannot be made on some table; the message is the reason, as a clause."""


def evaluate(test: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """Make one test on one table; the text of this module explains how.

    Raises
    ------
    Untestable
        If the table lacks columns, rows or groups.
    """
    named = [test[name] for name in ("value", "x", "y", "each") if name in test]
    for condition in ("where", "more", "less"):
        named += list(test.get(condition, {}))
    lacking = [name for name in dict.fromkeys([*named, *test.get("groups", [])]) if name not in table.columns]
    if lacking:
        raise Untestable(f"the table {test['table']} has no column {', '.join(lacking)}")
    rows = _chosen(table, test.get("where", {}))
    _check_resolution(test, rows)
    if "each" not in test:
        return _judged(test, _effects(test, rows))
    side = test.get("each_of", "more")
    parts = {}
    for value in dict.fromkeys(_chosen(rows, test.get(side, {}))[test["each"]]):
        only = {test["each"]: value}
        part = {**test, side: {**test[side], **only}} if side in test else test
        try:
            parts[value] = _judged(part, _effects(part, rows if side in test else _chosen(rows, only)))
        except Untestable:
            continue
    if not parts:
        raise Untestable(
            f"the test needs {test.get('fewest', 1)} groups{_conditions(test)}, and no {test['each']} has them"
        )
    return _all_of(parts)


def _check_resolution(test: Mapping[str, Any], rows: pd.DataFrame) -> None:
    """Refuse a margin of accuracies that is finer than one image of the smallest test part."""
    margin = abs(float(test.get("margin", 0.0)))
    if not margin or test["value"] not in ACCURACIES or "test_images" not in rows.columns:
        return
    images = rows.test_images.dropna()
    if len(images) and margin < 1 / images.min():
        raise Untestable(
            f"the margin of {margin:g} is finer than the test part of {images.min()} images resolves: one image is "
            f"{1 / images.min():.2g}"
        )


def _effects(test: Mapping[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """Compute value, against and effect, a row for each group."""
    keys = test.get("groups", [])
    kind = test["kind"]
    if kind.startswith("correlation"):
        found = _by(rows, keys, lambda part: _rho(part, test["x"], test["y"], test.get("rows", 4)))
        found = pd.DataFrame({"value": found, "against": float(test["threshold"])})
    elif kind in ("at_least", "at_most"):
        found = pd.DataFrame({"value": _means(rows, test, keys), "against": float(test["threshold"])})
    else:
        more, less = (_means(_chosen(rows, test[name]), test, keys, test[name]) for name in ("more", "less"))
        found = pd.DataFrame({"value": more}).join(pd.DataFrame({"against": less}), how="inner")
    found = found.dropna()
    sign = -1 if kind in ("not_greater", "at_most", "correlation_at_most") else 1
    effect = sign * (found.value - found.against)
    margin = float(test.get("margin", 0.0))
    return found.assign(effect=effect + margin if kind == "not_greater" else effect - margin)


def _judged(test: Mapping[str, Any], effects: pd.DataFrame) -> dict[str, Any]:
    fewest = test.get("fewest", 1)
    if len(effects) < fewest:
        raise Untestable(f"the test needs {fewest} groups{_conditions(test)}; there are {len(effects)}")
    effect = effects.effect.to_numpy()
    evidence = {"value": effects.value.mean(), "against": effects.against.mean(), "effect": effect.mean()}
    evidence |= {"groups": len(effect), "in_favour": int((effect > 0).sum()), "low": math.nan, "high": math.nan}
    if test.get("judge", "every") == "every":
        share = evidence["in_favour"] / len(effect)
        return evidence | {"verdict": HOLDS if share == 1 else PART if share >= 0.5 else FAILS}
    half = stdtrit(len(effect) - 1, 0.975) * effect.std(ddof=1) / np.sqrt(len(effect)) if len(effect) > 1 else math.inf
    evidence |= {"low": evidence["effect"] - half, "high": evidence["effect"] + half}
    verdict = HOLDS if evidence["low"] > 0 else PART if evidence["effect"] > 0 else FAILS
    return evidence | {"verdict": verdict}


def _all_of(parts: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Join the evidence for the values of `each`: the verdict of all, the numbers of the least favourable value."""
    verdicts = [part["verdict"] for part in parts.values()]
    held = sum(verdict == HOLDS for verdict in verdicts)
    least, worst = min(parts.items(), key=lambda item: item[1]["effect"])
    verdict = HOLDS if held == len(verdicts) else PART if held or PART in verdicts else FAILS
    return {**worst, "verdict": verdict, "parts": len(parts), "held": held, "least": str(least)}


def _conditions(test: Mapping[str, Any]) -> str:
    """Write in words the conditions on the rows that are compared: " with n at least 80"."""
    words = [
        f"{name} {condition.replace('_', ' ')} {value:g}"
        for name, wanted in test.get("where", {}).items()
        if isinstance(wanted, Mapping)
        for condition, value in wanted.items()
        if isinstance(value, int | float)
    ]
    return f" with {', '.join(words)}" if words else ""


def _chosen(rows: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """Select the rows that meet every condition: a value, a list of values, or a mapping of :data:`CONDITIONS`."""
    kept = pd.Series(True, index=rows.index)
    for name, wanted in where.items():
        column = rows[name]
        if not isinstance(wanted, Mapping):
            kept &= column.isin(wanted if isinstance(wanted, list) else [wanted])
            continue
        for condition, value in wanted.items():
            kept &= _COMPARE[known(CONDITIONS, condition, "condition")](column, value)
    return rows[kept.fillna(False)]


_COMPARE = {
    "at_least": lambda column, value: column >= value,
    "at_most": lambda column, value: column <= value,
    "above": lambda column, value: column > value,
    "below": lambda column, value: column < value,
    "not": lambda column, value: ~column.isin(value if isinstance(value, list) else [value]),
}


def _means(
    rows: pd.DataFrame, test: Mapping[str, Any], keys: list[str], side: Mapping[str, Any] | None = None
) -> pd.Series:
    """Average the values of each group: over the rows of one method, or over the means of the listed methods."""
    values = rows[test["value"]].astype("float64")
    rows = rows.assign(_value=values.abs() if test.get("absolute") else values).dropna(subset="_value")
    if "method" not in rows.columns or "method" in keys or rows.method.nunique() < 2:
        return _by(rows, keys, lambda part: part["_value"].mean())
    asked = {**test.get("where", {}), **(side or {})}.get("method")
    if not isinstance(asked, list):
        raise Untestable(
            f"the rows compared are of several methods ({', '.join(sorted(set(rows.method)))}), and a mean over them "
            "says nothing of any; name one method, or list those to average"
        )
    return _by(rows, keys, lambda part: part.groupby("method")["_value"].mean().reindex(asked).mean(skipna=False))


def _by(rows: pd.DataFrame, keys: list[str], measure: Callable[[pd.DataFrame], float]) -> pd.Series:
    if rows.empty:
        return pd.Series(dtype="float64")
    if not keys:
        return pd.Series({"all": measure(rows)})
    return pd.Series({group: measure(part) for group, part in rows.groupby(keys, sort=False)})


def _rho(part: pd.DataFrame, x: str, y: str, fewest: int) -> float:
    both = part[[x, y]].replace([np.inf, -np.inf], np.nan).dropna()
    return spearman(both[x].to_numpy(float), both[y].to_numpy(float)) if len(both) >= fewest else math.nan
