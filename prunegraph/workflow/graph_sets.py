"""Sets of relational graphs as a configuration names them. Imports neither torch nor numpy."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from prunegraph.catalogue import RELATIONAL, known
from prunegraph.errors import UserError
from prunegraph.relational.kinds import check
from prunegraph.variants import options_of, required_of


class ChosenGraphs(NamedTuple):
    """A set of relational graphs: its name, a kind of ``catalogue.RELATIONAL``, a seed, the options of the kind."""

    name: str
    kind: str
    seed: int
    options: Mapping[str, Any]


def chosen(name: str, facts: Mapping[str, Any]) -> ChosenGraphs:
    """The set that a configuration describes by `facts`: ``kind``, ``seed`` (0 where it is left out) and options.

    Raises
    ------
    UserError
        For an unknown kind, an option that it does not have or one that it needs, and graphs that cannot exist.
    """
    options = {key: value for key, value in facts.items() if key not in ("kind", "seed")}
    kind = facts["kind"]
    try:
        reference = RELATIONAL[known(RELATIONAL, kind, "kind of relational graphs")]
        for option in options:
            known(options_of(reference), option, f"option of the kind {kind!r}:")
        lacking = [option for option in required_of(reference) if option not in options]
        if lacking:
            raise UserError(f"The kind {kind!r} needs {' and '.join(f'`{option}`' for option in lacking)}.")
        check(kind, options)
    except UserError as problem:
        raise UserError(f"In the relational graphs {name}: {problem}") from None
    return ChosenGraphs(name, kind, facts.get("seed", 0), options)
