"""Reading and checking the files of claims, `claims/{system}.yaml`, for :mod:`prunegraph.analysis.claims`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prunegraph.catalogue import SYSTEMS, known
from prunegraph.errors import UserError

KINDS = ("greater", "not_greater", "at_least", "at_most", "correlation_at_least", "correlation_at_most")
JUDGES = ("every", "mean")
CONDITIONS = ("at_least", "at_most", "above", "below", "not")

#: Keys that every claim has.
PARTS = {"id", "claim", "source", "quantity", "target", "test"}
_SPARE = {"reason", "published_test"}
_TEST = {"kind", "table", "where", "value", "absolute", "more", "less", "x", "y", "groups", "each", "margin"}
_TEST |= {"each_of", "threshold", "judge", "fewest", "rows"}
_NEEDS = {
    "greater": {"value", "more", "less"},
    "not_greater": {"value", "more", "less"},
    "at_least": {"value", "threshold"},
    "at_most": {"value", "threshold"},
    "correlation_at_least": {"x", "y", "threshold"},
    "correlation_at_most": {"x", "y", "threshold"},
}


def read(path: str | Path) -> dict[str, Any]:
    """Read and check the file of one system.

    Returns
    -------
    dict[str, Any]
        The content of the file: system, paper, claims, `reported` tables by name, and the `study` that analyses the
        published networks of the system.

    Raises
    ------
    UserError
        If a key is unknown or missing. The message names the file, the claim and the key, and lists the legal keys.
    """
    import yaml

    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    try:
        for key in content:
            known(("system", "paper", "study", "claims", "reported"), key, "key")
        known(SYSTEMS, content["system"], "system")
        for claim in content["claims"]:
            _check(claim)
        for name, table in (content.get("reported") or {}).items():
            _check_reported(name, table)
    except (KeyError, TypeError) as problem:
        raise UserError(
            f"{path}: expected system, paper and a list of claims; {problem} is missing or wrong."
        ) from None
    except UserError as problem:
        raise UserError(f"{path}: {problem}") from None
    return content


def _check(claim: Mapping[str, Any]) -> None:
    for key in claim:
        known(sorted(PARTS | _SPARE), key, "key of a claim")
    lacking = sorted(PARTS - set(claim))
    if lacking:
        raise UserError(f"The claim {claim.get('id', '?')!r} lacks {', '.join(lacking)}.")
    for name in ("test", "published_test"):
        if name in claim:
            try:
                _check_test(claim[name])
            except UserError as problem:
                raise UserError(f"In the claim {claim['id']!r}: {problem}") from None


def _check_test(test: Mapping[str, Any]) -> None:
    for key in test:
        known(sorted(_TEST), key, "key of a test")
    known(KINDS, test.get("kind"), "kind of test")
    known(JUDGES, test.get("judge", "every"), "judge")
    known(("more", "less"), test.get("each_of", "more"), "side")
    missing = sorted(({"table"} | _NEEDS[test["kind"]]) - set(test))
    if missing:
        raise UserError(f"The test {test['kind']} lacks {', '.join(missing)}.")
    for rows in ("where", "more", "less"):
        _check_columns(test.get(rows, {}))
        for wanted in test.get(rows, {}).values():
            for name in wanted if isinstance(wanted, Mapping) else ():
                known(CONDITIONS, name, "condition")
    _check_columns([*test.get("groups", []), test.get("each")])


def _check_columns(names: Iterable[str | None]) -> None:
    if "pruner" in names:
        raise UserError("Rows are chosen by pruner. One pruner has variants, so that claims name the method instead.")


def _check_reported(name: str, table: Mapping[str, Any]) -> None:
    _check_columns(table["columns"])
    width = len(table["columns"])
    for row in table["rows"]:
        if len(row) != width:
            raise UserError(f"In the reported table {name!r}: the row {row} has {len(row)} values, expected {width}.")
