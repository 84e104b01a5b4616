"""When a mask is updated, and how much of it."""

import math
from dataclasses import dataclass

from prunegraph.pruning.weights import in_range

UPDATES = 20
"""How many updates a training has at least, unless its interval is given or it is very short."""

LEAST_INTERVAL = 5
"""Steps, so that a very short training still learns between its updates."""


@dataclass(frozen=True)
class Schedule:
    """Every so many steps, a fraction that may fade.

    Parameters
    ----------
    name
        Of the pruner, for error sentences.
    fraction
        Of the weights kept, dropped at the first update; in (0, 1).
    end
        The share of the training after which the mask stays; in (0, 1].
    usual
        Steps between two updates where `interval` is None. Published for trainings of tens of thousands of
        steps, it is shortened for a short one to what gives 20 updates, but to no less than 5 steps.
    interval
        Steps between two updates, whatever the length of the training.
    decay
        ``cosine``: fraction / 2 (1 + cos(pi t / T)) at step t, T being the end (Evci et al. 2020, equation 2);
        ``constant``.

    Raises
    ------
    UserError
        If a value is out of its range.
    """

    name: str
    fraction: float
    end: float
    usual: int
    interval: int | None = None
    decay: str = "cosine"

    def __post_init__(self) -> None:
        whole = isinstance(self.interval, int) and not isinstance(self.interval, bool)
        for option, fits, expected in (
            ("interval", self.interval is None or (whole and self.interval >= 1), "a whole number of steps, or null"),
            ("fraction", 0 < self.fraction < 1, "a number between 0 and 1"),
            ("end", 0 < self.end <= 1, "a share of the training in (0, 1]"),
        ):
            in_range(fits, getattr(self, option), option, self.name, expected)

    def steps_between(self, steps: int) -> int:
        """Steps between two updates in a training of `steps`."""
        return self.interval or max(LEAST_INTERVAL, min(self.usual, int(self.end * steps) // UPDATES))

    def fraction_at(self, step: int, steps: int) -> float | None:
        """The fraction of weights dropped at step number `step` (from 0) of `steps`; None where none is.

        The first update comes after one interval, and none so late that less than an
        interval of training would follow.
        """
        between = self.steps_between(steps)
        if step == 0 or step % between or step >= self.end * steps or step + between > steps:
            return None
        if self.decay == "constant":
            return self.fraction
        return self.fraction / 2 * (1 + math.cos(math.pi * step / (self.end * steps)))
