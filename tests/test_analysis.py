"""An analysis finds the nodes that relay, and gives chance no credit."""

import numpy as np
import pytest
import xarray as xr
from numpy.random import default_rng

import relaylib
from relaylib.information.relay import greedy_orders, node_values
from relaylib.information.significance import UndersampledWarning
from relaylib.measures.analysis import AnswersAtChanceWarning, analyse
from relaylib.networks.recording import Recording
from relaylib.studies.study import record_condition

N = 400


def recorded(n_noise: int = 2, n_classes: int = 2, **settings: object) -> Recording:
    """Node "copy" holds the first concept, "other" the second; the rest are coins."""
    rng = default_rng(1)
    concepts = rng.integers(n_classes, size=(2, N))
    noise = rng.normal(size=(n_noise, N))
    activations = np.concatenate([concepts, noise])
    names = ["copy", "other", *(f"noise {k}" for k in range(n_noise))]
    return Recording.from_arrays(
        activations, concepts, concepts, concepts=["A", "B"], nodes=names, **settings
    )


@pytest.mark.parametrize(("n_classes", "levels", "bits"), [(2, 2, 1.0), (4, 4, 2.0)])
def test_nodes_that_hold_a_concept_are_found(n_classes, levels, bits):
    analysis = analyse(
        recorded(n_classes=n_classes, levels=levels), rng=default_rng(0), is_population=True
    )
    here = analysis.sel(time=1)
    for concept, node in (("A", "copy"), ("B", "other")):
        found = here.sel(concept=concept)
        assert found.information_bits.sel(node=node) == pytest.approx(bits, abs=0.02)
        assert found.excess_bits.sel(node=node) > 0.7 * bits
        assert found.p_value.sel(node=node) == 0.01
        assert found.removal_order[-1] == node
        others = found.drop_sel(node=node)
        assert (others.excess_bits < 0.2).all()
        assert (others.p_value > 0.05).all()


def test_coins_tell_nothing_about_digits_and_a_warning_names_the_remedy():
    rng = default_rng(2)
    digits = rng.integers(10, size=1797)
    coins = Recording.from_arrays(rng.normal(size=(32, 1797)), digits, digits, concepts=["digit"])
    with pytest.warns(
        UndersampledWarning, match=r"would seem to relay up to 3\.\d+ bits .* use more seq"
    ):
        analysis = analyse(coins, rng=rng, n_shuffles=19, n_permutations=10)
    assert analysis.information_bits.max() > 2  # what a naive reading would believe
    assert analysis.p_value.min() > 0.05
    assert analysis.occupied_fraction == 1


def test_seven_coins_and_ten_classes_get_a_warning_too():
    rng = default_rng(3)
    digits = rng.integers(10, size=1797)
    coins = Recording.from_arrays(rng.normal(size=(7, 1797)), digits, digits)
    with pytest.warns(UndersampledWarning, match="use more sequences, fewer nodes"):
        analysis = analyse(coins, rng=rng, n_shuffles=19)
    assert analysis.information_bits.max() > 0.3
    assert analysis.p_value.min() > 0.05


def test_answers_read_at_the_wrong_step_get_a_warning_that_names_their_concept():
    data = recorded().data
    answers = data.x_out.copy()
    answers.loc["B"] = default_rng(4).permutation(answers.sel(concept="B"))
    shuffled = Recording(data.assign(x_out=answers))
    with pytest.warns(
        AnswersAtChanceWarning, match=r"of concept 'B' \(0\.\d+ bits, p = .*Check the step"
    ):
        analyse(shuffled, rng=default_rng(0), n_shuffles=9)
    # of a population those few thousandths of a bit are no chance
    analyse(shuffled, rng=default_rng(0), n_shuffles=9, is_population=True)
    answers.loc["A"] = 0
    with pytest.warns(AnswersAtChanceWarning, match=r"of concept 'A' \(0\.00 bits, p = 1\)"):
        analyse(shuffled, rng=default_rng(0), n_shuffles=9, is_population=True)


