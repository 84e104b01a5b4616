"""ResNet-20, ResNet-32 and ResNet-56 for small images."""

import torch
from torch import nn
from torch.nn import functional

from prunegraph.models.sizes import check, scaled


class Block(nn.Module):
    """Basic block: two 3x3 convolutions with BatchNorm, added to a shortcut.

    The shortcut is the identity where the shape does not change, else a 1x1 convolution with BatchNorm (He et al. 2016,
    "option B").
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        inner = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(features))


class ResNet(nn.Module):
    """One convolution, three stages of `blocks` basic blocks, global average pooling, a linear layer.

    The network maps (N, channels, height, width) to (N, classes). `channels` holds the widths of the three stages.
    """

    def __init__(self, classes: int, inputs: int, blocks: int, channels: tuple[int, int, int]):
        super().__init__()
        first, second, third = channels
        self.conv1 = nn.Conv2d(inputs, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = _stage(first, first, blocks, stride=1)
        self.layer2 = _stage(first, second, blocks, stride=2)
        self.layer3 = _stage(second, third, blocks, stride=2)
        self.linear = nn.Linear(third, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        features = functional.relu(self.bn1(self.conv1(images)))
        features = self.layer3(self.layer2(self.layer1(features)))
        return self.linear(torch.flatten(functional.adaptive_avg_pool2d(features, 1), 1))


def resnet20(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> ResNet:
    """Make ResNet-20 (He et al. 2016, section 4.2; n = 3) with 1x1 convolutions in the shortcuts.

    It has 270,896 prunable weights for 10 classes at 3x32x32. Convolutions have no bias.

    Raises
    ------
    UserError
        For images under 4x4, fewer than 2 classes, a width that is not positive.
    """
    return _resnet("resnet20", classes, input_shape, blocks=3, width=width)


def resnet32(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> ResNet:
    """Make ResNet-32 (He et al. 2016, section 4.2; n = 5) with 1x1 convolutions in the shortcuts.

    It has 464,432 prunable weights for 10 classes at 3x32x32. Convolutions have no bias.

    Raises
    ------
    UserError
        For images under 4x4, fewer than 2 classes, a width that is not positive.
    """
    return _resnet("resnet32", classes, input_shape, blocks=5, width=width)


def resnet56(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> ResNet:
    """Make ResNet-56 (He et al. 2016, section 4.2; n = 9) with 1x1 convolutions in the shortcuts.

    It has 851,504 prunable weights for 10 classes at 3x32x32. Convolutions have no bias.

    Raises
    ------
    UserError
        For images under 4x4, fewer than 2 classes, a width that is not positive.
    """
    return _resnet("resnet56", classes, input_shape, blocks=9, width=width)


def _resnet(name: str, classes: int, input_shape: tuple[int, int, int], *, blocks: int, width: float) -> ResNet:
    inputs, _, _ = check(name, classes, input_shape, smallest=4)
    return ResNet(classes, inputs, blocks, tuple(scaled(base, width) for base in (16, 32, 64)))


def _stage(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    rest = [Block(outputs, outputs, 1) for _ in range(blocks - 1)]
    return nn.Sequential(Block(inputs, outputs, stride), *rest)
