"""Vectors of numbers on nodes seen as images, channels last in memory, which convolutions are fast on."""

import torch

from prunegraph.graphs.geometry import Map

Vectors = torch.Tensor  # (vectors, nodes) float32
Images = torch.Tensor  # (vectors, channels, height, width) float32, channels last in memory


def image(vectors: Vectors, shape: Map) -> Images:
    """The vectors' numbers of one map, place after place, as images: a view."""
    channels, height, width = shape
    return vectors.unflatten(1, (height, width, channels)).permute(0, 3, 1, 2)


def flat(images: Images) -> Vectors:
    """The inverse of :func:`image`; a view where channels are last."""
    return images.permute(0, 2, 3, 1).flatten(1)


def places(images: Images) -> torch.Tensor:
    """The numbers of every place side by side: (vectors, places, channels), a view where channels are last."""
    return images.permute(0, 2, 3, 1).flatten(1, 2)


def clear(images: Images) -> Images:
    """The images with strides that fit one layout of memory only.

    With one channel, or a single place, strides can fit both layouts, and torch's convolution may then leave parts of
    its result unwritten (seen in 2.13 on x86).
    """
    one = images.shape[1] == 1 or images.shape[2:] == (1, 1)
    return images.flatten(1).reshape(images.shape) if one else images
