"""Rank correlations on orders whose answer is found by hand."""

from itertools import permutations

import numpy as np
import pytest

from prunegraph.statistics import agreement


def test_pearson_of_anscombes_first_data_set():
    x = np.array([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5], float)
    y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])
    assert agreement.pearson(x, y) == pytest.approx(0.816, abs=5e-4)  # The American Statistician 27 (1973)


@pytest.mark.parametrize(
    ("x", "y", "spearman", "kendall"),
    [
        # 1 - 6 (1 + 1 + 1 + 1) / (5 * 24); 8 of 10 pairs in order, 2 not.
        ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8, 0.6),
        # Ranks 1.5, 1.5, 3 against 1, 2, 3; two pairs in order, of 2 without a tie in x and 3 in y.
        ([1, 1, 2], [1, 2, 3], 1.5 / np.sqrt(1.5 * 2), 2 / np.sqrt(2 * 3)),
        ([1, 2, 3, 4], [9, 7, 5, 1], -1, -1),
    ],
)
def test_rank_correlations_by_hand(x, y, spearman, kendall):
    x, y = np.array(x, float), np.array(y, float)
    assert agreement.spearman(x, y) == pytest.approx(spearman)
    assert agreement.kendall(x, y) == pytest.approx(kendall)


@pytest.mark.parametrize("measure", [agreement.pearson, agreement.spearman, agreement.kendall])
def test_constants_and_pairs_have_no_correlation(measure):
    # The mean of many 0.1 is another number, and the deviations from it are noise.
    assert np.isnan(measure(np.full(5, 0.1), np.arange(5.0)))
    assert np.isnan(measure(np.arange(4.0), np.ones(4)))
    assert np.isnan(measure(np.array([1.0, 2.0]), np.array([1.0, 2.0])))


def test_rank_biased_overlap_by_hand():
    # Two items swapped: nothing shared at depth 1, all at depth 2. p^2 + (1 - p) / p * p^2 = p.
    assert agreement.rank_biased_overlap(np.array([1.0, 2.0]), np.array([2.0, 1.0]), 0.9) == pytest.approx(0.9)
    assert agreement.rank_biased_overlap(np.arange(5.0), np.arange(5.0), 0.7) == pytest.approx(1)


def test_rank_biased_overlap_of_random_orders():
    # A random order shares d/k of its first d items on average.
    p, k = 0.9, 6
    expected = p**k + (1 - p) / p * sum(d / k * p**d for d in range(1, k + 1))
    order = np.arange(float(k))
    values = [agreement.rank_biased_overlap(order, np.array(other, float), p) for other in permutations(range(k))]
    assert np.mean(values) == pytest.approx(expected)
