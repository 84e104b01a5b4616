"""Exact sampling of k-DPPs: subsets S of size k with probability proportional to det L_S.

In float64, with ratios of consecutive elementary symmetric polynomials in the place of these, so that neither a large
set nor a kernel of any scale under- or overflows. Eigenvectors that are nearly degenerate depend on every rounding; the
decomposition is therefore made by one driver in one thread.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from prunegraph.errors import UserError
from prunegraph.pruning.activations import one_thread
from prunegraph.pruning.dpp.polynomials import log_polynomials, polynomial_ratios

BLOCK = 64
"""Items that are proposed at once."""


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
        """:func:`.polynomial_ratios` of the eigenvalues, divided by the largest, up to k or more; computed once."""
        for largest, found in self._tables.items():
            if largest >= k:
                return found
        self._tables[k] = polynomial_ratios(self.values, k)
        return self._tables[k]

    @property
    def values(self) -> np.ndarray:
        """The eigenvalues divided by the largest, float64 (N,)."""
        return np.exp(self.logs - self.logs.max())

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
        return float(np.log(self.table(checked_size(k, self))[-1, 1 : k + 1]).sum() + k * self.logs.max())

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
    with one_thread():
        return [_sample(decomposition, k, table, random) for k in sizes]


def _sample(decomposition: Decomposition, k: int, table: np.ndarray, random: np.random.Generator) -> np.ndarray:
    chosen = _eigenvectors(decomposition.values, k, table, random)
    if 2 * k <= len(chosen):
        return np.sort(_projection(decomposition.vectors.T[torch.from_numpy(chosen)], random))
    # The complement of a projection DPP is that of the complementary projection.
    rest = _projection(decomposition.vectors.T[torch.from_numpy(~chosen)], random)
    return np.setdiff1d(np.arange(len(chosen)), rest)


def _eigenvectors(values: np.ndarray, k: int, table: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """bool (N,): k eigenvectors, each set with probability proportional to the product of its eigenvalues."""
    chosen = np.zeros(len(values), bool)
    uniform = random.random(len(values))
    for place in range(len(values) - 1, -1, -1):
        if k == 0:
            break
        # v e_(k-1) / (e_k + v e_(k-1)), with the polynomials of the eigenvalues before this one.
        if uniform[place] * (values[place] + table[place, k]) < values[place]:
            chosen[place] = True
            k -= 1
    return chosen


def _projection(vectors: torch.Tensor, random: np.random.Generator) -> np.ndarray:
    """A subset from the projection DPP onto orthonormal rows (count, items): as many items as there are rows.

    Item by item: its probability is what is left of its column after the columns of the items before are projected
    out. As less and less is left of each, items are proposed by what is left before a block of them, and accepted with
    the probability (left now) / (left then): the same law, but nearly all work is in products of matrices.
    """
    count, size = vectors.shape
    left = vectors.square().sum(0).numpy().copy()
    directions = torch.empty(count, size, dtype=torch.float64)
    items = np.empty(0, np.int64)
    while (done := len(items)) < count:
        uniform = random.random((2, min(BLOCK, count - done)))
        sums = np.cumsum(left)
        proposed = np.minimum(np.searchsorted(sums, uniform[0] * sums[-1], side="right"), size - 1)
        before, there = directions[:done], torch.from_numpy(proposed)
        own, known = vectors[:, there], before[:, there]
        products = (own.T @ own - known.T @ known).numpy()
        taken, triangle = _accepted(proposed, products, uniform[1] * left[proposed])
        new = own[:, taken].T @ vectors - known[:, taken].T @ before
        new = torch.linalg.solve_triangular(torch.from_numpy(triangle), new, upper=False)
        directions[done : done + len(taken)] = new
        items = np.append(items, proposed[taken])
        left = np.maximum(left - new.square().sum(0).numpy(), 0)
        left[items] = 0
    return items


def _accepted(items: np.ndarray, products: np.ndarray, least: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Positions of the proposed items that are taken, and the Cholesky factor of their products.

    An item is taken if more than `least` is left of it once those taken before are projected out.
    """
    left = products.diagonal().copy()
    rows = np.empty_like(products)
    taken: list[int] = []
    for place in range(len(items)):
        if not left[place] > least[place]:
            continue
        row = products[place] - rows[: len(taken), place] @ rows[: len(taken)]
        rows[len(taken)] = row / math.sqrt(left[place])
        left -= rows[len(taken)] ** 2
        left[items == items[place]] = 0
        taken.append(place)
    return taken, np.tril(rows[: len(taken), taken].T)
