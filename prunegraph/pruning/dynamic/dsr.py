"""DSR: dynamic sparse reparameterization (Mostafa & Wang, ICML 2019)."""

import torch

from prunegraph.pruning.allocation import shared
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import Masks, Moving, Tensors, at_random, keep_strongest
from prunegraph.pruning.selection import join, split
from prunegraph.pruning.weights import in_range


class Threshold:
    """One threshold for all layers, adapted so that about the wanted number of weights falls under it (algorithm 1).

    Beyond the paper, so that no single update can ruin the network, at most twice the wanted number is dropped, the
    smallest first.

    Parameters
    ----------
    threshold
        At first; doubled when too few weights fell under it, halved when too many.
    tolerance
        How far from the wanted number, relative to it, the threshold stays.
    """

    def __init__(self, threshold: float, tolerance: float):
        self.threshold, self.tolerance = threshold, tolerance

    def watch(self, gradients: Tensors, kept: Tensors) -> None:
        """Look at no gradient."""

    def drop(self, weights: Tensors, kept: Tensors, fraction: float) -> Masks:
        """What is left over the threshold, which is then adapted."""
        magnitudes = join({name: torch.nan_to_num(weights[name].detach().abs()) for name in kept}, "dsr")
        mask = join(kept, "dsr")
        total = int(mask.sum())
        wanted = fraction * total
        fallen = int((mask & (magnitudes < self.threshold)).sum())
        left = total - min(fallen, int(2 * wanted))
        if fallen < (1 - self.tolerance) * wanted:
            self.threshold *= 2
        elif fallen > (1 + self.tolerance) * wanted:
            self.threshold /= 2
        return split(keep_strongest(magnitudes, mask, left), kept)

    def state(self) -> dict[str, torch.Tensor]:
        """The threshold."""
        return {"threshold": torch.tensor(self.threshold, dtype=torch.float64)}

    def restore(self, state: Tensors) -> None:
        """Go on from what :meth:`state` gave."""
        self.threshold = float(state["threshold"])


def as_left(kept: Tensors, survivors: Masks) -> dict[str, int]:
    """In proportion to the weights that each layer has left, as far as there is room.

    Beyond the paper, an emptied layer counts as having one weight left.
    """
    left = {name: int(mask.sum()) for name, mask in survivors.items()}
    dropped = sum(int(mask.sum()) for mask in kept.values()) - sum(left.values())
    rooms = {name: mask.numel() - left[name] for name, mask in survivors.items()}
    return shared(dropped, {name: max(1, count) for name, count in left.items()}, rooms)


def moves(
    seed: int,
    *,
    interval: int | None = None,
    fraction: float = 0.1,
    end: float = 1.0,
    threshold: float = 0.001,
    tolerance: float = 0.1,
) -> Moving:
    """Drop below one threshold, grow at random, and give back to layers in proportion to what they have.

    Only the number of weights of the whole network is constant; layers gain and lose. The paper keeps the first and
    the last layer dense and starts from a uniform mask; here all layers are treated alike.

    Parameters
    ----------
    interval
        Steps between two updates. By default 390, an epoch of CIFAR-10, or fewer where the training
        would then have less than 20 updates.
    fraction
        Share of the network's weights wanted to fall at each update (the paper's number N_p over the budget).
    end
        The share of the training after which the mask stays.
    threshold, tolerance
        Arguments of :class:`Threshold`; the paper's H and delta.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    in_range(threshold > 0, threshold, "threshold", "dsr", "a positive number")
    in_range(0 <= tolerance < 1, tolerance, "tolerance", "dsr", "a number in [0, 1)")
    schedule, adapted = Schedule("dsr", fraction, end, 390, interval, decay="constant"), Threshold(threshold, tolerance)
    return Moving(schedule, at_random(seed, "dsr"), adapted.drop, as_left, adapted)
