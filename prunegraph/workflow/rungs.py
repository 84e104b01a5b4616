"""Methods that stand for many: one for each graph of a set of relational graphs. Imports neither torch nor numpy."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from prunegraph import catalogue
from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.relational.names import entries, sparsity_of
from prunegraph.variants import Variant, checked_sparsity
from prunegraph.workflow.graph_sets import ChosenGraphs


class Methods(NamedTuple):
    """The methods of a configuration.

    Parameters
    ----------
    named
        What the configuration says of each, those with rungs in place of their family.
    families
        The methods of each family, by its name.
    """

    named: dict[str, Mapping[str, Any]]
    families: dict[str, list[str]]


def expanded(methods: Mapping[str, Mapping[str, Any]], graphs: Callable[[str], ChosenGraphs]) -> Methods:
    """The methods of a configuration, each that has `rungs` as a family: FAMILY_GRAPH for each of these graphs.

    A rung is studied at the sparsity of its graph alone.

    Raises
    ------
    UserError
        For rungs or sparsities that the set has not, or whose graphs are not known before they are made.
    """
    found = Methods({}, {})
    for name, facts in methods.items():
        if facts.get("rungs") is None:
            found.named[name] = facts
            continue
        try:
            members = _members(name, facts, graphs)
        except UserError as problem:
            raise UserError(f"In the method {name}: {problem}") from None
        for member in members:
            if member in methods or member in found.named:
                raise UserError(f"The method {member!r} is a rung of {name!r}, too; give one another name.")
        found.named.update(members)
        found.families[name] = list(members)
    return found


def check_sparsities(method: Variant, sparsities: Iterable[float], chosen: ChosenGraphs) -> None:
    """Refuse sparsities of a method that no graph of its set has, as far as that is known before the set is made.

    Raises
    ------
    UserError
        Naming those that the set has.
    """
    there = entries(chosen.kind, chosen.options)
    if there is not None and method.settings["rung"] is None:
        _check(sparsities, _sparsities(there, chosen, method.options))


def _members(
    name: str, facts: Mapping[str, Any], graphs: Callable[[str], ChosenGraphs]
) -> dict[str, Mapping[str, Any]]:
    base = catalogue.pruner(facts["pruner"])
    if not base.graphs or facts.get("graphs") is None:
        raise UserError("`rungs` are graphs of a set; name a pruner that needs one, such as rgp, and its `graphs`.")
    chosen = graphs(facts["graphs"])
    there = entries(chosen.kind, chosen.options)
    shared = {key: value for key, value in facts.items() if key not in ("rungs", "sparsities")}
    asked = [checked_sparsity(value) for value in facts.get("sparsities") or ()]
    if there is None:
        return _unknown(name, facts["rungs"], asked, shared, chosen)
    has = _sparsities(there, chosen, facts.get("options") or {})
    _check(asked, has)
    rungs = [rung for rung in _selected(facts["rungs"], has) if not asked or has[rung] in asked]
    return {f"{name}_{rung}": {**shared, "rung": rung, "family": name, "sparsities": [has[rung]]} for rung in rungs}


def _unknown(
    name: str, rungs: Any, asked: list[float], shared: Mapping[str, Any], chosen: ChosenGraphs
) -> dict[str, Mapping[str, Any]]:
    """The rungs of a set whose graphs only its job knows: they are named, and have one sparsity."""
    if rungs == "all" or not all(isinstance(rung, str) for rung in rungs) or len(asked) != 1:
        raise UserError(
            f"which graphs a set of the kind {chosen.kind!r} has is known when it is made. List their names as "
            "`rungs`, such as [graph0, graph1], and give the one sparsity that they have as `sparsities`."
        )
    return {f"{name}_{rung}": {**shared, "rung": rung, "family": name, "sparsities": asked} for rung in rungs}


def _selected(rungs: Any, has: Mapping[str, float]) -> list[str]:
    """The names of the graphs that `rungs` means: all, or those with these names or numbers, of every degree."""
    if rungs == "all":
        return list(has)
    wanted: list[str] = []
    for rung in rungs:
        numbered = [name for name in has if name.endswith(f"_{rung}")] if isinstance(rung, int) else []
        wanted += numbered or [known(has, rung, "graph of the set:")]
    return [name for name in has if name in wanted]


def _sparsities(there: Mapping[str, int], chosen: ChosenGraphs, options: Mapping[str, Any]) -> dict[str, float]:
    loops, nodes = options.get("self_loops", "none"), chosen.options["nodes"]
    return {name: sparsity_of(number, nodes, loops) for name, number in there.items()}


def _check(sparsities: Iterable[float], has: Mapping[str, float]) -> None:
    there = sorted(set(has.values()))
    for sparsity in sparsities:
        if not any(abs(sparsity - other) < 1e-9 for other in there):
            raise UserError(
                f"no graph of the set has the sparsity {sparsity:g}, the share of the nodes x nodes block matrix that "
                f"is removed. There are {', '.join(f'{value:.10g}' for value in there)}."
            )
