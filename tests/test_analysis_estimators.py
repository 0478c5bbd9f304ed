"""Both estimators of an analysis, groups of nodes as its units, and its word on the cost."""

import warnings

import numpy as np
import pytest
import xarray as xr
from numpy.random import default_rng
from sklearn.datasets import load_digits

from relaylib.core.progress import LongRunWarning
from relaylib.information.significance import UndersampledWarning
from relaylib.measures import decoder_estimator, estimators
from relaylib.measures.analysis import analyse
from relaylib.measures.drift import overlap, pearson
from relaylib.measures.groups import group_nodes, joint_states
from relaylib.networks.recording import Recording

N = 300
NUMBERS = {"information_bits", "error_bits", "null_bits", "excess_bits", "p_value", "shapley_bits"}
NUMBERS |= {"shapley_error_bits", "total_bits", "relay_bits", "removal_order", "drift", "overlap"}


def recorded(**settings):
    """At times 1 and 2 nodes a[0] and b[0] hold concepts A and B, at time 3 B and A."""
    rng = default_rng(0)
    concepts = rng.integers(3, size=(2, N))
    noise = rng.normal(size=(3, 2, N))
    held = np.stack([concepts, concepts, concepts[::-1]]) + 0.1 * rng.normal(size=(3, 2, N))
    activations = np.concatenate([held[:, :1], noise[:, :1], held[:, 1:], noise[:, 1:]], axis=1)
    names = ["a[0]", "a[1]", "b[0]", "b[1]"]
    settings = {"concepts": ["A", "B"], "nodes": names, "levels": 3} | settings
    return Recording.from_arrays(activations, concepts, concepts, **settings)


def quick(recording=None, **settings):
    settings = {"rng": default_rng(0), "n_shuffles": 19, "n_permutations": 4} | settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndersampledWarning)
        return analyse(recording or recorded(), **settings)


@pytest.mark.parametrize("estimator", ["plugin", "decoder"])
def test_both_estimators_find_who_holds_what_and_when(estimator):
    analysis = quick(estimator=estimator)
    assert set(analysis) >= NUMBERS
    assert analysis.attrs["estimator"] == estimator
    for time, holders in ((1, "ab"), (2, "ab"), (3, "ba")):
        for concept, part in zip("AB", holders, strict=True):
            found = analysis.sel(time=time, concept=concept)
            assert found.removal_order[-1] == f"{part}[0]"
            holder, others = found.sel(node=f"{part}[0]"), found.drop_sel(node=f"{part}[0]")
            assert holder.information_bits == pytest.approx(np.log2(3), abs=0.1)
            assert holder.p_value == 0.05
            assert holder.error_bits < 0.1
            assert (others.p_value > 0.05).all()
            assert holder.shapley_bits > 2 * others.shapley_bits.max()
    np.testing.assert_allclose(analysis.shapley_bits.sum("node"), analysis.total_bits, atol=0.05)


