"""CONV-6: six convolutions and three linear layers."""

import torch
from torch import nn

from prunegraph.models.sizes import check, scaled


class Conv6(nn.Module):
    """Three pairs of 3x3 convolutions, each pair followed by 2x2 pooling, then three linear layers.

    The network maps (N, channels, height, width) to (N, classes). `channels` holds the widths of the three pairs;
    `units` is the width of the two hidden linear layers.
    """

    def __init__(self, classes: int, input_shape: tuple[int, int, int], channels: tuple[int, int, int], units: int):
        super().__init__()
        inputs, height, width = input_shape
        layers = []
        for outputs in channels:
            layers += [*_convolution(inputs, outputs), *_convolution(outputs, outputs), nn.MaxPool2d(2)]
            inputs = outputs
        self.convs1 = nn.Sequential(*layers)
        features = inputs * (height // 8) * (width // 8)
        self.linear = nn.Sequential(*_linear(features, units), *_linear(units, units), nn.Linear(units, classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        return self.linear(torch.flatten(self.convs1(images), 1))


def conv6(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> Conv6:
    """Make CONV-6 (Frankle and Carbin 2019, figure 2) with BatchNorm, as in Cunegatti et al. 2024.

    It has 2,261,184 prunable weights for 10 classes at 3x32x32. The first linear layer reads the map that remains after
    three poolings: 4x4 for images of 32x32, 1x1 for 8x8.

    Raises
    ------
    UserError
        For images under 8x8, fewer than 2 classes, a width that is not positive.
    """
    shape = check("conv6", classes, input_shape, smallest=8)
    channels = tuple(scaled(base, width) for base in (64, 128, 256))
    return Conv6(classes, shape, channels, scaled(256, width))


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


def _linear(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
