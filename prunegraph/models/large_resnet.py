"""ResNet-18, -34 and -50: four stages, with the stem for large images or that for small ones."""

import torch
from torch import nn
from torch.nn import functional

from prunegraph.catalogue import known
from prunegraph.models.sizes import check, scaled

STEMS = ("small", "large")


class Basic(nn.Module):
    """Two 3x3 convolutions with BatchNorm, added to a shortcut; a 1x1 convolution where the shape changes."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) to (N, width, H / stride, W / stride)."""
        inner = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.downsample(features))


class Bottleneck(nn.Module):
    """A 1x1, a 3x3 and a 1x1 convolution with BatchNorm, added to a shortcut; the last has four times the width.

    The stride is that of the 3x3 convolution (ResNet "v1.5"), as in the networks of RGP.
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (N, inputs, H, W) to (N, 4 width, H / stride, W / stride)."""
        inner = functional.relu(self.bn1(self.conv1(features)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        return functional.relu(self.bn3(self.conv3(inner)) + self.downsample(features))


class LargeResNet(nn.Module):
    """A stem, four stages of blocks, global average pooling, a linear layer: (N, channels, H, W) to (N, classes).

    The names of layers are those of torchvision's networks.
    """

    def __init__(self, classes: int, inputs: int, block: type, blocks: tuple[int, ...], first: int, stem: str):
        super().__init__()
        large = stem == "large"
        self.conv1 = nn.Conv2d(inputs, first, *((7, 2, 3) if large else (3, 1, 1)), bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if large else nn.Identity()
        stages, channels = [], first
        for place, number in enumerate(blocks):
            width = first * 2**place
            stages.append(_stage(block, channels, width, number, 1 if place == 0 else 2))
            channels = width * block.expansion
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        features = self.maxpool(functional.relu(self.bn1(self.conv1(images))))
        features = self.layer4(self.layer3(self.layer2(self.layer1(features))))
        return self.fc(torch.flatten(functional.adaptive_avg_pool2d(features, 1), 1))


def resnet18(
    classes: int, input_shape: tuple[int, int, int], *, stem: str = "small", width: float = 1.0
) -> LargeResNet:
    """Make ResNet-18 (He et al. 2016, table 1).

    It has 11,173,962 parameters for 10 classes at 3x32x32, and, with the large stem, 11,689,512 for 1,000.

    Parameters
    ----------
    stem
        ``small``, a 3x3 convolution, for images such as CIFAR's; ``large``, a 7x7 convolution of stride 2 and pooling.
    width
        Multiplier of the channels.

    Raises
    ------
    UserError
        For images under 8x8, fewer than 2 classes, an unknown stem, a width that is not positive.
    """
    return _made("resnet18", classes, input_shape, Basic, (2, 2, 2, 2), stem, width)


def resnet34(
    classes: int, input_shape: tuple[int, int, int], *, stem: str = "small", width: float = 1.0
) -> LargeResNet:
    """Make ResNet-34, with 21,797,672 parameters for 1,000 classes with the large stem; as :func:`resnet18`."""
    return _made("resnet34", classes, input_shape, Basic, (3, 4, 6, 3), stem, width)


def resnet50(
    classes: int, input_shape: tuple[int, int, int], *, stem: str = "small", width: float = 1.0
) -> LargeResNet:
    """Make ResNet-50, with 25,557,032 parameters for 1,000 classes with the large stem; as :func:`resnet18`."""
    return _made("resnet50", classes, input_shape, Bottleneck, (3, 4, 6, 3), stem, width)


def _made(name, classes, input_shape, block, blocks, stem, width) -> LargeResNet:
    inputs, _, _ = check(name, classes, input_shape, smallest=8)
    known(STEMS, stem, f"stem of {name}:")
    return LargeResNet(classes, inputs, block, blocks, scaled(64, width), stem)


def _stage(block: type, inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    rest = [block(width * block.expansion, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(block(inputs, width, stride), *rest)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))
