"""What a set of relational graphs can be asked for; checked before any job, so without numpy."""

from collections.abc import Mapping, Sequence
from typing import Any

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.relational.limits import (
    CHAINS,
    FAMILIES,
    check_degree,
    check_edges,
    check_ladder,
    check_length,
    check_steps,
    check_symmetry,
)


def check(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse options of a kind that no graph can have.

    Options that are left out have their defaults; whether all that are needed are there is checked elsewhere.

    Raises
    ------
    UserError
        For the first that cannot be.
    """
    nodes = options.get("nodes")
    for key in ("degrees", "aspl", "clustering", "steps", "edges", "families"):
        _check_different(key, options.get(key, ()))
    for degree in options.get("degrees", ()):
        check_degree(nodes, degree)
        if kind == "regular" and options.get("rungs", 10) > 1:
            check_ladder(nodes, degree)
        for length in options.get("aspl", ()):
            check_length(nodes, degree, length)
    for share in options.get("clustering", ()):
        if not 0 <= share <= 1:
            raise UserError(f"The clustering of a graph lies in [0, 1], found {share}.")
    for steps in options.get("steps", ()):
        check_steps(nodes, steps)
    for edges in options.get("edges", ()):
        check_edges(nodes, edges)
    for family in options.get("families", ()):
        known(FAMILIES, family, "family of candidates")
    if kind == "every" and not 3 <= nodes <= 6:
        raise UserError(f"Every connected graph is made of 3 to 6 nodes, found nodes: {nodes}.")
    if "symmetry" in options:
        check_symmetry(nodes, options["symmetry"])
    number = options.get("number")
    if kind == "authors" and number is not None and number % CHAINS:
        raise UserError(
            f"The ladder of the authors has as many graphs from each of {CHAINS} chains, so `number` is a multiple of "
            f"{CHAINS}; found {number}."
        )


def _check_different(key: str, values: Sequence[Any]) -> None:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise UserError(f"`{key}` names {value!r} twice; name it once.")
