"""Drift and overlap of information matrices, on cases whose answer is known."""

import hypothesis.strategies as st
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis.extra.numpy import arrays

from relaylib.measures.drift import (
    bits_before,
    drift,
    median_replicate,
    overlap,
    pearson,
    persistence,
)

MATRICES = arrays(float, (2, 36), elements=st.floats(0, 1).map(lambda bits: round(bits, 3)))


def study_bits(values: np.ndarray, regimes: tuple[str, ...] = ("2", "random")) -> xr.DataArray:
    """Label (regime, replicate, time, concept, node) values as a study of 10 steps does."""
    delays = [5 if regime == "random" else int(regime) for regime in regimes]
    return xr.DataArray(
        values,
        dims=("regime", "replicate", "time", "concept", "node"),
        coords={
            "input_end": 10,
            "regime": list(regimes),
            "answer_delay": ("regime", delays),
            "time": np.arange(1, values.shape[2] + 1),
            "concept": np.arange(values.shape[3]),
            "concept_name": ("concept", [f"c{i}" for i in range(values.shape[3])]),
        },
    )


@pytest.fixture
def random_bits() -> xr.DataArray:
    return study_bits(np.random.default_rng(1).random((2, 4, 15, 3, 12)))


def test_pearson_is_numpys() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 5, 36))
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(pearson(a, b), expected, rtol=1e-12)


def test_pearson_of_a_constant_matrix_is_undefined() -> None:
    assert np.isnan(pearson(np.full(36, 0.1), np.arange(36.0)))
    assert np.isnan(pearson(np.arange(36.0), np.zeros(36)))


def test_overlap_of_known_vectors() -> None:
    assert overlap([1, 1, 0, 0], [0, 1, 1, 0]) == pytest.approx(1 / 3)
    assert overlap([1.0, 0.5], [0.5, 1.0]) == pytest.approx(1 / 2)
    assert overlap([1, 0], [0, 1]) == 0
    assert np.isnan(overlap([0, 0], [0, 0]))


def test_overlap_keeps_the_sign_of_synergy() -> None:
    assert overlap([1.0, -0.5], [1.0, 0.0]) == pytest.approx(0.5)


@given(MATRICES)
def test_bounds_symmetry_and_identity(pair: np.ndarray) -> None:
    first, second = pair
    assert overlap(first, second) == pytest.approx(overlap(second, first), nan_ok=True)
    assert pearson(first, second) == pytest.approx(pearson(second, first), nan_ok=True)
    if first.any():
        assert 0 <= overlap(first, second) <= 1
        assert overlap(first, first) == 1
    if np.ptp(first) > 0:
        assert pearson(first, first) == pytest.approx(1)
        assert pearson(first, 1 - first) == pytest.approx(-1)


def test_information_that_stays_does_not_drift(random_bits: xr.DataArray) -> None:
    still = random_bits.copy(data=np.broadcast_to(random_bits.values[:, :, :1], random_bits.shape))
    compared = drift(still)
    np.testing.assert_allclose(compared.correlation, 1)
    np.testing.assert_allclose(compared.overlap, 1)


def test_information_that_hops_overlaps_only_when_it_is_back() -> None:
    bits = np.zeros((1, 1, 15, 3, 12))
    bits[:, :, ::2, :, :6], bits[:, :, 1::2, :, 6:] = 1, 1
    hopping = study_bits(bits, ("5",))
    assert drift(hopping, lag=1).correlation.item() == pytest.approx(-1)
    assert drift(hopping, lag=1).overlap.item() == 0
    assert drift(hopping, lag=2).correlation.item() == pytest.approx(1)
    assert drift(hopping, lag=2).overlap.item() == 1


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 5])
def test_pairs_run_from_the_last_input_to_the_answer(random_bits: xr.DataArray, lag: int) -> None:
    compared = drift(random_bits, lag=lag)
    assert (compared.attrs["lag"], compared.attrs["first_time"]) == (lag, 10)
    assert compared.n_pairs.values.tolist() == [max(3 - lag, 0), 6 - lag]
    first, last = 10, {"2": 12, "random": 15}
    for regime in ("2", "random"):
        matrices = random_bits.sel(regime=regime, replicate=1)
        expected = [
            np.corrcoef(
                matrices.sel(time=t).values.ravel(), matrices.sel(time=t + lag).values.ravel()
            )[0, 1]
            for t in range(first, last[regime] - lag + 1)
        ]
        value = compared.correlation.sel(regime=regime, replicate=1).item()
        if expected:
            assert value == pytest.approx(np.mean(expected))
        else:
            assert np.isnan(value)


