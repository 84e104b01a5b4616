"""Multilayer perceptrons with BatchNorm and skip connections, as MLP-Rank prunes them."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

NORMS = ("none", "own", "shared")


class NormalisedMLP(nn.Module):
    """Linear layers with bias; each hidden one is followed by ReLU, then BatchNorm, then a skip connection.

    Maps (N, channels, height, width) to (N, classes).

    Parameters
    ----------
    units
        Width of each hidden layer.
    batch_norm
        A word of :data:`NORMS`: no BatchNorm, one a layer, or one for all hidden layers of a width.
    skips
        Whether what a hidden layer reads is added to what it gives, where the hidden layer before is as wide.
    """

    def __init__(self, classes: int, inputs: int, units: Sequence[int], batch_norm: str, skips: bool):
        super().__init__()
        sizes = [inputs, *units]
        self.hidden = nn.ModuleList(nn.Linear(one, two) for one, two in zip(sizes, units, strict=False))
        names = {"none": [], "own": range(len(units)), "shared": units}[batch_norm]
        self.norms = nn.ModuleDict({str(name): nn.BatchNorm1d(two) for name, two in zip(names, units, strict=False)})
        self.names = [str(name) for name in names]
        self.skips = [
            skips and index > 0 and one == two for index, (one, two) in enumerate(zip(sizes, units, strict=False))
        ]
        self.last = nn.Linear(sizes[-1], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of images."""
        values = torch.flatten(images, 1)
        for index, layer in enumerate(self.hidden):
            given = F.relu(layer(values))
            if self.names:
                given = self.norms[self.names[index]](given)
            values = given + values if self.skips[index] else given
        return self.last(values)
