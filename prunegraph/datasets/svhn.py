"""Street View House Numbers, format 2 (cropped digits): the official MATLAB files."""

from pathlib import Path

import numpy as np

from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.sources import locate
from prunegraph.errors import UserError


def read(folder: str | Path) -> Original:
    """Read SVHN (Netzer et al. 2011) without the extra images: 73,257 + 26,032 images of 3x32x32 in 10 classes.

    Raises
    ------
    UserError
        If a file is missing below `folder` or damaged.
    """
    train, test = (read_mat(path) for path in locate("svhn", folder).values())
    return Original(train, test, classes=10)


def read_mat(path: str | Path) -> Images:
    """Read the images of one file: ``X``, uint8 (32, 32, 3, N), and ``y``, (N, 1), where 10 stands for the digit 0.

    Raises
    ------
    UserError
        If the file is no MATLAB file of this form.
    """
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=["X", "y"])
        pixels, labels = found["X"], found["y"].ravel()
    except Exception as problem:  # scipy may raise any exception for a damaged file
        raise UserError(f"{path} is no readable MATLAB file with X and y ({problem!r}). Fetch it again.") from problem
    if pixels.dtype != np.uint8 or pixels.shape != (32, 32, 3, labels.size):
        raise UserError(
            f"{path} holds X of {pixels.dtype} {pixels.shape}, expected uint8 (32, 32, 3, {labels.size}). "
            "Fetch it again."
        )
    return Images(np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), labels.astype(np.int64) % 10)
