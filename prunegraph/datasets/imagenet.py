"""ImageNet (ILSVRC 2012), reduced in size: ``train/<wnid>`` and validation images, sorted by class or as published."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from prunegraph.datasets import imagefolder, pictures, tree
from prunegraph.datasets.original import Original
from prunegraph.datasets.sources import locate
from prunegraph.errors import UserError

SOLUTION = "LOC_val_solution.csv"
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
META = "meta.mat"


def read(folder: str | Path, *, path: str | None = None, size: int = 64) -> Original:
    """Read ImageNet (Russakovsky et al. 2015): 1,281,167 + 50,000 images in 1,000 classes, prepared as 3x64x64.

    The images are ``imagenet/train/<wnid>/*.JPEG`` and ``imagenet/val/<wnid>/*.JPEG`` below `folder`; or
    ``imagenet/val/*.JPEG`` with the official labels beside them: the development kit's ground truth and meta.mat, or
    LOC_val_solution.csv. The validation images are the test part, because the labels of the official test images were
    never published. Classes are numbered in the sorted order of their WordNet names; there may be fewer than 1,000.
    Images become squares by :func:`prunegraph.datasets.pictures.decode`. The published smaller versions of ImageNet
    differ from these images: they change the aspect ratio or use another crop.

    Parameters
    ----------
    path
        Folder that holds ``train`` and ``val``, if it is not ``imagenet`` below `folder`.
    size
        Side of the prepared images. All pixels together may take 16 GiB: the whole of ImageNet fits up to a side of 65.
        Preparation needs twice the memory of the pixels, or once if no validation part is drawn.

    Raises
    ------
    UserError
        If images or labels are missing, an image is damaged (it is named), or the pixels would take too much.
    """
    root = locate("imagenet", folder)["imagenet/train"].parent if path is None else Path(path)
    names = tree.names(root)
    flat = [name for name in names if name.startswith("val/") and name.count("/") == 1 and pictures.is_picture(name)]
    wnids = _labels(root, names) if flat else {}
    unknown = [name for name in flat if _stem(name) not in wnids]
    if unknown:
        raise UserError(f"{root}: the official labels do not name {unknown[0]}. Is it of ILSVRC 2012?")
    found = imagefolder.labelled(names) + [("val", wnids[_stem(name)], name) for name in flat]
    return imagefolder.assemble(root, sorted(found), size, channels=3)


def _labels(root: Path, names: list[str]) -> Mapping[str, str]:
    """Read the WordNet name of each validation image, by file name without suffix."""
    places = {name.rpartition("/")[2]: name for name in names if name.endswith((SOLUTION, TRUTH, META))}
    texts = dict(tree.contents(root, set(places.values())))
    if SOLUTION in places:
        rows = csv.DictReader(io.StringIO(texts[places[SOLUTION]].decode()))
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in rows}
    if TRUTH in places and META in places:
        wnid = _wnids(texts[places[META]], root / places[META])
        numbers = texts[places[TRUTH]].decode().split()
        return {f"ILSVRC2012_val_{place:08d}": wnid[int(number)] for place, number in enumerate(numbers, start=1)}
    raise UserError(
        f"{root} has validation images without class folders. Put {SOLUTION}, or {TRUTH} and {META} "
        "of the development kit, beside them, or sort them into folders named like those of train."
    )


def _wnids(content: bytes, path: Path) -> Mapping[int, str]:
    """Read the WordNet name of each ILSVRC2012_ID in the development kit's table of classes."""
    from scipy.io import loadmat

    try:
        synsets = loadmat(io.BytesIO(content), variable_names=["synsets"], squeeze_me=True)["synsets"]
        return {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets}
    except Exception as problem:  # scipy may raise any exception for a damaged file
        raise UserError(f"{path} is no readable table of classes ({problem!r}). Fetch it again.") from problem


def _stem(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
