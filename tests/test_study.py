"""The study is labelled, true to its networks, and never computed twice."""

import json
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

import relaylib.networks.trained
import relaylib.studies.study
from relaylib.core.store import Store, StoreWarning
from relaylib.information.relay import information_matrix
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.networks.recording import record
from relaylib.networks.training import train, train_conditions
from relaylib.studies.study import StudyConfig, load_ensemble, load_networks, run_study
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask

CONDITION = ("task", "architecture", "regime", "replicate")
TINY = StudyConfig(
    tasks=(MemoryTask(),), architectures=("RNN",), regimes=("1", "2", "3"), n_replicates=2
)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def trainings(monkeypatch):
    """Count how often each regime is trained."""
    counts = Counter()

    def counted_conditions(configs):
        for config, trained in train_conditions(configs):
            counts[config.regime] += 1
            yield config, trained

    def counted(config):
        counts[config.regime] += 1
        return train(config)

    monkeypatch.setattr(relaylib.networks.trained, "train_conditions", counted_conditions)
    monkeypatch.setattr(relaylib.networks.trained, "train", counted)
    return counts


def test_dimensions_come_in_order_with_coordinates_and_units(small_study):
    study = small_study.dataset
    by_time = (*CONDITION, "time", "concept")
    wanted = {
        "population_accuracy": (CONDITION, "1"),
        "attempts": (CONDITION, "1"),
        "epochs": (CONDITION, "1"),
        "accuracy": ((*CONDITION, "test_delay"), "1"),
        "information_bits": ((*by_time, "node"), "bit"),
        "relay_bits": ((*by_time, "set_size"), "bit"),
        "removal_order": ((*by_time, "removal_step"), "1"),
    }
    assert {name: (v.dims, v.attrs["units"]) for name, v in study.data_vars.items()} == wanted
    assert all(variable.attrs["long_name"] for variable in study.data_vars.values())
    assert study.task.values.tolist() == ["memory", "block"]
    assert study.architecture.values.tolist() == list(ARCHITECTURES)
    assert study.regime.values.tolist() == ["1", "2", "3", "4", "5", "random"]
    assert study.replicate.values.tolist() == [0, 1]
    assert study.test_delay.values.tolist() == list(range(10))
    assert study.time.values.tolist() == list(range(1, 16))
    assert study.concept.values.tolist() == [0, 1, 2]
    assert study.node.values.tolist() == list(range(1, 13))
    assert study.set_size.values.tolist() == list(range(12, -1, -1))
    assert study.removal_step.values.tolist() == list(range(1, 13))
    assert study.time.attrs["units"] == study.test_delay.attrs["units"] == "step"
    names = study.concept_name
    assert names.sel(task="memory").values.tolist() == ["A", "B", "C"]
    assert names.sel(task="block").values.tolist() == ["direction", "size", "brightness"]
    assert all(variable.notnull().all() for variable in study.data_vars.values())


def test_the_study_carries_its_whole_configuration(small_study):
    attrs = small_study.dataset.attrs
    configuration = json.loads(attrs["configuration"])
    assert configuration["n_replicates"] == 2
    assert configuration["tasks"][0]["onsets"] == [4, 7, 10]
    assert attrs["seed"] == configuration["seed"] == 2025
    assert set(json.loads(attrs["versions"])) >= {"numpy", "torch", "relaylib"}
    assert re.fullmatch("[0-9a-f]{64}", attrs["code_hash"])


def test_every_network_can_do_its_task(small_study):
    study = small_study.dataset
    assert (study.population_accuracy >= 0.98).all()
    assert (study.attempts >= 1).all()
    assert ((study.epochs >= 1) & (study.epochs <= 2000)).all()


def test_accuracy_at_the_trained_delay_is_the_population_accuracy(small_study):
    study = small_study.dataset
    for delay in range(1, 6):
        fixed = study.sel(regime=str(delay))
        assert (fixed.accuracy.sel(test_delay=delay) == fixed.population_accuracy).all()
    drawn = study.sel(regime="random")
    averaged = drawn.accuracy.sel(test_delay=slice(1, 5)).mean("test_delay")
    assert abs(averaged - drawn.population_accuracy).max() < 1e-12


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_accuracy_by_test_delay_is_that_of_torch(small_study, architecture):
    config, store, study = small_study
    inputs, targets = BlockTask().population()
    layer, readout = load_ensemble(config, "block", architecture, "2", store=store).to_torch(1)
    shown = torch.cat([torch.as_tensor(inputs).transpose(0, 1), torch.zeros(9, 128, 16)])
    with torch.no_grad():
        answers = readout(layer(shown)[0])[9:] > 0
    wanted = (answers.numpy() == (targets > 0)).mean(axis=(1, 2))
    row = study.accuracy.sel(task="block", architecture=architecture, regime="2", replicate=1)
    assert abs(row - wanted).max() < 1 / 384 + 1e-9  # an output at 0 may round to either side


