"""LAMP: magnitudes that know what their layer would lose, so that one threshold shares the budget among layers."""

import torch

from prunegraph.pruning.selection import join, keep_largest
from prunegraph.pruning.task import Task


def lamp(task: Task) -> dict[str, torch.Tensor]:
    """Keep the weights with the largest score w^2 / (sum of v^2 over the weights v of the layer with |v| >= |w|).

    The largest weight of a layer has the score 1, so no layer loses all. Equal magnitudes count in the order of the
    layer.

    Source: J. Lee, S. Park, S. Mo, S. Ahn, J. Shin, "Layer-adaptive sparsity for the magnitude-based pruning", ICLR
    (2021), equation 4.

    Raises
    ------
    UserError
        If a weight is not finite.
    """
    weights = {name: weight.detach() for name, weight in task.weights.items()}
    join(weights, task.name)  # refuses what is not finite
    return keep_largest({name: scores(weight) for name, weight in weights.items()}, task.kept, task.name)


def scores(weight: torch.Tensor) -> torch.Tensor:
    """The score of every weight of a layer, in its shape; 0 for a weight of 0."""
    squares = weight.flatten().double() ** 2
    ordered, order = squares.sort(descending=True, stable=True)
    found = torch.zeros_like(squares)
    found[order] = torch.where(ordered > 0, ordered / ordered.cumsum(0).clamp(min=torch.finfo(torch.float64).tiny), 0.0)
    return found.view(weight.shape)
