"""The checksum of a prepared data set, over its tensors, so that a changed bit of an image is detected."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from prunegraph import tensors
from prunegraph.errors import UserError


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """Compute sha256 over the name, type, shape and values of every array, in the order of their names."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def verify(path: str | Path) -> None:
    """Compare a prepared file with the checksum in its header.

    Raises
    ------
    UserError
        If they differ, the file is truncated, or it has no checksum.
    """
    arrays, facts = tensors.load(path)
    if "sha256" not in facts:
        raise UserError(f"{path} has no checksum. Delete it and let the workflow make it again.")
    compare(arrays, facts["sha256"], path)


def compare(arrays: Mapping[str, np.ndarray], expected: str, path: str | Path) -> None:
    """Refuse the arrays of the file `path` if their checksum is not the `expected` one.

    Raises
    ------
    UserError
        If they differ.
    """
    if checksum(arrays) != expected:
        raise UserError(f"{path} is damaged: its images are not those of its checksum. Delete it and make it again.")
