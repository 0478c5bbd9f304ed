"""Plain scores of nodes, and how scores are compared: known values and second routes."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr
from sklearn.linear_model import Ridge

from relaylib.information.entropy import mutual_information
from relaylib.measures.attribution import (
    bootstrap_interval,
    node_information,
    probe_weights,
    rank_agreement,
    rank_prediction,
)

BIT = np.array([0, 1, 0, 1])
KEY = np.array([0, 0, 1, 1])


def test_information_of_a_copy_a_half_copy_noise_and_silence():
    states = np.array([[BIT, [0, 1, 0, 0], KEY, [0, 0, 0, 0]]])
    half = mutual_information(BIT, np.array([0, 1, 0, 0]))
    assert 0.3 < half < 0.32
    assert node_information(states, BIT[None])[0, 0] == pytest.approx([1, half, 0, 0])


def test_node_information_equals_the_plain_one_for_any_alphabet():
    rng = np.random.default_rng(0)
    states, x_in = rng.integers(0, 4, (3, 5, 40)), rng.integers(-1, 2, (2, 40))
    bits = node_information(states, x_in)
    for network, concept, node in np.ndindex(3, 2, 5):
        expected = mutual_information(x_in[concept], states[network, node])
        assert bits[network, concept, node] == pytest.approx(expected, abs=1e-12)


def test_probe_is_ridge_regression_on_standardised_activations():
    rng = np.random.default_rng(1)
    activations, x_in = rng.normal(size=(2, 4, 30)), rng.choice([-1, 1], (3, 30))
    activations[1, 2] = 0.3 + 1e-7 * rng.normal(size=30)  # constant up to rounding
    weights = probe_weights(activations, x_in, ridge=0.05)
    for network, concept in np.ndindex(2, 3):
        z = activations[network].T - activations[network].mean(axis=1)
        z = z / z.std(axis=0) * (np.ptp(z, axis=0) > 1e-5)
        fitted = Ridge(alpha=0.05 * 30).fit(z, x_in[concept])
        assert weights[network, concept] == pytest.approx(np.abs(fitted.coef_))
    assert (weights[1, :, 2] == 0).all()
    with pytest.raises(ValueError, match="ridge must be positive"):
        probe_weights(activations, x_in, ridge=0)


def test_agreement_is_kendalls_tau_b():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 5, (6, 12)), rng.integers(0, 5, (6, 12))
    expected = [kendalltau(x, y).statistic for x, y in zip(a, b, strict=True)]
    assert rank_agreement(a, b) == pytest.approx(expected)
    rounding = 1e-12 * rng.normal(size=a.shape)  # is no difference
    assert rank_agreement(a + rounding, b) == pytest.approx(expected)


def test_agreement_of_the_same_the_reverse_and_a_constant():
    score = np.arange(12)
    agreement = rank_agreement(score, np.stack([score**3, -score, np.zeros(12)]))
    assert agreement == pytest.approx([1, -1, np.nan], nan_ok=True)


def test_prediction_is_not_fooled_by_size():
    sizes = np.repeat([1, 5], 50)
    rng = np.random.default_rng(3)
    score = sizes + 0.1 * rng.random(100)  # tells sizes apart, and nothing else
    loss = sizes + 0.1 * rng.random(100)
    assert spearmanr(score, loss).statistic > 0.7
    assert abs(rank_prediction(score, loss, sizes)) < 0.2
    assert rank_prediction(loss**3, loss, sizes) == pytest.approx(1)
    assert np.isnan(rank_prediction(sizes, loss, sizes))


def test_prediction_at_one_size_is_spearmans():
    rng = np.random.default_rng(4)
    score, loss = rng.integers(0, 9, (3, 20)), rng.integers(0, 9, (3, 20))
    expected = [spearmanr(x, y).statistic for x, y in zip(score, loss, strict=True)]
    assert rank_prediction(score, loss, np.full(20, 4)) == pytest.approx(expected)
    with pytest.raises(ValueError, match="same sets, got 20, 20 and 3"):
        rank_prediction(score, loss, np.ones(3))


def test_bootstrap_interval_of_a_normal_mean():
    values = np.random.default_rng(5).normal(3, 2, (200, 2))
    low, high = bootstrap_interval(values, rng=np.random.default_rng(6))
    error = 1.96 * values.std(axis=0) / np.sqrt(200)
    assert low == pytest.approx(values.mean(axis=0) - error, abs=0.05)
    assert high == pytest.approx(values.mean(axis=0) + error, abs=0.05)


def test_bootstrap_leaves_out_what_is_unknown():
    values = np.full((10, 3), np.nan)
    values[:, 0] = 2
    values[3, 1] = 7
    low, high = bootstrap_interval(values, rng=np.random.default_rng(0), n_resamples=100)
    assert low == pytest.approx([2, 7, np.nan], nan_ok=True)
    assert high == pytest.approx([2, 7, np.nan], nan_ok=True)
