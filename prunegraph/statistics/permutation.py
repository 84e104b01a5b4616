"""Permutation importance on held-out rows."""

import numpy as np

from prunegraph.randomness import numpy_generator
from prunegraph.statistics import ols
from prunegraph.statistics.folds import deal


def lost_when_permuted(
    features: np.ndarray, target: np.ndarray, groups: np.ndarray, *, folds: int = 5, repeats: int = 10, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the loss of held-out R2 of least squares when one feature is shuffled among the held-out rows.

    Source: L. Breiman, Machine Learning 45 (2001), section 10.

    Parameters
    ----------
    features, target
        Features (n, p) and target (n,).
    groups
        Group of each row (n,), numbered from 0; the rows of a group are held out together.
    folds
        Number of folds.
    repeats
        Number of times that rows are assigned to folds; each fold and feature has one permutation a time.
    seed
        Seed of the permutations.

    Returns
    -------
    tuple[np.ndarray, np.ndarray]
        Mean and standard deviation over repeats, (p,) each. About 0 for a feature that does not matter; negative where
        shuffling improved the prediction by chance. NaN for a constant target, and for a single group, which leaves
        nothing to fit to.
    """
    if ols.is_constant(target) or groups.max() == 0:
        return (np.full(features.shape[1], np.nan),) * 2
    draw = numpy_generator(seed, "permutation importance")
    total = float(((target - target.mean()) ** 2).sum())
    lost = np.zeros((repeats, features.shape[1]))
    for repeat in range(repeats):
        fold = deal(groups, folds, repeat)
        for one in np.unique(fold):
            held = fold == one
            lost[repeat] += _lost(features[~held], target[~held], features[held], target[held], draw)
    lost /= total
    return lost.mean(axis=0), lost.std(axis=0)


def _lost(x: np.ndarray, y: np.ndarray, seen_x: np.ndarray, seen_y: np.ndarray, draw: np.random.Generator):
    """Increase of the sum of squared errors on the held-out rows, for each feature (p,)."""
    model = ols.fit(x, y)
    error = (seen_y - model.predict(seen_x))[:, None]
    shuffled = draw.permuted(seen_x, axis=0)
    moved = (shuffled - seen_x) / model.scales * model.slopes
    return ((error - moved) ** 2 - error**2).sum(axis=0)