def test_a_pair_without_r_is_left_out_of_the_mean() -> None:
    bits = np.random.default_rng(3).random((1, 1, 15, 3, 12))
    bits[:, :, 10] = 0.5  # time 11 is constant: pairs (10, 11) and (11, 12) have no r
    values = study_bits(bits, ("3",))
    last = pearson(bits[0, 0, 11].ravel(), bits[0, 0, 12].ravel())
    assert drift(values).correlation.item() == pytest.approx(last)


def test_the_null_takes_the_later_matrix_from_another_network(random_bits: xr.DataArray) -> None:
    compared = drift(random_bits).sel(regime="2")
    bits = random_bits.sel(regime="2").values.reshape(4, 15, 36)
    mine = [np.corrcoef(bits[1, t], bits[0, t + 1])[0, 1] for t in (9, 10)]
    assert compared.correlation_unrelated[1].item() == pytest.approx(np.mean(mine))
    assert compared.overlap_unrelated[1].item() == pytest.approx(
        overlap(bits[1, 9:11], bits[0, 10:12]).mean()
    )
    assert drift(random_bits.isel(replicate=[0])).overlap_unrelated.isnull().all()


def test_dimensions_keep_their_order_and_concept_names_go(random_bits: xr.DataArray) -> None:
    many = random_bits.expand_dims(task=["memory"], architecture=["RNN"])
    compared = drift(many)
    assert compared.correlation.dims == ("task", "architecture", "regime", "replicate")
    assert "concept_name" not in compared.coords


def test_windows_of_a_longer_task_start_at_the_end_of_its_input() -> None:
    values = np.random.default_rng(5).random((2, 3, 19, 3, 12))
    bits = study_bits(values).assign_coords(input_end=14)
    compared = drift(bits).sel(regime="2")
    network = values[0, 1].reshape(19, 36)
    at_end, too_early = (
        np.mean([np.corrcoef(network[t - 1], network[t])[0, 1] for t in (first, first + 1)])
        for first in (14, 10)
    )
    assert compared.correlation.sel(replicate=1).item() == pytest.approx(at_end)
    assert abs(at_end - too_early) > 0.01
    assert drift(bits, first_time=10).sel(regime="2").correlation[1].item() == pytest.approx(
        too_early
    )
    xr.testing.assert_identical(
        drift(bits).drop_vars(["input_end", "answer_delay"]),
        drift(
            bits.drop_vars(["input_end", "answer_delay"]).assign_coords(
                answer_delay=("regime", [2, 5])
            ),
            first_time=14,
        ).drop_vars("answer_delay"),
    )


def test_entries_after_the_answer_need_not_be_defined(random_bits: xr.DataArray) -> None:
    partial = random_bits.where((random_bits.regime == "random") | (random_bits.time <= 12))
    xr.testing.assert_identical(drift(partial), drift(random_bits))
    with pytest.raises(ValueError, match="information_bits must be finite"):
        drift(partial, answer_delay=5)


def test_dimensions_may_be_in_any_order_and_regime_and_replicate_missing(
    random_bits: xr.DataArray,
) -> None:
    whole = drift(random_bits)
    turned = drift(random_bits.transpose("node", "time", "replicate", "concept", "regime"))
    xr.testing.assert_allclose(turned.correlation, whole.correlation.transpose())
    alone = drift(
        random_bits.sel(regime="random", replicate=2, drop=True).assign_coords(answer_delay=5)
    )
    assert alone.correlation.item() == whole.correlation.sel(regime="random", replicate=2).item()
    assert set(alone) == {"n_pairs", "correlation", "overlap"}
    plain = random_bits.drop_vars("answer_delay")
    fixed = drift(plain, answer_delay=3)
    assert fixed.n_pairs.item() == 3
    with pytest.raises(ValueError, match="answer_delay must be given"):
        drift(plain)
    with pytest.raises(ValueError, match="first_time must be given"):
        drift(random_bits.drop_vars("input_end"))


