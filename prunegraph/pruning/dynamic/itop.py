"""ITOP: in-time over-parameterization (Liu, Yin, Mocanu & Pechenizkiy, ICML 2021)."""

from prunegraph.catalogue import known
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import Moving, at_random, steepest

# How it grows -> the published number of steps between two updates (their appendix, CIFAR).
INTERVALS = {"random": 1500, "gradient": 4000}


def moves(
    seed: int, *, growth: str = "random", interval: int | None = None, fraction: float = 0.5, end: float = 0.75
) -> Moving:
    """SET or RigL with time between updates, so that what grew is trained before it is judged.

    A half of each layer's weights goes at first, so in time most weights have been tried: the share of
    weights ever kept (R_s in the paper) is among the facts of a training.

    Parameters
    ----------
    growth
        ``random`` as in SET or ``gradient`` as in RigL.
    interval
        Steps between two updates. By default 1500 for random and 4000 for gradient, as published, or
        fewer where the training would then have less than 20 updates.
    fraction
        Share of each layer's weights dropped at first; it fades along half a cosine.
    end
        The share of the training after which the mask stays.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    usual = INTERVALS[known(INTERVALS, growth, "growth of pruner 'itop':")]
    schedule = Schedule("itop", fraction, end, usual, interval)
    if growth == "gradient":
        return Moving(schedule, steepest, skip_step_on_update=True)
    return Moving(schedule, at_random(seed, "itop"))
