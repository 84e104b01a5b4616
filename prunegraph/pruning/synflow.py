"""SynFlow: iterative pruning that conserves synaptic flow, without data (Tanaka et al., NeurIPS 2020)."""

from collections.abc import Mapping, Sequence

import torch

from prunegraph.errors import UserError
from prunegraph.pruning.batches import peek
from prunegraph.pruning.selection import join, largest, split
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import at_least, biases, size


def synaptic_flow(
    network: torch.nn.Module, parameters: Mapping[str, torch.Tensor], image: torch.Tensor
) -> dict[str, torch.Tensor]:
    """abs(p dR/dp) of each of the network's `parameters`, R being the sum of its outputs for `image`.

    With absolute parameters and an image of ones, R is the sum over all paths
    of the products of their weights, and a weight's score the part of R that
    flows through it (paper, section 4, equation 2).
    """
    total = network(image).sum()
    slopes = torch.autograd.grad(total, list(parameters.values()), materialize_grads=True)
    return {
        name: (value.detach() * slope).abs() for (name, value), slope in zip(parameters.items(), slopes, strict=True)
    }


def synflow(
    task: Task, *, rounds: int = 100, input_shape: tuple[int, ...] | None = None, compat: bool = False
) -> dict[str, torch.Tensor]:
    """Keep the weights of largest :func:`synaptic_flow`, removing a little in each of many rounds.

    After round r of R, round(N d^(r/R)) of N weights are left. The network is
    evaluated with absolute parameters and buffers, in eval mode; in float32 R, which grows like a product over
    layers, would leave the range of numbers for deep networks.

    Parameters
    ----------
    rounds
        R.
    input_shape
        (channels, height, width) of one image; by default that of the first of `batches`,
        which are used for nothing else, or else the network's own ``input_shape``
        (networks of :func:`prunegraph.models.create` have one).
    compat
        As published: the biases of Conv2d and Linear take part in the ranking. They start at zero, score zero and go
        first, in the place of weights; they are never removed afterwards. Each round removes round((1 - d^(1/R)) n) of
        the n weights and biases left, so the final number carries rounding errors. The public code scores in float32,
        this in float64. That differs where the flow leaves float32: MobileNetV2's is about 6e50 at initialisation, so
        nearly all its float32 scores are infinite, and whole layers vanish if ties are taken in torch's order or in
        that of the layers. The published networks of that model reach accuracies up to 91 % on CIFAR-10, so they were
        scored otherwise; how is unknown (benchmarks/edge_counts.md lists what was tried).

    Raises
    ------
    UserError
        If neither shape nor batches are given, or scores are not finite.
    """
    if compat:
        task.network.double()  # whatever the precision asked for
    image = _ones(task, input_shape)
    at_least(1, rounds, "rounds", task.name)
    pool = {**task.weights, **biases(task.network, task.weights)} if compat else task.weights
    left = _published_counts(size(pool), task.sparsity, rounds) if compat else _counts(task, rounds)
    return task.of(_in_rounds(task.network, pool, left, image, task.name))


def _counts(task: Task, rounds: int) -> list[int]:
    """How many weights each round leaves, the last exactly as many as asked for."""
    return [*(round(task.size * (1 - task.sparsity) ** (step / rounds)) for step in range(1, rounds)), task.kept]


def _published_counts(total: int, sparsity: float, rounds: int) -> list[int]:
    left = [total]
    for _ in range(rounds):
        left.append(left[-1] - round(left[-1] * (1 - (1 - sparsity) ** (1 / rounds))))
    return left[1:]


def _in_rounds(
    network: torch.nn.Module,
    parameters: Mapping[str, torch.Tensor],
    counts: Sequence[int],
    image: torch.Tensor,
    pruner: str,
) -> dict[str, torch.Tensor]:
    """Masks of `parameters` after rounds that leave `counts`; alters `network`."""
    _linearise(network, parameters)
    image = image.to(next(iter(parameters.values())))
    alive = torch.arange(size(parameters), device=image.device)
    for count in counts:
        scores = join(synaptic_flow(network, parameters, image), pruner)
        alive = alive[largest(scores[alive], count)]
        masks = split(torch.zeros_like(scores, dtype=torch.bool).index_fill_(0, alive, True), parameters)
        for name, mask in masks.items():
            parameters[name].data.mul_(mask)
    return masks


def _linearise(network: torch.nn.Module, parameters: Mapping[str, torch.Tensor]) -> None:
    """Absolute values, eval mode, gradients for `parameters` only."""
    network.eval().requires_grad_(False)
    for value in network.state_dict().values():
        value.abs_()
    for value in parameters.values():
        value.requires_grad_(True)


def _ones(task: Task, shape: tuple[int, ...] | None) -> torch.Tensor:
    if shape is None and task.data.given:
        shape = tuple(peek(task.data.batches(), task.name)[0].shape[1:])
    shape = shape or getattr(task.network, "input_shape", None)
    if shape is None:
        raise UserError(
            f"Pruner {task.name!r} needs the shape of an image; give the option input_shape, "
            "such as (3, 32, 32), or batches to read it from."
        )
    return torch.ones(1, *shape)
