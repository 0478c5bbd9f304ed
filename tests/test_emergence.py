"""When relays appear: known courses have known half epochs and forecasts."""

import numpy as np
import pytest
import xarray as xr

from relaylib.measures.emergence import auc, emergence

EPOCHS = [0, 1, 2, 4, 8]


def course(total: list[float], bits: np.ndarray, stopped: int = 7) -> xr.Dataset:
    """One network, two concepts: the first with this course, the second relays nothing."""
    relay = np.zeros((1, 5, 1, 2))
    relay[0, :, 0, 0] = total
    matrix = np.zeros((1, 5, 1, 2, 4))
    matrix[0, :, 0, 0] = bits
    dims = ("replicate", "epoch", "time", "concept")
    return xr.Dataset(
        {
            "relay_bits": (dims, relay),
            "information_bits": ((*dims, "node"), matrix),
            "stopped_epoch": ("replicate", [stopped]),
        },
        {"epoch": EPOCHS, "time": [10], "concept": [0, 1], "input_end": 10},
    )


def test_half_and_settled_epochs_of_a_course_that_drops_in_between():
    bits = np.tile([1.0, 1.0, 0.0, 0.0], (5, 1))
    found = emergence(course([0, 0.6, 0.2, 0.5, 1.0], bits)).isel(replicate=0, concept=0)
    assert found.half_epoch == 1
    assert found.settled_epoch == 4
    assert found.half_fraction == pytest.approx(1 / 7)
    assert found.relaying_nodes == 2
    assert found.forecast_auc == 1


def test_an_epoch_after_the_end_of_training_is_its_end():
    bits = np.tile([1.0, 1.0, 0.0, 0.0], (5, 1))
    found = emergence(course([0, 0, 0, 0, 1.0], bits)).isel(replicate=0, concept=0)
    assert found.half_epoch == found.settled_epoch == 7
    assert np.isnan(found.forecast_auc)  # no later epoch to forecast


def test_forecast_is_by_the_bits_at_the_half_epoch():
    bits = np.zeros((5, 4))
    bits[2] = [0.1, 0.6, 0.2, 0.3]
    bits[-1] = [1.0, 1.0, 0.0, 0.4]
    found = emergence(course([0, 0, 0.6, 0.9, 1.0], bits)).isel(replicate=0, concept=0)
    assert found.half_epoch == 2
    assert found.forecast_auc == pytest.approx(0.5)  # 0.6 beats both, 0.1 neither
    assert found.other_concept_auc == 0.5  # silent: every pair a tie


def test_a_concept_that_is_not_relayed_has_no_half():
    bits = np.tile([1.0, 1.0, 0.0, 0.0], (5, 1))
    found = emergence(course([0, 0, 0.6, 0.9, 1.0], bits)).isel(replicate=0, concept=1)
    assert all(np.isnan(value) for value in found.values())


def test_auc_counts_pairs_and_halves_ties():
    score = xr.DataArray([0.9, 0.2, 0.2, 0.1], dims="node")
    positive = xr.DataArray([True, True, False, False], dims="node")
    assert auc(score, positive) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert np.isnan(auc(score, positive | True))


def test_time_is_the_end_of_the_input_where_none_is_given():
    history = course([0, 0, 0.6, 0.9, 1.0], np.eye(5, 4)).reindex(time=[10, 14], fill_value=0.1)
    history.relay_bits.loc[{"time": 14, "epoch": 8}] = 1.0
    history = history.assign_coords(input_end=14)
    assert emergence(history).half_epoch.isel(concept=0).item() == 7
    assert emergence(history).attrs["time"] == 14
    xr.testing.assert_identical(emergence(history, time=14), emergence(history))
    assert emergence(history, time=10).half_epoch.isel(concept=0).item() == 2
    with pytest.raises(ValueError, match="time must be given"):
        emergence(history.drop_vars("input_end"))


def test_concepts_may_have_names():
    bits = np.zeros((5, 4))
    bits[2], bits[-1] = [0.1, 0.6, 0.2, 0.3], [1.0, 1.0, 0.0, 0.4]
    history = course([0, 0, 0.6, 0.9, 1.0], bits)
    named = history.assign_coords(concept=["A", "B"], concept_name=("concept", ["A", "B"]))
    found = emergence(named, time=10).sel(concept="A")
    assert found.half_epoch == 2
    assert found.forecast_auc == 0.5


@pytest.mark.parametrize("value", ["increment", "aggregate"])
def test_values_that_do_not_reach_the_total_are_refused(value):
    data = course([0, 0, 0, 0, 1.0], np.ones((5, 4)))
    data.information_bits.attrs["value"] = value
    with pytest.raises(ValueError, match=f"history must hold cumulative .* got value '{value}'"):
        emergence(data)


@pytest.mark.parametrize(("name", "value"), [("time", 3), ("level", 0.0), ("level", 1.5)])
def test_bad_arguments_are_named(name, value):
    data = course([0, 0, 0, 0, 1.0], np.ones((5, 4)))
    with pytest.raises(ValueError, match=name):
        emergence(data, **{name: value})
