"""Tiny-ImageNet at 32x32, as in the published study, from the official archive or from its unpacked folder."""

from pathlib import Path

import numpy as np

from prunegraph.datasets import pictures, tree
from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.published import published
from prunegraph.datasets.sources import locate
from prunegraph.errors import UserError


def read(folder: str | Path, *, size: int = 32) -> Original:
    """Read Tiny-ImageNet (Stanford CS231n): 100,000 training images in 200 classes, resized from 64x64 to 3x32x32.

    The 10,000 validation images are the test part, because the labels of the official test images were never published.
    Classes are numbered in the sorted order of their WordNet names. Images are resized with a box filter, as published;
    with `size` 64 they are not changed.

    Raises
    ------
    UserError
        If the archive or the folder ``tiny-imagenet-200`` below `folder` is incomplete, or an image is damaged.
    """
    found = next(iter(locate("tiny_imagenet", folder).values()))
    path, root = (found, "tiny-imagenet-200/") if found.suffix == ".zip" else (found.parent, "")
    lists = [f"{root}wnids.txt", f"{root}val/val_annotations.txt"]
    texts = {name: content.decode() for name, content in tree.contents(path, lists)}
    if len(texts) < len(lists):
        raise UserError(f"{path} lacks {' or '.join(lists)}. Fetch or unpack it again.")
    number = {name: place for place, name in enumerate(sorted(texts[lists[0]].split()))}
    train = _training(tree.names(path), f"{root}train/", number)
    if not train:
        raise UserError(f"{path} has no images of the form train/<class>/images/*.JPEG. Unpack the archive again.")
    test = _tested(texts[lists[1]], f"{root}val/images/", number, path)
    pixels = pictures.read(path, [*train, *test], size, channels=3)
    labels = np.array([*train.values(), *test.values()], dtype=np.int64)
    parts = (Images(pixels[part], labels[part]) for part in (slice(len(train)), slice(len(train), None)))
    return Original(*parts, len(number), **published("tiny_imagenet"), tested_on="val")


def _training(names: list[str], root: str, number: dict[str, int]) -> dict[str, int]:
    """List the label of each training image, in the order of classes and names."""
    split = [name.removeprefix(root).split("/") for name in names if name.startswith(root) and name.endswith(".JPEG")]
    return {f"{root}{'/'.join(parts)}": number[parts[0]] for parts in split if parts[0] in number}


def _tested(text: str, root: str, number: dict[str, int], path: Path) -> dict[str, int]:
    """Read the label of each image from ``val_annotations.txt``."""
    pairs = [line.split("\t")[:2] for line in text.splitlines()]
    unknown = {name for _, name in pairs} - set(number)
    if unknown:
        raise UserError(f"{path}: val_annotations.txt names the class {min(unknown)!r}, which wnids.txt does not list.")
    return {f"{root}{file}": number[name] for file, name in pairs}
