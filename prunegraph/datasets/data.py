"""A prepared data set on a device: all images as one tensor, batches as slices of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from prunegraph import tensors
from prunegraph.datasets import checksum
from prunegraph.datasets.augmentation import crop_and_flip
from prunegraph.errors import UserError

Batch = tuple[torch.Tensor, torch.Tensor]


class Part:
    """Images of one part of a data set, all on one device.

    Parameters
    ----------
    images, labels
        uint8 (N, channels, height, width) and int64 (N,).
    mean, std
        Mean and standard deviation of each channel, for pixels scaled to [0, 1].
    """

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, mean: list[float], std: list[float]):
        self.images, self.labels = images, labels
        # A table of (x / 255 - mean) / std for all pixel values x gives the same bits on every device.
        scale = 1 / torch.tensor(std, dtype=torch.float64)
        shift = -torch.tensor(mean, dtype=torch.float64) * scale
        scale, shift = (value.float().view(-1, 1) for value in (scale / 255, shift))
        shades = torch.addcmul(shift, torch.arange(256.0), scale)
        self._shades = shades.flatten().to(images.device)
        self._first = 256 * torch.arange(len(shades), dtype=torch.int32, device=images.device).view(-1, 1, 1)

    def __len__(self) -> int:
        return len(self.labels)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """Convert uint8 images to float32, so that each channel of the training part has mean 0 and deviation 1."""
        return self._shades.index_select(0, (images + self._first).flatten()).view(images.shape)

    def batches(self, size: int = 1000) -> Iterator[Batch]:
        """Yield every image once, in order, normalised, never augmented; the last batch may be smaller."""
        for images, labels in zip(self.images.split(size), self.labels.split(size), strict=True):
            if len(labels):
                yield self.normalise(images), labels

    def epoch(
        self, size: int, generator: torch.Generator, augmented: bool = False, shuffle: bool = True
    ) -> Iterator[Batch]:
        """Yield every image once, normalised, in random order or in order; the last batch may be smaller.

        `generator` is on the CPU, so that order and augmentation are the same on every device.
        """
        order = torch.randperm(len(self), generator=generator) if shuffle else torch.arange(len(self))
        order = order.to(self.labels.device)
        for index in order.split(size):
            images = self.images[index]
            if augmented:
                images = crop_and_flip(images, generator)
            yield self.normalise(images), self.labels[index]


@dataclass(frozen=True)
class Data:
    """A prepared data set: three parts and the facts about them.

    `augmented` says whether training images are randomly cropped and flipped, as published; validation and test images
    never are.
    """

    name: str
    classes: int
    input_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmented: bool
    train: Part
    validation: Part
    test: Part

    def epoch(self, size: int, generator: torch.Generator, shuffle: bool = True) -> Iterator[Batch]:
        """Yield the training part once: shuffled (or in order), normalised, augmented if that was published."""
        return self.train.epoch(size, generator, self.augmented, shuffle)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Yield full batches of the training part without end, shuffled anew in each pass; images as in :meth:`epoch`.

        If `size` exceeds the number of images, a batch holds all of them.

        Raises
        ------
        UserError
            If `size` is not positive.
        """
        if size < 1:
            raise UserError(f"A batch needs at least one image, found the batch size {size}.")
        size = min(size, len(self.train))
        while True:
            yield from (batch for batch in self.epoch(size, generator) if len(batch[1]) == size)


def load(path: str | Path, device: str = "cpu") -> Data:
    """Load a prepared data set; see :func:`prunegraph.datasets.load`."""
    arrays, facts = tensors.load(path)
    if "sha256" in facts:
        checksum.compare(arrays, facts["sha256"], path)
    try:
        parts = {
            part: Part(
                *(torch.from_numpy(arrays[f"{part}.{field}"]).to(device) for field in ("images", "labels")),
                facts["mean"],
                facts["std"],
            )
            for part in ("train", "validation", "test")
        }
        return Data(
            name=facts["dataset"],
            classes=facts["classes"],
            input_shape=tuple(parts["train"].images.shape[1:]),
            mean=tuple(facts["mean"]),
            std=tuple(facts["std"]),
            augmented=facts["augmented"],
            **parts,
        )
    except KeyError as problem:
        raise UserError(
            f"{path} is no prepared data set: it lacks {problem}. Make it with prunegraph.datasets.prepare."
        ) from None
