"""Variants: an entry of the catalogue with some of its options set, under a name of its own.

Whatever changes a network is part of a named variant of its data set, its model or its method, so the path of a network
determines it. Imports neither torch nor numpy.
"""

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prunegraph import catalogue, own
from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.fingerprint import ROOT


@dataclass(frozen=True)
class Variant:
    """A data set, model or method as a study names it.

    Parameters
    ----------
    name, base
        Its own name; that of its entry in the catalogue.
    options
        Of the entry's function.
    settings
        The other keys of the variant with their defaults: :data:`SETTINGS` of the kind.
    """

    name: str
    base: str
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """What can have variants.

    Parameters
    ----------
    key
        In a variant, the key of the catalogue's name; the plural is the key of all variants in a configuration.
    words
        In sentences.
    table
        In the catalogue.
    settings
        Keys of a variant beside the name of the catalogue and `options`.
    """

    key: str
    words: str
    table: Mapping[str, Any]
    settings: tuple[str, ...]


KINDS = {
    "datasets": Kind("dataset", "data set", catalogue.DATASETS, ("like", "split", "normalise")),
    "models": Kind("model", "model", catalogue.MODELS, ("recipe", "epochs", "weights")),
    "methods": Kind(
        "pruner",
        "pruner",
        catalogue.PRUNERS,
        ("sparsities", "layers", "counts", "repair", "finetune", "network_seeds", "graphs", "rungs", "together"),
    ),
}


def variant(kind: str, name: str, named: Mapping[str, Any]) -> Variant:
    """The variant of a kind (a key of :data:`KINDS`) that `name` stands for: one of those `named`, or of the catalogue.

    Raises
    ------
    UserError
        For an unknown name, option or word, or a variant that bears the name of an entry of the catalogue.
    """
    what = KINDS[kind]
    facts = dict(named.get(name) or {})
    if name not in named:
        if kind == "methods":
            catalogue.pruner(name)  # says what an old name became
        if own.is_reference(name):
            raise UserError(
                f"{name!r} is the {what.words} of somebody; give it a name: "
                f"`{kind}: {{mine: {{{what.key}: {name}}}}}`, and list `mine`."
            )
        known([*what.table, *named], name, what.words)
    base = facts.get(what.key, name)
    if name in what.table and name in named:
        raise UserError(
            f"A variant of {base!r} is named {name!r}, like {'the' if base == name else 'another'} {what.words} of the "
            f"catalogue, which always means that one without options. Give it another name, such as {name}_mine."
        )
    if kind == "methods":
        catalogue.pruner(base)
    known(what.table, base, what.words)
    options = facts.get("options") or {}
    for option in options:
        legal, others = options_of_entry(what.table[base])
        if option in what.settings:
            raise UserError(f"{option!r} is no option but a key of {name!r}: write it beside `options`.")
        if option not in legal and not others:
            raise UserError(
                f"Unknown option {option!r} of {what.words} {base!r}. Its options: {', '.join(legal) or 'none'}."
            )
    settings = {key: facts.get(key) for key in what.settings}
    if kind == "methods":
        settings = _method_settings(base, facts)
    found = Variant(name, base, options, settings)
    if kind == "datasets":
        _check_dataset(found)
    return found


