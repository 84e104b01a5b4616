"""When a classifier is no better than one constant answer: the one definition of "at chance"."""

import math

# Standard deviations above the mean that a guess exceeds once in a thousand times (one-sided 0.1 %).
_LUCK = 3.09


def most_by_luck(share: float, images: int) -> float:
    """The accuracy up to which a network is at chance: that of the best constant answer, luck included.

    Parameters
    ----------
    share: p, the share of the most frequent class among the images.
    images: N, their number.

    Returns
    -------
    p + 3.09 sqrt(p (1 - p) / N): a binomial of N trials with probability p exceeds N times this number once in a
    thousand times (normal approximation).
    """
    return share + _LUCK * math.sqrt(share * (1 - share) / images)
