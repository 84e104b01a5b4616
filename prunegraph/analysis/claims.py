"""The ledger of claims: what the papers claim, tested on the published numbers and on our own networks.

Claims are data: one YAML file per system in `claims/`. A claim names a table, which rows of it are compared, and
what would make it true; the verdict follows by the rules below and is typed nowhere.

A test turns its rows into one *effect* per group, so oriented that a positive effect is in favour of the claim:

greater
    value of the rows `more` minus value of the rows `less`, minus `margin`
not_greater
    value of `less` minus value of `more`, plus `margin`: more is better by less than the margin
at_least, at_most
    value of the rows minus `threshold`, and the reverse
correlation_at_least, correlation_at_most
    Spearman's rho of the columns `x` and `y` over the rows of a group, against `threshold`

Verdicts. With `judge: every` (groups that overlap, or known exactly) a claim holds if all effects are positive, in part
if at least half of them are, else not. With `judge: mean` (independent groups, such as scenarios) it holds if the 95 %
interval of the mean effect (Student's t) lies above zero, in part if the mean is above zero but the interval is not,
else not. With `each`, that is done for each value of a column (of the rows `each_of`: `more` or `less`), and the claim
holds if it does for all values, in part if for some or if one holds in part. Fewer than `fewest` groups: not tested.
`published_test` takes the place of `test` where the published numbers come in another form.

Rows are chosen by `method`, never by pruner: one pruner has variants (repaired or not, local or global), and a mean
over variants that nobody asked for gives a wrong verdict. Rows of several methods are compared only where the test
lists these methods; then every method has the same weight, and groups that lack one of them are left out. Any other
mixture of methods is not tested.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from prunegraph.analysis.claim_files import CONDITIONS, PARTS
from prunegraph.catalogue import known
from prunegraph.statistics.agreement import spearman

HOLDS, PART, FAILS, UNTESTED = "holds", "holds in part", "does not hold", "not tested"

#: Columns of the ledger for each kind of evidence.
EVIDENCE = {
    "verdict": "str",
    "value": "float64",
    "against": "float64",
    "effect": "float64",
    "low": "float64",
    "high": "float64",
    "groups": "Int64",
    "in_favour": "Int64",
    "reason": "str",
}
COLUMNS = {
    **dict.fromkeys(("system", "study", "id", "claim", "source", "quantity", "verdict", "reason", "target"), "str"),
    **{f"{kind}_{name}": of for kind in ("published", "own") for name, of in EVIDENCE.items()},
}

#: Name -> the table of a study, or None where it has none.
Tables = Callable[[str], pd.DataFrame | None]


class Untestable(Exception):
    """Why a test cannot be made on some tables, as a clause."""


def ledger(
    contents: list[Mapping[str, Any]],
    published: Mapping[str, Tables],
    own: Mapping[str, Mapping[str, Tables]] | None,
) -> pd.DataFrame:
    """The verdict on every claim, once for each study of the claim's system.

    Parameters
    ----------
    contents
        What :func:`prunegraph.analysis.claim_files.read` gives, one per system.
    published
        System -> the tables of a study of published networks. Numbers that a system's file reports take the place of
        tables of the same name.
    own
        System -> name of a study -> its tables; None where no study has networks of its own.

    Returns
    -------
    pd.DataFrame
        Rows with the columns :data:`COLUMNS`: for each kind of evidence its verdict, the mean `value` of the rows and
        what it stands `against`, the mean `effect` with its 95 % interval (`judge: mean` only), how many groups there
        were and how many `in_favour`. `verdict` joins the two: what both say, or the one that could be tested; in part
        where they disagree. `study` is the one whose own networks are asked; empty where the system has none.
    """
    from prunegraph.tables.frames import table

    rows = []
    for content in contents:
        system = content["system"]
        reported = {name: _frame(given) for name, given in (content.get("reported") or {}).items()}
        known_numbers = partial(_first, reported, published.get(system, _nothing))
        studies = (own or {}).get(system) or {"": _nothing}
        for study, tables in studies.items():
            for claim in content["claims"]:
                facts = {"system": system, "study": study, **{name: claim[name] for name in PARTS - {"test"}}}
                facts["target"] = claim["target"].format(study=study or "STUDY")
                found = {
                    "published": _evidence(claim, "published", content, known_numbers),
                    "own": _evidence(claim, "own", content, None if own is None else tables),
                }
                facts |= joined(found["published"], found["own"])
                for kind, evidence in found.items():
                    facts |= {f"{kind}_{name}": value for name, value in evidence.items()}
                rows.append(facts)
    return table(rows, COLUMNS)


def read_ledger(path: str | Path) -> pd.DataFrame:
    """A ledger that :func:`ledger` made, from its CSV file."""
    from prunegraph.tables.frames import typed

    return typed(pd.read_csv(path, dtype={name: "str" for name, kind in COLUMNS.items() if kind == "str"}), COLUMNS)


def joined(published: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, str]:
    """The verdict that two kinds of evidence come to, and its reason."""
    first, second = published["verdict"], own["verdict"]
    if first == second == UNTESTED:
        return {
            "verdict": UNTESTED,
            "reason": f"Published numbers: {published['reason']} Own networks: {own['reason']}",
        }
    if UNTESTED in (first, second):
        tested, which = (own, "Own networks") if first == UNTESTED else (published, "Published numbers")
        return {"verdict": tested["verdict"], "reason": f"{which} only: {tested['reason']}"}
    verdict = first if first == second else PART
    return {"verdict": verdict, "reason": f"Published numbers: {published['reason']} Own networks: {own['reason']}"}


def evaluate(test: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """The evidence of one table about one test: see the module's text.

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


