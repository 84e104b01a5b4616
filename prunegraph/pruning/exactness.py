"""Whether a choice has exactly the size that was asked for, by what the sparsity counts."""

from collections.abc import Mapping

import numpy as np

from prunegraph.errors import UserError
from prunegraph.pruning.task import Task


def check(layers: Mapping[str, np.ndarray], task: Task, in_all: bool = False) -> None:
    """Refuse masks of another size than `task` asks for.

    Weights are counted in all layers together, inputs for every unit, units (those that keep a weight) in every layer.
    The entries of a block matrix are counted where the matrix is made.

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
    if task.counts == "weights":
        _same(sum(int(layers[name].sum()) for name in task.weights), task.kept, f"of {task.size} weights", task)
    elif task.counts == "inputs":
        for name, asked in task.kept_in.items():
            rows = layers[name].reshape(len(layers[name]), -1)
            for unit in np.flatnonzero(rows.sum(1) != asked)[:1]:
                _same(int(rows[unit].sum()), asked, f"of {rows.shape[1]} inputs of unit {unit} of {name!r}", task)
    elif task.counts == "units":
        found = {name: int(layers[name].reshape(len(layers[name]), -1).any(1).sum()) for name in task.weights}
        if in_all:
            _same(sum(found.values()), task.kept, "units", task)
        else:
            for name, asked in task.kept_in.items():
                _same(found[name], asked, f"of {len(layers[name])} units of {name!r}", task)


def _same(found: int, asked: int, what: str, task: Task) -> None:
    if found != asked:
        raise UserError(
            f"Pruner {task.name!r} keeps {found} {what}; sparsity {task.sparsity} asks for {asked}. "
            "This is a mistake in the pruner, or what its record counts is not what it does."
        )
