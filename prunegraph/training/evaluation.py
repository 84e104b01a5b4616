"""How well a network answers, and the statistics of its BatchNorm layers taken anew."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

from prunegraph.datasets.data import Batch

# Of BatchNorm's eps: below this variance a channel carries nothing but float32 rounding.
ROUNDING = 1e-5


class Tally:
    """Correct answers and summed cross-entropy, kept on the device until :meth:`results`.

    Of one network or of several trained together: logits (..., N, classes), labels (..., N).
    """

    def __init__(self) -> None:
        self.images = 0
        self.correct: torch.Tensor | None = None
        self.loss: torch.Tensor | None = None

    @torch.no_grad()
    def add(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count one batch."""
        self.images += labels.shape[-1]
        correct = (logits.argmax(-1) == labels).sum(-1)
        losses = functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none")
        loss = losses.view_as(labels).double().sum(-1)
        self.correct = correct if self.correct is None else self.correct + correct
        self.loss = loss if self.loss is None else self.loss + loss

    def results(self) -> list[dict[str, float]]:
        """{accuracy, loss} per image for each network; empty without images."""
        if not self.images:
            return []
        both = zip(self.correct.flatten().tolist(), self.loss.flatten().tolist(), strict=True)
        return [{"accuracy": correct / self.images, "loss": loss / self.images} for correct, loss in both]


@torch.no_grad()
def evaluate(network: nn.Module, batches: Iterable[Batch]) -> dict[str, float | None]:
    """What :func:`prunegraph.training.evaluate` does; see there."""
    was_training = network.training
    network.eval()
    tally = Tally()
    for images, labels in batches:
        tally.add(network(images), labels)
    network.train(was_training)
    return next(iter(tally.results()), {"accuracy": None, "loss": None})


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Replace BatchNorm's running mean and variance by their averages over `batches`, weights untouched.

    Running statistics trail behind the weights (averaging them anew: Izmailov et
    al. 2018, section 3.2). Where pruning left a channel constant the variance is 0
    and BatchNorm multiplies by 1 / sqrt(1e-5) what is rounding alone, layer after
    layer; such a network knows its images in training mode and answers at chance in
    evaluation mode. A constant channel gets variance 1 here, which gives the shift
    of BatchNorm, as in training mode.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain average over all batches
    network.train()
    for images, labels in batches:
        if len(labels) > 1:
            network(images)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.running_var[layer.running_var < ROUNDING * layer.eps] = 1
