"""MNIST and Fashion-MNIST: the IDX format, raw or gzipped, in torchvision's folders."""

import gzip
from pathlib import Path

import numpy as np

from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.sources import locate
from prunegraph.errors import UserError


def read_mnist(folder: str | Path) -> Original:
    """Read MNIST (LeCun, Cortes and Burges 1998): 60,000 + 10,000 images of 1x28x28 in 10 classes.

    Raises
    ------
    UserError
        If ``MNIST/raw`` below `folder` lacks a file, or a file is damaged.
    """
    return _read("mnist", folder)


def read_fashion_mnist(folder: str | Path) -> Original:
    """Read Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 + 10,000 images of 1x28x28 in 10 classes.

    Raises
    ------
    UserError
        If ``FashionMNIST/raw`` below `folder` lacks a file, or a file is damaged.
    """
    return _read("fashion_mnist", folder)


def _read(name: str, folder: str | Path) -> Original:
    arrays = [read_idx(path) for path in locate(name, folder).values()]
    train, test = (Images(images[:, None], labels.astype(np.int64)) for images, labels in (arrays[:2], arrays[2:]))
    return Original(train, test, classes=10)


def read_idx(path: str | Path) -> np.ndarray:
    """Read the uint8 array in an IDX file; a file with the suffix ``.gz`` is gzipped.

    The format: two zero bytes, 0x08 for unsigned bytes, the number of dimensions,
    each dimension as a big-endian 32-bit number, then the values, last index fastest.

    Raises
    ------
    UserError
        If the file is no IDX file of bytes, or shorter or longer than its header says.
    """
    path = Path(path)
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as problem:
        raise UserError(f"{path} cannot be unpacked ({problem}). It may be truncated: fetch it again.") from problem
    if content[:3] != b"\0\0\x08" or len(content) < 4:
        raise UserError(f"{path} is no IDX file of bytes: it starts with {content[:4].hex()}, expected 000008.")
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], dtype=">u4").tolist()
    if len(content) - start != int(np.prod(shape)):
        raise UserError(
            f"{path} says it holds an array of {shape}, but has {len(content) - start} bytes. "
            "It may be truncated: fetch it again."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
