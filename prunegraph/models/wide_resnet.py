"""Wide-ResNet-28-2: pre-activation residual blocks."""

import torch
from torch import nn
from torch.nn import functional

from prunegraph.models.sizes import check, scaled


class Block(nn.Module):
    """Pre-activation block: BatchNorm and ReLU come before each of the two 3x3 convolutions.

    Where width or stride changes, the shortcut is a 1x1 convolution of the activated input; elsewhere it is the input.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.convShortcut = None
        if stride != 1 or inputs != outputs:
            self.convShortcut = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        active = functional.relu(self.bn1(features))
        inner = self.conv2(functional.relu(self.bn2(self.conv1(active))))
        shortcut = features if self.convShortcut is None else self.convShortcut(active)
        return inner + shortcut


class Stage(nn.Module):
    """`blocks` blocks in a row, the first of which changes width and stride."""

    def __init__(self, inputs: int, outputs: int, blocks: int, stride: int):
        super().__init__()
        rest = [Block(outputs, outputs, 1) for _ in range(blocks - 1)]
        self.layer = nn.Sequential(Block(inputs, outputs, stride), *rest)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return self.layer(features)


class WideResNet(nn.Module):
    """One convolution, three stages, BatchNorm, global average pooling, a linear layer.

    The network maps (N, channels, height, width) to (N, classes). `channels` holds the widths of the first convolution
    and of the three stages.
    """

    def __init__(self, classes: int, inputs: int, blocks: int, channels: tuple[int, int, int, int]):
        super().__init__()
        first, *stages = channels
        self.conv1 = nn.Conv2d(inputs, first, 3, padding=1, bias=False)
        self.block1 = Stage(first, stages[0], blocks, stride=1)
        self.block2 = Stage(stages[0], stages[1], blocks, stride=2)
        self.block3 = Stage(stages[1], stages[2], blocks, stride=2)
        self.bn1 = nn.BatchNorm2d(stages[2])
        self.fc = nn.Linear(stages[2], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        features = self.block3(self.block2(self.block1(self.conv1(images))))
        features = functional.relu(self.bn1(features))
        return self.fc(torch.flatten(functional.adaptive_avg_pool2d(features, 1), 1))


def wide_resnet28_2(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> WideResNet:
    """Make Wide-ResNet-28-2 (Zagoruyko and Komodakis 2016, table 1; N = 4, k = 2).

    It has 1,463,984 prunable weights for 10 classes at 3x32x32. `width` multiplies the widths in addition to k, also
    that of the first convolution. Convolutions have no bias.

    Raises
    ------
    UserError
        For images under 4x4, fewer than 2 classes, a width that is not positive.
    """
    inputs, _, _ = check("wide_resnet28_2", classes, input_shape, smallest=4)
    return WideResNet(classes, inputs, 4, tuple(scaled(base, width) for base in (16, 32, 64, 128)))
