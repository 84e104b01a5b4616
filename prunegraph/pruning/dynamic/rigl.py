"""RigL: rigging the lottery (Evci, Gale, Menick, Castro & Elsen, ICML 2020)."""

from collections.abc import Iterable

import torch

from prunegraph.pruning.batches import Batch
from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.dynamic.update import SparseDynamics, Tensors
from prunegraph.pruning.erdos_renyi import erk


class RigL(SparseDynamics):
    """Grow where the loss would fall fastest; an update replaces the step of gradient descent (algorithm 1)."""

    skip_step_on_update = True

    def score(self, name: str, gradients: Tensors, step: int) -> torch.Tensor:
        """Magnitude of the dense gradient."""
        return gradients[name].detach().abs()


def rigl(
    network: torch.nn.Module,
    sparsity: float,
    seed: int,
    batches: Iterable[Batch] | None,
    *,
    interval: int | None = None,
    fraction: float = 0.3,
    end: float = 0.75,
) -> dict[str, torch.Tensor]:
    """Start from the mask of :func:`.erk`; then drop each layer's weakest weights and grow those of largest gradient.

    Parameters
    ----------
    interval
        Steps between two updates. By default 100, as published, or fewer where the training would
        then have less than 20 updates.
    fraction
        Of each layer's weights, dropped at first; it fades along half a cosine (equation 2).
    end
        The share of the training after which the mask stays.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    dynamics(seed, interval=interval, fraction=fraction, end=end)
    return erk(network, sparsity, seed, batches)


def dynamics(seed: int, *, interval: int | None, fraction: float, end: float) -> RigL:
    """What :func:`rigl` does during training."""
    return RigL("rigl", seed, Schedule("rigl", fraction, end, 100, interval))
