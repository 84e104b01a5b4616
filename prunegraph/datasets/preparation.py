"""Preparation of a data set: from its own files to one file with a training, a validation and a test part."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prunegraph import tensors
from prunegraph.catalogue import DATASETS, known, lookup
from prunegraph.datasets.checksum import checksum
from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.published import PUBLISHED, published
from prunegraph.errors import UserError
from prunegraph.randomness import numpy_generator

# Share of each class that becomes the test part of a data set without an official one.
TEST_FRACTION = 0.2


def prepare(
    name: str,
    source_folder: str | Path,
    output: str | Path,
    validation_fraction: float,
    seed: int,
    like: str | None = None,
    normalise: Mapping[str, list[float]] | None = None,
    **options: Any,
) -> None:
    """Read data set `name`, split it and write it to `output` as safetensors.

    The validation part is drawn from the training images, the same fraction of every class, unless the data set has its
    own validation part beside its test part. Official test images are never changed. If there is no test part, a fifth
    of every class becomes the test part first. Images keep their order within a part. The header holds the number of
    classes, the normalisation (published, or computed from the training part), the origin of each part, and a checksum.

    Parameters
    ----------
    name
        Name of the data set, one of ``catalogue.DATASETS``.
    source_folder
        Folder of the data set's own files; digits needs none.
    output
        Path of the prepared file.
    validation_fraction
        Fraction of the training images, in [0, 1); with 0 no validation part is drawn, as in the published study.
    seed
        Seed of the split; the same seed gives the same file.
    like
        Published data set whose normalisation and augmentation are used, one of ``catalogue.PUBLISHED_DATASETS``.
    normalise
        ``mean`` and ``std`` of each channel (or one for all) of pixels scaled to [0, 1], instead of the published
        normalisation or that of the training part.
    options
        Options of the data set's reader.

    Raises
    ------
    UserError
        If a name is unknown, source files are missing or damaged, the fraction leaves a part empty, or
        the number of classes is not that of `like`.
    """
    if not 0 <= validation_fraction < 1:
        raise UserError(f"The validation fraction {validation_fraction} is outside [0, 1).")
    original: Original = lookup(DATASETS, name, "data set")(source_folder, **options)
    if like is not None:
        original = as_published(original, name, like)
    parts, origin = divide(original, validation_fraction, seed)
    if not len(parts["train"].images) or (validation_fraction and not len(parts["validation"].images)):
        raise UserError(f"A validation fraction of {validation_fraction} leaves a part of {name} without images.")
    mean, std = _normalisation(original, parts["train"].images, normalise)
    arrays = {f"{part}.{field}": array for part, images in parts.items() for field, array in images._asdict().items()}
    tensors.save(
        output,
        arrays,
        dataset=name,
        options=options,
        like=like,
        classes=original.classes,
        mean=mean,
        std=std,
        augmented=original.augmented,
        validation_fraction=validation_fraction,
        seed=seed,
        origin=origin,
        sha256=checksum(arrays),
    )


def _normalisation(
    original: Original, images: np.ndarray, normalise: Mapping[str, list[float]] | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Choose mean and standard deviation of each channel: those asked for, published, or of the training images."""
    if normalise is not None:
        channels = images.shape[1]
        mean, std = (tuple(np.broadcast_to(normalise[name], channels).tolist()) for name in ("mean", "std"))
        return mean, std
    return moments(images) if original.mean is None else (original.mean, original.std)


def as_published(original: Original, name: str, like: str) -> Original:
    """Give `original` the normalisation and augmentation that are published for the data set `like`.

    Raises
    ------
    UserError
        If nothing is published for `like`, or it has another number of classes.
    """
    expected = PUBLISHED[known(PUBLISHED, like, "published data set")].classes
    if original.classes != expected:
        raise UserError(
            f"{name} has {original.classes} classes, but {like}, which it is said to be like, has {expected}."
        )
    return dataclasses.replace(original, **published(like))


def divide(original: Original, validation_fraction: float, seed: int) -> tuple[dict[str, Images], dict[str, str]]:
    """Split a data set into three parts.

    Returns
    -------
    tuple[dict[str, Images], dict[str, str]]
        The parts "train", "validation" and "test", and the origin of each in words.
    """
    train, test, validation = original.train, original.test, original.validation
    origin = {"train": "train", "validation": "validation", "test": original.tested_on}
    if test is None:
        train, test = split(train, TEST_FRACTION, numpy_generator(seed, "split", "test"))
        origin["test"] = f"{TEST_FRACTION:g} of every class of train"
    if validation is None:
        train, validation = split(train, validation_fraction, numpy_generator(seed, "split", "validation"))
        origin["validation"] = f"{validation_fraction:g} of every class of train"
    return {"train": train, "validation": validation, "test": test}, origin


def split(images: Images, fraction: float, generator: np.random.Generator) -> tuple[Images, Images]:
    """Draw round(`fraction` n) of the n images of every class at random; return (others, drawn), each in order."""
    if not fraction:
        return images, Images(*(array[:0] for array in images))  # without a copy of all images
    drawn = np.zeros(len(images.labels), dtype=bool)
    for label in np.unique(images.labels):
        members = np.flatnonzero(images.labels == label)
        drawn[generator.permutation(members)[: round(fraction * members.size)]] = True
    return Images(*(array[~drawn] for array in images)), Images(*(array[drawn] for array in images))


def moments(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Compute mean and standard deviation of each channel, for pixels scaled to [0, 1].

    The function counts how often each of the 256 values occurs, so that sums are exact. A constant channel gets the
    standard deviation 1, so that a division by it is possible.
    """
    values = np.arange(256) / 255
    means, stds = [], []
    for channel in images.swapaxes(0, 1):
        share = np.bincount(channel.ravel(), minlength=256) / channel.size
        mean = float(share @ values)
        means.append(mean)
        stds.append(float(np.sqrt(share @ (values - mean) ** 2)) or 1.0)
    return tuple(means), tuple(stds)
