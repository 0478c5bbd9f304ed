"""From activations to symbols: known values, brute force, and no information out of rounding."""

import re
from itertools import combinations, product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from relaylib.networks.clustering import kmeans_rows
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.networks.recording import TOLERANCE, discretise, record, recording
from relaylib.studies.study import load_ensemble
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Trials

TASKS = (MemoryTask(), BlockTask())

values = st.lists(st.integers(-300, 300), min_size=1, max_size=7)
fine_values = st.lists(
    st.builds(lambda a, b: a / 4 + b * TOLERANCE / 3, st.integers(-3, 3), st.integers(-6, 6)),
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
    noise = np.linspace(0, 0.99 * TOLERANCE, 8)
    assert symbols(level + noise, method=method) == [0] * 8
    assert symbols([level] * 8, method=method) == [0] * 8


def test_a_node_that_spreads_more_is_not_constant():
    assert symbols([0.5, 0.5 + 1.5 * TOLERANCE]) == [0, 1]


@given(values, st.integers(2, 4))
def test_kmeans_is_the_best_of_all_groupings(column, levels):
    x = np.array(column) / 100
    found = within_groups(x, symbols(x, levels=levels))
    member = np.eye(levels)[list(product(range(levels), repeat=len(x)))]  # (grouping, value, group)
    sums, sizes = x @ member, member.sum(axis=1)
    every = (x**2).sum() - (sums**2 / np.maximum(sizes, 1)).sum(axis=1)
    assert found == pytest.approx(every.min(), abs=1e-9)


@given(fine_values, st.integers(2, 4))
def test_kmeans_is_the_best_of_the_groupings_that_part_no_equal_values(column, levels):
    x = np.sort(column)
    gaps = 1 + np.flatnonzero(np.diff(x) >= TOLERANCE * (1 - 1e-9))
    sure = 1 + np.flatnonzero(np.diff(x) >= TOLERANCE * (1 + 1e-9))  # rounding decides between
    if np.ptp(x) < TOLERANCE * (1 + 1e-9):
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
def test_kmeans_never_parts_values_closer_than_the_tolerance(column, levels):
    x = np.sort(column)
    steps = np.diff(symbols(x, levels=levels))
    assert ((steps == 0) | (steps == 1)).all()
    assert (np.diff(x)[steps == 1] >= TOLERANCE * (1 - 1e-9)).all()
    assert symbols(x, levels=levels)[0] == 0
    assert max(symbols(x, levels=levels)) < levels


@given(values, st.integers(2, 4), st.randoms(use_true_random=False))
def test_symbols_follow_their_sequences(column, levels, chance):
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


def test_discretise_leaves_the_activations_alone():
    activations = np.random.default_rng(0).normal(size=(30, 5))
    before = activations.copy()
    discretise(activations)
    assert (activations == before).all()


def test_one_level_is_one_group():
    assert (kmeans_rows(np.array([[1.0, 2.0, 9.0]]), 1, TOLERANCE) == 0).all()


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
    assert recorded.states.shape == (2, 15, 12, len(trials.inputs))
    for network, time in [(0, 0), (1, 9), (0, 14)]:
        wanted = discretise(activations[network, time].T)
        assert (wanted == recorded.states[network, time].T).all()
    assert (recorded.x_in == trials.targets.T).all()
    assert (recorded.x_out == np.sign(run.outputs[:, 12])).all()
    assert (recorded.x_out == recorded.x_in).mean() >= 0.98


def test_recording_settings_are_used(small_study):
    config, store, _ = small_study
    ensemble, trials = (
        load_ensemble(config, "block", "LSTM", "2", store=store),
        TASKS[1].population(),
    )
    run = ensemble.run(trials.inputs, 6)
    settings = {"lstm_state": "hidden", "method": "kmeans", "levels": 3}
    recorded = record(ensemble, trials, delay=0, n_blank=6, **settings)
    assert recorded.states.shape[1] == 16
    assert (discretise(run.hidden[1, 12].T, levels=3) == recorded.states[1, 12].T).all()
    assert (recorded.x_out == np.sign(run.outputs[:, 9])).all()
    signs = record(ensemble, trials, delay=0, method="sign").states
    assert (discretise(run.cell[0, 12].T, method="sign") == signs[0, 12].T).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_information_before_it_is_shown(small_study, architecture):
    """The trap: rounding noise among equal sequences, split into symbols, invents information."""
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
SETTINGS = {"lstm_state": "cell", "method": "kmeans", "levels": 2}


@pytest.mark.parametrize(
    ("trials", "settings", "message"),
    [
        (TRIALS, {"delay": 6}, "delay must be in 0..5, got 6"),
        (TRIALS, {"delay": -1}, "delay must be in 0..5, got -1"),
        (TRIALS, {"delay": 1, "n_blank": -1}, "n_blank must be >= 0, got -1"),
        (TRIALS, {"delay": 1, "lstm_state": "both"}, "lstm_state must be one of 'cell', 'hidden'"),
        (TRIALS, {"delay": 1, "method": "x"}, "method must be one of 'kmeans', 'sign', 'median'"),
        (TASKS[1].population(), {"delay": 1}, "inputs must have shape (any, any, 3)"),
        (
            Trials(TRIALS.inputs, TRIALS.targets[:, :2]),
            {"delay": 1},
            "trials.targets must have shape (8, 3), got (8, 2)",
        ),
    ],
)
def test_bad_recordings_are_named(small_study, trials, settings, message):
    config, store, _ = small_study
    ensemble = load_ensemble(config, "memory", "LSTM", "1", store=store)
    with pytest.raises(ValueError, match=re.escape(message)):
        record(ensemble, trials, **settings)


def test_a_delay_beyond_the_run_is_named(small_study):
    config, store, _ = small_study
    run = load_ensemble(config, "memory", "RNN", "1", store=store).run(TRIALS.inputs, 2)
    with pytest.raises(ValueError, match=re.escape("delay must be in 0..2, got 3")):
        recording(run, TRIALS, delay=3, **SETTINGS)


def test_cases_are_networks_at_times(small_study):
    task = MemoryTask()
    ensemble = load_ensemble(small_study.config, task, "GRU", "3", store=small_study.store)
    recorded = record(ensemble, task.population(), delay=3)
    n_times = recorded.states.shape[1]
    states, x_in, x_out = recorded.cases()
    for case, (network, time) in enumerate(product(range(2), range(n_times))):
        assert (states[case] == recorded.states[network, time]).all()
        assert (x_in[case] == recorded.x_in).all()
        assert (x_out[case] == recorded.x_out[network]).all()