@pytest.mark.parametrize(("regime", "delay"), [("2", 2), ("random", 5)])
@pytest.mark.parametrize("task", [MemoryTask(), BlockTask()], ids=lambda task: task.name)
def test_information_is_that_of_the_recorded_states(small_study, task, regime, delay):
    config, store, study = small_study
    for architecture in ARCHITECTURES:
        ensemble = load_ensemble(config, task, architecture, regime, store=store)
        states, x_in, x_out = record(ensemble, task.population(), delay=delay)
        for network, time in [(0, 4), (1, 10), (0, 15)]:
            wanted = information_matrix(states[network, time - 1].T, x_in.T, x_out[network].T)
            row = study.information_bits.sel(
                task=task.name, architecture=architecture, regime=regime, replicate=network
            )
            assert abs(row.sel(time=time) - wanted).max() < 1e-9


def test_removal_orders_name_every_node_once(small_study):
    study = small_study.dataset
    assert (np.sort(study.removal_order.values) == np.arange(1, 13)).all()


def test_a_nodes_information_is_what_was_lost_up_to_its_removal(small_study):
    study = small_study.dataset
    assert (study.relay_bits.sel(set_size=0) == 0).all()
    lost = study.relay_bits.sel(set_size=12) - study.relay_bits
    steps = (12 - study.removal_step).rename("set_size")
    after_step = lost.sel(set_size=steps).rename(set_size="step_of_loss")
    removed = study.information_bits.sel(node=study.removal_order)
    assert abs(removed.values - after_step.values).max() < 1e-12
    last = study.information_bits.sel(node=study.removal_order.sel(removal_step=12))
    assert abs(last - study.relay_bits.sel(set_size=12)).max() < 1e-12


def test_a_stored_study_comes_back_without_training(small_study, trainings):
    again = run_study(small_study.config, store=small_study.store)
    xr.testing.assert_identical(again, small_study.dataset)
    networks = load_networks(
        small_study.config, BlockTask(), "GRU", "random", store=small_study.store
    )
    row = small_study.dataset.sel(task="block", architecture="GRU", regime="random")
    assert (networks.epochs == row.epochs).all()
    assert (networks.attempts == row.attempts).all()
    assert not trainings


def test_stored_networks_are_the_trained_ones(store):
    stored = load_networks(TINY, "memory", "RNN", "2", store=store)
    trained = train(TINY.condition("memory", "RNN", "2"))
    for networks in (stored, load_networks(TINY, "memory", "RNN", "2", store=store)):
        for name, weight in trained.ensemble.weights.items():
            assert torch.equal(networks.ensemble.weights[name], weight)
        assert (networks.population_accuracy == trained.population_accuracy).all()


def test_another_analysis_of_the_same_networks_trains_nothing(store, trainings):
    first = run_study(TINY, store=store)
    assert trainings == {"1": 1, "2": 1, "3": 1}
    other = run_study(replace(TINY, value="increment", discretiser="sign"), store=store)
    assert trainings == {"1": 1, "2": 1, "3": 1}
    assert (other.epochs == first.epochs).all()
    total = other.information_bits.sum("node")
    assert abs(total - other.relay_bits.sel(set_size=12)).max() < 1e-9


def test_a_larger_study_holds_the_smaller_one(store):
    small = run_study(replace(TINY, n_replicates=1, regimes=("2",)), store=store)
    large = run_study(TINY, store=store)
    part = large.sel(regime=["2"], replicate=[0])
    xr.testing.assert_equal(part, small)


def test_the_answer_delay_is_that_of_the_random_regime_alone(store):
    config = replace(TINY, regimes=("1", "random"), n_replicates=1)
    late, early = (run_study(replace(config, answer_delay=d), store=store) for d in (5, 0))
    fixed = {"regime": "1"}
    xr.testing.assert_equal(late.sel(fixed), early.sel(fixed))
    assert not late.relay_bits.sel(regime="random").equals(early.relay_bits.sel(regime="random"))


