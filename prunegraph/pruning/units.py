"""From units to masks: among which units a pruner may choose, and which weights go with those that it removes.

A unit is an output channel of a convolution or a neuron, with all that is tied to it (additions, depthwise
convolutions); see :class:`prunegraph.wiring.units.Group`. Tied units count as one. Layers that only share a BatchNorm
are not tied: each call of it can have one of its own (:func:`prunegraph.wiring.shrink.shrink` gives it one).
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.masks import kept_weights
from prunegraph.models import prunable
from prunegraph.pruning.selection import join, largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.unit_weights import kept_by_weights
from prunegraph.wiring.separation import why_fixed
from prunegraph.wiring.tracing import evaluation, symbolic
from prunegraph.wiring.units import Group, Wires, follow
from prunegraph.wiring.unsharing import unshare

SCOPES = ("layer", "global")


def groups_of(task: Task) -> tuple[Group, ...]:
    """The groups of units among which `task` chooses, in the order in which the network makes them.

    The units of the output layer are among them only where it is to be pruned (``layers: all``); removing one, a class
    keeps nothing but its bias.

    Raises
    ------
    UserError
        Naming the layer and the reason, if units cannot be told apart or are tied to those of layers that are not to
        be pruned; if the shape of an input is not known, or torch.fx cannot trace the network.
    """
    with evaluation(task.network), torch.no_grad():
        graph = symbolic(task.network)
        shared = unshare(graph)
        wires = follow(graph, input_shape(task))
    groups = [_without(group, shared, task) for group in wires.groups()]
    chosen = [group for group in groups if any(name in task.weights for name, _ in group.rows)]
    for group in chosen:
        _all_or_none(group, task)
    covered = {name for group in chosen for name, _ in group.rows}
    last = list(prunable(task.network))[-1]
    for name, weight in task.weights.items():
        found = sum(len(rows) for group in chosen for layer, units in group.rows if layer == name for rows in units)
        if name == last and name not in covered:
            chosen.append(_outputs(name, task))
        elif found < len(weight):
            raise UserError(
                f"Pruner {task.name!r} cannot remove {len(weight) - found} of the {len(weight)} units of {name!r}: "
                f"{_why(wires, name)}. Choose other layers, or a pruner that counts weights."
            )
    return tuple(chosen)


def input_shape(task: Task) -> tuple[int, int, int]:
    """(channels, height, width) of an input: of the architecture, the network's own ``input_shape`` or the images.

    Raises
    ------
    UserError
        If none of them is known.
    """
    if task.architecture is not None:
        return task.architecture.maps[0]
    shape = getattr(task.network, "input_shape", None)
    if shape is None and task.data.given:
        shape = task.data.image_shape
    if shape is None:
        raise UserError(
            f"Pruner {task.name!r} needs the shape of an input to see which units belong together; "
            "give batches, an architecture (prunegraph.wiring.trace), or set network.input_shape."
        )
    return tuple(shape)


def kept_in(task: Task, groups: Sequence[Group]) -> list[int]:
    """How many units to keep in each group: round(n (1 - s)), halves to even.

    Where weights are counted, see :func:`.unit_weights.kept_by_weights`.

    Raises
    ------
    UserError
        If that is none.
    """
    if task.counts == "weights":
        counts = kept_by_weights(task, groups)
    else:
        counts = [kept_weights(group.units, task.sparsity) for group in groups]
    for group, count in zip(groups, counts, strict=True):
        if not count:
            raise UserError(
                f"Sparsity {task.sparsity} leaves none of the {group.units} units of {layers_in(group)}, so nothing "
                f"would pass; pruner {task.name!r} needs a lower one."
            )
    return counts


def kept_in_all(task: Task, groups: Sequence[Group]) -> int:
    """How many units to keep in all groups together, tied ones as one.

    Raises
    ------
    UserError
        If there is not one for every group.
    """
    count = kept_weights(sum(group.units for group in groups), task.sparsity)
    if count < len(groups):
        raise UserError(
            f"Sparsity {task.sparsity} leaves {count} units for {len(groups)} groups of layers, and each needs one; "
            f"pruner {task.name!r} needs a lower one."
        )
    return count


def largest_units(
    task: Task, groups: Sequence[Group], scores: Sequence[torch.Tensor], scope: str = "layer"
) -> list[torch.Tensor]:
    """Boolean vectors, one a group, of the units of largest score.

    Parameters
    ----------
    scores
        One vector a group, with a value for each unit. For the scope ``global`` they must be comparable between
        groups of few and of many units; see :func:`fair`.
    scope
        ``layer``: the same share of each group; ``global``: the largest of all groups, but at least one of each.

    Raises
    ------
    UserError
        If there is no such scope, a score is not finite, or a group would be left without a unit.
    """
    named = {group.rows[0][0]: values for group, values in zip(groups, scores, strict=True)}
    flat = join(named, task.name).cpu()
    vectors = flat.split([group.units for group in groups])
    if known(SCOPES, scope, f"scope of pruner {task.name!r}:") == "layer":
        return [largest(values, count) for values, count in zip(vectors, kept_in(task, groups), strict=True)]
    count = kept_in_all(task, groups)
    for values in vectors:  # views of `flat`
        values[values.argmax()] = torch.inf
    return list(largest(flat, count).split([group.units for group in groups]))


def fair(scores: torch.Tensor) -> torch.Tensor:
    """Scores divided by their mean, so that those of wide and of narrow layers compare: in a layer of n units a share
    of 1/n becomes 1. Where all are 0, ones."""
    mean = scores.mean()
    return scores / mean if mean else torch.ones_like(scores)


def joined(group: Group, scores: dict[str, torch.Tensor]) -> torch.Tensor:
    """One score for each unit of a group, from `scores` of the rows of its layers.

    It is the mean over the layers in which the unit has rows of the fair scores (:func:`fair`) of these rows. A mean,
    not a sum, so that in a network where units of some groups stand in four layers and those of others in one, a
    global choice does not spare the former for their number.
    """
    total, layers = torch.zeros(group.units, dtype=torch.float64), torch.zeros(group.units, dtype=torch.float64)
    for name, units in group.rows:
        values = fair(scores[name].detach().double().cpu())
        for unit, rows in enumerate(units):
            if rows:
                total[unit] += values[list(rows)].mean()
                layers[unit] += 1
    return total / layers


def unit_masks(
    task: Task, groups: Sequence[Group], kept: Sequence[torch.Tensor], columns: bool = False
) -> dict[str, torch.Tensor]:
    """Masks of the weights of a network that keeps these units.

    All rows of a removed unit are masked: it then emits a constant, what its bias becomes behind BatchNorm and
    activation. The masks do not touch biases and BatchNorm; who wants them changed gives new values
    (:class:`.pruned.Pruned`) for the places in ``group.vectors``. Shrinking folds the constant into the next layer,
    with equal outputs, except where a convolution pads with zeros: there a unit can leave only without its columns.

    Parameters
    ----------
    kept
        One boolean vector a group, True where a unit stays.
    columns
        Mask as well the weights that read a removed unit, so that its constant has no effect. In `group.columns`
        these may be of layers that are not to be pruned, such as the output layer.

    Returns
    -------
    dict
        Boolean tensors of the shapes of the weights, of all in ``task.weights`` and of those that lose columns.
    """
    weights = prunable(task.network)
    masks = {name: torch.ones(weight.shape, dtype=torch.bool) for name, weight in task.weights.items()}
    for group, stays in zip(groups, kept, strict=True):
        gone = torch.nonzero(~stays.cpu()).flatten().tolist()
        for name, units in group.rows:
            masks[name][[row for unit in gone for row in units[unit]]] = False
        for name, units in group.columns if columns else ():
            mask = masks.setdefault(name, torch.ones(weights[name].shape, dtype=torch.bool))
            mask[:, [column for unit in gone for column in units[unit]]] = False
    return masks


def layers_in(group: Group) -> str:
    """The layers that make a group's units, in words."""
    return " and ".join(repr(name) for name, _ in group.rows)


def _without(group: Group, shared: Sequence[str], task: Task) -> Group:
    """The group without what belongs to a BatchNorm that layers share: their units are not tied by it."""
    own = task.network.state_dict()
    vectors = [(name, units) for name, units in group.vectors if name.rpartition(".")[0] not in shared and name in own]
    return replace(group, vectors=tuple(vectors))


def _all_or_none(group: Group, task: Task) -> None:
    others = [name for name, _ in group.rows if name not in task.weights]
    if others:
        mine = next(name for name, _ in group.rows if name in task.weights)
        raise UserError(
            f"Pruner {task.name!r} cannot remove units of {mine!r} alone: they are tied to those of "
            f"{' and '.join(map(repr, others))}, which are not to be pruned (added, or in a depthwise convolution). "
            "Choose layers so that both are among them or neither is."
        )


def _outputs(name: str, task: Task) -> Group:
    each = tuple((row,) for row in range(len(task.weights[name])))
    bias = f"{name.removesuffix('weight')}bias"
    vectors = ((bias, each),) if bias in dict(task.network.named_parameters()) else ()
    return Group(len(each), ((name, each),), vectors, ())


def _why(wires: Wires, name: str) -> str:
    return why_fixed(wires, name.removesuffix(".weight"))
