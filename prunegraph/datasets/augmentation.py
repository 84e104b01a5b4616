"""Random crops and flips of a whole batch at once."""

import torch
from torch.nn import functional


def crop_and_flip(images: torch.Tensor, generator: torch.Generator, padding: int = 4) -> torch.Tensor:
    """Pad with black, cut out the original size at a random position, and flip half of the images left to right.

    This is the augmentation published for CIFAR (He et al. 2016, section 4.2); every image has its own position and
    flip.

    Parameters
    ----------
    images
        Raw pixels (N, channels, height, width) of any type, in which black is 0.
    generator
        Generator of random numbers on the CPU, whatever the device of the images.
    padding
        Width of the black border in pixels.
    """
    number, _, height, width = images.shape
    shift = torch.randint(2 * padding + 1, (2, number), generator=generator).to(images.device)
    flip = torch.randint(2, (number, 1), generator=generator, dtype=torch.bool).to(images.device)
    rows = shift[0, :, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = shift[1, :, None] + torch.where(flip, columns.flip(0), columns)
    padded = functional.pad(images, (padding,) * 4)
    return padded[
        torch.arange(number, device=images.device)[:, None, None, None],
        torch.arange(images.shape[1], device=images.device)[None, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
