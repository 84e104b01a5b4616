"""Vectors of numbers on nodes, viewed as images with channels last in memory, for which convolutions are fast."""

import torch

from prunegraph.graphs.geometry import Map

Vectors = torch.Tensor  # (vectors, nodes) float32
Images = torch.Tensor  # (vectors, channels, height, width) float32, channels last in memory


def image(vectors: Vectors, shape: Map) -> Images:
    """View the numbers of one map, position after position, as images."""
    channels, height, width = shape
    return vectors.unflatten(1, (height, width, channels)).permute(0, 3, 1, 2)


def flat(images: Images) -> Vectors:
    """Turn images into vectors, the inverse of :func:`image`; a view where channels are last."""
    return images.permute(0, 2, 3, 1).flatten(1)


def places(images: Images) -> torch.Tensor:
    """Arrange the numbers by positions: (vectors, positions, channels), a view where channels are last."""
    return images.permute(0, 2, 3, 1).flatten(1, 2)


def clear(images: Images) -> Images:
    """Give images strides that fit only one layout of memory.

    With one channel, or a single place, strides can fit both layouts, and torch's convolution may then leave parts of
    its result unwritten (seen in 2.13 on x86).
    """
    one = images.shape[1] == 1 or images.shape[2:] == (1, 1)
    return images.flatten(1).reshape(images.shape) if one else images