def test_whole_numbers_of_numpy_are_stored_as_pythons(random_bits: xr.DataArray) -> None:
    assert type(drift(random_bits, lag=np.uint8(2)).attrs["lag"]) is int
    with pytest.raises(TypeError, match="lag must be a whole number"):
        drift(random_bits, lag=1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lag": 0}, "lag must be in 1..15"),
        ({"answer_delay": 6}, r"missing: \[16\]"),
        ({"answer_delay": 2**40}, "answer_delay must be in 0..15"),
        ({"first_time": 0, "answer_delay": 2}, r"missing: \[0\]"),
    ],
)
def test_bad_arguments_are_named(random_bits: xr.DataArray, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        drift(random_bits, **change)


def test_missing_dimensions_and_bad_values_are_named(random_bits: xr.DataArray) -> None:
    with pytest.raises(ValueError, match=r"missing \['time'\]"):
        drift(random_bits.isel(time=0))
    with pytest.raises(ValueError, match="second must have shape"):
        pearson([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="first must be finite"):
        overlap([np.nan, 1], [1, 1])
    with pytest.raises(ValueError, match="onsets must name one time"):
        persistence(random_bits, (4, 7))
    with pytest.raises(ValueError, match=r"settle must be in 0\.\.5"):
        persistence(random_bits, (4, 7, 10), settle=6)
    with pytest.raises(ValueError, match=r"each concept of \['c0', 'c1', 'c2'\]"):
        bits_before(random_bits, {"c0": 4, "c1": 7, "d": 10})
    with pytest.raises(TypeError, match="onsets must be a whole number"):
        bits_before(random_bits, (4, 7, 9.5))


def test_persistence_compares_each_concepts_row(random_bits: xr.DataArray) -> None:
    r = persistence(random_bits, (4, 7, 10), settle=3)
    case = random_bits.sel(regime="2", replicate=2)
    for concept, settled in enumerate((7, 10, 13)):
        row = case.sel(concept=concept)
        expected = np.corrcoef(row.sel(time=settled), row.sel(time=15))[0, 1]
        assert r.sel(regime="2", replicate=2, concept=concept).item() == pytest.approx(expected)


def test_bits_before_uses_the_steps_before_the_onset_alone() -> None:
    bits = np.zeros((1, 1, 15, 3, 12))
    bits[0, 0, 3:, 0], bits[0, 0, 5, 1, 4], bits[0, 0, 8, 2, 0] = 1, -0.25, 0.5
    found = bits_before(study_bits(bits, ("5",)), (4, 7, 10))
    assert found.squeeze().values.tolist() == [0, 0.25, 0.5]


def test_onsets_may_be_named(random_bits: xr.DataArray) -> None:
    named = random_bits.assign_coords(concept=random_bits.concept_name.values)
    onsets = {"c2": 10, "c0": 4, "c1": 7}
    for bits in (random_bits, named):
        for measure in (persistence, bits_before):
            xr.testing.assert_identical(measure(bits, onsets), measure(bits, (4, 7, 10)))
    assert persistence(named, onsets).concept.values.tolist() == ["c0", "c1", "c2"]


def test_median_replicate_is_the_one_in_the_middle() -> None:
    values = xr.DataArray(
        [[0.9, 0.1, 0.5], [0.4, np.nan, 0.2]],
        dims=("architecture", "replicate"),
        coords={"replicate": [0, 1, 2]},
    )
    assert median_replicate(values).values.tolist() == [2, 2]
    with pytest.raises(ValueError, match="NaN alone"):
        median_replicate(values.where(False))
    with pytest.raises(ValueError, match="dimensions"):
        median_replicate(values.isel(replicate=0))
