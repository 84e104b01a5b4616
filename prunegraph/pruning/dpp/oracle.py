"""Sampling by the library dppy, where its numbers neither under- nor overflow."""

import math

import numpy as np
import torch

from prunegraph.errors import UserError
from prunegraph.pruning.activations import one_thread
from prunegraph.pruning.dpp.polynomials import log_polynomials
from prunegraph.pruning.dpp.sampling import checked_size, decompose

LARGEST_LOG = 290 * math.log(10)
"""Logarithm of the largest number, and of the inverse of the smallest, that dppy is trusted with."""


def sample_by_dppy(kernel: torch.Tensor, k: int, random: np.random.Generator) -> np.ndarray:
    """A subset of size k from the k-DPP of a kernel, drawn by dppy; sorted item numbers.

    Raises
    ------
    UserError
        If dppy is not installed, k is above the rank, or elementary symmetric polynomials leave the range of float64,
        where dppy draws by another law without saying so.
    """
    found = decompose(kernel)
    checked_size(k, found)
    logs = log_polynomials(found.logs, k)
    extreme = float(np.abs(logs[np.isfinite(logs)]).max())
    if extreme > LARGEST_LOG:
        raise UserError(
            f"dppy computes with elementary symmetric polynomials, of which one is 10^+-{extreme / math.log(10):.0f} "
            f"here (N = {len(kernel)}, k = {k}), beyond float64; use sampler: exact."
        )
    try:
        from dppy.finite_dpps import FiniteDPP
    except ImportError as problem:
        raise UserError("sampler: dppy needs the package dppy; install it, or use sampler: exact.") from problem
    law = FiniteDPP("likelihood", L=kernel.numpy())
    with one_thread():
        return np.sort(law.sample_exact_k_dpp(size=k, random_state=np.random.RandomState(random.integers(2**32))))
