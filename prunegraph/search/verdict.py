"""What repeated searches say: the difference of their winners with its interval, and the verdict in words."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from prunegraph.search.signal import Signal

#: Fewer repeats, or fewer fresh networks of a winner, and there is no verdict.
REPEATS, FRESH = 10, 5

UNTESTED = "not tested"
NO_SIGNAL = "cannot be tested here"
BETTER, WORSE, NO_EVIDENCE = "better than random", "worse than random", "no evidence of improvement"


class Difference(NamedTuple):
    """The mean of paired differences, its 95 % interval (Student's t), and the two-sided p of no difference."""

    mean: float
    low: float
    high: float
    p: float


def difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Of paired values: `one` less `other`. With fewer than two pairs there is no interval (NaN)."""
    pairs = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    mean, number = float(pairs.mean()), len(pairs)
    if number < 2:
        return Difference(mean, float("nan"), float("nan"), float("nan"))
    error = float(pairs.std(ddof=1)) / number**0.5
    if error == 0:
        return Difference(mean, mean, mean, float(mean == 0))
    half = float(stdtrit(number - 1, 0.975)) * error
    return Difference(mean, mean - half, mean + half, float(2 * stdtr(number - 1, -abs(mean) / error)))


def verdict(found: Difference, signal: Signal, repeats: int, fresh: int) -> str:
    """What may be said of Bayesian search against random search.

    Where the graphs cannot be told apart (the interval of the intraclass correlation reaches 0) no search can find
    anything: :data:`NO_SIGNAL`. With fewer than :data:`REPEATS` repeats or :data:`FRESH` networks of a winner
    :data:`UNTESTED`. Else what the interval of the difference says.
    """
    if not signal.low > 0:
        return NO_SIGNAL
    if repeats < REPEATS or fresh < FRESH:
        return UNTESTED
    if found.low > 0:
        return BETTER
    return WORSE if found.high < 0 else NO_EVIDENCE
