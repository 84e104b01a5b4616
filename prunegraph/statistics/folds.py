"""Assignment of rows to folds for held-out predictions."""

import numpy as np


def deal(groups: np.ndarray, folds: int, repeat: int) -> np.ndarray:
    """Assign a fold (0 to folds - 1) to every row; rows of one group (numbered from 0) share a fold.

    The folds come from numpy's legacy generator, seeded with the number of the repeat: its permutations are the same
    in every version of numpy, and published comparisons depend on them.
    """
    permutation = np.random.RandomState(repeat).permutation(int(groups.max()) + 1)
    return (permutation % folds)[groups]
