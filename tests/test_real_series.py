"""The study of real time series: stored results, recomputed; classifiers; claims; summary."""

import json

import numpy as np
import pytest
import xarray as xr
from real_cases import SMALL, small
from sklearn.neighbors import KNeighborsClassifier

from book.real_series import STORED
from book.stored import LARGEST_BYTES, keep, stored_results
from relaylib.core.checks import check_choice
from relaylib.networks.conditions import REGIMES
from relaylib.studies.baselines import baseline_accuracy, warped_distances
from relaylib.studies.claims.real import JUDGED, judge_c19, real_claims, real_ledger
from relaylib.studies.real_config import GOALS, RealConfig
from relaylib.studies.real_networks import asked_series
from relaylib.studies.real_series import run_real_series
from relaylib.studies.real_summary import known_from, real_summary
from relaylib.tasks.series import SeriesTask

RECOMPUTED = ("ItalyPowerDemand",)
OF_SEVERAL = ("correlation_unrelated", "overlap_unrelated")  # of pairs of replicates


def test_stored_results_are_recomputed_with_two_replicates(tmp_path):
    stored = stored_results(STORED.name)
    config = json.loads(stored.attrs["configuration"])
    assert config["n_replicates"] == RealConfig().n_replicates
    few = RealConfig(data=RECOMPUTED, n_replicates=2)
    again = run_real_series(few, store=tmp_path)
    wanted = stored.sel(data=list(RECOMPUTED), replicate=[0, 1])
    assert (again.learned.sum() > 0).item()
    for name, values in again.drop_vars(OF_SEVERAL).items():
        labels = {dim: values[dim] for dim in values.dims if dim in values.coords}
        there = wanted[name].sel(labels).transpose(*values.dims)
        np.testing.assert_allclose(there, values, atol=1e-6, err_msg=str(name))


def test_stored_results_are_small_and_say_how_they_were_made():
    assert STORED.stat().st_size < LARGEST_BYTES
    stored = stored_results(STORED.name)
    assert stored.attrs["peak_memory_mb"] < 2000
    for name in ("configuration", "code_hash", "versions", "created"):
        assert stored.attrs[name]
    assert stored.sizes["n_nodes"] == 2
    assert set(stored.regime.values) == set(REGIMES)
    with pytest.raises(ValueError, match="results must be one of"):
        stored_results("nothing.nc")


