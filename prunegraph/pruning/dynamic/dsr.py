"""DSR: dynamic sparse reparameterization (Mostafa & Wang, ICML 2019)."""

from collections.abc import Iterable

import torch

from prunegraph.pruning.allocation import shared
from prunegraph.pruning.batches import Batch
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import Masks, SparseDynamics, Tensors, keep_strongest
from prunegraph.pruning.erdos_renyi import erk
from prunegraph.pruning.selection import join, split
from prunegraph.pruning.weights import in_range


class Reparameterization(SparseDynamics):
    """One threshold for all layers, adapted so that about the wanted number of weights falls under it (algorithm 1).

    What it drops grows again at random, in layers in proportion to the weights they have left.
    Beyond the paper, so that no single update can ruin the network: at most twice
    the wanted number is dropped, the smallest first, and an emptied layer counts as having one weight left.

    Parameters
    ----------
    name, seed, schedule
        Of :class:`.SparseDynamics`.
    threshold
        At first; doubled when too few weights fell under it, halved when too many.
    tolerance
        How far from the wanted number, relative to it, the threshold stays.
    """

    def __init__(self, name: str, seed: int, schedule: Schedule, threshold: float, tolerance: float):
        super().__init__(name, seed, schedule)
        self.threshold, self.tolerance = threshold, tolerance

    def drop(self, weights: Tensors, kept: Tensors, fraction: float) -> Masks:
        """What is left over the threshold, which is then adapted."""
        magnitudes = join({name: torch.nan_to_num(weights[name].detach().abs()) for name in kept}, self.name)
        mask = join(kept, self.name)
        total = int(mask.sum())
        wanted = fraction * total
        fallen = int((mask & (magnitudes < self.threshold)).sum())
        left = total - min(fallen, int(2 * wanted))
        if fallen < (1 - self.tolerance) * wanted:
            self.threshold *= 2
        elif fallen > (1 + self.tolerance) * wanted:
            self.threshold /= 2
        return split(keep_strongest(magnitudes, mask, left), kept)

    def share(self, weights: Tensors, kept: Tensors, survivors: Tensors) -> dict[str, int]:
        """In proportion to the weights that each layer has left, as far as there is room."""
        left = {name: int(mask.sum()) for name, mask in survivors.items()}
        dropped = sum(int(mask.sum()) for mask in kept.values()) - sum(left.values())
        rooms = {name: mask.numel() - left[name] for name, mask in survivors.items()}
        return shared(dropped, {name: max(1, count) for name, count in left.items()}, rooms)

    def state(self) -> dict[str, torch.Tensor]:
        """With the threshold."""
        return {**super().state(), "threshold": torch.tensor(self.threshold, dtype=torch.float64)}

    def restore(self, state: Tensors) -> None:
        """Go on from what :meth:`state` gave."""
        super().restore(state)
        self.threshold = float(state["threshold"])


def dsr(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    interval: int | None = None,
    fraction: float = 0.1,
    end: float = 1.0,
    threshold: float = 0.001,
    tolerance: float = 0.1,
) -> dict[str, torch.Tensor]:
    """Start from the mask of :func:`.erk`; then drop below one threshold and give back to layers what they have.

    Only the number of weights of the whole network is constant; layers gain and lose. The paper keeps the first and
    the last layer dense and starts from a uniform mask; here all layers are treated alike.

    Parameters
    ----------
    interval
        Steps between two updates. By default 390, an epoch of CIFAR-10, or fewer where the training
        would then have less than 20 updates.
    fraction
        Of the network's weights, wanted to fall at each update (the paper's N_p, which is a number, over the budget).
    end
        The share of the training after which the mask stays.
    threshold, tolerance
        See :class:`Reparameterization`; the paper's H and delta.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    dynamics(seed, interval=interval, fraction=fraction, end=end, threshold=threshold, tolerance=tolerance)
    return erk(network, sparsity, seed, batches)


def dynamics(
    seed: int, *, interval: int | None, fraction: float, end: float, threshold: float, tolerance: float
) -> Reparameterization:
    """What :func:`dsr` does during training."""
    in_range(threshold > 0, threshold, "threshold", "dsr", "a positive number")
    in_range(0 <= tolerance < 1, tolerance, "tolerance", "dsr", "a number in [0, 1)")
    schedule = Schedule("dsr", fraction, end, 390, interval, decay="constant")
    return Reparameterization("dsr", seed, schedule, threshold, tolerance)
