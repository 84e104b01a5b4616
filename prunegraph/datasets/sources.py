"""The origin of each data set, and its files that must be in the data folder."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunegraph.catalogue import DATASETS, known
from prunegraph.errors import UserError


@dataclass(frozen=True)
class Source:
    """The official page of a data set, and the possible layouts of its files, the best first.

    A layout is a list of paths below the data folder; if `packed`, each path may also have the suffix ``.gz``.
    """

    page: str
    layouts: tuple[tuple[str, ...], ...]
    packed: bool = True


_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_CIFAR10 = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
_CIFAR = "https://www.cs.toronto.edu/~kriz/cifar.html"

SOURCES: Mapping[str, Source] = {
    "mnist": Source("http://yann.lecun.com/exdb/mnist/", (tuple(f"MNIST/raw/{name}" for name in _IDX),)),
    "fashion_mnist": Source(
        "https://github.com/zalandoresearch/fashion-mnist",
        (tuple(f"FashionMNIST/raw/{name}" for name in _IDX),),
    ),
    "cifar10": Source(
        _CIFAR,
        (
            tuple(f"cifar-10-batches-py/{name}" for name in _CIFAR10),
            ("cifar-10-python.tar",),
            tuple(f"cifar-10-batches-bin/{name}.bin" for name in _CIFAR10),
            ("cifar-10-binary.tar",),
        ),
    ),
    "cifar100": Source(
        _CIFAR,
        (
            ("cifar-100-python/train", "cifar-100-python/test"),
            ("cifar-100-python.tar",),
            ("cifar-100-binary/train.bin", "cifar-100-binary/test.bin"),
            ("cifar-100-binary.tar",),
        ),
    ),
    "tiny_imagenet": Source(
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        (
            (
                "tiny-imagenet-200/wnids.txt",
                "tiny-imagenet-200/train",
                "tiny-imagenet-200/val/val_annotations.txt",
                "tiny-imagenet-200/val/images",
            ),
            ("tiny-imagenet-200.zip",),
        ),
        packed=False,
    ),
    "svhn": Source(
        "http://ufldl.stanford.edu/housenumbers/",
        (("svhn/train_32x32.mat", "svhn/test_32x32.mat"), ("train_32x32.mat", "test_32x32.mat")),
        packed=False,
    ),
    "imagenet": Source(
        "https://image-net.org/download.php (after registration)",
        (("imagenet/train", "imagenet/val"),),
        packed=False,
    ),
}


def missing(name: str, folder: str | Path, path: str | None = None, **_: Any) -> str | None:
    """Say in a sentence which files of data set `name` to put into `folder`; None if they are there.

    The function looks at file names only and imports nothing heavy. Data sets that come with a Python package (digits)
    are never missing. The option `path` of a data set is the folder or archive from which it is read instead of
    `folder`.

    Raises
    ------
    UserError
        For a name that is not in ``catalogue.DATASETS``.
    """
    if path is not None:
        if Path(path).exists():
            return None
        place = Path(path).resolve()
        return f"Data set {name!r} is to be read from {place}, but nothing is there. Correct its option `path`."
    if known(DATASETS, name, "data set") not in SOURCES or _found(name, folder):
        return None
    source = SOURCES[name]
    wanted = ", or ".join(_listed(layout) for layout in source.layouts)
    packed = " (each as it is or as .gz)" if source.packed else ""
    return (
        f"Data set {name!r} is not in the folder {Path(folder).resolve()}: expected there {wanted}{packed}. "
        f"Get the files from {source.page}."
    )


def locate(name: str, folder: str | Path) -> dict[str, Path]:
    """Find the files of the first complete layout of data set `name`, by path below `folder` without .gz.

    Raises
    ------
    UserError
        If no layout is complete, with the sentence of :func:`missing`.
    """
    found = _found(name, folder)
    if found is None:
        raise UserError(missing(name, folder))
    return found


def _found(name: str, folder: str | Path) -> dict[str, Path] | None:
    source = SOURCES[name]
    for layout in source.layouts:
        files = {file: _existing(Path(folder) / file, source.packed) for file in layout}
        if all(files.values()):
            return files
    return None


def _existing(path: Path, packed: bool) -> Path | None:
    candidates = (path, path.with_name(path.name + ".gz")) if packed else (path,)
    return next((candidate for candidate in candidates if candidate.exists()), None)


@functools.cache
def _listed(layout: tuple[str, ...]) -> str:
    """Write the paths of a layout, those of one folder together: ``folder/{a, b}``."""
    folders: dict[str, list[str]] = {}
    for file in layout:
        parent, _, base = file.rpartition("/")
        folders.setdefault(parent, []).append(base)
    texts = []
    for parent, names in folders.items():
        inside = names[0] if len(names) == 1 else "{" + ", ".join(names) + "}"
        texts.append(f"{parent}/{inside}" if parent else inside)
    return " and ".join(texts)
