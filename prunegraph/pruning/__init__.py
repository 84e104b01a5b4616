"""Choosing which weights of a network to keep, before it is trained.

A pruner is a score; selection (:mod:`.selection`), the densities of layers
(:mod:`.allocation`) and the gathering of data (:mod:`.batches`) are shared. The
masks of some move later, while the network is trained (:mod:`.dynamic`).
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prunegraph import catalogue
from prunegraph.catalogue import PRUNERS, REPAIRS, known, load, lookup, settings
from prunegraph.errors import UserError
from prunegraph.masks import kept_weights

if TYPE_CHECKING:
    import torch

    from prunegraph.datasets.data import Data
    from prunegraph.pruning.dynamic.update import Moving
    from prunegraph.pruning.pruned import Pruned
    from prunegraph.pruning.task import Task

PRECISIONS = ("float64", "float32")
"""Number types of scores: the default, and that of published code."""

KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
"""What options can be, in words."""


def prune(
    network: "torch.nn.Module",
    pruner: str,
    sparsity: float,
    seed: int,
    batches: "Data | Iterable[tuple[torch.Tensor, torch.Tensor]] | None" = None,
    *,
    layers: str | Sequence[str] | None = None,
    counts: str | None = None,
    repair: str | None = None,
    precision: str | None = None,
    architecture: Any = None,
    graphs: Any = None,
    sparsities: Sequence[float] = (),
    **options: Any,
) -> "Pruned":
    """Choose the weights of `network` that `pruner` keeps at `sparsity`.

    The work is done on a copy: parameters, gradients, buffers, train or eval
    mode and torch's global random state are left as they were. Sparsity 0 keeps
    everything, whatever the pruner, and looks at no data.

    Parameters
    ----------
    network
        Any module whose Conv2d and Linear weights are to be pruned.
    pruner
        A name of ``prunegraph.catalogue.PRUNERS``. With the option ``compat``, where there is one, it
        reproduces published quirks and may miss the exact number of weights. Those whose record says
        ``trains`` find their mask in training and start from all weights.
    sparsity
        Fraction removed, in [0, 1), of what `counts` says.
    seed
        Seed of all random draws: the same seed gives the same mask.
    batches
        Training data for the pruners that need it: a prepared data set, or batches (images, labels); images
        float N x C x H x W, labels int64 N.
    precision
        Number type of the scores, ``float32`` or ``float64``. None: float64, so that the mask is a property of network,
        data and seed, the same on every device and with any number of threads; float32 with the option ``compat``, as
        published. In float32, rounding alone decides up to a third of a mask of ProsPr, whose inner training amplifies
        it.
    layers
        The layers to prune, in the order of the network's modules: ``all``, ``first``, ``hidden`` (neither first nor
        last) or ``but_last``; the others keep everything. None: as the pruner's record says.
        Or a list of the names of weights.
    counts
        What the sparsity is the share of, one of the words of the pruner's record; None: its first.
    repair
        How the weights that are kept make up for those removed, a name of ``prunegraph.catalogue.REPAIRS``; the empty
        word: they do not; None: as the record says.
    architecture, graphs
        What some pruners need to know: see :class:`.task.Task`.
    sparsities
        All at which the same is asked, one after the other, inside :func:`.remembering.remembering`: work that serves
        them all may be done at the first. It changes no mask.
    options
        Keyword-only parameters of the pruner's functions.

    Returns
    -------
    Pruned
        A mask, with pruner, sparsity, seed and all options (defaults too) as provenance; new values of weights, if a
        repair changed them; facts. Layers that lost every weight are in ``collapsed``.

    Raises
    ------
    UserError
        For an unknown pruner, word or option, a sparsity outside [0, 1), a network
        with nothing to prune, missing or too few data, or scores that are not finite.
    """
    import torch

    from prunegraph.models import prunable
    from prunegraph.pruning.isolation import isolated
    from prunegraph.pruning.pruned import Pruned
    from prunegraph.pruning.task import Task, TrainingImages

    options = completed(pruner, options)
    listed = layers is not None and not isinstance(layers, str)
    chosen = settings(pruner, "all" if listed else layers, counts, repair)
    dynamics(pruner, sparsity, seed, **options)  # a wrong option is answered before any work
    precision = known(PRECISIONS, precision or PRECISIONS[bool(options.get("compat"))], "precision of scores")
    weights = prunable(network)
    if not weights:
        raise UserError("The network has no Conv2d or Linear layer, so there is nothing to prune.")
    names = _listed(list(weights), layers, pruner) if listed else selected(list(weights), chosen["layers"])
    chosen["layers"] = names if listed else chosen["layers"]
    kept_weights(1, sparsity)
    stream = f"{pruner}_compat" if options.get("compat") else pruner
    facts = {"pruner": pruner, "sparsity": sparsity, "seed": seed, "options": options, **chosen}
    everything = {name: np.ones(weight.shape, dtype=bool) for name, weight in weights.items()}
    if sparsity == 0:
        return Pruned(everything, provenance=facts)

    def asked(copy: "torch.nn.Module") -> "Task":
        own = prunable(copy)
        given = {"counts": chosen["counts"], "architecture": architecture, "graphs": graphs, "stream": stream}
        images = TrainingImages(batches, seed, pruner)
        wanted = {name: own[name] for name in names}
        return Task(copy, wanted, sparsity, seed, pruner, images, **given, sparsities=tuple(sparsities))

    with isolated(network, seed, stream, getattr(torch, precision)) as copy:
        task = asked(copy)
        found = load(PRUNERS[pruner].choose)(task, **_own(PRUNERS[pruner].choose, options))
        if not isinstance(found, Pruned):
            found = Pruned(found)
        _check_size(found, task, options)
    found = Pruned({**everything, **found}, found.new_values, found.facts, facts)
    if chosen["repair"]:
        with isolated(network, seed, stream, getattr(torch, precision)) as copy:
            values = lookup(REPAIRS, chosen["repair"], "repair")(asked(copy), found)
        found = Pruned(found, {**found.new_values, **values}, found.facts, facts)
    return found.check(network)


def dynamics(pruner: str, sparsity: float, seed: int, **options: Any) -> "Moving | None":
    """What moves the mask of `pruner` during training, None if nothing does.

    Parameters
    ----------
    pruner, seed, options
        Arguments of :func:`prune`, which gives the mask to start from.
    sparsity
        At 0 there is nothing to move.

    Raises
    ------
    UserError
        For an unknown pruner or option, or an option out of its range.
    """
    options = completed(pruner, options)
    moves = PRUNERS[pruner].moves
    if not moves or sparsity == 0:
        return None
    return load(moves)(seed, **_own(moves, options))


def selected(names: list[str], layers: str) -> list[str]:
    """Those of `names` that a word of ``catalogue.LAYERS`` chooses.

    Raises
    ------
    UserError
        If these are none, in a network of too few layers.
    """
    found = {"all": names, "first": names[:1], "hidden": names[1:-1], "but_last": names[:-1]}[layers]
    if not found:
        raise UserError(f"layers: {layers} chooses none of the {len(names)} prunable layers of the network; try all.")
    return found


def _listed(names: list[str], layers: Sequence[str], pruner: str) -> list[str]:
    """Those of `names` that are listed in `layers`, in the order of the network."""
    record = PRUNERS[pruner]
    if record.moves or record.trains:
        raise UserError(f"Pruner {pruner!r} goes on choosing in training, in all layers; found a list of layers.")
    wanted = {known(names, name, "layer of the network:") for name in layers}
    if not wanted:
        raise UserError("The list of layers to prune is empty; name at least one weight, or use a word such as all.")
    return [name for name in names if name in wanted]


def completed(pruner: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The given options over the defaults that the pruner's signatures declare.

    Raises
    ------
    UserError
        For an unknown pruner or option, or a value of another kind than the default.
    """
    references = catalogue.pruner(pruner).references
    defaults = {name: default for reference in references for name, default in _defaults(load(reference)).items()}
    for name in options:
        if not defaults:
            raise UserError(f"Pruner {pruner!r} has no options, found {name!r}: remove it.")
        _suits(options[name], defaults[known(defaults, name, f"option of pruner {pruner!r}:")], name, pruner)
    return {**defaults, **options}


def _check_size(found: "Pruned", task: "Task", options: Mapping[str, Any]) -> None:
    """Refuse a choice of another size, but of a pruner that imitates published code or finds its mask in training."""
    from prunegraph.pruning import exactness

    for name in task.weights:
        if name not in found:
            raise UserError(f"Pruner {task.name!r} gives no mask for layer {name!r}; expected one for each to prune.")
    if not (options.get("compat") or PRUNERS[task.name].trains):
        exactness.check(found, task, in_all=options.get("scope") == "global")


def _defaults(function: Callable) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def _own(reference: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `options` that the function takes."""
    return {name: options[name] for name in _defaults(load(reference))}


def _suits(value: Any, default: Any, name: str, pruner: str) -> None:
    """Refuse a value of another kind than the default (a whole number may stand for a real one)."""
    kinds = (int, float) if type(default) is float else (type(default),)
    if default is not None and type(value) not in kinds:
        raise UserError(
            f"Option {name!r} of pruner {pruner!r} is {value!r}; "
            f"expected {KINDS[type(default)]}, such as the default {default!r}."
        )
