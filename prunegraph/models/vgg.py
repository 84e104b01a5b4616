"""VGG-16 with BatchNorm for small images."""

import torch
from torch import nn

from prunegraph.models.sizes import check, scaled

#: Channels of the convolutions of each of the five stages.
STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG(nn.Module):
    """Thirteen 3x3 convolutions with BatchNorm and ReLU, pooling after each stage, one linear layer.

    The network maps (N, channels, height, width) to (N, classes). Layers are named as in torchvision's networks.
    """

    def __init__(self, classes: int, inputs: int, stages: tuple[tuple[int, ...], ...]):
        super().__init__()
        layers: list[nn.Module] = []
        for stage in stages:
            for outputs in stage:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2, ceil_mode=True))  # so that one pixel stays one
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits of a batch of images."""
        features = nn.functional.adaptive_avg_pool2d(self.features(images), 1)
        return self.classifier(torch.flatten(features, 1))


def vgg16_bn(classes: int, input_shape: tuple[int, int, int], *, width: float = 1.0) -> VGG:
    """Make VGG-16 with BatchNorm (Simonyan and Zisserman 2015, column D) and one linear layer after global pooling.

    It has 14,728,266 parameters for 10 classes at 3x32x32.

    Raises
    ------
    UserError
        For images under 8x8, fewer than 2 classes, a width that is not positive.
    """
    inputs, _, _ = check("vgg16_bn", classes, input_shape, smallest=8)
    return VGG(classes, inputs, tuple(tuple(scaled(channels, width) for channels in stage) for stage in STAGES))
