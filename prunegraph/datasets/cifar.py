"""CIFAR-10 and CIFAR-100: the official Python and binary versions, unpacked or as downloaded.

Archives are read in memory, so that no path inside an archive is written to disk.
"""

import gzip
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.plain_pickle import loads
from prunegraph.datasets.published import published
from prunegraph.datasets.sources import SOURCES, locate
from prunegraph.errors import UserError

PIXELS = 3 * 32 * 32


def read_cifar10(folder: str | Path) -> Original:
    """Read CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 images of 3x32x32 in 10 classes.

    Raises
    ------
    UserError
        If `folder` has none of its versions complete, or a file is damaged.
    """
    *train, test = _records("cifar10", folder, "labels", label_bytes=1)
    return Original(_joined(train), test, 10, **published("cifar10"))


def read_cifar100(folder: str | Path) -> Original:
    """Read CIFAR-100 (Krizhevsky 2009) with its fine labels: 50,000 + 10,000 images of 3x32x32 in 100 classes.

    Raises
    ------
    UserError
        If `folder` has none of its versions complete, or a file is damaged.
    """
    train, test = _records("cifar100", folder, "fine_labels", label_bytes=2)
    return Original(train, test, 100, **published("cifar100"))


def from_pickle(content: bytes, labels: str, where: str) -> Images:
    """Read a batch of the Python version: a pickled dict with ``data``, uint8 (N, 3072), and a list under `labels`.

    Raises
    ------
    UserError
        If the pickle would build anything except plain data, or has another content.
    """
    batch = loads(content, where)
    if not isinstance(batch, dict):
        raise UserError(f"{where} holds a {type(batch).__name__}, expected a dict. Fetch the file again.")
    named = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
    pixels = named.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (PIXELS,):
        raise UserError(f"{where} has no `data` of uint8 (N, {PIXELS}). Fetch the file again.")
    if labels not in named:
        raise UserError(f"{where} has no {labels!r}, only {', '.join(map(str, named))}. Is it of the other CIFAR?")
    return Images(_pictures(pixels), np.asarray(named[labels], dtype=np.int64))


def from_binary(content: bytes, label_bytes: int, where: str) -> Images:
    """Read a batch of the binary version: records of `label_bytes` bytes of labels (the last is used) and 3072 pixels.

    Raises
    ------
    UserError
        If the content is not a whole number of records.
    """
    size = label_bytes + PIXELS
    if not content or len(content) % size:
        raise UserError(f"{where} has {len(content)} bytes, expected a multiple of {size}. Fetch the file again.")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, size)
    return Images(_pictures(records[:, label_bytes:]), records[:, label_bytes - 1].astype(np.int64))


def _records(name: str, folder: str | Path, labels: str, label_bytes: int) -> list[Images]:
    """Read the batches of data set `name`, in the order of its layout, from the version that is there."""
    found = locate(name, folder)
    archive = next(iter(found.values())) if len(found) == 1 else None
    if archive is None:
        contents = {file: _content(path) for file, path in found.items()}
    else:
        contents = _members(archive, _layout_in(name, archive))
    return [
        from_binary(content, label_bytes, file) if file.endswith(".bin") else from_pickle(content, labels, file)
        for file, content in contents.items()
    ]


def _layout_in(name: str, archive: Path) -> tuple[str, ...]:
    """List the files that an archive holds: the layout before it in the table of sources."""
    layouts = SOURCES[name].layouts
    (place,) = (place for place, layout in enumerate(layouts) if archive.name.startswith(layout[0]))
    return layouts[place - 1]


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _members(archive: Path, wanted: Iterable[str]) -> dict[str, bytes]:
    contents = dict.fromkeys(wanted, b"")
    try:
        with tarfile.open(archive) as files:
            for member in files:  # in one pass, because going back in a gzipped archive unpacks it again
                if member.isfile() and member.name in contents:
                    contents[member.name] = files.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise UserError(f"{archive} cannot be unpacked ({problem}). It may be truncated: fetch it again.") from problem
    absent = [name for name, content in contents.items() if not content]
    if absent:
        raise UserError(f"{archive} does not hold {', '.join(absent)}. Fetch it again.")
    return contents


def _pictures(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, 3, 32, 32)


def _joined(parts: list[Images]) -> Images:
    return Images(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
