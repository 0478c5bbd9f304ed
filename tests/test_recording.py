"""Recordings and discretisation: known values, brute force, and no information from rounding."""

import re
from dataclasses import dataclass
from itertools import combinations, product
from typing import ClassVar

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from relaylib.core.tolerances import EQUAL_ACTIVATIONS
from relaylib.networks.clustering import kmeans_rows
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.discretisation import discretise
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble
from relaylib.networks.recording import Recording, record
from relaylib.networks.training import train
from relaylib.studies.study import load_ensemble
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Trials, training_trials

TASKS = (MemoryTask(), BlockTask())

values = st.lists(st.integers(-300, 300), min_size=1, max_size=7)
fine_values = st.lists(
    st.builds(
        lambda a, b: a / 4 + b * EQUAL_ACTIVATIONS / 3, st.integers(-3, 3), st.integers(-6, 6)
    ),
    min_size=1,
    max_size=12,
)


def symbols(column, **settings):
    return discretise(np.array(column, float)[:, None], **settings)[:, 0].tolist()


def within_groups(x, labels):
    """Sum of squared distances to the mean of the group."""
    x, labels = np.asarray(x, float), np.asarray(labels)
    return sum(((x[labels == k] - x[labels == k].mean()) ** 2).sum() for k in set(labels.tolist()))


@pytest.mark.parametrize(
    ("column", "settings", "wanted"),
    [
        ([-1, 1, -1, 1], {}, [0, 1, 0, 1]),
        ([1, -1, 1, -1], {}, [1, 0, 1, 0]),
        ([0, 0.1, 0.9, 1], {}, [0, 0, 1, 1]),
        ([0, 0, 0, 0, 0, 0, 0, 1], {}, [0] * 7 + [1]),
        ([0.2, 0.3, 0.9, 1.0], {}, [0, 0, 1, 1]),
        ([0, 1, 5, 6, 10], {"levels": 3}, [0, 0, 1, 1, 2]),
        ([10, 6, 5, 1, 0], {"levels": 3}, [2, 1, 1, 0, 0]),
        ([0, 1, 5, 6, 10, 20], {"levels": 4}, [0, 0, 1, 1, 2, 3]),
        ([0, 1, 0, 1], {"levels": 4}, [0, 1, 0, 1]),
        ([-0.2, 0.1, 0.3, -5], {"method": "sign"}, [0, 1, 1, 0]),
        ([0.2, 0.1, 0.3, 5], {"method": "sign"}, [1, 1, 1, 1]),
        ([0.0, 1e-6, 1.0, -1e-6], {"method": "sign"}, [0, 0, 1, 0]),
        ([0.2, 0.1, 0.3, 5], {"method": "median"}, [0, 0, 1, 1]),
        ([1, 2, 3], {"method": "median"}, [0, 0, 1]),
        ([1, 1 + 1e-6, 1 - 1e-6, 5], {"method": "median"}, [0, 0, 0, 1]),
        ([7.0], {}, [0]),
    ],
)
def test_known_values(column, settings, wanted):
    assert symbols(column, **settings) == wanted


@pytest.mark.parametrize("method", ["kmeans", "sign", "median"])
@pytest.mark.parametrize("level", [-3.0, -1e-6, 0.0, 1e-6, 0.7])
def test_a_node_that_spreads_less_than_the_tolerance_is_constant(method, level):
    noise = np.linspace(0, 0.99 * EQUAL_ACTIVATIONS, 8)
    assert symbols(level + noise, method=method) == [0] * 8
    assert symbols([level] * 8, method=method) == [0] * 8


def test_a_node_that_spreads_more_is_not_constant():
    assert symbols([0.5, 0.5 + 1.5 * EQUAL_ACTIVATIONS]) == [0, 1]


