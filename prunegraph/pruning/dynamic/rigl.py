"""RigL: rigging the lottery (Evci, Gale, Menick, Castro & Elsen, ICML 2020)."""

from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import Moving, steepest


def moves(seed: int, *, interval: int | None = None, fraction: float = 0.3, end: float = 0.75) -> Moving:
    """Drop each layer's weakest weights and grow those of largest gradient.

    An update replaces the step of gradient descent (algorithm 1).

    Parameters
    ----------
    interval
        Steps between two updates. By default 100, as published, or fewer where the training would
        then have less than 20 updates.
    fraction
        Share of each layer's weights dropped at first; it fades along half a cosine (equation 2).
    end
        The share of the training after which the mask stays.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    return Moving(Schedule("rigl", fraction, end, 100, interval), steepest, skip_step_on_update=True)