def _effects(test: Mapping[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """A row per group: value, against, effect."""
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
    """Evidence over the values of `each`: the least favourable value's numbers, the verdict of all."""
    verdicts = [part["verdict"] for part in parts.values()]
    held = sum(verdict == HOLDS for verdict in verdicts)
    least, worst = min(parts.items(), key=lambda item: item[1]["effect"])
    verdict = HOLDS if held == len(verdicts) else PART if held or PART in verdicts else FAILS
    return {**worst, "verdict": verdict, "parts": len(parts), "held": held, "least": str(least)}


def _evidence(
    claim: Mapping[str, Any],
    which: str,
    content: Mapping[str, Any],
    tables: Tables | None,
) -> dict[str, Any]:
    test = claim.get("published_test", claim["test"]) if which == "published" else claim["test"]
    try:
        if tables is None:
            raise Untestable("no study of this run has networks of its own")
        frame = tables(test["table"])
        if frame is None:
            raise Untestable(_absent(test["table"], which, content, tables))
        if "source" in frame.columns:  # a study may hold both
            frame = frame[frame.source.fillna("").isin([which, ""])]
        found = evaluate(test, frame)
    except Untestable as problem:
        return {"verdict": UNTESTED, "reason": f"{str(problem)[0].upper()}{str(problem)[1:]}."}
    reason = _reason(claim, test, found)
    return {name: found[name] for name in EVIDENCE if name in found} | {"reason": reason}


def _absent(table: str, which: str, content: Mapping[str, Any], tables: Tables) -> str:
    if which == "own":
        there = tables("networks") is not None
        return f"there is no table {table} yet" if there else f"no networks of the system {content['system']} yet"
    if "study" in content:
        return f"the published tables have not been analysed; {content['study']} does that"
    return "no such numbers are public"


def _conditions(test: Mapping[str, Any]) -> str:
    """What rows must have to be compared, in words: " with n at least 80"."""
    words = [
        f"{name} {condition.replace('_', ' ')} {value:g}"
        for name, wanted in test.get("where", {}).items()
        if isinstance(wanted, Mapping)
        for condition, value in wanted.items()
        if isinstance(value, int | float)
    ]
    return f" with {', '.join(words)}" if words else ""


def _reason(claim: Mapping[str, Any], test: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    if "reason" in claim:
        return claim["reason"].format(**found)
    against = "against the threshold" if "threshold" in test else "against"
    text = f"{_number(found['value'])} {against} {_number(found['against'])}"
    if not math.isnan(found["low"]):
        text += f", effect {found['effect']:+.3g} with 95 % interval {found['low']:+.3g} to {found['high']:+.3g}"
    text += f"; in favour in {found['in_favour']} of {found['groups']} groups"
    if "parts" in found:
        text = f"Holds in full for {found['held']} of {found['parts']}; weakest for {_spoken(found['least'])}: {text}"
    return f"{text[0].upper()}{text[1:]}."


def _spoken(name: str) -> str:
    """A property or a feature set in words: "rolled channel", "imsg"."""
    return name.rpartition(".")[2].replace("_", " ") if not name.replace(".", "").isdigit() else name


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"


def _chosen(rows: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that meet every condition: a value, a list of values, or a mapping from :data:`CONDITIONS` to values."""
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
    """The mean value of each group: over rows of one method, or over the means of the methods that are listed."""
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


def _first(reported: Mapping[str, pd.DataFrame], published: Tables, name: str) -> pd.DataFrame | None:
    return reported[name] if name in reported else published(name)


def _nothing(name: str) -> None:
    """The tables of a system without a study."""


def _frame(given: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(given["rows"], columns=given["columns"])
