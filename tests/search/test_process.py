"""The Gaussian process: scikit-learn's as the oracle, and what it must do at known places."""

import numpy as np
import pytest

from prunegraph.search.process import Process, evidence, fitted, matern

DRAW = np.random.default_rng(0)
PLACES, VALUES = DRAW.normal(size=(12, 3)), DRAW.normal(size=12)


def test_mean_deviation_and_evidence_are_those_of_scikit_learn():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    kernel = ConstantKernel(0.8) * Matern(1.7, nu=2.5) + WhiteKernel(0.2 + 1e-10)
    theirs = GaussianProcessRegressor(kernel, alpha=0, optimizer=None).fit(PLACES, VALUES)
    ours = Process(PLACES, VALUES, 0.0, 1.0, 1.7, 0.8, 0.2)
    elsewhere = np.random.default_rng(1).normal(size=(20, 3))
    mean, deviation = theirs.predict(elsewhere, return_std=True)
    found = ours.at(elsewhere)
    assert found[0] == pytest.approx(mean, abs=1e-9)
    assert found[1] ** 2 == pytest.approx(deviation**2 - 0.2, abs=1e-8)  # theirs is of a noisy value
    assert evidence(PLACES, VALUES, 1.7, 0.8, 0.2) == pytest.approx(theirs.log_marginal_likelihood_value_, abs=1e-8)


def test_the_kernel_at_known_distances():
    # (1 + sqrt(5) + 5 / 3) exp(-sqrt(5)) at a distance of one length.
    assert matern(np.zeros((1, 2)), np.array([[0.0, 2.0]]), 2.0)[0, 0] == pytest.approx(0.5239941)
    assert np.diag(matern(PLACES, PLACES, 1.0)) == pytest.approx(1)


def test_it_learns_a_smooth_function_and_calls_noise_noise():
    places = np.random.default_rng(2).normal(size=(40, 2))
    smooth = np.sin(places[:, 0]) + 0.5 * places[:, 1]
    found = fitted(places, 3 + 10 * smooth)
    assert found.noise < 0.05
    elsewhere = np.random.default_rng(3).uniform(-1, 1, size=(50, 2))
    truth = 3 + 10 * (np.sin(elsewhere[:, 0]) + 0.5 * elsewhere[:, 1])
    assert abs(found.at(elsewhere)[0] - truth).max() < 2
    noise = fitted(places, np.random.default_rng(4).normal(size=40))
    assert noise.noise > 0.5 and noise.at(elsewhere)[0].std() < 0.5


def test_repeats_at_one_place_are_averaged_and_equal_values_are_no_problem():
    places = np.repeat([[0.0], [1.0]], 10, axis=0)
    values = np.concatenate([np.linspace(-1, 1, 10), 2 + np.linspace(-1, 1, 10)])
    mean, deviation = fitted(places, values).at(np.array([[0.0], [1.0]]))
    assert mean == pytest.approx([0, 2], abs=0.3) and (deviation < 0.5).all()
    mean, deviation = fitted(places, np.full(20, 0.7)).at(places)
    assert mean == pytest.approx(0.7) and np.isfinite(deviation).all()


def test_believing_leaves_the_mean_and_takes_the_doubt():
    process = fitted(PLACES, VALUES)
    place = np.array([3.0, 3.0, 3.0])
    before, after = process.at(place[None]), process.believing(place).at(place[None])
    assert after[0] == pytest.approx(before[0]) and after[1] < before[1]