@given(values, st.integers(2, 4))
def test_kmeans_is_the_optimal_grouping(column, levels):
    x = np.array(column) / 100
    found = within_groups(x, symbols(x, levels=levels))
    member = np.eye(levels)[list(product(range(levels), repeat=len(x)))]  # (grouping, value, group)
    sums, sizes = x @ member, member.sum(axis=1)
    every = (x**2).sum() - (sums**2 / np.maximum(sizes, 1)).sum(axis=1)
    assert found == pytest.approx(every.min(), abs=1e-9)


@given(fine_values, st.integers(2, 4))
def test_kmeans_is_the_optimal_grouping_that_keeps_equal_values_together(column, levels):
    x = np.sort(column)
    gaps = 1 + np.flatnonzero(np.diff(x) >= EQUAL_ACTIVATIONS * (1 - 1e-9))
    sure = 1 + np.flatnonzero(
        np.diff(x) >= EQUAL_ACTIVATIONS * (1 + 1e-9)
    )  # rounding decides between
    if np.ptp(x) < EQUAL_ACTIVATIONS * (1 + 1e-9):
        return
    found = within_groups(x, symbols(x, levels=levels))
    costs = {
        len(cuts): [
            within_groups(x, np.searchsorted(starts, np.arange(len(x)), side="right"))
            for k in range(levels)
            for starts in combinations(cuts.tolist(), k)
        ]
        for cuts in (gaps, sure)
    }
    assert min(costs[len(gaps)]) - 1e-12 <= found <= min(costs[len(sure)]) + 1e-12


@given(fine_values, st.integers(2, 16))
def test_kmeans_never_separates_values_closer_than_the_tolerance(column, levels):
    x = np.sort(column)
    steps = np.diff(symbols(x, levels=levels))
    assert ((steps == 0) | (steps == 1)).all()
    assert (np.diff(x)[steps == 1] >= EQUAL_ACTIVATIONS * (1 - 1e-9)).all()
    assert symbols(x, levels=levels)[0] == 0
    assert max(symbols(x, levels=levels)) < levels


@given(values, st.integers(2, 4), st.randoms(use_true_random=False))
def test_permuted_sequences_have_permuted_symbols(column, levels, chance):
    order = list(range(len(column)))
    chance.shuffle(order)
    x = np.array(column) / 100
    assert symbols(x[order], levels=levels) == [symbols(x, levels=levels)[i] for i in order]


@pytest.mark.parametrize("method", ["kmeans", "sign", "median"])
def test_every_node_has_its_own_threshold(method):
    activations = np.random.default_rng(0).normal(size=(30, 5)) + np.arange(5)
    whole = discretise(activations, method=method)
    assert whole.shape == (30, 5)
    assert whole.dtype == np.uint8
    for node in range(5):
        assert whole[:, node].tolist() == symbols(activations[:, node], method=method)


def test_discretise_does_not_change_the_activations():
    activations = np.random.default_rng(0).normal(size=(30, 5))
    before = activations.copy()
    discretise(activations)
    assert (activations == before).all()


def test_one_level_is_one_group():
    assert (kmeans_rows(np.array([[1.0, 2.0, 9.0]]), 1, EQUAL_ACTIVATIONS) == 0).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_recording_is_the_run_as_symbols(small_study, architecture, task):
    config, store, _ = small_study
    ensemble, trials = (
        load_ensemble(config, task, architecture, "3", store=store),
        task.population(),
    )
    run, recorded = ensemble.run(trials.inputs, 5), record(ensemble, trials, delay=3)
    activations = run.cell if architecture == "LSTM" else run.hidden
    assert (recorded.activations == activations).all()
    assert recorded.states.dims == ("network", "time", "node", "sequence")
    assert recorded.states.shape == (2, 15, 12, len(trials.inputs))
    for network, time in [(0, 1), (1, 10), (0, 15)]:
        wanted = discretise(activations[network, time - 1].T)
        assert (wanted == recorded.states.sel(network=network, time=time).values.T).all()
    assert recorded.x_in.dims == ("concept", "sequence")
    assert (recorded.x_in == trials.targets.T).all()
    assert recorded.answers.dims == ("network", "time", "concept", "sequence")
    assert (recorded.answers == np.sign(run.outputs)).all()
    assert recorded.x_out.dims == ("network", "concept", "sequence")
    assert (recorded.x_out == recorded.answers.sel(time=13)).all()
    assert (recorded.x_out == recorded.x_in).mean() >= 0.98
    assert (recorded.data.input_end, recorded.data.answer_delay) == (10, 3)
    assert recorded.data.concept.values.tolist() == list(task.concepts)
    assert [recorded.data[k].values[0] for k in ("network", "time", "node", "sequence")] == [
        0,
        1,
        1,
        0,
    ]
    kinds = {name: str(values.dtype) for name, values in recorded.data.data_vars.items()}
    assert kinds == {"activations": "float32", "states": "uint8"} | dict.fromkeys(
        ("x_in", "answers", "x_out"), "int8"
    )


