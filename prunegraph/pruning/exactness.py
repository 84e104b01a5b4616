"""Whether a choice has exactly the size that was asked for, by what the sparsity counts."""

from collections.abc import Mapping

import numpy as np

from prunegraph.catalogue import PRUNERS
from prunegraph.errors import UserError
from prunegraph.masks import kept_weights
from prunegraph.pruning.blocks import blocks_in, channels_of
from prunegraph.pruning.task import Task
from prunegraph.pruning.units import groups_of, kept_in, kept_in_all, layers_in
from prunegraph.wiring.units import Group


def check(layers: Mapping[str, np.ndarray], task: Task, in_all: bool = False) -> None:
    """Refuse masks of another size than `task` asks for.

    Weights are counted in all layers together, inputs for every unit, units (those that keep a weight) in every layer,
    tied ones as one. Where units are pruned and weights counted, so many units as have these weights.
    Blocks of channels are counted in every layer that is wide enough for the relational graph, and must be whole.

    Parameters
    ----------
    layers
        Boolean arrays by parameter name, of the layers to prune at least.
    in_all
        Count units in all layers together, too, for a pruner that ranks those of all layers.

    Raises
    ------
    UserError
        Naming what differs.
    """
    if task.counts == "blocks":
        _check_blocks(layers, task)
    elif task.counts == "units" or "units" in PRUNERS[task.name].counts:
        _check_units(layers, task, in_all)
    elif task.counts == "weights":
        _same(sum(int(layers[name].sum()) for name in task.weights), task.kept, f"of {task.size} weights", task)
    elif task.counts == "inputs":
        for name, asked in task.kept_in.items():
            rows = layers[name].reshape(len(layers[name]), -1)
            for unit in np.flatnonzero(rows.sum(1) != asked)[:1]:
                _same(int(rows[unit].sum()), asked, f"of {rows.shape[1]} inputs of unit {unit} of {name!r}", task)


def _check_blocks(layers: Mapping[str, np.ndarray], task: Task) -> None:
    nodes = task.graphs.adjacency.shape[1]
    for name in task.weights:
        outputs, inputs, positions = channels_of(task, name)
        if min(outputs, inputs) >= nodes:
            found = blocks_in(layers[name], nodes, positions)
            _same(found, kept_weights(nodes**2, task.sparsity), f"of {nodes**2} blocks of {name!r}", task)


def _check_units(layers: Mapping[str, np.ndarray], task: Task, in_all: bool) -> None:
    """Count units of which any row keeps a weight, and those of which all do: tied ones must go together."""
    groups = groups_of(task)
    found = [_left(group, layers) for group in groups]
    for counts in zip(*found, strict=True):
        if in_all:
            _same(sum(counts), kept_in_all(task, groups), f"of {sum(group.units for group in groups)} units", task)
            continue
        for group, asked, count in zip(groups, kept_in(task, groups), counts, strict=True):
            _same(count, asked, f"of {group.units} units of {layers_in(group)}", task)


def _left(group: Group, layers: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Of how many units any row, and of how many every row is left."""
    alive = {name: layers[name].reshape(len(layers[name]), -1).any(1) for name, _ in group.rows}
    units = [[alive[name][row] for name, units in group.rows for row in units[unit]] for unit in range(group.units)]
    return sum(map(any, units)), sum(map(all, units))


def _same(found: int, asked: int, what: str, task: Task) -> None:
    if found != asked:
        raise UserError(
            f"Pruner {task.name!r} keeps {found} {what}; sparsity {task.sparsity} asks for {asked}. "
            "This is a mistake in the pruner, or what its record counts is not what it does."
        )