def test_an_interrupted_study_goes_on_from_what_was_finished(store, monkeypatch, trainings):
    counted = relaylib.networks.trained.train_conditions
    finished = []

    def interrupted(configs):
        for config, trained in counted(configs):
            if len(finished) == 2:
                raise KeyboardInterrupt
            finished.append(config.regime)
            yield config, trained

    monkeypatch.setattr(relaylib.networks.trained, "train_conditions", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_study(TINY, store=store)
    trainings.clear()
    monkeypatch.setattr(relaylib.networks.trained, "train_conditions", counted)
    study = run_study(TINY, store=store)
    assert set(trainings) == set(TINY.regimes) - set(finished)
    assert len(trainings) == 1
    xr.testing.assert_equal(study, run_study(TINY, store=Store(store.root / "elsewhere")))


def test_a_failing_run_loses_nothing(store, trainings):
    config = replace(TINY, regimes=("1", "random"), max_epochs=45, n_replicates=1)
    with pytest.raises(RuntimeError, match="raise one of these or lower accuracy_goal"):
        run_study(config, store=store)
    assert trainings == {"1": 1}
    run_study(replace(config, regimes=("1",)), store=store)
    assert trainings == {"1": 1}


def test_damaged_networks_are_named_and_trained_again(store, trainings):
    study = run_study(TINY, store=store)
    for path in store.root.glob("study-*.nc*"):
        path.unlink()
    (path,) = store.root.glob("networks-memory-RNN-2-*.safetensors")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    trainings.clear()
    with pytest.warns(StoreWarning, match=r"networks-memory-RNN-2-.* is damaged and is computed"):
        again = run_study(TINY, store=store)
    assert trainings == {"2": 1}
    xr.testing.assert_equal(again, study)


def test_a_damaged_study_is_measured_again_without_training(store, trainings):
    study = run_study(TINY, store=store)
    (path,) = store.root.glob("study-*.nc")
    path.write_bytes(path.read_bytes()[:1000])
    trainings.clear()
    with pytest.warns(StoreWarning, match=r"study-.* is damaged and is computed again"):
        again = run_study(TINY, store=store)
    assert not trainings
    xr.testing.assert_equal(again, study)


def test_the_default_study_alone_has_a_readable_copy(store, monkeypatch):
    copy = store.root / "study.nc"
    run_study(replace(TINY, n_replicates=1), store=store)
    assert not copy.exists()
    monkeypatch.setattr(relaylib.studies.study, "StudyConfig", lambda: TINY)
    study = run_study(store=store)
    xr.testing.assert_identical(xr.load_dataset(copy, engine="h5netcdf"), study)
    copy.unlink()
    run_study(store=store)
    assert copy.exists()
    copy.write_bytes(b"of older code")
    for path in store.root.glob("study-*.nc*"):
        path.unlink()
    run_study(store=store)
    assert xr.load_dataset(copy, engine="h5netcdf").equals(study)


def test_conditions_are_all_combinations():
    config = StudyConfig()
    conditions = list(config.conditions())
    assert len(set(conditions)) == len(conditions) == 36
    assert sum(condition.n_replicates for condition in conditions) == 720
    assert config.read_delay("4") == 4
    assert config.read_delay("random") == 5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"tasks": ()}, ValueError, "tasks must be a tuple of distinct levels, got ()"),
        ({"tasks": MemoryTask()}, ValueError, "tasks must be a tuple of distinct levels, got Mem"),
        ({"tasks": ("memory",)}, TypeError, "task must be like relaylib.tasks.task.Task"),
        ({"tasks": (MemoryTask(),) * 2}, ValueError, "tasks must be a tuple of distinct levels"),
        (
            {"tasks": (MemoryTask(), MemoryTask(amplitude=2.0))},
            ValueError,
            "tasks must have distinct names, got ['memory', 'memory']",
        ),
        ({"architectures": ["RNN"]}, ValueError, "architectures must be a tuple of distinct level"),
        ({"architectures": ("CNN",)}, ValueError, "architecture must be one of 'RNN', 'GRU', 'LST"),
        ({"regimes": "1"}, ValueError, "regimes must be a tuple of distinct levels, got '1'"),
        ({"regimes": ("1", "1")}, ValueError, "regimes must be a tuple of distinct levels, got ("),
        ({"regimes": ("7",)}, ValueError, "regime must be one of '1', '2', '3', '4', '5', 'rando"),
        ({"n_replicates": 0}, ValueError, "n_replicates must be >= 1, got 0"),
        ({"n_replicates": "20"}, TypeError, "n_replicates must be a whole number, got '20'"),
        ({"seed": -3}, ValueError, "seed must be >= 0, got -3"),
        ({"n_nodes": 0}, ValueError, "n_nodes must be >= 1, got 0"),
        ({"learning_rate": -1}, ValueError, "learning_rate must be positive, got -1"),
        ({"accuracy_goal": 2}, ValueError, "accuracy_goal must be in (0, 1], got 2"),
        ({"max_epochs": 0}, ValueError, "max_epochs must be >= 1, got 0"),
        ({"lstm_state": "c"}, ValueError, "lstm_state must be one of 'cell', 'hidden'; got 'c'"),
        ({"discretiser": "x"}, ValueError, "discretiser must be one of 'kmeans', 'sign', 'median'"),
        ({"levels": 1}, ValueError, "levels must be in 2..16, got 1"),
        ({"answer_delay": 6}, ValueError, "answer_delay must be in 0..5, got 6"),
        ({"value": "x"}, ValueError, "value must be one of 'cumulative'"),
    ],
)
def test_bad_settings_are_named(settings, error, message):
    with pytest.raises(error, match=re.escape(message)):
        StudyConfig(**settings)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (("maze", "RNN", "1"), "task must be one of 'memory', MemoryTask("),
        ((BlockTask(), "RNN", "1"), "task must be one of 'memory', MemoryTask("),
        (("memory", "GRU", "1"), "architecture must be one of 'RNN'; got 'GRU'"),
        (("memory", "RNN", "5"), "regime must be one of '1', '2', '3'; got '5'"),
        (("memory", "RNN", 1), "regime must be one of '1', '2', '3'; got 1"),
    ],
)
def test_unknown_conditions_are_named(store, condition, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load_ensemble(TINY, *condition, store=store)
