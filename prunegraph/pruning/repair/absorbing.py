"""Layer-wise reconstruction: least squares from one Gram matrix."""

import torch
from torch import nn

from prunegraph.errors import UserError
from prunegraph.pruning.activations import Gram


def absorbed(
    gram: Gram, group: int, kept: torch.Tensor, lost: torch.Tensor, ridge: float, intercept: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """What to add to kept weights, and to biases, so that a layer's outputs change least without the lost weights.

    It minimises |X_S d + c - X w|^2 + l |d|^2 for every unit, with the lost weights w, and l the ridge times the mean
    of the diagonal of the (with an intercept: centred) Gram matrix. As d = 0 is among the candidates, the error is
    never above that of doing nothing.

    Parameters
    ----------
    gram, group
        Gram matrix of the layer's inputs, and the group of them that these units read.
    kept
        bool (inputs,): S, the inputs that may change; the same for all these units.
    lost
        float64 (units, inputs): weights w that are no more.
    ridge
        0: the solution of least norm, eigenvalues below 1e-10 of the largest taken as 0.
    intercept
        Whether the units have a bias to take c.

    Returns
    -------
    tuple
        d (units, inputs), zero outside of S; c (units,), zero without an intercept.
    """
    matrix = gram.centred[group] if intercept else gram.products[group]
    chosen = kept.nonzero().flatten()
    change = torch.zeros_like(lost)
    right = (lost @ matrix)[:, chosen].T
    change[:, chosen] = _solution(matrix[chosen][:, chosen], right, ridge * float(matrix.diagonal().mean())).T
    means = gram.sums[group] / gram.rows
    return change, (lost - change) @ means if intercept else torch.zeros(len(lost), dtype=lost.dtype)


def _solution(matrix: torch.Tensor, right: torch.Tensor, ridge: float) -> torch.Tensor:
    if ridge > 0:
        whole = matrix + ridge * torch.eye(len(matrix), dtype=matrix.dtype)
        return torch.cholesky_solve(right, torch.linalg.cholesky(whole))
    values, vectors = torch.linalg.eigh(matrix)
    large = values > 1e-10 * values[-1].clamp(min=0)
    inverse = torch.where(large, 1 / torch.where(large, values, 1), 0)
    return vectors @ (inverse.unsqueeze(1) * (vectors.T @ right))


def rows_alike(kept: torch.Tensor) -> list[torch.Tensor]:
    """Numbers of the rows of a boolean matrix that are equal, one vector for each kind."""
    _, kind = torch.unique(kept, dim=0, return_inverse=True)
    return [(kind == number).nonzero().flatten() for number in range(int(kind.max()) + 1)]


def bias_of(module: nn.Module) -> torch.Tensor | None:
    """The bias of a layer, None if it has none: then nothing takes an intercept, and there is none."""
    return None if module.bias is None else module.bias.detach()


def checked_ridge(ridge: float, above: bool = False) -> float:
    """Return a ridge that is not negative, or, `above`, that is positive; a `UserError` otherwise."""
    if above and not ridge > 0:
        raise UserError(f"The ridge is {ridge}; expected a number above 0, such as 1e-4.")
    if not ridge >= 0:
        raise UserError(f"The ridge of a repair is {ridge}; expected a number of at least 0, such as 1e-4.")
    return ridge
