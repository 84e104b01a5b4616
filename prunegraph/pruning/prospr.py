"""ProsPr: prospect pruning by meta-gradients through training (Alizadeh et al., ICLR 2022)."""

import math
from collections.abc import Sequence

import torch

from prunegraph.models import prunable
from prunegraph.pruning.batches import Batch, take
from prunegraph.pruning.gradients import Parameters, gradient, hessian_vector
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.selection import keep_largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import any_weight, at_least


@remembered
def meta_gradient(
    network: torch.nn.Module,
    batches: Sequence[Batch],
    lr: float,
    momentum: float,
    detached_start: bool = False,
) -> dict[str, torch.Tensor]:
    """dL(w_M)/dw_0: the loss on the last batch after one SGD step on each batch before it.

    All parameters w are trained, v_{t+1} = momentum v_t + grad L_t(w_t) from
    v_0 = 0, w_{t+1} = w_t - lr v_{t+1}. The gradient is the full one, second-order
    terms included, obtained by walking the trajectory back: with a = dL/dw and
    b = dL/dv, each step does b <- b - lr a; a <- a + H_t b; b <- momentum b, with H_t the
    Hessian of the step's loss. So the graph of one step is alive at a time,
    where differentiating the unrolled loop would keep all of them.

    Parameters
    ----------
    network
        In train mode; it is not changed.
    batches
        M + 1 of them, (images, labels).
    detached_start
        Take the first momentum v_1 for a constant (see the option `compat` of :func:`prospr`).

    Returns
    -------
    dict
        By parameter name, biases and BatchNorm included.
    """
    *inner, last = batches
    parameters: Parameters = dict(network.named_parameters())
    velocity = {name: torch.zeros_like(value) for name, value in parameters.items()}
    trajectory = []
    for batch in inner:
        trajectory.append(parameters)
        slopes = gradient(network, parameters, *batch)
        velocity = _combine(slopes, velocity, momentum)
        parameters = _combine(parameters, velocity, -lr)
    of_weights = gradient(network, parameters, *last)
    of_velocity = {name: torch.zeros_like(value) for name, value in of_weights.items()}
    for step in reversed(range(len(inner))):
        of_velocity = _combine(of_velocity, of_weights, -lr)
        if step > 0 or not detached_start:
            product = hessian_vector(network, trajectory[step], of_velocity, *inner[step])
            of_weights = _combine(of_weights, product, 1.0)
        of_velocity = {name: momentum * value for name, value in of_velocity.items()}
    return of_weights


def prospr(
    task: Task,
    *,
    steps: int = 3,
    lr: float = 0.5,
    momentum: float = 0.9,
    batch_size: int = 512,
    compat: bool = False,
) -> dict[str, torch.Tensor]:
    """Keep the weights with the largest effect of their initial mask on the loss after training.

    The score is abs(dL(w_M)/dc) at c = 1 for w_0 = c * w (paper, equation 5),
    which is abs(w * dL(w_M)/dw_0), see :func:`meta_gradient`.

    At 3x32x32, peak memory of the whole process and CPU time on one thread are 6.2 GB and 177 s for ResNet-20, 8.4 GB
    and 235 s for CONV-6, 10.5 GB and 498 s for Wide-ResNet-28-2 (benchmarks/pruning.py), about twice the memory and
    two to three times the time of float32: the inner training amplifies rounding, and the trajectory alone in float64
    leaves 0.1 to 0.2 % of a mask to it, where units stand at the edge of a ReLU. They grow with `batch_size`, and time
    with `steps`.

    Parameters
    ----------
    steps
        Inner SGD steps M, each on a batch of its own; with 0 this is SNIP.
    lr, momentum
        Of the inner SGD.
    batch_size
        Samples of each of the M + 1 batches.
    compat
        As published: ceil(N d) weights, ceil being that of N times 1 - sparsity in floating point, and the first inner
        step is not differentiated. The public code starts the momentum from a gradient cut off from its graph, so what
        the first step owes to the mask is missing from the meta-gradient (with momentum 0 there is no buffer, and
        nothing is missing).

    Raises
    ------
    UserError
        If data are missing or too few, or scores not finite (the inner training diverged).
    """
    parts = _batches(task, steps, batch_size)
    slopes = meta_gradient(task.network, parts, lr, momentum, detached_start=compat and momentum != 0)
    count = math.ceil(task.size * (1 - task.sparsity)) if compat else task.kept
    return keep_largest(task.of(_scores(task.network, slopes)), count, task.name)


def _batches(task: Task, steps: int, batch_size: int) -> list[Batch]:
    at_least(0, steps, "steps", task.name)
    at_least(1, batch_size, "batch_size", task.name)
    images, labels = take(task.data.batches(), (steps + 1) * batch_size, task.name, any_weight(task.network))
    return list(zip(images.split(batch_size), labels.split(batch_size), strict=True))


def _scores(network: torch.nn.Module, slopes: Parameters) -> dict[str, torch.Tensor]:
    return {name: (weight.detach() * slopes[name]).abs() for name, weight in prunable(network).items()}


def _combine(first: Parameters, second: Parameters, factor: float) -> dict[str, torch.Tensor]:
    """first + factor * second, each a constant."""
    return {name: value.detach() + factor * second[name] for name, value in first.items()}
