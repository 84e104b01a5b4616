"""Training images on which activations are measured, and how much of a ranking is theirs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy import stats

from prunegraph.errors import UserError
from prunegraph.pruning.batches import take
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import any_weight, at_least


def calibration_images(task: Task, count: int) -> torch.Tensor:
    """`count` training images: random ones of a data set, by the task's seed, or the first of given batches.

    Returns
    -------
    Tensor
        Of the number type and on the device of the network's weights.

    Raises
    ------
    UserError
        If fewer than two are asked for, there are not so many, or a value is NaN or infinite.
    """
    at_least(2, count, "images", task.name)
    train = getattr(task.data.source, "train", None)
    if train is not None and len(train) < count:
        raise UserError(
            f"Pruner {task.name!r} needs {count} images, but the data set has {len(train)}; lower `images`."
        )
    images, _ = take(task.data.batches(count), count, task.name, any_weight(task.network))
    wrong = ~torch.isfinite(images.flatten(1)).all(1)
    if wrong.any():
        raise UserError(
            f"Pruner {task.name!r} measures activations on {count} images, and {int(wrong.sum())} of them (first: "
            f"number {int(wrong.nonzero()[0])}) hold NaN or infinite values; repair or leave out these images."
        )
    return images


def first_images(task: Task, count: int) -> torch.Tensor:
    """The first `count` training images, in order, not augmented."""
    at_least(2, count, "images", task.name)
    source = task.data.once(count) if hasattr(task.data.source, "train") else task.data.batches()
    return take(source, count, task.name, any_weight(task.network))[0]


def agreement(draws: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, float]:
    """Kendall's rank correlation (tau-b) between the scores of units from different images, for each layer.

    Parameters
    ----------
    draws
        Scores by layer, of two or more sets of images.

    Returns
    -------
    dict
        The mean over all pairs of draws; 1 for layers with fewer than two different scores in any.
    """
    return {
        name: float(np.mean([_tau(one[name], other[name]) for i, one in enumerate(draws) for other in draws[:i]]))
        for name in draws[0]
    }


def _tau(one: torch.Tensor, other: torch.Tensor) -> float:
    one, other = one.cpu().numpy(), other.cpu().numpy()
    if min(len(np.unique(one)), len(np.unique(other))) < 2:
        return 1.0
    return float(stats.kendalltau(one, other).statistic)
