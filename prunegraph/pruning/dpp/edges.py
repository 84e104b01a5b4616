"""Which inputs each unit keeps: by a k-DPP, at random, or the largest weights (Acharyya et al., 2020)."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.pruning.activations import input_gram
from prunegraph.pruning.allocation import whole_counts
from prunegraph.pruning.dpp.kernels import announce, diagnostics, edge_distances, mean_of, rbf, warn
from prunegraph.pruning.dpp.oracle import sample_by_dppy
from prunegraph.pruning.dpp.sampling import checked_size, decompose, samples
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.remembering import remembered
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
        As the authors logged it: beta 0.3 if none is given, and shares of inputs rounded up (79 of 784).

    Raises
    ------
    UserError
        If an option is out of its range, data are missing, fewer than two images or not finite, a weight is not
        finite, or nothing would be left of a unit.
    """
    checked_kernel(task, beta, jitter, sampler)
    beta = 0.3 if compat and beta is None else beta
    join(task.weights, task.name)
    counts = at_all_sparsities(task, partial(kept_by_unit, compat=compat))
    kept, facts = {}, []
    for name, weight in task.weights.items():
        gram = input_gram(task, task.network, name)
        seeds = [stream(task, name, unit) for unit in range(len(weight))]
        sizes = [each[name] for each in counts.values()]
        found = _inputs_kept(task.network, name, gram.products, sizes, seeds, beta, jitter, sampler)
        masks, about = found[list(counts).index(task.sparsity)]
        kept[name] = torch.from_numpy(masks.copy()).view(weight.shape)
        facts += about
    warn(mean_of(facts), task.name)
    return Pruned(kept, facts=mean_of(facts))


@remembered
def _inputs_kept(
    network: torch.nn.Module,
    name: str,
    products: torch.Tensor,
    sizes: list[list[int]],
    seeds: list[int],
    beta: float | None,
    jitter: float,
    sampler: str,
) -> list[tuple[np.ndarray, list[dict[str, float]]]]:
    """Masks (units, inputs) of a layer and the diagnostics of its kernels, for each sparsity, of which `sizes` has the
    inputs that each unit keeps. A kernel takes some MB, so there is one at a time."""
    rows = dict(network.named_parameters())[name].detach().flatten(1)
    announce(*rows.shape, len(sizes), name)
    found = [(np.zeros(rows.shape, bool), []) for _ in sizes]
    for unit, row in enumerate(rows):
        kernel = rbf(edge_distances(products[unit * len(products) // len(rows)], row), beta, jitter)
        drawn = subsets(kernel, [each[unit] for each in sizes], sampler, seeds[unit])
        for (masks, facts), (chosen, fact) in zip(found, drawn, strict=True):
            masks[unit, chosen] = True
            facts.append(fact)
    return found


def random_edge(task: Task, *, compat: bool = False) -> dict[str, torch.Tensor]:
    """Keep a random subset of the inputs of each unit, every one with the same probability.

    Parameters
    ----------
    compat
        As the authors logged it: shares of inputs rounded up.

    Raises
    ------
    UserError
        If nothing would be left of a unit.
    """

    def drawn(name: str, unit: int, row: torch.Tensor, k: int) -> torch.Tensor:
        return torch.randperm(len(row), generator=task.draw(name, unit)) < k

    return _by_row(task, drawn, compat)


def importance_edge(task: Task, *, compat: bool = False) -> dict[str, torch.Tensor]:
    """Keep the largest weights of each unit.

    Parameters
    ----------
    compat
        As the authors logged it: the largest by value, so that negative weights go first; shares of inputs rounded up.

    Raises
    ------
    UserError
        If nothing would be left of a unit, or a weight is not finite.
    """
    join(task.weights, task.name)
    return _by_row(task, lambda name, unit, row, k: largest(row if compat else row.abs(), k), compat)


def kept_by_unit(task: Task, *, compat: bool = False) -> dict[str, list[int]]:
    """How many inputs each unit of each layer keeps.

    Where weights are counted, all layers have the same share, and units of a layer differ by one at most. With `compat`
    the share of inputs is rounded up.

    Raises
    ------
    UserError
        If that is none.
    """
    if task.counts == "inputs":
        each = task.kept_in
        if compat:
            widths = {name: weight[0].numel() for name, weight in task.weights.items()}
            each = {name: math.ceil(width * (1 - task.sparsity) - 1e-9) for name, width in widths.items()}
        counts = {name: [count] * len(task.weights[name]) for name, count in each.items()}
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


def at_all_sparsities(task: Task, ask: Callable[[Task], Any]) -> dict[float, Any]:
    """Answers by sparsity: that of the task and others that will be asked, but those at which there is none."""
    found = {}
    for sparsity in dict.fromkeys([*task.sparsities, task.sparsity]):
        try:
            if sparsity > 0:
                found[sparsity] = ask(replace(task, sparsity=sparsity))
        except UserError:
            if sparsity == task.sparsity:
                raise  # the others stop when it is their turn
    return found


def stream(task: Task, *purpose: str | int) -> int:
    """Seed of a numpy generator that depends on the task's draws, the same at every sparsity."""
    return int(torch.randint(2**62, (1,), generator=task.draw(*purpose)))


def subsets(
    kernel: torch.Tensor, sizes: Sequence[int], sampler: str, seed: int
) -> list[tuple[np.ndarray, dict[str, float]]]:
    """A subset of each size, each as if it were the only one, and the diagnostics of the kernel."""
    found = decompose(kernel)
    generators = (np.random.default_rng(seed) for _ in sizes)
    if sampler == "dppy":
        chosen = [sample_by_dppy(kernel, k, random) for k, random in zip(sizes, generators, strict=True)]
    else:
        found.table(max(checked_size(k, found) for k in sizes))
        chosen = [samples(found, [k], random)[0] for k, random in zip(sizes, generators, strict=True)]
    return list(zip(chosen, diagnostics(kernel, found, sizes), strict=True))


def _by_row(
    task: Task, choose: Callable[[str, int, torch.Tensor, int], torch.Tensor], compat: bool
) -> dict[str, torch.Tensor]:
    def rows(name: str, counts: list[int]) -> Iterator[torch.Tensor]:
        for unit, (row, k) in enumerate(zip(task.weights[name].detach().flatten(1), counts, strict=True)):
            yield choose(name, unit, row, k)

    return {
        name: torch.stack(list(rows(name, counts))).view(task.weights[name].shape)
        for name, counts in kept_by_unit(task, compat=compat).items()
    }


def _spread(total: int, units: int) -> list[int]:
    each, more = divmod(total, units)
    return [each + (unit < more) for unit in range(units)]
