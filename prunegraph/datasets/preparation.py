"""From a data set's own files to one file with a training, a validation and a test part."""

from pathlib import Path

import numpy as np

from prunegraph import tensors
from prunegraph.catalogue import DATASETS, lookup
from prunegraph.datasets.original import Images, Original
from prunegraph.errors import UserError
from prunegraph.randomness import numpy_generator

# Of a data set without an official test part, as the share of each class.
TEST_FRACTION = 0.2


def prepare(name: str, source_folder: str | Path, output: str | Path, validation_fraction: float, seed: int) -> None:
    """Read data set `name`, split it and write it to `output` as safetensors.

    The validation part is drawn from the official training images, the same
    fraction of every class; official test images are never touched. A data set
    without an official test part gives a fifth of every class to one first. Images
    keep their order within a part. The header holds what :class:`.data.Data` needs:
    number of classes and normalisation, taken from the training part unless it was published.

    Parameters
    ----------
    name
        One of ``catalogue.DATASETS``.
    source_folder
        Where the data set's own files lie; digits needs none.
    validation_fraction
        Of the training images, in [0, 1); 0 leaves the validation part empty, as in the published study.
    seed
        Of the split: the same seed gives the same file.

    Raises
    ------
    UserError
        If the name is unknown, source files are missing or damaged, or the fraction leaves a part empty.
    """
    if not 0 <= validation_fraction < 1:
        raise UserError(f"The validation fraction {validation_fraction} is outside [0, 1).")
    original: Original = lookup(DATASETS, name, "data set")(source_folder)
    train, test = original.train, original.test
    if test is None:
        train, test = split(train, TEST_FRACTION, numpy_generator(seed, "split", "test"))
    train, validation = split(train, validation_fraction, numpy_generator(seed, "split", "validation"))
    if not len(train.images) or (validation_fraction and not len(validation.images)):
        raise UserError(f"A validation fraction of {validation_fraction} leaves a part of {name} without images.")
    mean, std = moments(train.images) if original.mean is None else (original.mean, original.std)
    tensors.save(
        output,
        {
            f"{part}.{field}": array
            for part, images in (("train", train), ("validation", validation), ("test", test))
            for field, array in images._asdict().items()
        },
        dataset=name,
        classes=original.classes,
        mean=mean,
        std=std,
        augmented=original.augmented,
        validation_fraction=validation_fraction,
        seed=seed,
    )


def split(images: Images, fraction: float, generator: np.random.Generator) -> tuple[Images, Images]:
    """Draw round(`fraction` n) of the n images of every class at random: (the rest, the drawn), in their order."""
    drawn = np.zeros(len(images.labels), dtype=bool)
    for label in np.unique(images.labels):
        members = np.flatnonzero(images.labels == label)
        drawn[generator.permutation(members)[: round(fraction * members.size)]] = True
    return Images(*(array[~drawn] for array in images)), Images(*(array[drawn] for array in images))


def moments(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, for pixels scaled to [0, 1].

    Counts how often each of the 256 values occurs, so the sums are exact. A channel
    that never varies gets standard deviation 1, so that it can be divided by.
    """
    values = np.arange(256) / 255
    means, stds = [], []
    for channel in images.swapaxes(0, 1):
        share = np.bincount(channel.ravel(), minlength=256) / channel.size
        mean = float(share @ values)
        means.append(mean)
        stds.append(float(np.sqrt(share @ (values - mean) ** 2)) or 1.0)
    return tuple(means), tuple(stds)
