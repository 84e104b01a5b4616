"""Multilayer perceptrons: linear layers with ReLU between them."""

from collections.abc import Sequence

import torch
from torch import nn

from prunegraph.errors import UserError
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
    classes: int, input_shape: tuple[int, int, int], *, hidden: Sequence[int] = (300, 100), width: float = 1.0
) -> MLP:
    """Make a multilayer perceptron; by default LeNet-300-100 (LeCun et al. 1998, section III.C).

    It has 266,200 prunable weights for 10 classes at 1x28x28. Other published sizes: [256] and [512, 512] (MLP-Rank),
    [500, 500] (DIVNET and DPP pruning).

    Parameters
    ----------
    hidden
        Number of units of each hidden layer; an empty list leaves one linear layer.
    width
        Multiplier of the numbers of hidden units.

    Raises
    ------
    UserError
        For fewer than 2 classes, layers that are not positive whole numbers, or a width that is not positive.
    """
    channels, height, across = check("mlp", classes, input_shape, smallest=1)
    sizes = hidden if isinstance(hidden, list | tuple) else [hidden]
    if not all(isinstance(units, int) and not isinstance(units, bool) and units > 0 for units in sizes):
        raise UserError(f"The hidden layers of mlp are a list of positive whole numbers, found {hidden!r}.")
    return MLP(classes, channels * height * across, [scaled(units, width) for units in sizes])
