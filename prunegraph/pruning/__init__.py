"""Choosing which weights of a network to keep, before it is trained.

A pruner is a score; selection (:mod:`.selection`), the densities of layers
(:mod:`.allocation`) and the gathering of data (:mod:`.batches`) are shared. The
masks of some move later, while the network is trained (:mod:`.dynamic`).
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from prunegraph.catalogue import DYNAMICS, IN_ROUNDS, PRUNERS, known, lookup
from prunegraph.errors import UserError
from prunegraph.masks import Mask, kept_weights

if TYPE_CHECKING:
    import torch

    from prunegraph.pruning.dynamic.update import SparseDynamics

PRECISIONS = ("float64", "float32")
"""Number types of scores: the default, and that of published code."""

KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
"""What options can be, in words."""


def prune(
    network: "torch.nn.Module",
    pruner: str,
    sparsity: float,
    seed: int,
    batches: "Iterable[tuple[torch.Tensor, torch.Tensor]] | None" = None,
    *,
    precision: str | None = None,
    **options: Any,
) -> Mask:
    """Choose the weights of `network` that `pruner` keeps at `sparsity`.

    The work is done on a copy: parameters, gradients, buffers, train or eval
    mode and torch's global random state are left as they were. Sparsity 0 keeps
    everything, whatever the pruner, and looks at no data.

    Parameters
    ----------
    network
        Any module whose Conv2d and Linear weights are to be pruned.
    pruner
        A name of ``prunegraph.catalogue.PRUNERS``. Names that end in ``_compat``
        reproduce published quirks and may miss the exact number of weights. Those of
        ``IN_ROUNDS`` find their mask in training and start from all weights.
    sparsity
        Fraction of prunable weights removed, in [0, 1).
    seed
        Of everything random: the same seed gives the same mask.
    batches
        Training data as (images, labels), for the pruners that need it; images
        float N x C x H x W, labels int64 N.
    precision
        Number type of the scores, ``float32`` or ``float64``. None: float64, so that the mask is a property of network,
        data and seed, the same on every device and with any number of threads; float32 for names that end in
        ``_compat``, as in the published code. In float32, rounding alone decides up to a third of a mask of ProsPr,
        whose inner training amplifies it.
    options
        Keyword-only parameters of the pruner's function.

    Returns
    -------
    Mask
        With pruner, sparsity, seed and all options (defaults too) as provenance.
        Layers that lost every weight are in ``Mask.collapsed``.

    Raises
    ------
    UserError
        For an unknown pruner or option, a sparsity outside [0, 1), a network
        with nothing to prune, missing or too few data, or scores that are not finite.
    """
    import torch

    from prunegraph.models import prunable
    from prunegraph.pruning.isolation import isolated

    precision = known(PRECISIONS, precision or PRECISIONS[pruner.endswith("_compat")], "precision of scores")
    choose, options = lookup(PRUNERS, pruner, "pruner"), completed(pruner, options)
    weights = prunable(network)
    if not weights:
        raise UserError("The network has no Conv2d or Linear layer, so there is nothing to prune.")
    kept_weights(1, sparsity)
    if sparsity == 0:
        layers = {name: np.ones(weight.shape, dtype=bool) for name, weight in weights.items()}
    else:
        with isolated(network, seed, pruner, getattr(torch, precision)) as copy:
            layers = choose(copy, sparsity, seed, batches, **options)
    mask = Mask(layers, {"pruner": pruner, "sparsity": sparsity, "seed": seed, "options": options})
    exact = not pruner.endswith("_compat") and pruner not in IN_ROUNDS
    return mask.check(network, sparsity if exact else None)


def dynamics(pruner: str, sparsity: float, seed: int, **options: Any) -> "SparseDynamics | None":
    """What moves the mask of `pruner` during training, None if nothing does.

    Parameters
    ----------
    pruner, seed, options
        As for :func:`prune`, which gives the mask to start from.
    sparsity
        At 0 there is nothing to move.

    Raises
    ------
    UserError
        For an unknown pruner or option, or an option out of its range.
    """
    options = completed(pruner, options)
    if pruner not in DYNAMICS or sparsity == 0:
        return None
    return lookup(DYNAMICS, pruner, "pruner")(seed, **options)


def completed(pruner: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The given options over the defaults that the pruner's signature declares.

    Raises
    ------
    UserError
        For an unknown pruner or option, or a value of another kind than the default.
    """
    parameters = inspect.signature(lookup(PRUNERS, pruner, "pruner")).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    for name in options:
        if not defaults:
            raise UserError(f"Pruner {pruner!r} has no options, found {name!r}: remove it.")
        _suits(options[name], defaults[known(defaults, name, f"option of pruner {pruner!r}:")], name, pruner)
    return {**defaults, **options}


def _suits(value: Any, default: Any, name: str, pruner: str) -> None:
    """Refuse a value of another kind than the default (a whole number may stand for a real one)."""
    kinds = (int, float) if type(default) is float else (type(default),)
    if default is not None and type(value) not in kinds:
        raise UserError(
            f"Option {name!r} of pruner {pruner!r} is {value!r}; "
            f"expected {KINDS[type(default)]}, such as the default {default!r}."
        )
