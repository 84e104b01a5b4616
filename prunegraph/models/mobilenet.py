"""MobileNetV2 for small images: inverted residual blocks around depthwise convolutions."""

import torch
from torch import nn
from torch.nn import functional

from prunegraph.models.sizes import check, scaled

# (expansion, channels, blocks, stride of the first block): table 2 of the paper, but with stride 1 instead of 2 in the
# second row and in the first convolution, as is usual for 32x32 images.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class Block(nn.Module):
    """Inverted residual block: a 1x1 convolution to more channels, a 3x3 depthwise one, a 1x1 convolution to fewer.

    The last convolution has no ReLU. Blocks of stride 1 have a shortcut: the identity or, where the numbers of channels
    differ, a 1x1 convolution with BatchNorm. Blocks of stride 2 have none.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int):
        super().__init__()
        inner = expansion * inputs
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=stride, padding=1, groups=inner, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.residual = stride == 1
        self.shortcut = nn.Sequential()
        if self.residual and inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        inner = functional.relu(self.bn1(self.conv1(features)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        outer = self.bn3(self.conv3(inner))
        return outer + self.shortcut(features) if self.residual else outer


class MobileNetV2(nn.Module):
    """One convolution, seven stages of blocks, a 1x1 convolution, global average pooling, a linear layer.

    The network maps (N, channels, height, width) to (N, classes). `width` multiplies all numbers of channels except
    those of input and output.
    """

    def __init__(self, classes: int, inputs: int, width: float):
        super().__init__()
        channels, head = scaled(32, width), scaled(1280, width)
        self.conv1 = nn.Conv2d(inputs, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        layers = []
        for expansion, base, blocks, stride in STAGES:
            for place in range(blocks):
                outputs = scaled(base, width)
                layers.append(Block(channels, outputs, expansion, 1 if place else stride))
                channels = outputs
        self.layers = nn.Sequential(*layers)
        self.conv2 = nn.Conv2d(channels, head, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(head)
        self.linear = nn.Linear(head, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        features = self.layers(functional.relu(self.bn1(self.conv1(images))))
        features = functional.relu(self.bn2(self.conv2(features)))
        return self.linear(torch.flatten(functional.adaptive_avg_pool2d(features, 1), 1))


def mobilenet_v2(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> MobileNetV2:
    """Make MobileNetV2 (Sandler et al. 2018, table 2) in its usual form for CIFAR, as in Cunegatti et al. 2024.

    It has 2,261,824 prunable weights for 10 classes at 3x32x32. Convolutions have no bias.

    Raises
    ------
    UserError
        For images under 8x8, fewer than 2 classes, a width that is not positive.
    """
    inputs, _, _ = check("mobilenet_v2", classes, input_shape, smallest=8)
    return MobileNetV2(classes, inputs, width)
