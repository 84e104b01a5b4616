"""SET: sparse evolutionary training (Mocanu et al., Nature Communications 9, 2018)."""

from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import Moving, at_random


def moves(seed: int, *, interval: int | None = None, fraction: float = 0.3, end: float = 1.0) -> Moving:
    """Drop the weakest weights of each layer and grow others at random.

    Parameters
    ----------
    interval
        Steps between two updates. By default 390, an epoch of CIFAR-10 as in the paper, or
        fewer where the training would then have less than 20 updates.
    fraction
        Share of each layer's weights dropped at every update (the paper's zeta).
    end
        The share of the training after which the mask stays.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    return Moving(Schedule("set", fraction, end, 390, interval, decay="constant"), at_random(seed, "set"))