def test_numbers_are_those_of_the_functions():
    recording = recorded()
    analysis = analyse(recording, rng=default_rng(0), is_population=True)
    removal = greedy_orders(recording.states, recording.x_in, recording.x_out)
    xr.testing.assert_allclose(
        analysis.information_bits,
        node_values(*removal).sel(node=recording.data.node).rename("information_bits"),
    )
    np.testing.assert_allclose(analysis.shapley_bits.sum("node"), analysis.total_bits, atol=1e-9)
    assert (analysis.shapley_error_bits == 0).all()


def test_shapley_values_of_larger_layers_are_sampled_with_their_errors():
    analysis = analyse(
        recorded(n_noise=15),
        rng=default_rng(0),
        n_shuffles=9,
        n_permutations=50,
        is_population=True,
    )
    assert (analysis.shapley_error_bits > 0).any()
    np.testing.assert_allclose(analysis.shapley_bits.sum("node"), analysis.total_bits, atol=1e-9)


def test_weights_count():
    weights = np.r_[np.ones(N // 2), np.zeros(N // 2)]
    weighted = analyse(recorded(weights=weights), rng=default_rng(0), is_population=True)
    whole = recorded()
    half = Recording(whole.data.isel(sequence=slice(N // 2)))
    cut = analyse(half, rng=default_rng(0), is_population=True)
    np.testing.assert_allclose(weighted.information_bits, cut.information_bits, atol=1e-9)


def test_same_stream_same_result():
    first, second = (
        analyse(recorded(), rng=default_rng(5), n_shuffles=9, is_population=True) for _ in range(2)
    )
    assert first.identical(second)


def test_a_recording_of_several_networks_is_refused(small_study):
    config = small_study.config
    condition = config.condition("memory", "RNN", "1")
    ensemble = relaylib.load_ensemble(config, "memory", "RNN", "1", store=small_study.store)
    recording = record_condition(config, condition, ensemble)
    with pytest.raises(ValueError, match="must be of one network, got dimension network"):
        analyse(recording, rng=default_rng(0))
    analysis = analyse(recording.sel(network=0), rng=default_rng(0), is_population=True)
    expected = small_study.dataset.information_bits.sel(
        task="memory", architecture="RNN", regime="1", replicate=0, time=analysis.time
    )
    np.testing.assert_array_equal(analysis.information_bits, expected)


@pytest.mark.parametrize("suffix", [".nc", ".npz"])
def test_recordings_are_saved_and_opened(suffix, tmp_path):
    recording, path = recorded(weights=np.arange(N)), tmp_path / f"mine{suffix}"
    if suffix == ".nc":
        recording.save(path)
    else:
        names = {"concepts": "concept", "nodes": "node", "times": "time"}
        labels = {k: recording.data[k].values for k in names.values()}
        arrays = {k: recording.data[k].values for k in ("activations", "x_in", "x_out", "weights")}
        np.savez(path, **arrays, **labels)
    assert Recording.open(path).data.equals(recording.data)


def test_files_that_are_no_recordings_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", activations=np.zeros((2, 3)), y=1)
    with pytest.raises(ValueError, match=r"lacks \['x_in', 'x_out'\], has \['activations', 'y'\]"):
        Recording.open(tmp_path / "a.npz")
    with pytest.raises(FileNotFoundError):
        Recording.open(tmp_path / "b.nc")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_in": np.zeros(4, int)}, "x_in must have shape"),
        ({"x_out": np.zeros((2, 5), int)}, "x_out must have shape"),
        ({"x_in": np.full(5, 0.5)}, "x_in must hold discrete symbols"),
        ({"activations": np.full((3, 5), np.nan)}, "activations must be finite"),
        ({"nodes": ["a", "a", "b"]}, "nodes must hold 3 distinct labels"),
        ({"nodes": [1, 2, True]}, r"nodes must hold str \| int, got True"),
        ({"times": [np.inf]}, "times must be below"),
        ({"concepts": ["a", "b"]}, "concepts must hold 1 distinct labels"),
        ({"weights": np.full(5, -1.0)}, "weights must not be negative"),
    ],
)
def test_bad_arrays_are_refused_by_name(changed, message):
    arguments = {"activations": default_rng(0).normal(size=(3, 5)), "x_in": np.arange(5)}
    arguments |= {"x_out": np.arange(5)} | changed
    with pytest.raises((ValueError, TypeError), match=message):
        Recording.from_arrays(**arguments)
