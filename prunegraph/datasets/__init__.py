"""Data sets: read from their official files, split, and stored as one file of uint8 tensors.

:func:`missing` says which official files are not there, :func:`download` fetches them, :func:`prepare` makes the
prepared file, and :func:`load` reads it as batches on a device. To add a data set, write one file with a function
``read(folder, *, its_options) -> Original``, and add a line to ``catalogue.DATASETS``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunegraph.datasets.sources import missing

if TYPE_CHECKING:
    from prunegraph.datasets.data import Data

__all__ = ["download", "load", "missing", "prepare", "verify"]


def download(name: str, folder: str | Path) -> None:
    """Fetch the official files of data set `name`; see :func:`prunegraph.datasets.fetching.download`."""
    from prunegraph.datasets import fetching  # imports what only this needs

    fetching.download(name, folder)


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
    """Read data set `name`, split it and write it to `output`; see :func:`prunegraph.datasets.preparation.prepare`."""
    from prunegraph.datasets import preparation  # imports numpy, which the workflow's driver lacks

    preparation.prepare(name, source_folder, output, validation_fraction, seed, like, normalise, **options)


def verify(path: str | Path) -> None:
    """Check a prepared file against the checksum in its header; see :func:`prunegraph.datasets.checksum.verify`."""
    from prunegraph.datasets import checksum  # imports numpy

    checksum.verify(path)


def load(path: str | Path, device: str = "cpu") -> "Data":
    """Load a prepared data set with all its images on `device`; see :class:`prunegraph.datasets.data.Data`.

    Raises
    ------
    UserError
        If `path` is not a file that :func:`prepare` wrote, or its images do not match its checksum.
    """
    from prunegraph.datasets import data  # imports torch

    return data.load(path, device)
