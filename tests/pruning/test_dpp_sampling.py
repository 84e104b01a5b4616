"""k-DPPs against enumeration, exact arithmetic and dppy."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch
from helpers.threads import threads
from scipy import stats

from prunegraph.errors import UserError
from prunegraph.pruning.dpp.kernels import diagnostics, distances, edge_distances, rbf
from prunegraph.pruning.dpp.oracle import sample_by_dppy
from prunegraph.pruning.dpp.polynomials import log_polynomials
from prunegraph.pruning.dpp.sampling import BLOCK, decompose, samples

DRAWS = 2000


def kernel(size=7, rank=None, seed=0):
    features = np.random.default_rng(seed).standard_normal((size, rank or size + 2))
    return torch.from_numpy(features @ features.T)


def minors(matrix, k):
    """All subsets of size k with their probabilities."""
    subsets = list(combinations(range(len(matrix)), k))
    found = np.array([float(torch.linalg.det(matrix[list(s)][:, list(s)])) for s in subsets])
    return subsets, found / found.sum()


def drawn(matrix, k, draws=DRAWS, seed=0):
    found, random = decompose(matrix), np.random.default_rng(seed)
    return [tuple(samples(found, [k], random)[0].tolist()) for _ in range(draws)]


@pytest.mark.parametrize("k", [1, 2, 3, 5, 6, 7])
def test_subsets_are_as_frequent_as_their_minors(k):
    subsets, expected = minors(kernel(), k)
    found = drawn(kernel(), k)
    observed = np.array([found.count(subset) for subset in subsets])
    assert observed.sum() == DRAWS  # none beside them
    large = expected * DRAWS >= 5
    observed, expected = (np.r_[values[large], values[~large].sum()] for values in (observed, expected * DRAWS))
    observed, expected = observed[expected > 0], expected[expected > 0]
    assert len(observed) == 1 or stats.chisquare(observed, expected * DRAWS / expected.sum()).pvalue > 1e-3


@pytest.mark.parametrize("scale", [1e-40, 1e60])
@pytest.mark.parametrize("k", [2, 5])
def test_the_scale_of_a_kernel_changes_nothing(scale, k):
    assert drawn(kernel() * scale, k, 200) == drawn(kernel(), k, 200)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_inclusion_of_a_diagonal_kernel_and_of_any(k):
    values = np.array([0.01, 0.5, 1.0, 1.0, 3.0, 20.0, 400.0])
    found = decompose(torch.diag(torch.from_numpy(values))).inclusion(k)

    def e(numbers, order):
        return sum(math.prod(chosen) for chosen in combinations(numbers, order))

    expected = [v * e(np.delete(values, i), k - 1) / e(values, k) for i, v in enumerate(values)]
    assert np.allclose(found, expected)
    subsets, law = minors(kernel(), k)
    found = decompose(kernel()).inclusion(k)
    assert np.allclose(found, [sum(p for s, p in zip(subsets, law, strict=True) if i in s) for i in range(7)])
    assert found.sum() == pytest.approx(k)


def test_the_identity_is_uniform():
    found = decompose(3.0 * torch.eye(7, dtype=torch.float64))
    assert np.allclose(found.inclusion(3), 3 / 7)
    assert found.distance_from_uniform(3) == pytest.approx(0, abs=1e-12)
    assert found.effective_rank == pytest.approx(7)
    counts = np.unique(drawn(3.0 * torch.eye(7, dtype=torch.float64), 3), axis=0, return_counts=True)[1]
    assert len(counts) == 35 and stats.chisquare(counts).pvalue > 1e-3
    assert decompose(kernel()).distance_from_uniform(3) > 0.1


def test_items_that_are_alike_are_never_both_there():
    features = np.random.default_rng(1).standard_normal((6, 6))
    features[4] = features[1]
    found = drawn(torch.from_numpy(features @ features.T), 3, 500)
    assert not any({1, 4} <= set(subset) for subset in found)
    assert any(1 in subset for subset in found) and any(4 in subset for subset in found)


def test_a_projection_is_sampled_by_its_determinants():
    basis = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 4)))[0]
    projection = torch.from_numpy(basis @ basis.T)
    subsets, expected = minors(projection, 4)
    found = drawn(projection, 4)
    assert stats.chisquare([found.count(s) for s in subsets], expected * DRAWS).pvalue > 1e-3


def test_items_and_pairs_of_a_projection_beyond_one_block():
    size, rank, draws = 150, BLOCK + 11, 1200
    basis = torch.linalg.qr(torch.randn(size, size, generator=torch.Generator().manual_seed(4)).double())[0]
    scaled = basis * torch.linspace(1, 9, size, dtype=torch.float64).unsqueeze(1)
    basis = torch.linalg.qr(scaled[:, :rank])[0]
    subsets = np.zeros((draws, size))
    for draw, subset in enumerate(drawn(basis @ basis.T, rank, draws)):
        subsets[draw, list(subset)] = 1
    matrix = (basis @ basis.T).numpy()
    expected = np.outer(matrix.diagonal(), matrix.diagonal()) - matrix**2  # probability that both are there
    np.fill_diagonal(expected, matrix.diagonal())
    deviations = (subsets.T @ subsets / draws - expected) / np.sqrt(expected * (1 - expected) / draws)
    found = deviations[np.triu_indices(size)]
    assert np.abs(found).max() < 5.5 and abs(found.mean()) < 0.1 and 0.8 < found.var() < 1.4


def test_logarithms_of_polynomials_against_fractions_and_binomials():
    values = [Fraction(1, 3), Fraction(2), Fraction(5, 7), Fraction(11, 10**9), Fraction(10**12), Fraction(0)]
    with np.errstate(divide="ignore"):
        logs = np.log([float(value) for value in values])
    table = log_polynomials(logs, 6)
    for n in range(7):
        for k in range(7):
            exact = sum((math.prod(chosen, start=Fraction(1)) for chosen in combinations(values[:n], k)), Fraction(0))
            assert np.exp(table[n, k]) == pytest.approx(float(exact), rel=1e-13)
    exact = math.comb(3072, 1536)
    digits = len(str(exact)) - 17
    assert log_polynomials(np.zeros(3072), 1536)[-1, -1] == pytest.approx(
        math.log(exact // 10**digits) + digits * math.log(10), rel=1e-13
    )


def test_large_subsets_where_numbers_leave_the_range_of_floats():
    values = torch.logspace(-3, 3, 1200, dtype=torch.float64)
    found = decompose(torch.diag(values))
    subset = samples(found, [600], np.random.default_rng(0))[0]
    inclusion = found.inclusion(600)
    assert len(set(subset.tolist())) == 600 and inclusion.sum() == pytest.approx(600)
    # The number of items among the upper half has the mean of its inclusion probabilities and less than that variance.
    assert abs((subset >= 600).sum() - inclusion[600:].sum()) < 5 * math.sqrt((inclusion * (1 - inclusion)).sum())


def test_several_sizes_from_one_decomposition():
    found = decompose(kernel())
    several = samples(found, [2, 6, 4], np.random.default_rng(0))
    assert [len(subset) for subset in several] == [2, 6, 4]
    assert samples(found, [], np.random.default_rng(0)) == []


def test_threads_change_no_subset():
    features = torch.from_numpy(np.random.default_rng(3).standard_normal((200, 60)))
    matrix = rbf(distances(features @ features.T), 10.0)  # nearly the identity: degenerate eigenvalues
    one, other = [], []
    for number, found in ((1, one), (2, other)):
        with threads(number):
            found += drawn(matrix, 80, 3)
    assert one == other


def test_dppy_draws_by_the_same_law_where_it_is_sound():
    subsets, expected = minors(kernel(6), 3)
    random = np.random.default_rng(0)
    found = [tuple(sample_by_dppy(kernel(6), 3, random).tolist()) for _ in range(1500)]
    assert stats.chisquare([found.count(s) for s in subsets], expected * 1500).pvalue > 1e-3
    with pytest.raises(UserError, match=r"10\^\+-\d+ here \(N = 1100, k = 550\), beyond float64; use sampler: exact"):
        sample_by_dppy(torch.eye(1100, dtype=torch.float64), 550, random)


def test_kernels_from_a_gram_matrix_are_those_of_the_data():
    random = np.random.default_rng(0)
    data, weights = random.standard_normal((200, 6)), random.standard_normal(6)
    inputs, row = torch.from_numpy(data), torch.from_numpy(weights)
    found = edge_distances(inputs.T @ inputs, row)
    direct = ((data * weights)[:, :, None] - (data * weights)[:, None, :]) ** 2
    assert np.allclose(found, direct.sum(0))
    median = np.median(direct.sum(0)[np.triu_indices(6, 1)])
    assert np.allclose(rbf(found, 0.01), np.exp(-0.01 * direct.sum(0)) + 0.01 * np.eye(6))
    # 15 pairs, an odd number, so that all agree on the median.
    assert np.allclose(rbf(found), np.exp(-direct.sum(0) / median) + 0.01 * np.eye(6))
    assert np.allclose(rbf(torch.zeros(3, 3, dtype=torch.float64)), np.ones((3, 3)) + 0.01 * np.eye(3))


@pytest.mark.parametrize(
    ("matrix", "rank", "says_nothing"),
    [(torch.eye(50), 50, 1), (torch.ones(50, 50) + 1e-6 * torch.eye(50), 1, 1), (kernel(50), None, 0)],
)
def test_a_kernel_that_says_nothing_is_told(matrix, rank, says_nothing):
    found = diagnostics(matrix.double(), decompose(matrix), [10])[0]
    assert found["uninformative"] == says_nothing
    assert rank is None or found["effective_rank"] == pytest.approx(rank, rel=1e-2)
    assert found["beyond_effective_rank"] == (rank == 1)
    assert math.isfinite(found["log10_e_k"])


@pytest.mark.parametrize(
    ("matrix", "k", "sentence"),
    [
        (kernel(7, rank=3), 4, r"subset of 4 items is asked for, but the kernel has rank 3 \(of 7 items\)"),
        (kernel(), 0, "subset of 0 of 7 items is asked for; expected at least 1"),
        (kernel(), 8, "subset of 8 of 7 items"),
        (torch.full((2, 2), float("nan")), 1, "square matrix of finite numbers"),
        (torch.zeros(2, 2), 1, "no positive diagonal entry"),
        (torch.tensor([[1.0, 2.0], [2.0, 1.0]]), 1, r"has the eigenvalue -1"),
    ],
)
def test_what_cannot_be_sampled(matrix, k, sentence):
    with pytest.raises(UserError, match=sentence):
        samples(decompose(matrix), [k], np.random.default_rng(0))