def test_coins_beside_digits_are_nothing_to_a_decoder():
    labels = load_digits().target
    coins = default_rng(2).normal(size=(32, len(labels)))
    recording = Recording.from_arrays(coins, labels, labels, concepts=["digit"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        analysis = analyse(
            recording, rng=default_rng(0), estimator="decoder", n_shuffles=9, n_permutations=0
        )
    assert abs(analysis.information_bits).max() < 0.02
    assert "shapley_bits" not in analysis


def test_drift_and_overlap_compare_with_the_time_before():
    analysis = quick()
    first, second, third = analysis.information_bits.values.reshape(3, -1)
    assert np.isnan(analysis.drift[0])
    assert analysis.drift[1] == pearson(second, first)
    assert analysis.overlap[2] == overlap(third, second)
    assert analysis.drift[1] > 0.9 > 0 > analysis.drift[2]


def test_times_and_concepts_are_chosen():
    everything, part = quick(), quick(times=[3, 1], concepts=["B"])
    assert part.time.values.tolist() == [3, 1]
    assert part.concept.values.tolist() == ["B"]
    wanted = everything.information_bits.sel(time=[3, 1], concept=["B"])
    xr.testing.assert_allclose(part.information_bits, wanted)
    one = quick(recorded().sel(time=2))
    xr.testing.assert_allclose(one.information_bits, everything.information_bits.sel(time=[2]))


@pytest.mark.parametrize("estimator", ["plugin", "decoder"])
@pytest.mark.parametrize("groups", ["parts", {"a": ["a[0]", "a[1]"], "b": ["b[0]", "b[1]"]}])
def test_groups_are_removed_together(estimator, groups):
    analysis = quick(estimator=estimator, groups=groups)
    assert analysis.node.values.tolist() == ["a", "b"]
    early = analysis.sel(time=1)
    assert early.removal_order.sel(removal_step=2).values.tolist() == ["a", "b"]
    assert (analysis.sel(time=3).removal_order.sel(removal_step=2) == ["b", "a"]).all()
    np.testing.assert_allclose(analysis.shapley_bits.sum("node"), analysis.total_bits, atol=0.05)


def test_clusters_hold_nodes_that_do_the_same():
    rng = default_rng(0)
    first, second = rng.normal(size=(2, 50))
    values = np.stack([first, second, -first + 0.1 * rng.normal(size=50), second, np.ones(50)])
    activations = xr.DataArray(values, dims=("node", "sequence"))
    assert group_nodes(activations, 3) == {
        "cluster 1": [0, 2],
        "cluster 2": [1, 3],
        "cluster 3": [4],
    }
    assert group_nodes(activations, 5)["cluster 5"] == [4]
    assert group_nodes(activations, 1) == {"cluster 1": [0, 1, 2, 3, 4]}


def test_joint_states_tell_all_combinations_apart():
    states = xr.DataArray([[0, 0, 1, 1], [0, 1, 0, 1], [7, 7, 7, 9]], dims=("node", "sequence"))
    joint = joint_states(states, {"both": [0, 1], "last": [2]})
    assert joint.node.values.tolist() == ["both", "last"]
    assert joint.sel(node="both").values.tolist() == [0, 1, 2, 3]
    assert joint.sel(node="last").values.tolist() == [0, 0, 0, 1]


def test_groups_with_many_joint_states():
    rng = default_rng(0)
    labels = rng.integers(10, size=900)
    coins = rng.normal(size=(180, 900))
    recording = Recording.from_arrays(coins, labels, labels)
    groups = {str(k): list(range(15 * k + 1, 15 * k + 16)) for k in range(12)}
    few = dict(list(groups.items())[:3])
    analysis = quick(recording, groups=few, n_shuffles=9)
    np.testing.assert_allclose(analysis.shapley_bits.sum("node"), analysis.total_bits, atol=1e-9)
    with pytest.raises(ValueError, match="groups must be at most 10 where"):
        quick(recording, groups=groups)


def test_the_error_of_the_plug_in_is_the_spread_over_samples():
    bits, errors = [], []
    for seed in range(20):
        rng = default_rng(seed)
        x = rng.integers(2, size=N)
        y = np.where(rng.random(N) < 0.85, x, 1 - x)
        one = Recording.from_arrays((2 * x - 1 + rng.normal(size=N))[None], x, y)
        found = quick(one, n_shuffles=9, n_permutations=0).squeeze()
        bits.append(float(found.information_bits))
        errors.append(float(found.error_bits))
    assert np.mean(errors) == pytest.approx(np.std(bits, ddof=1), rel=0.5)


def test_a_population_has_no_error():
    assert (quick(is_population=True).error_bits == 0).all()


@pytest.mark.parametrize(
    ("estimator", "module", "constant"),
    [("plugin", estimators, "_PLUGIN_SECONDS"), ("decoder", decoder_estimator, "_FIT_SECONDS")],
)
def test_a_long_analysis_says_so_before_it_starts(monkeypatch, estimator, module, constant):
    monkeypatch.setattr(module, constant, 10.0)
    with pytest.warns(LongRunWarning, match=f"analysis by {estimator} will take .*choose fewer"):
        quick(estimator=estimator, times=[1], concepts=["A"], n_shuffles=9, n_permutations=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"estimator": "both"}, "estimator must be one of 'plugin', 'decoder'; got 'both'"),
        ({"times": [4]}, "times must be one of 1, 2, 3; got 4"),
        ({"concepts": ["C"]}, "concepts must be one of 'A', 'B'; got 'C'"),
        ({"concepts": ["A", "A"]}, "concepts must be distinct labels"),
        ({"concepts": []}, "concepts must be distinct labels"),
        ({"groups": {"x": ["c"]}}, r"groups must give names to labels of nodes \(a\[0\], .*'x': "),
        ({"groups": {"x": ["a[0]"], "y": ["a[0]"]}}, "groups must hold nodes, each in one"),
        ({"groups": 5}, "groups must be in 1..4, got 5"),
        ({"groups": "layers"}, 'groups must be a dictionary of labels of nodes, "parts"'),
        ({"n_permutations": 1}, "n_permutations must be 0 or at least 2, got 1"),
        ({"n_shuffles": 8}, "n_shuffles must be in 9.."),
    ],
)
def test_bad_input_is_named(changed, message):
    with pytest.raises((ValueError, TypeError), match=message):
        quick(**changed)
