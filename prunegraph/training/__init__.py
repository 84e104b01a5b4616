"""Training and scoring of pruned networks: removed weights stay exactly zero.

Recipes are plain numbers and import nothing heavy; the loop imports torch when it is used.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from prunegraph.training.checkpoint import Checkpoint
from prunegraph.training.recipes import RECIPES, Recipe, recipe

if TYPE_CHECKING:
    import torch
    from torch import nn

    from prunegraph.datasets.data import Data
    from prunegraph.masks import Mask
    from prunegraph.training.dynamics import MovingMask
    from prunegraph.training.loop import Training

__all__ = [
    "RECIPES",
    "Checkpoint",
    "Recipe",
    "evaluate",
    "recipe",
    "score",
    "train",
    "train_together",
]


def train(
    network: "nn.Module",
    mask: "Mask | None",
    data: "Data",
    recipe: Recipe,
    seed: int,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    dynamics: "MovingMask | None" = None,
    checkpoint: Checkpoint | None = None,
) -> "Training":
    """Train `network` in place with the weights outside `mask` at exactly zero.

    Stochastic gradient descent on the cross-entropy, as `recipe` says. Gradients
    are masked, so that momentum never collects what a removed weight would have
    wanted, and removed weights are set to zero again after every step. Biases and
    BatchNorm are always trained. Every epoch ends with an evaluation on the
    validation part; the test part is not looked at.

    Parameters
    ----------
    network
        Moved to `device` and left there, in evaluation mode.
    mask
        Which weights are kept; None keeps all.
    data
        Whose images lie on the device.
    recipe
        See :func:`recipe`.
    seed
        Of the order and augmentation of the images, stream (seed, "train"). On the
        CPU the same seed, network and number of threads give the same weights.
    device
        Default: where the images are.
    on_epoch
        Called with each row of the history as it is made, for progress.
    dynamics
        Moves the mask while the network trains (:class:`prunegraph.training.dynamics.MovingMask`); `mask` is where it
        starts. None leaves the mask as it is.
    checkpoint
        Where the state is kept, so that a training that was killed goes on and ends with the same weights, bit for bit
        on the same device. None keeps none.

    Returns
    -------
    Training
        ``history``, one dict an epoch: epoch (from 1), learning_rate (of its last
        step), train_loss, train_accuracy (running, on the images as trained on),
        validation_loss, validation_accuracy (None without a validation part),
        seconds. ``diverged``: the loss became infinite or no number. Training then
        ends, that epoch has no row, and the weights are those of the epoch before,
        so that the network can still be encoded and measured. ``mask``: the mask at the end.

    Raises
    ------
    UserError
        If the mask does not fit the network, or the network and the images lie on different devices.
    Interrupted
        If the checkpoint was asked to stop.
    """
    from prunegraph.training import loop

    told = None if on_epoch is None else lambda place, row: on_epoch(row)
    return loop.train_together([network], [mask], data, recipe, [seed], device, told, checkpoint, dynamics)[0]


def train_together(
    networks: "Sequence[nn.Module]",
    masks: "Sequence[Mask | None]",
    data: "Data",
    recipe: Recipe,
    seeds: Sequence[int],
    device: str | None = None,
    on_epoch: Callable[[int, dict[str, Any]], None] | None = None,
    checkpoint: Checkpoint | None = None,
    dynamics: "MovingMask | None" = None,
) -> "list[Training]":
    """Train several networks of one architecture in the same operations, as :func:`train` would one by one.

    Their parameters are stacked (:class:`prunegraph.training.stack.Stack`), which keeps a large device busy with small
    networks. Each has its own mask, order and augmentation of images, and ends as if trained alone, but for
    rounding. Training amplifies that: CONV-6 at sparsity 0.98 after one epoch of digits had weights up to 0.3 and
    accuracies 0.8 points apart from those trained alone (two seeds), in float64 instead of float32 weights 1e-12.
    One that diverges stands still from then on. Parameters as of :func:`train`, one network, mask
    and seed each; either every mask is None or none; `on_epoch` is called with the place of a network and its row;
    `dynamics` needs a network on its own.
    """
    from prunegraph.training import loop

    return loop.train_together(networks, masks, data, recipe, seeds, device, on_epoch, checkpoint, dynamics)


def evaluate(network: "nn.Module", batches: "Iterable[tuple[torch.Tensor, torch.Tensor]]") -> dict[str, float | None]:
    """Share of correct answers and mean cross-entropy (nats) of `network` in evaluation mode.

    `batches` gives normalised images with labels, for example
    ``data.test.batches()``. Without any image both values are None. The mode of
    the network is as before afterwards.
    """
    from prunegraph.training import evaluation

    return evaluation.evaluate(network, batches)


def score(network: "nn.Module", training: "Training", data: "Data") -> dict[str, Any]:
    """What `network` has learned, as plain values for JSON; see :func:`prunegraph.training.scoring.score`."""
    from prunegraph.training import scoring

    return scoring.score(network, training, data)
