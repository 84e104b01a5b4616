"""Kernels of edges and nodes: Gaussian (RBF) in the distance of what they contribute over the training images."""

import math

import numpy as np
import torch

from prunegraph.pruning.dpp.sampling import Decomposition

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
        median = _median_of_pairs(squared)
        positive = squared[squared > 0]
        median = median or (float(positive.median()) if len(positive) else 1.0)
        beta = 1 / median
    return torch.exp(-beta * squared).add_(torch.eye(len(squared), dtype=squared.dtype), alpha=jitter)


def diagnostics(kernel: torch.Tensor, found: Decomposition, k: int) -> dict[str, float]:
    """What a kernel says: numbers by name.

    Returns
    -------
    dict
        ``effective_rank``, ``median_similarity`` (median of the entries off the diagonal), ``distance_from_uniform``
        (:meth:`.sampling.Decomposition.distance_from_uniform`), ``log10_e_k``; ``uninformative`` and
        ``beyond_effective_rank`` (k above twice the effective rank: the jitter decides much of the subset), 0 or 1.
    """
    rank, size = found.effective_rank, len(kernel)
    log_e = found.log_e(k)
    return {
        "effective_rank": rank,
        "median_similarity": _median_of_pairs(kernel),
        "distance_from_uniform": found.distance_from_uniform(k),
        "log10_e_k": log_e / math.log(10),
        "uninformative": float(rank > (1 - UNINFORMATIVE) * size or rank < 1 + UNINFORMATIVE),
        "beyond_effective_rank": float(k > 2 * rank),
    }


def mean_of(found: list[dict[str, float]]) -> dict[str, float]:
    """Mean over kernels of each of their diagnostics, as facts of a pruned network."""
    return {f"kernel_{name}": float(np.mean([one[name] for one in found])) for name in (found[0] if found else ())}


def _median_of_pairs(values: torch.Tensor) -> float:
    rows, columns = torch.triu_indices(len(values), len(values), 1)
    return float(values[rows, columns].median()) if len(rows) else 0.0
