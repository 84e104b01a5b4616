"""The handwritten digits that come with scikit-learn."""

from pathlib import Path

import numpy as np

from prunegraph.datasets.original import Images, Original


def read(folder: str | Path | None = None) -> Original:
    """Read 1,797 images of 1x8x8 in 10 classes, without an official split; `folder` is not used.

    They are the test part of the UCI data set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998).
    Its pixels are whole numbers from 0 to 16, which are scaled to 0 to 255.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = np.rint(bunch.images[:, None] * (255 / 16)).astype(np.uint8)
    return Original(Images(pixels, bunch.target.astype(np.int64)), None, classes=10)
