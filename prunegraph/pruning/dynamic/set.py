"""SET: sparse evolutionary training (Mocanu et al., Nature Communications 9, 2018)."""

from collections.abc import Iterable

import torch

from prunegraph.pruning.batches import Batch
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import SparseDynamics
from prunegraph.pruning.erdos_renyi import erk


def set_(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    interval: int | None = None,
    fraction: float = 0.3,
    end: float = 1.0,
) -> dict[str, torch.Tensor]:
    """Start from the mask of :func:`.erk`; then drop the weakest weights of each layer and grow others at random.

    Parameters
    ----------
    interval
        Steps between two updates. By default 390, an epoch of CIFAR-10 as in the paper, or
        fewer where the training would then have less than 20 updates.
    fraction
        Of each layer's weights, dropped at every update (the paper's zeta).
    end
        The share of the training after which the mask stays.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    dynamics(seed, interval=interval, fraction=fraction, end=end)
    return erk(network, sparsity, seed, batches)


def dynamics(seed: int, *, interval: int | None, fraction: float, end: float) -> SparseDynamics:
    """What :func:`set_` does during training."""
    return SparseDynamics("set", seed, Schedule("set", fraction, end, 390, interval, decay="constant"))
