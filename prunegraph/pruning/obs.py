"""Optimal brain surgeon, layer by layer: greedy removal with the others making up for each weight that goes.

After Hassibi & Stork (NIPS 1992) for the squared error of a layer's outputs, as Frantar & Alistarh (NeurIPS 2022, exact
OBS; ICML 2023, SparseGPT) prune large networks.
"""

import math

import torch

from prunegraph.errors import UserError
from prunegraph.pruning.activations import Gram, input_gram, one_thread
from prunegraph.pruning.dpp.edges import at_all_sparsities, kept_by_unit
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.repair.absorbing import bias_of, checked_ridge
from prunegraph.pruning.selection import join
from prunegraph.pruning.task import Task


def obs(task: Task, *, ridge: float = 1e-4) -> dict[str, torch.Tensor]:
    """Keep inputs of each unit: one after the other, that input goes without which its output changes least.

    The change is measured after the weights that stay have made up for it, over all training images, in the unpruned
    network, with an intercept where the layer has a bias. The repair ``least_squares`` with the same ridge gives the
    weights to which these steps lead.

    Parameters
    ----------
    ridge
        As of :func:`.repair.within.least_squares`; above 0.

    Raises
    ------
    UserError
        If the ridge is not positive or too small for the inputs, data are missing, fewer than two images or not finite,
        a weight is not finite, or nothing would be left of a unit.
    """
    checked_ridge(ridge, above=True)
    join(task.weights, task.name)
    counts = at_all_sparsities(task, kept_by_unit)
    kept = {}
    for name, weight in task.weights.items():
        gram, own = input_gram(task, task.network, name), counts[task.sparsity][name]
        fewest = [min(each) for each in zip(*(found[name] for found in counts.values()), strict=True)]
        orders = _orders(task.network, name, gram.products, gram.sums, gram.rows, fewest, ridge)
        rows = torch.ones(len(weight), weight[0].numel(), dtype=torch.bool)
        for row, order, count in zip(rows, orders, own, strict=True):
            row[order[: len(row) - count]] = False
        kept[name] = rows.view(weight.shape)
    return kept


@remembered
def _orders(
    network: torch.nn.Module,
    name: str,
    products: torch.Tensor,
    sums: torch.Tensor,
    images: int,
    fewest: list[int],
    ridge: float,
) -> list[torch.Tensor]:
    """For each unit of a layer the inputs that go, in their order, until so few are left."""
    gram, module = Gram(products, sums, images), network.get_submodule(name.rpartition(".")[0])
    rows = module.weight.detach().flatten(1)
    matrices = gram.products if bias_of(module) is None else gram.centred
    with one_thread():
        inverses = [_inverse(matrix, ridge, name) for matrix in matrices]
        each = len(rows) // len(inverses)
        return [removal_order(inverses[unit // each], row, len(row) - fewest[unit]) for unit, row in enumerate(rows)]


def removal_order(inverse: torch.Tensor, weights: torch.Tensor, count: int) -> torch.Tensor:
    """The first `count` inputs that the optimal brain surgeon removes from a unit, in their order.

    Parameters
    ----------
    inverse
        Inverse of the (damped) Gram matrix of the inputs, float64 (inputs, inputs).
    weights
        float64 (inputs,).
    """
    weights, left = weights.clone(), inverse.diagonal().clone()  # `left`: the diagonal of the inverse of what stays
    order = torch.empty(count, dtype=torch.long)
    gone = torch.zeros(len(weights), dtype=torch.bool)
    removed = torch.empty(count, len(weights), dtype=torch.float64)
    for step in range(count):
        losses = (weights.square() / left).masked_fill_(gone, torch.inf)
        item = order[step] = int(losses.argmin())
        column = inverse[item] - removed[:step, item] @ removed[:step]
        pivot = float(left[item])
        weights -= float(weights[item]) / pivot * column
        torch.mul(column, 1 / math.sqrt(pivot), out=removed[step])
        left -= removed[step].square()
        left[item], gone[item] = 1, True
    return order


def _inverse(matrix: torch.Tensor, ridge: float, name: str) -> torch.Tensor:
    # Where no input varies, behind padding for instance, nothing is lost whatever goes: then the smallest weights go.
    scale = float(matrix.diagonal().mean()) or 1.0
    damped = matrix + ridge * scale * torch.eye(len(matrix), dtype=matrix.dtype)
    factor, failed = torch.linalg.cholesky_ex(damped)
    if failed:
        raise UserError(
            f"The inputs of layer {name!r} depend on each other so much that their Gram matrix has no inverse; give "
            "obs a larger ridge, or leave the layer out."
        )
    return torch.cholesky_inverse(factor)
