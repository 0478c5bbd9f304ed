"""Cross-temporal decoding: scikit-learn as reference, and networks made by hand."""

import numpy as np
import pytest
import xarray as xr
from handmade import MATRICES, noisy_states
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from relaylib.measures.decoding import by_lag, cross_temporal_decoding, shrunk_covariance


def decoded(name):
    return cross_temporal_decoding(
        *noisy_states(name, 300, seed=0), *noisy_states(name, 200, seed=1)
    )


def drawn(seed, n, shift):
    """States of 2 networks, 3 steps and 5 nodes; one node is silent, one very large."""
    rng = np.random.default_rng(seed)
    signs = np.where(rng.random((2, n)) < 0.4, 1.0, -1.0)
    x = rng.standard_normal((2, 3, 5, n)) + shift[..., None] * signs[0] + 0.3 * signs[1]
    x[:, :, 3], x[:, :, 4] = 0.7, 100 * x[:, :, 4]
    coords = {"time": [10, 11, 12]}
    states = xr.DataArray(x, coords, ("network", "time", "node", "sequence"))
    return states, xr.DataArray(signs, {"concept": ["A", "B"]}, ("concept", "sequence"))


@pytest.mark.parametrize("n", [40, 200])
def test_equals_scikit_learn(n):
    shift = np.random.default_rng(9).normal(0, 0.5, (2, 3, 5))
    (x, x_in), (tested, truth) = drawn(0, n, shift), drawn(1, 150, shift)
    found = cross_temporal_decoding(x, x_in, tested, truth)
    for network, i, concept in np.ndindex(2, 3, 2):
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        lda.fit(x.values[network, i].T, x_in.values[concept])
        for j in range(3):
            expected = lda.score(tested.values[network, j].T, truth.values[concept])
            assert found.values[network, i, j, concept] == pytest.approx(expected, abs=1e-12)


def test_covariance_is_shrunk_as_in_scikit_learn():
    x = np.random.default_rng(3).standard_normal((4, 6, 30)) * np.arange(1, 7)[:, None]
    for one, found in zip(x, shrunk_covariance(x), strict=True):
        spread = one.std(axis=1)
        centred = (one - one.mean(axis=1, keepdims=True)) / spread[:, None]
        expected = ledoit_wolf(centred.T)[0] * np.outer(spread, spread)
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_code_that_stays_is_read_by_every_decoder():
    assert (decoded("copies") > 0.99).all()


def test_a_code_that_flips_is_below_chance_after_odd_lags():
    lags = by_lag(decoded("flips").mean("concept"), "trained_at", "tested_at").squeeze()
    np.testing.assert_allclose(lags, [1, 0, 1, 0, 1], atol=0.01)


def test_a_code_that_rotates_is_orthogonal_and_then_reversed():
    lags = by_lag(decoded("rotates").mean("concept"), "trained_at", "tested_at").squeeze()
    np.testing.assert_allclose(lags[[0, 2, 4]], [1, 0, 1], atol=0.01)
    np.testing.assert_allclose(lags[[1, 3]], 0.5, atol=0.06)


def test_a_code_that_is_forgotten_is_read_only_where_it_arrived():
    matrix = decoded("forgets").mean("concept").squeeze()
    assert matrix[0, 0] > 0.99
    np.testing.assert_allclose(matrix.values[1:, 1:], 0.5, atol=0.12)


@pytest.mark.parametrize("name", MATRICES)
def test_result_is_labelled(name):
    found = decoded(name)
    assert found.dims == ("network", "trained_at", "tested_at", "concept")
    assert found.trained_at.values.tolist() == found.tested_at.values.tolist() == [3, 4, 5, 6, 7]
    assert found.concept.values.tolist() == ["A", "B"]
    shuffled = [each.transpose() for each in noisy_states(name, 300, seed=0)]
    xr.testing.assert_equal(
        cross_temporal_decoding(*shuffled, *noisy_states(name, 200, seed=1)), found
    )


def test_by_lag_leaves_out_what_is_not_there():
    matrix = xr.DataArray(
        [[1.0, 2.0, np.nan], [4.0, 5.0, np.nan], [np.nan] * 3],
        {"i": [3, 4, 5], "j": [3, 4, 5]},
        ("i", "j"),
    )
    np.testing.assert_array_equal(by_lag(matrix, "i", "j"), [3, 3, np.nan])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x, y: (x.rename(node="a"), y, x, y), ValueError, "activations must have dim"),
        (lambda x, y: (x, abs(y), x, y), ValueError, "both values of every concept"),
        (lambda x, y: (x, y, x.isel(time=[0, 1]), y), ValueError, "must have the same labels"),
        (lambda x, y: (x, y.isel(sequence=slice(5)), x, y), ValueError, "must fit the activations"),
        (lambda x, y: (x * np.nan, y, x, y), ValueError, "activations must be finite"),
    ],
)
def test_bad_input_is_named(change, error, message):
    with pytest.raises(error, match=message):
        cross_temporal_decoding(*change(*noisy_states("copies", 40, seed=0)))
