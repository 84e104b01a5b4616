"""GraSP: pruning that preserves gradient flow (Wang, Zhang & Grosse, ICLR 2020)."""

from collections.abc import Iterator

import torch

from prunegraph.models import prunable
from prunegraph.pruning.batches import peek, take_per_class
from prunegraph.pruning.gradients import gradient, hessian_vector
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.selection import keep_at_least, keep_largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import any_weight, at_least


@remembered
def flow_preserved(
    network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor, temperature: float
) -> dict[str, torch.Tensor]:
    """w * H g: the gradient flow that is lost with each weight; the larger, the more worth keeping.

    This is the paper's score -w * H g (equation 8) with its sign turned, since
    the paper removes the largest. The samples are scored in two halves, the
    first and the second part of `images`: g and H g are each the sum of the
    halves' own. Both are taken with respect to the prunable weights only.
    """
    weights = prunable(network)
    middle = len(images) // 2
    halves = [(images[:middle], labels[:middle]), (images[middle:], labels[middle:])]
    slopes = _sum(gradient(network, weights, *half, temperature) for half in halves)
    products = _sum(hessian_vector(network, weights, slopes, *half, temperature) for half in halves)
    return {name: weight.detach() * products[name] for name, weight in weights.items()}


def grasp(
    task: Task, *, samples_per_class: int = 25, temperature: float = 200.0, compat: bool = False
) -> dict[str, torch.Tensor]:
    """Remove the weights whose loss costs least gradient flow, :func:`flow_preserved`, in train mode.

    For 10 classes at 3x32x32, peak memory and CPU time on one thread are 2.8 GB and 22 s for ResNet-20, 2.9 GB and
    32 s for CONV-6, 5.5 GB and 59 s for Wide-ResNet-28-2 (of the whole process: benchmarks/pruning.py), two to four
    times what float32 takes.

    Parameters
    ----------
    samples_per_class
        Samples of each class, ordered by class as in the authors' code, so that
        each of the two halves holds one half of the classes.
    temperature
        Divides the logits.
    compat
        As published: other weights are scored than those that are then trained. All prunable weights are drawn anew
        (Kaiming-normal, fan-in) before scoring. The threshold is the int(N s)-th largest of -w * H g, and all that do
        not exceed it are kept: the one at the threshold survives, with all its ties.

    Raises
    ------
    UserError
        If data are missing or lack a class, or scores are not finite.
    """
    if compat:
        _redraw(task)
    scores = _scores(task, samples_per_class, temperature)
    if compat:
        # The published code is given d = 1 - s and removes int(N (1 - d)).
        removed = int(task.size * (1 - (1 - task.sparsity)))
        return keep_at_least(scores, min(task.size, task.size - removed + 1), task.name)
    return keep_largest(scores, task.kept, task.name)


def _scores(task: Task, count: int, temperature: float) -> dict[str, torch.Tensor]:
    like = any_weight(task.network)
    first, batches = peek(task.data.batches(), task.name)
    classes = _outputs(task.network, first[:1].to(like))
    count = at_least(1, count, "samples_per_class", task.name)
    images, labels = take_per_class(batches, classes, count, task.name, like)
    return task.of(flow_preserved(task.network, images, labels, temperature))


def _outputs(network: torch.nn.Module, image: torch.Tensor) -> int:
    """Number of logits; asked in eval mode, which a single image suits and no buffer remembers."""
    network.eval()
    with torch.no_grad():
        logits = network(image)
    network.train()
    return logits.shape[1]


def _redraw(task: Task) -> None:
    generator = task.draw()
    for weight in prunable(task.network).values():
        fresh = torch.nn.init.kaiming_normal_(torch.empty(weight.shape), generator=generator)
        weight.data.copy_(fresh)


def _sum(parts: Iterator[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    first, second = parts
    return {name: first[name] + second[name] for name in first}
