"""Decoding of image files to uint8 arrays of one shape."""

import io
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from prunegraph.datasets import tree
from prunegraph.errors import UserError

logger = logging.getLogger("prunegraph")

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")

# Decoded images stay in memory until they are written; ImageNet at 64x64 (15.2 GiB) fits.
LARGEST = 16 * 2**30
MOST_PIXELS = 2**28

# Images of at least this many bytes are decoded on all cores; for smaller ones threads cost more than decoding.
WORTH_THREADS = 8192
TOGETHER = 512


def is_picture(name: str) -> bool:
    """Whether a file's name is that of an image; hidden files, which macOS adds to archives, are not."""
    base = name.rpartition("/")[2]
    return base.lower().endswith(SUFFIXES) and not base.startswith(".")


def read(path: str | Path, wanted: Sequence[str], size: int, channels: int) -> np.ndarray:
    """Read the images with the names `wanted` from a folder or archive, each decoded by :func:`decode`.

    Returns
    -------
    np.ndarray
        uint8 (N, channels, size, size), in the order of `wanted`.

    Raises
    ------
    UserError
        If an image is absent or damaged (it is named), or all images together would exceed 16 GiB.
    """
    needed = len(wanted) * channels * size**2
    if needed > LARGEST:
        raise UserError(
            f"{path}: {len(wanted)} images of {channels}x{size}x{size} need {needed / 2**30:.1f} GiB, "
            f"more than {LARGEST / 2**30:.0f} GiB. Choose a smaller `size`."
        )
    place = {name: number for number, name in enumerate(wanted)}
    pixels = np.empty((len(place), channels, size, size), dtype=np.uint8)
    left = set(place)
    with ThreadPoolExecutor(_cores()) as pool:
        for files in _chunks(tree.contents(path, place.keys()), TOGETHER):
            mapped = pool.map if sum(len(content) for _, content in files) >= WORTH_THREADS * len(files) else map
            pictures = mapped(lambda file: decode(file[1], f"{path}: {file[0]}", size, channels), files)
            for (name, _), picture in zip(files, pictures, strict=True):
                pixels[place[name]] = picture
                left.discard(name)
            if (len(place) - len(left)) % (100 * TOGETHER) == 0:
                logger.info("decoded %d of %d images", len(place) - len(left), len(place))
    if left:
        raise UserError(f"{path} lacks {min(left)} and {len(left) - 1} more images that it should hold.")
    return pixels


def decode(content: bytes, where: str, size: int, channels: int) -> np.ndarray:
    """Decode an image file to uint8 (channels, size, size).

    One channel is grey (ITU-R 601 luma); three channels are red, green and blue; transparency is dropped. The largest
    square around the centre is kept. Unless it has the right size already, it is resized with a box filter, which
    averages areas when it reduces an image.

    Raises
    ------
    UserError
        If the content is no complete image of 8 bits for each channel; the message names the image by `where`.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.mode.partition(";")[0] in ("I", "F") or image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width}x{image.height} pixels of type {image.mode}, expected 8 bits a channel")
            if "transparency" in image.info:
                image = image.convert("RGBA")
            picture = np.asarray(_square(image.convert("L" if channels == 1 else "RGB"), size))
    except Exception as problem:  # Pillow's decoders may raise any exception for a damaged file
        raise UserError(f"{where} is no readable image ({problem}). Fetch or unpack it again.") from problem
    return picture[None] if channels == 1 else picture.transpose(2, 0, 1)


def _square(image, size: int):
    from PIL import Image

    if image.size == (size, size):
        return image
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.resize((size, size), Image.Resampling.BOX, box=(left, top, left + side, top + side))


def _chunks(items: Iterable, number: int) -> Iterator[list]:
    items = iter(items)
    while chunk := list(islice(items, number)):
        yield chunk


def _cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
