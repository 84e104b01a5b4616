"""Magnitude pruning of a trained network in rounds, with some training after each."""

import torch

from prunegraph.datasets.data import Data
from prunegraph.errors import UserError
from prunegraph.masks import Mask, kept_weights
from prunegraph.models import prunable
from prunegraph.pruning.magnitude import strongest
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import at_least
from prunegraph.training import loop
from prunegraph.training.recipes import recipe


def magnitude_rounds(task: Task, *, rounds: int = 5, epochs: int = 2, scope: str = "global") -> dict[str, torch.Tensor]:
    """Prune the largest share of the weights, train, prune again: the last round's mask.

    After round r of R, round(N d^(r/R)) of N weights are left. Between two rounds the network goes on training by the
    recipe ``quick``; the training after the last round is the method's own, so `rounds` - 1 are made here. Unlike
    ``iterative_magnitude`` it prunes the trained network of the cell, in the layers that the method names, and rewinds
    nothing.

    Parameters
    ----------
    rounds
        R.
    epochs
        Of each training between two rounds.
    scope
        As of ``magnitude``.

    Raises
    ------
    UserError
        If an option is out of its range, a weight is not finite, or no data set was given.
    """
    at_least(1, rounds, "rounds", task.name)
    at_least(1, epochs, "epochs", task.name)
    data = training_data(task)
    how = recipe("quick", data.name, "*", epochs=epochs)
    network = task.network.float()
    weights = prunable(network)
    mask = {name: torch.ones_like(weights[name], dtype=torch.bool) for name in task.weights}
    for turn in range(1, rounds + 1):
        left = task.kept if turn == rounds else kept_weights(task.size, 1 - (1 - task.sparsity) ** (turn / rounds))
        magnitudes = {name: weights[name].detach().abs().masked_fill(~mask[name], -1.0) for name in mask}
        mask = strongest(magnitudes, left, scope, task.name)
        if turn < rounds:
            everything = {name: torch.ones_like(weight, dtype=torch.bool).cpu() for name, weight in weights.items()}
            whole = Mask({name: values.cpu().numpy() for name, values in {**everything, **mask}.items()})
            loop.train(network, whole, data, how, task.seed)
    return mask


def training_data(task: Task) -> Data:
    """The data set of a pruner that trains networks.

    Raises
    ------
    UserError
        If it was given batches, or nothing.
    """
    if not hasattr(task.data.source, "train"):
        raise UserError(
            f"Pruner {task.name!r} trains networks, so it needs a prepared data set (prunegraph.datasets.load); pass "
            "it as batches=..."
        )
    return task.data.source