def test_a_recording_is_selected_by_label(small_study):
    config, store, _ = small_study
    ensemble = load_ensemble(config, "memory", "GRU", "3", store=store)
    recorded = record(ensemble, TASKS[0].population(), delay=3)
    part = recorded.sel(time=10, concept="B")
    assert isinstance(part, Recording)
    assert (part.states == recorded.states[:, 9]).all()
    assert (part.x_out == recorded.x_out[:, 1]).all()
    assert (part.x_in == recorded.x_in[1]).all()
    assert part.states.input_end == 10
    assert (recorded.sel(time=[2, 15]).answers == recorded.answers[:, [1, 14]]).all()
    assert repr(recorded) == (
        "<Recording: 2 network, 15 time, 12 node, 8 sequence, concepts ['A', 'B', 'C']>"
    )
    assert repr(part) == "<Recording: 2 network, 12 node, 8 sequence, concepts ['B']>"
    with pytest.raises(ValueError, match=r"time must be one of 1, 2, .*; got 16"):
        recorded.sel(time=16)
    with pytest.raises(ValueError, match="concept must be one of 'A', 'B', 'C'; got 'D'"):
        recorded.sel(concept="D")


@dataclass(frozen=True)
class ShortTask:
    """Four steps, two concepts: the sign of a pulse at step 2, and its opposite."""

    name: ClassVar[str] = "short"
    concepts: ClassVar[tuple[str, ...]] = ("up", "down")
    n_inputs: ClassVar[int] = 1
    n_steps: ClassVar[int] = 4
    is_sampled: ClassVar[bool] = False

    def population(self):
        signs = np.array([[-1], [1]], np.float32)
        inputs = np.zeros((2, 4, 1), np.float32)
        inputs[:, 1] = signs
        return Trials(inputs, np.hstack([signs, -signs]))

    def sample(self, n, *, rng):
        trials, drawn = self.population(), rng.integers(0, 2, n)
        return Trials(trials.inputs[drawn], trials.targets[drawn])


def test_time_and_concepts_come_from_the_task():
    config = TrainingConfig(task=ShortTask(), regime="2", n_replicates=1, accuracy_goal=1.0)
    trials = training_trials(ShortTask(), n_sampled=1, seed=0)
    recorded = record(train(config).ensemble, trials, delay=2, n_blank=3)
    assert recorded.data.time.values.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert (recorded.data.input_end, recorded.data.answer_delay) == (4, 2)
    assert (recorded.x_out == recorded.answers.sel(time=6)).all()
    assert (recorded.sel(concept="up").x_out == -recorded.sel(concept="down").x_out).all()
    unnamed = record(train(config).ensemble, ShortTask().population(), delay=2)
    assert unnamed.data.concept.values.tolist() == ["1", "2"]


