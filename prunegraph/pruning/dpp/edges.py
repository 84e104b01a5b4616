"""Which inputs each unit keeps: by a k-DPP, at random, or the largest weights (Acharyya et al., 2020)."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.pruning.activations import input_gram
from prunegraph.pruning.allocation import whole_counts
from prunegraph.pruning.dpp.kernels import diagnostics, edge_distances, mean_of, rbf
from prunegraph.pruning.dpp.oracle import sample_by_dppy
from prunegraph.pruning.dpp.sampling import decompose, samples
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.selection import join, largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import in_range

SAMPLERS = ("exact", "dppy")


def dpp_edge(
    task: Task, *, beta: float | None = None, jitter: float = 0.01, sampler: str = "exact", compat: bool = False
) -> Pruned:
    """Keep inputs of each unit whose contributions differ: a k-DPP over the products of weight and input.

    The kernel of a unit is exp(-beta |w_i X_i - w_j X_j|^2) + jitter I, over all training images (and positions of a
    convolution's kernel), drawn for one unit after another from one Gram matrix of the layer in the unpruned network.

    Parameters
    ----------
    beta
        Inverse scale of the squared distances, summed over the images. None: 1 / their median, unit by unit.
    jitter
        Added to the diagonal.
    sampler
        ``exact``, or ``dppy`` on kernels where that library is sound.
    compat
        As the authors logged it: beta 0.3 if none is given.

    Raises
    ------
    UserError
        If an option is out of its range, data are missing, fewer than two images or not finite, a weight is not
        finite, or nothing would be left of a unit.
    """
    checked_kernel(task, beta, jitter, sampler)
    beta = 0.3 if compat and beta is None else beta
    join(task.weights, task.name)
    counts, kept, facts = kept_by_unit(task), {}, []
    for name, weight in task.weights.items():
        gram = input_gram(task, task.network, name)
        rows = task.weights[name].detach().flatten(1)
        masks = torch.zeros(rows.shape, dtype=torch.bool)
        for unit, row in enumerate(rows):
            k = counts[name][unit]
            kernel = rbf(edge_distances(gram.products[unit * len(gram.products) // len(rows)], row), beta, jitter)
            chosen, fact = drawn(kernel, k, sampler, stream(task, name, unit))
            masks[unit, chosen] = True
            facts.append(fact)
        kept[name] = masks.view(weight.shape)
    return Pruned(kept, facts=mean_of(facts))


def random_edge(task: Task) -> dict[str, torch.Tensor]:
    """Keep a random subset of the inputs of each unit, every one with the same probability.

    Raises
    ------
    UserError
        If nothing would be left of a unit.
    """
    return _by_row(task, lambda name, unit, row, k: torch.randperm(len(row), generator=task.draw(name, unit)) < k)


def importance_edge(task: Task, *, compat: bool = False) -> dict[str, torch.Tensor]:
    """Keep the largest weights of each unit.

    Parameters
    ----------
    compat
        As the authors logged it: the largest by value, so that negative weights go first.

    Raises
    ------
    UserError
        If nothing would be left of a unit, or a weight is not finite.
    """
    join(task.weights, task.name)
    return _by_row(task, lambda name, unit, row, k: largest(row if compat else row.abs(), k))


def kept_by_unit(task: Task) -> dict[str, list[int]]:
    """How many inputs each unit of each layer keeps.

    Where weights are counted, all layers have the same share, and units of a layer differ by one at most.

    Raises
    ------
    UserError
        If that is none.
    """
    if task.counts == "inputs":
        counts = {name: [count] * len(task.weights[name]) for name, count in task.kept_in.items()}
    else:
        sizes = {name: weight.numel() for name, weight in task.weights.items()}
        totals = whole_counts(dict.fromkeys(sizes, task.kept / task.size), sizes, task.kept)
        counts = {name: _spread(total, len(task.weights[name])) for name, total in totals.items()}
    for name, units in counts.items():
        if min(units) < 1:
            raise UserError(
                f"Sparsity {task.sparsity} leaves none of the {task.weights[name][0].numel()} inputs of a unit of "
                f"{name!r}; pruner {task.name!r} keeps at least one of each unit: lower the sparsity."
            )
    return counts


def checked_kernel(task: Task, beta: float | None, jitter: float, sampler: str) -> None:
    """Refuse options of a kernel that are out of their range."""
    number = isinstance(beta, int | float) and not isinstance(beta, bool)
    in_range(beta is None or (number and beta > 0), beta, "beta", task.name, "a positive number, or none")
    in_range(jitter > 0, jitter, "jitter", task.name, "a positive number")
    known(SAMPLERS, sampler, f"sampler of pruner {task.name!r}:")


def stream(task: Task, *purpose: str | int) -> np.random.Generator:
    """A numpy generator that depends on the task's draws."""
    return np.random.default_rng(int(torch.randint(2**62, (1,), generator=task.draw(*purpose))))


def drawn(
    kernel: torch.Tensor, k: int, sampler: str, random: np.random.Generator
) -> tuple[np.ndarray, dict[str, float]]:
    """A subset of k items, and the diagnostics of the kernel."""
    found = decompose(kernel)
    if sampler == "dppy":
        return sample_by_dppy(kernel, k, random), diagnostics(kernel, found, k)
    return samples(found, [k], random)[0], diagnostics(kernel, found, k)


def _by_row(task: Task, choose: Callable[[str, int, torch.Tensor, int], torch.Tensor]) -> dict[str, torch.Tensor]:
    def rows(name: str, counts: list[int]) -> Iterator[torch.Tensor]:
        for unit, (row, k) in enumerate(zip(task.weights[name].detach().flatten(1), counts, strict=True)):
            yield choose(name, unit, row, k)

    return {
        name: torch.stack(list(rows(name, counts))).view(task.weights[name].shape)
        for name, counts in kept_by_unit(task).items()
    }


def _spread(total: int, units: int) -> list[int]:
    each, more = divmod(total, units)
    return [each + (unit < more) for unit in range(units)]
