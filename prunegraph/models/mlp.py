"""Multilayer perceptrons: linear layers with ReLU, or a sigmoid function, between them."""

from collections.abc import Sequence

import torch
from torch import nn

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.models.normalised_mlp import NORMS, NormalisedMLP
from prunegraph.models.sizes import check, scaled

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


class MLP(nn.Module):
    """Linear layers with bias, an activation function between them; images are flattened.

    The network maps (N, channels, height, width) to (N, classes). `units` holds the widths of the hidden layers.
    """

    def __init__(self, classes: int, inputs: int, units: Sequence[int], activation: str = "relu"):
        super().__init__()
        layers: list[nn.Module] = []
        for outputs in units:
            layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
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
    activation: str = "relu",
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
    activation
        Of hidden layers: ``relu``, or ``sigmoid`` as in the study of DPP, with neither normalisation nor skips.
    width
        Multiplier of the numbers of hidden units.

    Raises
    ------
    UserError
        For fewer than 2 classes, layers that are not positive whole numbers, an unknown word, a sigmoid function beside
        normalisation or skips, or a width that is not positive.
    """
    channels, height, across = check("mlp", classes, input_shape, smallest=1)
    sizes = hidden if isinstance(hidden, list | tuple) else [hidden]
    if not all(isinstance(units, int) and not isinstance(units, bool) and units > 0 for units in sizes):
        raise UserError(f"The hidden layers of mlp are a list of positive whole numbers, found {hidden!r}.")
    units = [scaled(count, width) for count in sizes]
    known(ACTIVATIONS, activation, "activation of mlp:")
    if known(NORMS, batch_norm, "batch_norm of mlp:") == "none" and not skips:
        return MLP(classes, channels * height * across, units, activation)
    if activation != "relu":
        raise UserError(f"An mlp with batch_norm or skips has ReLU, found activation: {activation}. Leave it out.")
    return NormalisedMLP(classes, channels * height * across, units, batch_norm, skips)