def test_labelled_activations_become_labelled_states(small_study):
    config, store, _ = small_study
    recorded = record(
        load_ensemble(config, "block", "LSTM", "2", store=store), TASKS[1].population(), delay=2
    )
    activations = recorded.activations.transpose("node", "sequence", "time", "network")
    states = discretise(activations)
    assert states.dims == activations.dims
    assert states.dtype == np.uint8
    assert (states.transpose(*recorded.states.dims).values == recorded.states.values).all()
    assert all((states[name] == activations[name]).all() for name in activations.coords)
    one = discretise(activations.sel(node=3, time=9, network=1), method="median", levels=2)
    wanted = discretise(activations.sel(node=3, time=9, network=1).values[:, None], method="median")
    assert one.dims == ("sequence",)
    assert (one.values == wanted[:, 0]).all()


def test_recording_settings_are_used(small_study):
    config, store, _ = small_study
    ensemble, trials = (
        load_ensemble(config, "block", "LSTM", "2", store=store),
        TASKS[1].population(),
    )
    run = ensemble.run(trials.inputs, 6)
    settings = {"lstm_state": "hidden", "method": "kmeans", "levels": 3}
    recorded = record(ensemble, trials, delay=0, n_blank=6, **settings)
    states = recorded.states.sel(network=1, time=13)
    assert recorded.states.sizes["time"] == 16
    assert (recorded.activations == run.hidden).all()
    assert (discretise(run.hidden[1, 12].T, levels=3) == states.values.T).all()
    assert (recorded.x_out == np.sign(run.outputs[:, 9])).all()
    signs = record(ensemble, trials, delay=0, method="sign").states.sel(network=0, time=13)
    assert (discretise(run.cell[0, 12].T, method="sign") == signs.values.T).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_information_before_the_onset(small_study, architecture):
    """If equal sequences differed in their symbols by rounding, that would invent information."""
    config, store, study = small_study
    memory = study.sel(task="memory", architecture=architecture)
    for regime in config.regimes:
        ensemble = load_ensemble(config, "memory", architecture, regime, store=store)
        states = record(ensemble, TASKS[0].population(), delay=5).states
        assert (states[:, :3] == 0).all()
    for concept, onset in enumerate((4, 7, 10)):
        fixed = memory.sel(concept=concept, regime=["1", "2", "3", "4", "5"])  # without any error
        before, after = fixed.sel(time=slice(1, onset - 1)), fixed.sel(time=10)
        assert (before.information_bits == 0).all()
        assert (before.relay_bits == 0).all()
        assert (after.relay_bits.sel(set_size=12) > 0.5).mean() > 0.9
    assert (memory.relay_bits.sel(time=slice(1, 3)) == 0).all()
    assert (memory.information_bits.sel(time=slice(1, 3)) == 0).all()


def test_recording_changes_neither_networks_nor_global_generators(small_study):
    config, store, _ = small_study
    ensemble = load_ensemble(config, "memory", "GRU", "1", store=store)
    before = {name: weight.clone() for name, weight in ensemble.weights.items()}
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    torch_state = torch.random.get_rng_state()
    record(ensemble, TASKS[0].population(), delay=1)
    assert all(torch.equal(ensemble.weights[name], weight) for name, weight in before.items())
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), torch_state)


GOOD = np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("activations", "settings", "error", "message"),
    [
        (GOOD[0], {}, ValueError, "activations must have shape (any, any), got (2,)"),
        (GOOD[:0], {}, ValueError, "activations must not be empty, got shape (0, 2)"),
        (GOOD + np.nan, {}, ValueError, "activations must be finite"),
        (GOOD + np.inf, {}, ValueError, "activations must be finite"),
        (GOOD.astype(str), {}, TypeError, "activations must hold real numbers"),
        (np.ma.masked_equal(GOOD, 1), {}, TypeError, "activations must not be masked"),
        (
            xr.DataArray(GOOD, dims=("trial", "node")),
            {},
            ValueError,
            "activations must have dimension sequence, got ('trial', 'node')",
        ),
        (
            xr.DataArray(GOOD + np.nan, dims=("sequence", "node")),
            {},
            ValueError,
            "activations must be finite",
        ),
        (GOOD, {"method": "gmm"}, ValueError, "method must be one of 'kmeans', 'sign', 'median';"),
        (GOOD, {"levels": 1}, ValueError, "levels must be in 2..16, got 1"),
        (GOOD, {"levels": 17}, ValueError, "levels must be in 2..16, got 17"),
        (GOOD, {"levels": 2.0}, TypeError, "levels must be a whole number, got 2.0"),
    ],
)
def test_bad_activations_are_named(activations, settings, error, message):
    with pytest.raises(error, match=re.escape(message)):
        discretise(activations, **settings)


