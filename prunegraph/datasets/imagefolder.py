"""A user's own data set: a folder or an archive of ``train|val|test/<class>/<image>``."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from prunegraph.datasets import pictures, tree
from prunegraph.datasets.original import Images, Original
from prunegraph.errors import UserError

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

# (part, class, name of the file)
Labelled = tuple[str, str, str]


def read(folder: str | Path, *, path: str, size: int = 32, channels: int = 3) -> Original:
    """Read the images in a folder, or in a .zip or .tar archive (.gz, .zst, .bz2, .xz); `folder` is not used.

    Classes are numbered in the sorted order of their names. Images are read in the sorted order of their names and
    decoded by :func:`prunegraph.datasets.pictures.decode`. If there are no ``test`` images, the ``val`` images are the
    test part; if there are neither, the test part is drawn from ``train``. A ``val`` part beside a ``test`` part stays
    the validation part.

    Parameters
    ----------
    path
        Path of the folder or archive, relative to the working directory; the parts may be in one folder inside it.
    size
        Side of the prepared images, which are square.
    channels
        Number of channels: 1 for grey, 3 for red, green and blue.

    Raises
    ------
    UserError
        If there are no training images, a part has a class that ``train`` lacks, or an image is damaged (it is named).
    """
    return assemble(path, labelled(tree.names(path)), size, channels)


def assemble(path: str | Path, found: list[Labelled], size: int, channels: int) -> Original:
    """Read the images `found` in `path`, sorted by part, class and name, and number their classes.

    Raises
    ------
    UserError
        As :func:`read`.
    """
    classes = sorted({name for part, name, _ in found if part == "train"})
    if not classes:
        raise UserError(f"{path} has no images of the form train/<class>/<image>.")
    number = {name: place for place, name in enumerate(classes)}
    strangers = [(part, name) for part, name, _ in found if name not in number]
    if strangers:
        raise UserError(f"{path} has the class {strangers[0][1]!r} in {strangers[0][0]} but not in train.")
    pixels = pictures.read(path, [name for _, _, name in found], size, channels)
    labels = np.array([number[name] for _, name, _ in found], dtype=np.int64)
    parts = {part: _part(pixels, labels, found, part) for part in ("train", "val", "test")}
    if parts["test"] is None:
        return Original(parts["train"], parts["val"], len(classes), tested_on="val")
    return Original(parts["train"], parts["test"], len(classes), validation=parts["val"])


def labelled(names: Iterable[str]) -> list[Labelled]:
    """Select the files that are images of a class of a part, sorted by part, class and name."""
    return sorted(entry for entry in map(_labelled, names) if entry)


def _labelled(name: str) -> Labelled | None:
    parts = name.split("/")
    start = next((place for place in (0, 1) if parts[place : place + 1] and parts[place] in PARTS), None)
    if start is None or len(parts) < start + 3 or not pictures.is_picture(name):
        return None
    return PARTS[parts[start]], parts[start + 1], name


def _part(pixels: np.ndarray, labels: np.ndarray, found: list[Labelled], part: str) -> Images | None:
    """Return the images of one part: a slice, because images are sorted by part."""
    places = [place for place, entry in enumerate(found) if entry[0] == part]
    if not places:
        return None
    return Images(pixels[places[0] : places[-1] + 1], labels[places[0] : places[-1] + 1])
