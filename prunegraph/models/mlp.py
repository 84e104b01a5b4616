"""Multilayer perceptrons: linear layers with ReLU between them."""

from collections.abc import Sequence

import torch
from torch import nn

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.models.normalised_mlp import NORMS, NormalisedMLP
from prunegraph.models.sizes import check, scaled


class MLP(nn.Module):
    """Linear layers with bias, ReLU between them; images are flattened.

    The network maps (N, channels, height, width) to (N, classes). `units` holds the widths of the hidden layers.
    """

    def __init__(self, classes: int, inputs: int, units: Sequence[int]):
        super().__init__()
        layers: list[nn.Module] = []
        for outputs in units:
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        return self.layers(torch.flatten(images, 1))


def mlp(
    classes: int,
    input_shape: tuple[int, int, int],
    *,
    hidden: Sequence[int] = (300, 100),
    batch_norm: str = "none",
    skips: bool = False,
    width: float = 1.0,
) -> nn.Module:
    """Make a multilayer perceptron; by default LeNet-300-100 (LeCun et al. 1998, section III.C).

    It has 266,200 prunable weights for 10 classes at 1x28x28. Other published sizes: [256] and [512, 512] (MLP-Rank),
    [500, 500] (DIVNET and DPP pruning). The two large ones of MLP-Rank have ``batch_norm: shared``:
    [512, 512, 256, 256, 128] with ``skips`` on 3x32x32, and, for 100 classes and without skips,
    [2048, 2048, 1024, 1024, 1024, 1024, 512, 512, 256, 256, 256].

    Parameters
    ----------
    hidden
        Number of units of each hidden layer; an empty list leaves one linear layer.
    batch_norm
        Normalisation behind the ReLU of hidden layers: ``none``, ``own`` (one a layer) or ``shared`` (one for all
        layers of a width).
    skips
        Whether to add what a hidden layer reads to what it gives, where the hidden layer before is as wide.
    width
        Multiplier of the numbers of hidden units.

    Raises
    ------
    UserError
        For fewer than 2 classes, layers that are not positive whole numbers, an unknown word, or a width that is not
        positive.
    """
    channels, height, across = check("mlp", classes, input_shape, smallest=1)
    sizes = hidden if isinstance(hidden, list | tuple) else [hidden]
    if not all(isinstance(units, int) and not isinstance(units, bool) and units > 0 for units in sizes):
        raise UserError(f"The hidden layers of mlp are a list of positive whole numbers, found {hidden!r}.")
    units = [scaled(count, width) for count in sizes]
    if known(NORMS, batch_norm, "batch_norm of mlp:") == "none" and not skips:
        return MLP(classes, channels * height * across, units)
    return NormalisedMLP(classes, channels * height * across, units, batch_norm, skips)
