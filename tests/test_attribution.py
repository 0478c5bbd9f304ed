"""Plain scores of nodes, and how scores are compared: known values and second routes."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr
from sklearn.linear_model import Ridge
from sklearn.metrics import mutual_info_score

from relaylib.information.entropy import mutual_information
from relaylib.measures.attribution import (
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


def test_node_information_is_scikit_learns_for_any_alphabet():
    rng = np.random.default_rng(0)
    states, x_in = rng.integers(0, 4, (3, 5, 40)), rng.integers(-1, 2, (2, 40))
    bits = node_information(states, x_in)
    for network, concept, node in np.ndindex(3, 2, 5):
        expected = mutual_info_score(x_in[concept], states[network, node]) / np.log(2)
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
    with pytest.raises(ValueError, match="ridge must be > 0, got"):
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


def test_prediction_compares_sets_of_one_size_alone():
    sizes = np.repeat([1, 5], 50)
    rng = np.random.default_rng(3)
    score = sizes + 0.1 * rng.random(100)  # depends on the size, and on noise
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


def test_scores_that_do_not_fit_are_refused():
    score, holes = np.arange(4.0), np.array([0, 1, np.nan, 3])
    with pytest.raises(ValueError, match="b must have as many nodes as a, 4, got 1"):
        rank_agreement(score, score[:1])
    with pytest.raises(ValueError, match="two nodes or more"):
        rank_agreement(score[:1], score[:1])
    with pytest.raises(ValueError, match="a must be finite"):
        rank_agreement(holes, score)
    with pytest.raises(ValueError, match="losses must be finite"):
        rank_prediction(score, holes, np.ones(4))
    with pytest.raises(ValueError, match="sizes must be finite"):
        rank_prediction(score, score, holes)
    with pytest.raises(TypeError, match="scores must hold real numbers"):
        rank_prediction(np.array(list("abcd")), score, np.ones(4))
