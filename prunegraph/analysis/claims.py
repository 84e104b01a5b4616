"""The ledger of claims: what the papers claim, tested on the published numbers and on our own networks.

Claims are data: one YAML file per system in `claims/`. A claim names a table, the rows of it that are compared, and
what would make the claim true. The verdict follows from the rules of :mod:`prunegraph.analysis.claim_tests`; nobody
writes it by hand. `published_test` takes the place of `test` where the published numbers have another form.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from prunegraph.analysis.claim_files import PARTS
from prunegraph.analysis.claim_tests import PART, UNTESTED, Untestable, evaluate

#: Columns of the ledger for each kind of evidence (published numbers, own networks), with their types.
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

#: A function from a name to that table of a study, or to None if the study has no such table.
Tables = Callable[[str], pd.DataFrame | None]


def ledger(
    contents: list[Mapping[str, Any]],
    published: Mapping[str, Tables],
    own: Mapping[str, Mapping[str, Tables]] | None,
) -> pd.DataFrame:
    """Judge every claim, once for each study of the claim's system.

    Parameters
    ----------
    contents
        The results of :func:`prunegraph.analysis.claim_files.read`, one for each system.
    published
        Tables of a study of published networks, by system. Numbers that are reported in the file of a system take the
        place of tables of the same name.
    own
        Tables of each study, by system and name of the study; None if no study has networks of its own.

    Returns
    -------
    pd.DataFrame
        Rows with the columns :data:`COLUMNS`. Each kind of evidence has its verdict, the mean `value` of the rows and
        the number that it is compared `against`, the mean `effect` with its 95 % interval (`judge: mean` only), the
        number of groups and the number of groups `in_favour`. `verdict` joins both kinds: it is their common verdict,
        or that of the kind that could be tested, or "holds in part" where they disagree. `study` is the study whose own
        networks were tested; empty where the system has none.
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
    """Read the CSV file of a ledger that :func:`ledger` made."""
    from prunegraph.tables.frames import typed

    return typed(pd.read_csv(path, dtype={name: "str" for name, kind in COLUMNS.items() if kind == "str"}), COLUMNS)


def joined(published: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, str]:
    """Join the verdicts of two kinds of evidence: a common verdict and its reason."""
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
        if "source" in frame.columns:  # a study may hold networks of both sources
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
    """Write the name of a property or a feature set in words: "rolled channel", "imsg"."""
    return name.rpartition(".")[2].replace("_", " ") if not name.replace(".", "").isdigit() else name


def _number(value: float) -> str:
    return f"{value:.3f}" if 0.1 <= abs(value) < 10 or value == 0 else f"{value:.3g}"


def _first(reported: Mapping[str, pd.DataFrame], published: Tables, name: str) -> pd.DataFrame | None:
    return reported[name] if name in reported else published(name)


def _nothing(name: str) -> None:
    """Find no table: the tables of a system without a study."""


def _frame(given: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(given["rows"], columns=given["columns"])
