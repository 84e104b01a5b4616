"""Folds of rows for held-out predictions."""

import numpy as np


def deal(groups: np.ndarray, folds: int, repeat: int) -> np.ndarray:
    """The fold (0 to folds - 1) of every row; rows of one group (numbered from 0) share a fold.

    Folds come from the legacy numpy generator seeded with the number of the repeat, because its permutations
    are the same in every version of numpy and published comparisons rest on them.
    """
    permutation = np.random.RandomState(repeat).permutation(int(groups.max()) + 1)
    return (permutation % folds)[groups]
