"""Rank correlations against shifts, given a trend, and of predictions: known cases."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from relaylib.studies.claims.rank_tests import (
    foretold,
    partial_correlation,
    predictions,
    shift_p,
    shifted_correlations,
)

RNG = np.random.default_rng(0)


def rng():
    return np.random.default_rng(5)


def test_shifted_correlations_are_spearmans_with_every_shift():
    x, y = RNG.random(9), RNG.random(9).round(1)
    wanted = [spearmanr(x, np.roll(y, shift)).statistic for shift in range(9)]
    np.testing.assert_allclose(shifted_correlations(x, y), wanted, atol=1e-12)


def test_a_constant_course_has_no_correlation():
    assert np.isnan(shifted_correlations(np.ones(5), RNG.random(5))).all()
    assert np.isnan(partial_correlation(np.ones(5), RNG.random(5)))


def test_p_is_small_where_changes_coincide_and_uniform_where_they_do_not():
    same = [shifted_correlations(x, x**3) for x in RNG.random((6, 10))]
    assert shift_p(same, rng=rng()) < 0.001
    apart = [
        shift_p([shifted_correlations(*RNG.random((2, 10))) for _ in range(4)], rng=rng())
        for _ in range(60)
    ]
    assert 0.3 < np.mean(apart) < 0.7
    assert np.mean(np.array(apart) < 0.05) < 0.15


def test_p_of_one_network_is_the_share_of_its_shifts():
    correlations = np.array([0.5, 0.9, 0.5, -0.1])
    assert shift_p([correlations], rng=rng()) == pytest.approx(3 / 4, abs=0.02)
    assert np.isnan(shift_p([correlations, np.full(2, np.nan)], rng=rng()))


def test_a_trend_alone_leaves_no_partial_correlation():
    order = np.arange(40.0)
    x, y = (-order + RNG.normal(0, 3, 40) for _ in range(2))
    assert spearmanr(x, y).statistic > 0.8
    assert abs(partial_correlation(x, y)) < 0.3
    shared = RNG.normal(0, 3, 40)
    assert partial_correlation(-order + shared, -order + shared) == pytest.approx(1)


def test_predictions_leave_the_network_itself_out():
    values, outcomes = RNG.random((2, 9)).round(1)  # some are equal
    ranks = rankdata(values)[:, None]
    wanted = cross_val_predict(LinearRegression(), ranks, outcomes, cv=LeaveOneOut())
    np.testing.assert_allclose(predictions(values, outcomes), wanted)
    others = [np.delete(outcomes, i).mean() for i in range(9)]
    np.testing.assert_allclose(predictions(np.ones(9), outcomes), others)
    assert predictions(np.eye(9)[4], outcomes)[4] == pytest.approx(others[4])


def test_what_foretells_does_so_in_either_direction_and_more_than_noise():
    outcomes = RNG.random(30)
    for values in (outcomes**3, -outcomes):
        found = foretold(values, RNG.random(30), outcomes, rng=rng(), level=0.9875)
        assert found.correlation.estimate == pytest.approx(1, abs=0.02)
        assert found.gain.low > 0
        assert found.gain.estimate <= found.correlation.estimate


def test_noise_foretells_nothing_and_no_better_than_a_good_baseline():
    outcomes = RNG.random(30)
    found = foretold(RNG.random(30), outcomes + 1, outcomes, rng=rng())
    assert found.correlation.low < 0
    assert found.gain.high < 0
    same = foretold(outcomes, outcomes, outcomes, rng=rng())
    assert same.gain.estimate == same.gain.low == same.gain.high == 0


def test_a_baseline_worse_than_nothing_counts_as_nothing():
    outcomes = np.arange(20.0)
    found = foretold(
        outcomes, np.zeros(20), outcomes, rng=rng()
    )  # predictions fall as outcomes rise
    assert found.gain.estimate == pytest.approx(found.correlation.estimate)


def test_wider_levels_have_wider_intervals():
    values, outcomes = RNG.random((2, 20))
    wide, narrow = (
        foretold(values, values, outcomes, rng=rng(), level=level).correlation
        for level in (0.99, 0.5)
    )
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.estimate == narrow.estimate


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="y must have shape"):
        shifted_correlations(np.ones(4), np.ones(5))
    with pytest.raises(ValueError, match="number of intervals in x"):
        partial_correlation(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="outcomes must have shape"):
        predictions(np.ones(4), np.ones(5))
    with pytest.raises(ValueError, match="level must be"):
        foretold(np.arange(4.0), np.arange(4.0), np.arange(4.0), rng=rng(), level=0)
