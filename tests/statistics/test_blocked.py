"""Rank correlations inside blocks, and how much groups differ."""

import numpy as np
import pytest
from scipy import stats

from prunegraph.statistics.blocked import correlation, spread

BLOCKS = np.repeat([0, 1], 8)


def test_in_one_block_it_is_spearmans():
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((2, 20))
    found = correlation(x, y, np.zeros(20), times=50)
    assert found.rho == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found.low <= found.rho <= found.high


def test_what_differs_between_blocks_counts_for_nothing():
    x = np.concatenate([np.arange(8.0), 100 + np.arange(8.0)])
    y = np.concatenate([100 - np.arange(8.0), -np.arange(8.0)])
    found = correlation(x, y, BLOCKS, times=200)
    assert found.rho == pytest.approx(-1) and found.high == pytest.approx(-1) and found.p == pytest.approx(1 / 201)
    assert stats.spearmanr(x, y).statistic < -0.8  # blocks ignored; and the other way round:
    assert correlation(x, np.concatenate([y[:8], y[:8] + 1000]), BLOCKS, times=9).rho == pytest.approx(-1)


def test_a_common_cause_is_held_fixed():
    draw = np.random.default_rng(1)
    cause = draw.standard_normal(300)
    x, y = cause + 0.3 * draw.standard_normal((2, 300))
    blocks = np.arange(300) % 3
    assert correlation(x, y, blocks, times=50).rho > 0.8
    held = correlation(x, y, blocks, cause, times=200)
    assert abs(held.rho) < 0.2 and held.low < 0 < held.high and held.p > 0.05


def test_chance_is_chance():
    draw = np.random.default_rng(2)
    ps = [correlation(*draw.standard_normal((2, 16)), BLOCKS, times=99).p for _ in range(100)]
    assert 0.01 <= np.mean(np.array(ps) <= 0.05) <= 0.12


def test_too_few_or_constant_values_have_no_correlation():
    assert np.isnan(correlation(np.arange(3.0), np.arange(3.0), np.zeros(3))).all()
    assert np.isnan(correlation(np.ones(9), np.arange(9.0), np.zeros(9))).all()


def test_spread_of_a_worked_example():
    """Shrout and Fleiss (1979), table 2: six targets, four judges; ICC(3, 1) is .71, F(5, 15) = 11.02."""
    table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    found = spread(table, np.zeros(6))
    assert found.share == pytest.approx(0.71, abs=0.005)
    assert found.p == pytest.approx(stats.f.sf(11.02, 5, 15), rel=0.02)
    # A block that lies elsewhere changes nothing but the degrees of freedom.
    both = spread(np.concatenate([table, table + 50]), np.repeat([0, 1], 6))
    assert both.share == pytest.approx(found.share) and both.p < found.p


def test_spread_of_one_seed_is_not_known():
    assert np.isnan(spread(np.ones((5, 1)), np.zeros(5))).all()
