"""Tiny-ImageNet at 32x32, as in the published study."""

from pathlib import Path

import numpy as np

from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.sources import locate
from prunegraph.errors import UserError

SIDE = 32

# Published normalisation (Cunegatti et al. 2024, their code).
MEAN, STD = (0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821)


def read(folder: str | Path) -> Original:
    """Tiny-ImageNet (Stanford CS231n): 100,000 training images in 200 classes, resized from 64x64 to 3x32x32.

    The 10,000 validation images serve as test part, since the labels of the
    official test images were never published. Classes are numbered in the order of
    their sorted WordNet names. Box interpolation, as published.

    Raises
    ------
    UserError
        If ``tiny-imagenet-200`` below `folder` is incomplete or an image is damaged.
    """
    wnids, train, annotations, images = locate("tiny_imagenet", folder).values()
    names = sorted(wnids.read_text().split())
    number = {name: index for index, name in enumerate(names)}
    learned = [(path, number[name]) for name in names for path in sorted((train / name / "images").glob("*.JPEG"))]
    lines = [line.split("\t")[:2] for line in annotations.read_text().splitlines()]
    unknown = {name for _, name in lines} - set(names)
    if unknown:
        raise UserError(f"{annotations} names the class {min(unknown)!r}, which {wnids} does not list.")
    tested = [(images / file, number[name]) for file, name in lines]
    return Original(_read(learned, train), _read(tested, images), len(names), MEAN, STD, augmented=True)


def _read(labelled: list[tuple[Path, int]], folder: Path) -> Images:
    if not labelled:
        raise UserError(f"{folder} has no images of the form <class>/images/*.JPEG. Unpack the archive again.")
    pictures = np.empty((len(labelled), 3, SIDE, SIDE), dtype=np.uint8)
    for place, (path, _) in enumerate(labelled):
        pictures[place] = _picture(path)
    return Images(pictures, np.array([label for _, label in labelled], dtype=np.int64))


def _picture(path: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    except (OSError, UnidentifiedImageError) as problem:
        raise UserError(f"{path} is no readable image ({problem}). Unpack the archive again.") from problem
    return np.asarray(small).transpose(2, 0, 1)