def test_keep_writes_what_is_read_again(tmp_path):
    given = xr.Dataset({"a": ("x", [1.5, np.nan])}, attrs={"seed": 3})
    keep(given, tmp_path / "kept.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "kept.nc"), given)


def test_networks_that_did_not_learn_are_counted_and_not_analysed():
    found = small()
    first = found.isel(n_nodes=0)
    learned = first.learned == 1
    assert learned.any()
    assert first.correlation.where(~learned).isnull().all()
    assert first.occupied_fraction.where(learned).notnull().sum() == learned.sum()
    goals = xr.DataArray([GOALS[name] for name in SMALL.data], {"data": list(SMALL.data)}, "data")
    above = first.validation_accuracy >= goals
    np.testing.assert_array_equal(above, learned)


def test_accuracies_are_shares_of_the_test_series():
    found = small()
    n_test = found.n_test.sel(data="BasicMotions")
    counted = found.class_accuracy.sel(data="BasicMotions", regime="random") * n_test
    np.testing.assert_allclose(counted, counted.round(), atol=1e-9)
    random = found.accuracy.sel(
        regime="random", n_nodes=12, architecture="GRU", data="BasicMotions"
    )
    assert random.sel(test_delay=[1, 2, 3]).mean() > 0.75


def test_information_is_bounded_and_shuffled_states_relay_little():
    found = small().isel(n_nodes=0)
    assert found.total_bits.max() <= 2 + 1e-9  # of four classes
    assert abs(found.null_bits.sel(data="ItalyPowerDemand")).max() < 0.1
    assert found.decoded.max() <= 1


def test_the_class_is_that_of_the_largest_readout_or_the_sign_of_the_only_one():
    two, four = (asked_series(SeriesTask(name)) for name in ("GunPoint", "BasicMotions"))
    assert len(two.trials.concepts) == 1
    np.testing.assert_array_equal(two.class_answers(two.trials.targets.T[None])[0], two.classes)
    assert len(four.trials.concepts) == 2 + 4
    np.testing.assert_array_equal(four.class_answers(four.trials.targets.T), four.classes)


def test_warped_distances_are_those_of_the_best_alignment():
    series, others = np.array([[0.0], [1.0], [2.0]]), np.array([[[0.0], [0.0], [2.0]]])
    assert warped_distances(series, others) == pytest.approx([1.0])  # 1 goes to 0 or to 2
    late = np.array([[0.0], [0.0], [1.0], [2.0]])
    assert warped_distances(late, np.array([[[0.0], [1.0], [2.0], [2.0]]])) == pytest.approx([0])


def test_baselines_beat_the_largest_class_and_have_intervals():
    train, test = (SeriesTask("GunPoint", split=s, longest=16).series() for s in ("train", "test"))
    found = baseline_accuracy(train, test, seed=1)
    assert (found.baseline_low <= found.baseline_accuracy).all()
    assert (found.baseline_accuracy <= found.baseline_high).all()
    flat = [part.inputs.reshape(len(part.inputs), -1) for part in (train, test)]
    plain = KNeighborsClassifier(1).fit(flat[0], train.classes).score(flat[1], test.classes)
    assert found.baseline_accuracy.min() > max(0.8, plain - 0.15)
    xr.testing.assert_identical(found, baseline_accuracy(train, test, seed=1))


def test_half_is_known_from_the_first_step_that_is_not_left_again():
    bits = xr.DataArray([0.0, 0.6, 0.2, 0.7, 1.0], {"time": [1, 2, 3, 4, 5]}, "time")
    assert known_from(bits) == 4
    assert known_from(bits, share=0.1) == 2
    assert known_from(bits * 0).isnull()
    assert known_from(bits + 5) == 1
    with pytest.raises(ValueError, match="share"):
        known_from(bits, share=0.0)


def test_summary_has_one_line_per_data_set_and_architecture():
    summary = real_summary(small())
    assert (summary.low <= summary.accuracy).all()
    assert (summary.n_learned <= 3).all()
    assert summary.known_from.dims == ("data", "architecture")
    series = small().sel(regime="random", data="BasicMotions", n_nodes=16, architecture="GRU")
    wanted = series.class_accuracy.sel(test_delay=[1, 2, 3, 4, 5]).mean()
    where = {"data": "BasicMotions", "n_nodes": 16, "architecture": "GRU"}
    assert summary.accuracy.sel(where) == pytest.approx(float(wanted))


def test_claims_are_judged_by_the_old_rules_without_networks_that_did_not_learn():
    ledger = real_ledger(small())
    assert list(ledger) == list(SMALL.data)
    for data, claims in ledger.items():
        assert [claim.id for claim in claims] == list(JUDGED)
        assert all(group.group.startswith(data) for c in claims for group in c.groups)
    c5 = ledger["ItalyPowerDemand"][JUDGED.index("C5")]
    assert c5.verdict == "not judged"  # one question has no others
    first = small().isel(n_nodes=0).sel(data="BasicMotions", architecture="GRU")
    group = ledger["BasicMotions"][JUDGED.index("C5")].groups[1]
    assert group.estimate == pytest.approx(float((first.own - first.others).mean()))


def test_c19_is_c5_and_c9_of_all_data_sets():
    ledger = real_ledger(small())
    claim = judge_c19(ledger)
    parts = [c for claims in ledger.values() for c in claims if c.id in ("C5", "C9")]
    assert claim.groups == tuple(group for part in parts for group in part.groups)
    held = [group.holds for group in claim.groups if group.holds is not None]
    wanted = "reproduced" if all(held) else "partly" if any(held) else "not reproduced"
    assert claim.verdict == wanted
    with pytest.raises(ValueError, match="data must be one of"):
        real_claims(small(), "nothing")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", ()),
        ("data", ("nothing",)),
        ("architectures", ("CNN",)),
        ("n_nodes", (1,)),
        ("n_replicates", 0),
        ("jitter", -1.0),
        ("larger_regimes", ("random", "random")),
    ],
)
def test_bad_fields_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        RealConfig(**{field: value})
    check_choice("field", field, RealConfig.__dataclass_fields__)
