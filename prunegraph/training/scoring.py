"""The score of a trained network, divergence and chance among its facts, and the files that keep it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prunegraph import models
from prunegraph.chance import most_by_luck
from prunegraph.datasets.data import Data
from prunegraph.files import write_json, write_table
from prunegraph.training.evaluation import evaluate
from prunegraph.training.loop import Training
from prunegraph.wiring.cost import cost, ratio


def score(network: nn.Module, training: Training, data: Data) -> dict[str, Any]:
    """What a trained network has learned, and what it costs: plain values for JSON.

    ``accuracy``, ``top5_accuracy`` and ``test_loss`` (nats; None if no number) on ``test_images`` test images,
    ``validation_accuracy`` of the last epoch (of the network as it is where nothing was trained; None without
    validation images), ``diverged`` (:func:`prunegraph.training.train`), ``at_chance`` (:func:`at_chance`);
    :func:`costs`.
    """
    found = evaluate(network, data.test.batches(), top=5)
    last = training.history[-1]["validation_accuracy"] if training.history else None
    if last is None:
        last = evaluate(network, data.validation.batches())["accuracy"]
    return {
        "accuracy": found["accuracy"],
        "top5_accuracy": found["top"],
        "test_images": len(data.test),
        "test_loss": found["loss"] if math.isfinite(found["loss"]) else None,
        "validation_accuracy": last,
        "diverged": training.diverged,
        "at_chance": at_chance(found["accuracy"], data.test.labels),
        **costs(network, data.input_shape),
    }


def costs(network: nn.Module, input_shape: tuple[int, int, int]) -> dict[str, float | None]:
    """Parameters and operations of a network with zeros, as MLP-Rank reports them (Hoffmann et al., 2024).

    ``parameters``, ``nonzero``, ``macs``, ``nonzero_macs`` (:class:`prunegraph.wiring.cost.Cost`), ``compression`` =
    parameters / nonzero and ``theoretical_speedup`` = macs / nonzero_macs: what zeros could save; None where nothing is
    left.
    """
    found = cost(network, input_shape)
    compression, speedup = ratio(found.parameters, found.nonzero), ratio(found.macs, found.nonzero_macs)
    return found._asdict() | {
        "compression": compression if math.isfinite(compression) else None,
        "theoretical_speedup": speedup if math.isfinite(speedup) else None,
    }


def save(
    files: Sequence[Path], network: nn.Module, training: Training, data: Data, *, made_from: str, **facts: Any
) -> dict[str, Any]:
    """Write weights, mask, history and score of a trained network to four `files`; the score.

    The score is the last: one with the right `made_from` says that the other files are there. `facts` stand in
    the headers of weights and mask, and in the score.
    """
    weights, final_mask, history, scored = files
    mask = training.mask
    found = {**facts, "classes": data.classes, **score(network, training, data)}
    found |= {"weights": mask.size, "kept": mask.kept, "density": mask.density, "collapsed": mask.collapsed}
    models.save(network, weights, **facts)
    mask.save(final_mask, **facts)
    write_table(history, training.history)
    write_json(scored, {**found, "made_from": made_from})
    return found


def at_chance(accuracy: float, labels: torch.Tensor) -> bool:
    """Whether `accuracy` on images of these true `labels` is no better than one constant answer, luck included
    (:mod:`prunegraph.chance`).
    """
    return accuracy <= most_by_luck(int(labels.bincount().max()) / len(labels), len(labels))
