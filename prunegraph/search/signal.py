"""Whether there is anything to find: the intraclass correlation of accuracies between graphs, over seeds."""

from typing import NamedTuple

import numpy as np
from scipy.stats import f


class Signal(NamedTuple):
    """An intraclass correlation with its 95 % interval."""

    value: float
    low: float
    high: float


def intraclass(values: np.ndarray) -> Signal:
    """The share of the variance that lies between groups: ICC(1), by one-way analysis of variance.

    Parameters
    ----------
    values
        groups x repetitions, at least 2 x 2; here graphs x seeds.

    Returns
    -------
    Signal
        The value lies in [-1 / (repetitions - 1), 1] and is near 0 where groups do not differ. NaN where nothing
        varies.

    Source: P. Shrout, J. Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979).
    """
    values = np.asarray(values, np.float64)
    groups, repetitions = values.shape
    within = values.var(axis=1, ddof=1).mean()
    between = repetitions * values.mean(axis=1).var(ddof=1)
    if within == 0:
        share = 1.0 if between > 0 else float("nan")
        return Signal(share, share, share)
    ratio, freedom = between / within, (groups - 1, groups * (repetitions - 1))
    low, high = ratio / f.ppf(0.975, *freedom), ratio * f.ppf(0.975, *freedom[::-1])
    return Signal(*(float((each - 1) / (each + repetitions - 1)) for each in (ratio, low, high)))