def _method_settings(pruner: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a method: those `given`, else as the pruner's record says.

    ``network_seeds: n``: draw s is made on the network of seed s mod n; None: on that of seed s. ``together``: one job
    makes the networks of all its sparsities, and of its family; always where nothing is trained afterwards.

    Raises
    ------
    UserError
        If the pruner cannot do what it is asked to, or there is no such word.
    """
    chosen = catalogue.settings(pruner, *(given.get(name) for name in ("layers", "counts", "repair")))
    finetune = given.get("finetune", catalogue.PRUNERS[pruner].finetune)
    sparsities = tuple(checked_sparsity(value) for value in given.get("sparsities") or ())
    if pruner == "dense" and any(sparsities):
        raise UserError("The pruner 'dense' keeps every weight, so its only sparsity is 0.")
    graphs = _checked_graphs(pruner, given)
    together = bool(given.get("together")) or finetune == 0
    more = {"finetune": finetune, "network_seeds": given.get("network_seeds"), "together": together}
    return {**chosen, "sparsities": sparsities, **more, "graphs": graphs, **_place(given)}


def _checked_graphs(pruner: str, given: Mapping[str, Any]) -> str | None:
    """The name of the set of relational graphs, which pruners that need one, and no others, have."""
    named = given.get("graphs")
    if catalogue.PRUNERS[pruner].graphs and named is None:
        raise UserError(
            f"The pruner {pruner!r} needs `graphs`, the name of a set of relational graphs: name a method, such as "
            f"`methods: {{my_{pruner}: {{pruner: {pruner}, graphs: regular_16}}}}`."
        )
    if named is not None and not catalogue.PRUNERS[pruner].graphs:
        raise UserError(f"The pruner {pruner!r} has no use for relational graphs; remove `graphs: {named}`.")
    return named


def _place(given: Mapping[str, Any]) -> dict[str, Any]:
    """Which graph of the set the method is, and of which family of methods (:mod:`prunegraph.workflow.rungs`)."""
    return {"rung": given.get("rung"), "family": given.get("family")}


def written(sparsity: float) -> str:
    """A sparsity as it stands in a path: decimal, without an exponent, such as ``0.98``, ``0`` or ``0.00001``."""
    return f"{sparsity:.10f}".rstrip("0").rstrip(".")


def checked_sparsity(value: float) -> float:
    """`value` if it is a legal sparsity.

    Raises
    ------
    UserError
        If it lies outside [0, 1), or has more digits than paths.
    """
    if not 0 <= value < 1:
        raise UserError(f"Sparsity {value} is outside [0, 1): it is the fraction of weights removed, for example 0.9.")
    if abs(float(written(value)) - value) > 1e-15 or float(written(value)) == 1:
        raise UserError(f"Sparsity {value} has more than ten decimals. Round it.")
    return float(value)


def input_shape(dataset: Variant) -> tuple[int, int, int]:
    """The shape (channels, height, width) of a configured data set's images."""
    channels, height, width = catalogue.INPUT_SHAPES[dataset.base]
    size = dataset.options.get("size")
    return (dataset.options.get("channels", channels), size or height, size or width)


def published_as(dataset: Variant) -> str:
    """The catalogue's name whose training recipes fit a configured data set.

    That of its reader, or what it is `like`; the empty name, which fits none, where its images have another shape.
    """
    name = dataset.settings["like"] or dataset.base
    return name if input_shape(dataset) == catalogue.INPUT_SHAPES[name] else ""


def _check_dataset(dataset: Variant) -> None:
    reader = catalogue.DATASETS[dataset.base]
    required = () if own.is_reference(dataset.base) else required_of(reader)
    lacking = [name for name in required if name not in dataset.options]
    if lacking:
        raise UserError(
            f"The data set {dataset.base!r} needs the option {lacking[0]!r}: name a variant, such as "
            f"`datasets: {{my_{dataset.base}: {{dataset: {dataset.base}, options: {{{lacking[0]}: ...}}}}}}`."
        )
    like = dataset.settings["like"]
    if like is not None:
        _check_like(dataset, known(catalogue.PUBLISHED_DATASETS, like, "published data set"))
    normalise = dataset.settings["normalise"]
    channels = input_shape(dataset)[0]
    if normalise is not None and any(len(part) not in (1, channels) for part in normalise.values()):
        raise UserError(
            f"The data set {dataset.name!r} has {channels} channels, but `normalise` gives "
            f"{', '.join(f'{len(part)} for {name}' for name, part in normalise.items())}; expected one number for each "
            "channel, or one for all."
        )


def _check_like(dataset: Variant, like: str) -> None:
    found, expected = input_shape(dataset), catalogue.INPUT_SHAPES[like]
    if found != expected:
        raise UserError(
            f"The data set {dataset.name!r} is said to be like {like!r}, whose images are "
            f"{'x'.join(map(str, expected))}, but has images of {'x'.join(map(str, found))}. "
            "Set its options, or leave `like` out."
        )


def options_of(reference: str) -> tuple[str, ...]:
    """The names of the keyword-only parameters of ``"module:function"``, read without importing it.

    They are the options that a configuration may set.
    """
    return tuple(argument.arg for argument in _signature(reference).kwonlyargs)


def required_of(reference: str) -> tuple[str, ...]:
    """Those of :func:`options_of` that have no default."""
    arguments = _signature(reference)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return tuple(argument.arg for argument, default in pairs if default is None)


@functools.cache
def _signature(reference: str) -> ast.arguments:
    module, _, function = reference.partition(":")
    base = ROOT.joinpath(*module.split("."))
    path = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return node.args
    raise LookupError(f"{reference} is in the catalogue, but {path.name} defines no such function")


def options_of_entry(entry: "str | catalogue.Pruner") -> tuple[tuple[str, ...], bool]:
    """The options of what stands in a table of the catalogue, a reference or the record of a pruner.

    And whether it takes others, which only somebody's own function may.
    """
    names: list[str] = []
    others = False
    for reference in (entry,) if isinstance(entry, str) else entry.references:
        if reference.startswith("prunegraph."):
            names += options_of(reference)
        else:
            found, more = own.options(own.load(reference))
            names, others = [*names, *found], others or more
    return tuple(names), others
