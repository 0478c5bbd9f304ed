"""The bootstrap: known intervals, undefined values, and scipy as a second route."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from relaylib.core.bootstrap import bootstrap_interval, resampled

NAN = np.nan


def replicates(*columns):
    return xr.DataArray(np.array(columns, dtype=float), dims=("concept", "replicate"))


def normal_sample(n_samples, n, seed=0):
    return np.random.default_rng(seed).normal(3, 2, (n_samples, n))


def interval(values, *, seed=1, **options):
    return bootstrap_interval(values, rng=np.random.default_rng(seed), **options)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_interval_is_that_of_scipy(statistic):
    sample = normal_sample(1, 40)[0]
    found = interval(replicates(sample), statistic=statistic).squeeze()
    expected = stats.bootstrap(
        (sample,),
        getattr(np, statistic),
        method="percentile",
        n_resamples=10_000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert found.estimate == getattr(np, statistic)(sample)
    assert found.low == pytest.approx(expected.low, abs=0.05)
    assert found.high == pytest.approx(expected.high, abs=0.05)


def test_interval_of_a_median_follows_its_standard_error():
    found = interval(replicates(normal_sample(1, 400)[0]), statistic="median").squeeze()
    assert float(found.high - found.low) == pytest.approx(4 * 1.25 * 2 / 20, rel=0.3)


def test_95_percent_intervals_cover_the_mean_of_a_normal_distribution():
    found = interval(replicates(*normal_sample(300, 20)))
    covered = float(((found.low <= 3) & (found.high >= 3)).mean())
    assert 0.88 <= covered <= 0.98


def test_undefined_values_are_left_out_and_counted():
    found = interval(replicates([1, NAN, 4, 2], [NAN] * 4, [NAN, 7, NAN, NAN], [2] * 4))
    assert found.n.values.tolist() == [3, 0, 1, 4]
    np.testing.assert_array_equal(found.estimate, [7 / 3, NAN, 7, 2])
    np.testing.assert_array_equal(found.low, [1, NAN, NAN, 2])
    np.testing.assert_array_equal(found.high, [4, NAN, NAN, 2])


def test_undefined_values_do_not_change_the_draws():
    full, holes = [1.0, 4.0, 2.0], [NAN, 1.0, NAN, 4.0, 2.0]
    same = (resampled(values, rng=np.random.default_rng(3)) for values in (full, holes))
    np.testing.assert_array_equal(*same)


def test_resamples_of_no_value_are_undefined():
    assert np.isnan(resampled([NAN, NAN], rng=np.random.default_rng(0), n_resamples=5)).all()


def test_the_same_seed_gives_the_same_bits():
    values = replicates(*normal_sample(2, 30))
    xr.testing.assert_identical(interval(values), interval(values))
    assert not interval(values).equals(interval(values, seed=2))


def test_columns_are_resampled_one_after_the_other():
    values, rng = replicates(*normal_sample(2, 30)), np.random.default_rng(1)
    found = interval(values.transpose())
    for column, low in zip(values.values, found.low, strict=True):
        assert low == np.quantile(resampled(column, rng=rng), 0.025)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"values": replicates([1, np.inf, NAN])},
            ValueError,
            "values must be finite",
        ),
        ({"values": replicates([1, 2]).astype(str)}, TypeError, "values must hold real numbers"),
        ({"values": replicates([1, 2]).rename(replicate="network")}, ValueError, "replicate"),
        ({"values": np.arange(3.0)}, TypeError, "values must be labelled"),
        ({"statistic": "max"}, ValueError, "statistic must be one of 'mean', 'median'"),
        ({"rng": 42}, TypeError, "rng must be a numpy"),
        ({"rng": None}, TypeError, "rng must be a numpy"),
    ],
)
def test_bad_input_is_named(change, error, message):
    arguments = {"values": replicates([1, 2, 3]), "rng": np.random.default_rng(0)} | change
    values = arguments.pop("values")
    with pytest.raises(error, match=message):
        bootstrap_interval(values, **arguments)


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        ([[1.0, 2.0]], {}, ValueError, r"values must have shape \(any\)"),
        ([1.0, np.inf], {}, ValueError, "values must be finite"),
        (np.ma.masked_less([1.0, 2.0], 2), {}, TypeError, "not be masked"),
        ([1.0, 2.0], {"n_resamples": 0}, ValueError, "n_resamples must be in 1"),
    ],
)
def test_bad_values_to_resample_are_named(values, options, error, message):
    with pytest.raises(error, match=message):
        resampled(values, rng=np.random.default_rng(0), **options)
