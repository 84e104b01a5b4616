"""Kernels of edges and nodes: Gaussian (RBF) in the distance of what they contribute over the training images."""

import functools
import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from prunegraph.pruning.dpp.sampling import Decomposition

logger = logging.getLogger("prunegraph")

MINUTES = 120
"""Seconds of work from which it is announced."""

UNINFORMATIVE = 0.01
"""A kernel whose effective rank is within this share of 1 or of its size says nothing about which items differ."""


def edge_distances(products: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Squared distances (inputs, inputs) of the contributions w_i X_i of a unit's inputs, from the Gram matrix X^T X.

    Parameters
    ----------
    products
        float64 (inputs, inputs).
    weights
        float64 (inputs,), one unit's.
    """
    return distances(products * weights.unsqueeze(0) * weights.unsqueeze(1))


def distances(products: torch.Tensor) -> torch.Tensor:
    """Squared distances of vectors from their inner products; 0 where rounding made them negative."""
    lengths = products.diagonal()
    found = (lengths.unsqueeze(0) + lengths.unsqueeze(1) - 2 * products).clamp(min=0)
    return found.fill_diagonal_(0)


def rbf(squared: torch.Tensor, beta: float | None = None, jitter: float = 0.01) -> torch.Tensor:
    """The kernel exp(-beta D) + jitter I of squared distances D.

    Parameters
    ----------
    beta
        None: 1 / the median of the distances between different items, of those above 0 if the median is 0; 1 if all
        are 0.
    jitter
        What gives the kernel its full rank.
    """
    if beta is None:
        beta = 1 / (_median_of_pairs(squared) or _median_of_positive(squared))
    return torch.exp(-beta * squared).add_(torch.eye(len(squared), dtype=squared.dtype), alpha=jitter)


def diagnostics(kernel: torch.Tensor, found: Decomposition, sizes: Sequence[int]) -> list[dict[str, float]]:
    """What a kernel says about subsets of some sizes k: numbers by name.

    Returns
    -------
    list
        For each size: ``effective_rank``, ``median_similarity`` (median of the entries off the diagonal),
        ``distance_from_uniform`` (:meth:`.sampling.Decomposition.distance_from_uniform`), ``log10_e_k``;
        ``uninformative`` and ``beyond_effective_rank`` (k above twice the effective rank: the jitter decides much of
        the subset), 0 or 1.
    """
    rank, size = found.effective_rank, len(kernel)
    same = {"effective_rank": rank, "median_similarity": _median_of_pairs(kernel)}
    uninformative = rank > (1 - UNINFORMATIVE) * size or rank < 1 + UNINFORMATIVE
    return [
        same
        | {
            "distance_from_uniform": found.distance_from_uniform(k),
            "log10_e_k": found.log_e(k) / math.log(10),
            "uninformative": float(uninformative),
            "beyond_effective_rank": float(k > 2 * rank),
        }
        for k in sizes
    ]


def announce(units: int, inputs: int, sizes: int, layer: str) -> None:
    """Say in the log how long the kernels of a layer will take, where that is minutes or more.

    On one core of a Xeon a unit with 784 inputs took 0.09 s, and 0.007 s for each size; both grow with the cube.
    """
    seconds = units * (inputs / 784) ** 3 * (0.09 + 0.007 * sizes)
    if seconds > MINUTES:
        logger.info("%s: %d kernels of %d inputs, about %.2g hours on one core", layer, units, inputs, seconds / 3600)


def warn(found: Mapping[str, float], pruner: str) -> None:
    """Say in the log where kernels carry no information, or where much more is kept than their effective rank."""
    share = found.get("kernel_uninformative", 0)
    if share > 0:
        logger.warning(
            "%s: %.0f %% of the kernels are nearly uniform or of rank one, so they hardly say which items differ; "
            "choose another beta",
            pruner,
            100 * share,
        )
    share = found.get("kernel_beyond_effective_rank", 0)
    if share > 0:
        logger.warning(
            "%s: more than twice the effective rank (mean %.3g) is kept in %.0f %% of the draws, so the jitter decides "
            "much of them",
            pruner,
            found["kernel_effective_rank"],
            100 * share,
        )


def mean_of(found: list[dict[str, float]]) -> dict[str, float]:
    """Mean over kernels of each of their diagnostics, as facts of a pruned network."""
    return {f"kernel_{name}": float(np.mean([one[name] for one in found])) for name in (found[0] if found else ())}


def _median_of_pairs(values: torch.Tensor) -> float:
    return float(values[_pairs(len(values))].median()) if len(values) > 1 else 0.0


@functools.lru_cache(maxsize=1)
def _pairs(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    return tuple(torch.triu_indices(size, size, 1))


def _median_of_positive(values: torch.Tensor) -> float:
    positive = values[values > 0]
    return float(positive.median()) if len(positive) else 1.0
