"""Exact sampling of k-DPPs: subsets S of size k with probability proportional to det L_S.

In float64, with elementary symmetric polynomials as logarithms, so that neither a large set nor a kernel of any scale
under- or overflows. Eigenvectors that are nearly degenerate depend on every rounding; the decomposition is therefore
made by one driver in one thread.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from prunegraph.errors import UserError
from prunegraph.pruning.activations import one_thread


@dataclass(frozen=True)
class Decomposition:
    """Eigenvalues and -vectors of a kernel L; one of them serves every k and every draw.

    Attributes
    ----------
    logs
        float64 (N,): logarithms of the eigenvalues, ascending; -inf for those that are 0 up to rounding.
    vectors
        float64 (N, N): one eigenvector a column.
    """

    logs: np.ndarray
    vectors: torch.Tensor
    _tables: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def table(self, k: int) -> np.ndarray:
        """:func:`log_polynomials` of the eigenvalues up to k or more, computed once."""
        for largest, found in self._tables.items():
            if largest >= k:
                return found
        self._tables[k] = log_polynomials(self.logs, k)
        return self._tables[k]

    @property
    def rank(self) -> int:
        """Number of eigenvalues above 0."""
        return int(np.isfinite(self.logs).sum())

    @property
    def effective_rank(self) -> float:
        """exp of the entropy of the eigenvalues divided by their sum: N for c I, 1 where all items are alike."""
        shares = np.exp(self.logs - np.logaddexp.reduce(self.logs))
        return float(np.exp(-(shares * np.log(np.where(shares > 0, shares, 1))).sum()))

    def log_e(self, k: int) -> float:
        """Logarithm of the k-th elementary symmetric polynomial of the eigenvalues: of the sum of all det L_S."""
        return float(self.table(checked_size(k, self))[-1, k])

    def distance_from_uniform(self, k: int) -> float:
        """How far the law is from that of uniformly random subsets: in nats per item, 0 for L = c I and only then.

        It is (log C(N, k) + k log m - log e_k) / k with the mean m of the eigenvalues, by Maclaurin's inequality never
        negative: by how much the spectrum lowers the mean determinant of a subset.
        """
        size = len(self.logs)
        mean = np.logaddexp.reduce(self.logs) - math.log(size)
        subsets = math.lgamma(size + 1) - math.lgamma(k + 1) - math.lgamma(size - k + 1)
        return max(0.0, (subsets + k * mean - self.log_e(k)) / k)

    def inclusion(self, k: int) -> np.ndarray:
        """Probability that each item is in a subset of size k, float64 (N,); they sum to k."""
        checked_size(k, self)
        size = len(self.logs)
        forward, backward = log_polynomials(self.logs, k), log_polynomials(self.logs[::-1], k)
        chosen = np.empty(size)
        for place in range(size):  # e_{k-1} without one eigenvalue: those before times those behind
            without = np.logaddexp.reduce(forward[place, :k] + backward[size - 1 - place, :k][::-1])
            chosen[place] = np.exp(self.logs[place] + without - forward[-1, k])
        return (self.vectors.numpy() ** 2) @ chosen


def decompose(kernel: torch.Tensor) -> Decomposition:
    """Eigenvalues and -vectors of a symmetric positive semidefinite kernel, float64 (N, N).

    Eigenvalues below N times the rounding of the largest count as 0. Multiples of a kernel have the same eigenvectors.

    Raises
    ------
    UserError
        If the kernel is not square, not finite, 0, or has a negative eigenvalue.
    """
    kernel = torch.as_tensor(kernel, dtype=torch.float64)
    if kernel.dim() != 2 or kernel.shape[0] != kernel.shape[1] or not torch.isfinite(kernel).all():
        raise UserError(f"A kernel is a square matrix of finite numbers, found shape {tuple(kernel.shape)}.")
    largest = float(kernel.diagonal().max()) if len(kernel) else 0.0
    if not largest > 0:
        raise UserError("The kernel has no positive diagonal entry, so every subset has probability 0.")
    exponent = math.frexp(largest)[1]  # a power of two, so that dividing rounds nothing
    with one_thread():
        values, vectors = torch.linalg.eigh(kernel * 2.0**-exponent)
    values = values.numpy()
    cut = len(kernel) * np.finfo(float).eps * values[-1]
    if values[0] < -1e3 * cut:
        raise UserError(
            f"The kernel has the eigenvalue {values[0] * 2.0**exponent:.3g}; those of a point process are not negative."
        )
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(values > cut, values, 0)) + exponent * math.log(2)
    return Decomposition(logs, vectors)


def log_polynomials(logs: np.ndarray, k: int) -> np.ndarray:
    """Logarithms of the elementary symmetric polynomials of the first n of some numbers.

    Parameters
    ----------
    logs
        Logarithms of the numbers, (N,); -inf for 0.

    Returns
    -------
    ndarray
        float64 (N + 1, k + 1): entry (n, j) of e_j of the first n.
    """
    table = np.full((len(logs) + 1, k + 1), -np.inf)
    table[:, 0] = 0
    for place, log in enumerate(logs):
        np.logaddexp(table[place, 1:], log + table[place, :-1], out=table[place + 1, 1:])
    return table


def checked_size(k: int, of: Decomposition) -> int:
    """Return k if there are subsets of that size with a positive determinant; a `UserError` otherwise."""
    size = len(of.logs)
    if not 1 <= k <= size:
        raise UserError(f"A subset of {k} of {size} items is asked for; expected at least 1 and at most all.")
    if k > of.rank:
        raise UserError(
            f"A subset of {k} items is asked for, but the kernel has rank {of.rank} (of {size} items), so each such "
            "subset has determinant 0; keep fewer, or give the kernel a larger jitter."
        )
    return k


def samples(decomposition: Decomposition, sizes: Iterable[int], random: np.random.Generator) -> list[np.ndarray]:
    """One subset of each size from one decomposition, as sorted item numbers.

    Raises
    ------
    UserError
        If a size is 0 or above the rank of the kernel.
    """
    sizes = [checked_size(k, decomposition) for k in sizes]
    if not sizes:
        return []
    table = decomposition.table(max(sizes))
    return [_sample(decomposition, k, table, random) for k in sizes]


def _sample(decomposition: Decomposition, k: int, table: np.ndarray, random: np.random.Generator) -> np.ndarray:
    chosen = _eigenvectors(decomposition.logs, k, table, random)
    if 2 * k <= len(chosen):
        return np.sort(_projection(decomposition.vectors[:, torch.from_numpy(chosen)], random))
    # The complement of a projection DPP is that of the complementary projection.
    rest = _projection(decomposition.vectors[:, torch.from_numpy(~chosen)], random)
    return np.setdiff1d(np.arange(len(chosen)), rest)


def _eigenvectors(logs: np.ndarray, k: int, table: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """bool (N,): k eigenvectors, each set with probability proportional to the product of its eigenvalues."""
    chosen = np.zeros(len(logs), bool)
    uniform = random.random(len(logs))
    for place in range(len(logs) - 1, -1, -1):
        if k == 0:
            break
        if math.log(max(uniform[place], 1e-300)) < logs[place] + table[place, k - 1] - table[place + 1, k]:
            chosen[place] = True
            k -= 1
    return chosen


def _projection(vectors: torch.Tensor, random: np.random.Generator) -> np.ndarray:
    """A subset from the projection DPP onto orthonormal columns, as many items as there are columns.

    Item by item: its probability is what is left of its row after the rows of the items before are projected out.
    """
    size, count = vectors.shape
    left = vectors.square().sum(1).numpy().copy()
    vectors = vectors.contiguous()
    directions = torch.empty(count, size, dtype=torch.float64)
    items = np.empty(count, np.int64)
    uniform = random.random(count)
    with one_thread():
        for step in range(count):
            left[items[:step]] = 0
            sums = np.cumsum(np.maximum(left, 0, out=left))
            item = items[step] = min(np.searchsorted(sums, uniform[step] * sums[-1], side="right"), size - 1)
            row = vectors @ vectors[item]
            if step:
                row -= directions[:step, item] @ directions[:step]
            directions[step] = row / math.sqrt(left[item])
            left -= directions[step].numpy() ** 2
    return items
