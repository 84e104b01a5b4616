"""Magnitude pruning: keep the largest weights of a trained network, the baseline of the field."""

import torch

from prunegraph.catalogue import known
from prunegraph.pruning.allocation import er_ratio, filled, whole_counts
from prunegraph.pruning.selection import join, keep_largest, largest
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import at_least

SCOPES = ("global", "layer", "erk", "uniform_plus")

#: With scope uniform_plus, at least this share of the last linear layer stays.
LAST = 0.2


def magnitude(task: Task, *, scope: str = "global") -> dict[str, torch.Tensor]:
    """Keep the weights of largest magnitude (Han et al., NeurIPS 2015).

    In a study the network is the trained dense one of the same seed, and training goes on from its
    weights; with the whole recipe this is learning-rate rewinding (Renda, Frankle & Carbin, ICLR 2020).

    Parameters
    ----------
    scope
        ``global``: one threshold for all layers; ``layer``: the same density in every layer; ``erk``: densities of
        Erdos-Renyi with kernels (Evci et al. 2020); ``uniform_plus``: the same density in every layer, but a first
        layer that is a convolution stays dense, and a last one that is linear keeps a fifth (Gale, Elsen & Hooker
        2019). Of hidden layers of one shape the last three are the same.

    Raises
    ------
    UserError
        If an option is out of its range, or a weight is not finite.
    """
    weights = {name: weight.detach().abs() for name, weight in task.weights.items()}
    return strongest(weights, task.kept, scope, task.name)


def iterative_magnitude(
    task: Task, *, rounds: int = 5, rewind: int = 0, scope: str = "global"
) -> dict[str, torch.Tensor]:
    """Keep everything: the mask is found by training in rounds (:mod:`prunegraph.training.iterative`).

    Each round trains by the whole recipe, keeps the weights of largest magnitude and
    rewinds them to what they were (Frankle & Carbin, ICLR 2019); after round r of R,
    round(N d^(r/R)) of N weights are left.

    Parameters
    ----------
    rounds
        R; R + 1 trainings are made.
    rewind
        The step of the first training to which weights return: 0 for the initial ones, about a hundredth
        of the training for large networks (Frankle, Dziugaite, Roy & Carbin, ICML 2020).
    scope
        As in :func:`magnitude`.

    Raises
    ------
    UserError
        If an option is out of its range.
    """
    at_least(1, rounds, "rounds", task.name)
    at_least(0, rewind, "rewind", task.name)
    known(SCOPES, scope, f"scope of pruner {task.name!r}:")
    return {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in task.weights.items()}


def strongest(scores: dict[str, torch.Tensor], count: int, scope: str, pruner: str) -> dict[str, torch.Tensor]:
    """Masks of the `count` largest scores, of the whole network or of each layer a share as the scope says.

    Raises
    ------
    UserError
        If there is no such scope, or a score is not finite.
    """
    if known(SCOPES, scope, f"scope of pruner {pruner!r}:") == "global":
        return keep_largest(scores, count, pruner)
    join(scores, pruner)  # refuses what is not finite
    sizes = {name: values.numel() for name, values in scores.items()}
    counts = whole_counts(_DENSITIES[scope](scores, sizes, count), sizes, count)
    return {name: largest(values.flatten(), counts[name]).view(values.shape) for name, values in scores.items()}


def _equal(scores: dict[str, torch.Tensor], sizes: dict[str, int], count: int) -> dict[str, float]:
    del scores
    return dict.fromkeys(sizes, count / sum(sizes.values()))


def _kernel(scores: dict[str, torch.Tensor], sizes: dict[str, int], count: int) -> dict[str, float]:
    return filled({name: er_ratio(values) for name, values in scores.items()}, sizes, count)


def _equal_but_ends(scores: dict[str, torch.Tensor], sizes: dict[str, int], count: int) -> dict[str, float]:
    """Of the whole network's first and last layer, wherever the budget has room for what they keep."""
    names = list(sizes)
    least = {names[0]: 1.0} if scores[names[0]].ndim == 4 else {}
    least |= {names[-1]: LAST} if scores[names[-1]].ndim == 2 and count / sum(sizes.values()) < LAST else {}
    rest = {name: size for name, size in sizes.items() if name not in least}
    left = count - sum(share * sizes[name] for name, share in least.items())
    if not rest or left < 0:
        return _equal(scores, sizes, count)
    return {name: least.get(name, left / sum(rest.values())) for name in names}


_DENSITIES = {"layer": _equal, "erk": _kernel, "uniform_plus": _equal_but_ends}
