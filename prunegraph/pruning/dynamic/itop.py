"""ITOP: in-time over-parameterization (Liu, Yin, Mocanu & Pechenizkiy, ICML 2021)."""

from collections.abc import Iterable

import torch

from prunegraph.catalogue import known
from prunegraph.pruning.batches import Batch
from prunegraph.pruning.dynamic.rigl import RigL
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import SparseDynamics
from prunegraph.pruning.erdos_renyi import erk

# How it grows: the update, and the published number of steps between two (their appendix, CIFAR).
GROWTHS = {"random": (SparseDynamics, 1500), "gradient": (RigL, 4000)}


def itop(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    growth: str = "random",
    interval: int | None = None,
    fraction: float = 0.5,
    end: float = 0.75,
) -> dict[str, torch.Tensor]:
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
        Of each layer's weights, dropped at first; it fades along half a cosine.
    end
        The share of the training after which the mask stays.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    dynamics(seed, growth=growth, interval=interval, fraction=fraction, end=end)
    return erk(network, sparsity, seed, batches)


def dynamics(seed: int, *, growth: str, interval: int | None, fraction: float, end: float) -> SparseDynamics:
    """What :func:`itop` does during training."""
    update, usual = GROWTHS[known(GROWTHS, growth, "growth of pruner 'itop':")]
    return update("itop", seed, Schedule("itop", fraction, end, usual, interval))
