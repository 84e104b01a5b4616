"""A data set as its authors published it, before our split."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prunegraph.errors import UserError


class Images(NamedTuple):
    """Images with their classes: uint8 (N, channels, height, width) and int64 (N,)."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Original:
    """The published parts of a data set, which a reader returns.

    Parameters
    ----------
    train, test
        The published training and test parts; `test` is None if no test part was published.
    validation
        The published validation part, if there is one beside the test part.
    tested_on
        Published name of the test part; it is ``val`` where labels were published for this part only.
    classes
        Number of classes; labels lie in [0, classes).
    mean, std
        Published normalisation, one number for each channel of pixels in [0, 1]; None if it is computed from the
        training part.
    augmented
        Whether published networks were trained on random crops and flips.

    Raises
    ------
    UserError
        If types, shapes or labels are not as described.
    """

    train: Images
    test: Images | None
    classes: int
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    augmented: bool = False
    validation: Images | None = None
    tested_on: str = "test"

    def __post_init__(self) -> None:
        for kind, part in (("training", self.train), ("validation", self.validation), ("test", self.test)):
            if part is not None:
                _check(kind, part, self.classes)
                if part.images.shape[1:] != self.train.images.shape[1:]:
                    shapes = part.images.shape[1:], self.train.images.shape[1:]
                    raise UserError(f"The {kind} images are of shape {shapes[0]}, the training images of {shapes[1]}.")


def _check(kind: str, part: Images, classes: int) -> None:
    images, labels = part
    if images.dtype != np.uint8 or images.ndim != 4 or labels.dtype != np.int64:
        raise UserError(
            f"The {kind} images must be uint8 (N, channels, height, width) with int64 labels, "
            f"found {images.dtype} {images.shape} with {labels.dtype}."
        )
    if not len(images) or labels.shape != (len(images),):
        raise UserError(f"Found {len(images)} {kind} images and {labels.size} labels; they must be as many, and some.")
    if labels.min() < 0 or labels.max() >= classes:
        raise UserError(
            f"The {kind} labels run from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}: "
            "the files are of another data set or damaged."
        )