TRIALS = TASKS[0].population()


@pytest.mark.parametrize(
    ("trials", "settings", "message"),
    [
        (TRIALS, {"delay": 6}, "delay must be in 0..5, got 6"),
        (TRIALS, {"delay": -1}, "delay must be in 0..5, got -1"),
        (TRIALS, {"delay": 1, "n_blank": -1}, "n_blank must be in 0..10000, got -1"),
        (TRIALS, {"delay": 1, "n_blank": 10**9}, "n_blank must be in 0..10000, got 1000000000"),
        (TRIALS, {"delay": 1, "lstm_state": "both"}, "lstm_state must be one of 'cell', 'hidden'"),
        (TRIALS, {"delay": 1, "method": "x"}, "method must be one of 'kmeans', 'sign', 'median'"),
        (TASKS[1].population(), {"delay": 1}, "inputs of trials must have shape (any, any, 3)"),
        (
            Trials(TRIALS.inputs, TRIALS.targets[:, :2]),
            {"delay": 1},
            "targets of trials must have shape (8, 3), got (8, 2)",
        ),
    ],
)
def test_bad_recordings_are_named(small_study, trials, settings, message):
    config, store, _ = small_study
    ensemble = load_ensemble(config, "memory", "LSTM", "1", store=store)
    with pytest.raises(ValueError, match=re.escape(message)):
        record(ensemble, trials, **settings)


def test_only_an_ensemble_is_recorded():
    with pytest.raises(TypeError, match=r"ensemble must be a relaylib\.Ensemble, got GRU"):
        record(torch.nn.GRU(3, 12), TRIALS, delay=1)


def test_ten_classes_are_not_read_by_sign():
    pair = torch.nn.GRU(3, 12), torch.nn.Linear(12, 10)
    one_hot = np.eye(10)[[0, 1, 2, 3, 4, 5, 6, 9]]
    for targets, message in [
        (one_hot, "targets of trials must be -1 or +1 (the sign of the readout is the answer)"),
        (one_hot.argmax(axis=1), "targets of trials must have shape (8, 10), got (8,)"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            record(Ensemble.from_torch([pair]), Trials(TRIALS.inputs, targets), delay=1)


@pytest.mark.parametrize("levels", [2, 3, 4])
@pytest.mark.parametrize(
    ("scale", "offset"), [(1, 1e9), (1, -1e9), (1e9, 1), (1e155, 0), (1e-3, 1e6), (1e300, 1e300)]
)
def test_large_offsets_and_scales_do_not_change_symbols(levels, scale, offset):
    column = np.array([0, 1, 5, 6, 10, 20, 21, 2]) / 4  # exact at any of these offsets
    assert symbols(offset + scale * column, levels=levels) == symbols(column, levels=levels)
    if offset == 0:
        for method in ("sign", "median"):
            assert symbols(scale * column, method=method) == symbols(column, method=method)


def test_a_distant_group_does_not_hide_the_structure_of_the_others():
    assert symbols([0, 0.1, 1, 1.1, 1e9], levels=3) == [0, 0, 1, 1, 2]
    assert symbols([-1e9, 0, 0.1, 1, 1.1, 1e9], levels=4) == [0, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("method", ["kmeans", "sign", "median"])
def test_the_largest_floats_do_not_overflow(method):
    largest = np.finfo(float).max
    assert symbols([-largest, -largest, largest, largest], method=method) == [0, 0, 1, 1]
    assert symbols([0.9 * largest, largest, largest], method="median") == [0, 0, 0]
