"""How much of a ranking of units is the network's, and how much that of the images on which it was measured."""

from typing import Any

import torch

from prunegraph.models import prunable
from prunegraph.pruning.calibration import agreement, calibration_images
from prunegraph.pruning.isolation import isolated
from prunegraph.pruning.page_rank import drawn_scores
from prunegraph.pruning.task import Task, TrainingImages
from prunegraph.pruning.weights import at_least


def calibration_stability(
    network: torch.nn.Module,
    measure: str,
    batches: Any,
    seed: int,
    *,
    images: int = 64,
    draws: int = 5,
    **options: Any,
) -> dict[str, float]:
    """Kendall's rank correlation (tau-b) of the units of each layer between separate draws of images.

    Parameters
    ----------
    network
        Any module that torch.fx can trace; it is left as it was.
    measure
        A measure of :func:`prunegraph.pruning.page_rank.drawn_scores`: its pruner's name.
    batches
        A prepared data set, or batches (images, labels), of at least `images` times `draws` images.
    seed
        Seed of the draws.
    images, draws
        Images in a draw, and number of draws; no image is in two.
    options
        Of :func:`prunegraph.pruning.page_rank.drawn_scores`.

    Returns
    -------
    dict
        By the name of the layer's weight, in the order of the network: the mean over all pairs of draws. 1 is the same
        ranking each time, 0 what chance gives.

    Raises
    ------
    UserError
        If there are too few images, one is not finite, or the measure is unknown.
    """
    at_least(2, draws, "draws", measure)
    at_least(2, images, "images", measure)
    with isolated(network, seed, measure, torch.float64) as copy:
        task = Task(copy, prunable(copy), 0.5, seed, measure, TrainingImages(batches, seed, measure), "units")
        seen = calibration_images(task, images * draws).split(images)
        return agreement(drawn_scores(copy, seen, measure=measure, **options)[1:])
