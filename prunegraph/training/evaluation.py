"""How well a network answers, and the statistics of its BatchNorm layers taken anew."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

from prunegraph.datasets.data import Batch
from prunegraph.precision import tf32

# Of BatchNorm's eps: below this variance a channel carries nothing but float32 rounding.
ROUNDING = 1e-5


class Tally:
    """Correct answers and summed cross-entropy (nats), kept on the device until :meth:`result`.

    Its tensors keep their place in memory, so that a recorded step can add to them.
    """

    def __init__(self, device: torch.device | str):
        self.images = 0
        self.correct = torch.zeros((), dtype=torch.int64, device=device)
        self.loss = torch.zeros((), dtype=torch.float64, device=device)

    @torch.no_grad()
    def add(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count one batch: logits (N, classes), labels (N,)."""
        self.images += len(labels)
        self.compare(logits, labels)

    @torch.no_grad()
    def compare(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count the answers of one batch, but not its images."""
        self.correct += (logits.argmax(1) == labels).sum()
        self.loss += functional.cross_entropy(logits, labels, reduction="none").double().sum()

    def reset(self) -> None:
        """Begin at zero."""
        self.set(0, torch.zeros(()), torch.zeros(()))

    def set(self, images: int, correct: torch.Tensor, loss: torch.Tensor) -> None:
        """Go on from what was counted before."""
        self.images = images
        self.correct.copy_(correct)
        self.loss.copy_(loss)

    def result(self) -> dict[str, float | None]:
        """{accuracy, loss} per image; None without images."""
        if not self.images:
            return {"accuracy": None, "loss": None}
        return {"accuracy": int(self.correct) / self.images, "loss": float(self.loss) / self.images}


@torch.no_grad()
def evaluate(network: nn.Module, batches: Iterable[Batch], top: int = 0) -> dict[str, float | None]:
    """Share of correct answers and mean cross-entropy (nats) of `network` in evaluation mode, in float32.

    Parameters
    ----------
    network
        Its mode is as before afterwards.
    batches
        Normalised images with labels, on the network's device, for example ``data.test.batches()``.
    top
        0, or a number of answers: then there is a ``top``, the share of images whose class is among so many.

    Returns
    -------
    dict
        accuracy, loss, and top if asked for: all None without any image.
    """
    was_training = network.training
    network.eval()
    tally, among = None, 0
    with tf32(False):
        for images, labels in batches:
            tally, logits = tally or Tally(images.device), network(images)
            tally.add(logits, labels)
            if top:
                best = logits.topk(min(top, logits.shape[1])).indices
                among += int((best == labels.unsqueeze(1)).any(1).sum())
    network.train(was_training)
    found = tally.result() if tally else {"accuracy": None, "loss": None}
    return {**found, "top": among / tally.images if tally else None} if top else found


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
    with tf32(False):
        for images, labels in batches:
            if len(labels) > 1:
                network(images)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.running_var[layer.running_var < ROUNDING * layer.eps] = 1
