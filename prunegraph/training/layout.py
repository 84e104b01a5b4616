"""The order in which the numbers of images and kernels lie in memory while a network trains."""

import torch
from torch import nn

FEWEST_CHANNELS = 8
"""Input channels of a strided 1 x 1 convolution that may lie next to each other on a CPU."""


def layout(network: nn.Module, device: torch.device) -> torch.memory_format:
    """Channels last, the layout of the fast convolutions on CPUs as on GPUs, where it is safe.

    On CPUs with AVX2 and no AVX-512 the gradient of a 1 x 1 convolution with a stride and fewer than eight input
    channels writes past the end of its memory in that layout (oneDNN in torch 2.13, found by valgrind: ResNet-20's
    shortcut from 4 to 8 channels ends in "double free or corruption", or in wrong numbers). Networks that
    hold one stay in torch's default layout there.
    """
    if device.type == "cpu" and any(map(_unsafe, network.modules())):
        return torch.contiguous_format
    return torch.channels_last


def _unsafe(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.Conv2d)
        and set(module.kernel_size) == {1}
        and max(module.stride) > 1
        and module.in_channels // module.groups < FEWEST_CHANNELS
    )
