"""The study is labelled, equal to what its networks do, and never computed twice."""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch
import xarray as xr

import relaylib.networks.trained
import relaylib.studies.study
from relaylib.core.checks import select
from relaylib.core.store import Store, StoreWarning
from relaylib.information.relay import information_matrix
from relaylib.information.significance import UndersampledWarning
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.networks.recording import record
from relaylib.networks.training import train, train_conditions
from relaylib.studies.config import StudyConfig
from relaylib.studies.grid import combine_studies
from relaylib.studies.study import load_ensemble, load_networks, run_study
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
    assert study.input_end == 10
    assert study.answer_delay.values.tolist() == [1, 2, 3, 4, 5, 5]
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
    inputs, targets = BlockTask().population()[:2]
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
        recording = record(ensemble, task.population(), delay=delay)
        case = recording.states, recording.x_in, recording.x_out
        wanted = information_matrix(*case, is_population=True)
        row = select(study, task=task.name, architecture=architecture, regime=regime)
        assert row.concept.values.tolist() == list(task.concepts)
        difference = row.information_bits - wanted.rename(network="replicate")
        assert difference.sizes == row.information_bits.sizes
        assert abs(difference).max() < 1e-9


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
    with pytest.raises(RuntimeError, match="raise one of these, lower accuracy_goal"):
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
    usual = StudyConfig.__init__  # the default study takes long: TINY stands in for it
    as_tiny = lambda config, **given: usual(config, **vars(TINY) | given)  # noqa: E731
    monkeypatch.setattr(StudyConfig, "__init__", as_tiny)
    study = run_study(store=store)
    xr.testing.assert_identical(xr.load_dataset(copy, engine="h5netcdf"), study)
    whole = copy.read_bytes()
    damaged = (whole[: len(whole) // 2], b"", whole[:5000] + b"!" + whole[5001:])
    for content in damaged:
        copy.write_bytes(content)
        run_study(store=store)
        assert copy.read_bytes() == whole
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
    with pytest.raises(ValueError, match=r"regime must be one of .1., .*; got .7."):
        config.read_delay("7")


@pytest.mark.parametrize("config", [0, [], {}, "memory", MemoryTask()])
def test_something_else_than_a_configuration_is_refused(store, config):
    with pytest.raises(TypeError, match="config must be a StudyConfig or None, got"):
        run_study(config, store=store)


@dataclass(frozen=True)
class LateTask(MemoryTask):
    """The memory task with four more steps, and its last pulse in the last one."""

    onsets: tuple[int, ...] = (4, 9, 14)
    name: ClassVar[str] = "late"
    n_steps: ClassVar[int] = 14


def test_times_come_from_the_task_and_the_study(store):
    config = StudyConfig(
        tasks=(LateTask(),),
        architectures=("GRU",),
        regimes=("2", "random"),
        random_delays=(2, 3),
        n_replicates=2,
        n_blank=3,
        answer_delay=3,
        test_delays=(2, 3, 6),
    )
    study = run_study(config, store=store)
    assert study.input_end == 14
    assert study.time.values.tolist() == list(range(1, 18))
    assert study.test_delay.values.tolist() == [2, 3, 6]
    assert study.answer_delay.values.tolist() == [2, 3]
    assert (study.accuracy.sel(regime="2", test_delay=2) == 1).all()
    averaged = study.accuracy.sel(regime="random", test_delay=[2, 3]).mean("test_delay")
    assert (averaged == study.population_accuracy.sel(regime="random")).all()
    arrived = abs(study.information_bits.sel(concept="C", regime="2")) > 1e-9
    assert not arrived.sel(time=slice(1, 13)).any()
    assert arrived.sel(time=14).any()


def test_a_sampled_task_is_tested_on_other_sequences_and_warns_of_small_samples(store):
    noisy = MemoryTask(noise_sd=0.4)
    config = replace(TINY, tasks=(noisy,), regimes=("1",), n_sampled=40, n_replicates=1)
    with pytest.warns(UndersampledWarning, match="different states in 40 sequences"):
        study = run_study(config, store=store)
    assert (study.population_accuracy >= 0.98).all()
    trained = study.population_accuracy.sel(regime="1")
    assert (study.accuracy.sel(regime="1", test_delay=1) < trained).all()


def test_an_unsolved_condition_is_recorded_if_asked(store):
    config = replace(TINY, regimes=("1", "random"), max_epochs=30, max_attempts=2, n_replicates=1)
    with pytest.raises(RuntimeError, match='or on_unsolved="record"'):
        run_study(config, store=store)
    study = run_study(replace(config, on_unsolved="record"), store=store)
    unsolved = study.population_accuracy < 0.98
    assert unsolved.any()
    assert (study.attempts.where(unsolved, drop=True) == 2).all()
    assert study.information_bits.notnull().all()


def test_concepts_are_chosen_by_name(small_study):
    chosen = select(small_study.dataset, task="block", concept="size")
    whole = small_study.dataset.sel(task="block").isel(concept=1)
    np.testing.assert_array_equal(chosen.information_bits, whole.information_bits)
    with pytest.raises(ValueError, match="concept must be one of 'A', 'B', 'C'; got 'size'"):
        select(small_study.dataset, task="memory", concept="size")


def test_studies_of_different_sizes_combine(store):
    config = replace(TINY, regimes=("1",), n_replicates=1)
    sizes = {n: run_study(replace(config, n_nodes=n), store=store) for n in (6, 12)}
    both = combine_studies(sizes, "n_nodes")
    assert both.n_nodes.values.tolist() == [6, 12]
    for n, study in sizes.items():
        part = both.sel(n_nodes=n, node=slice(1, n))
        np.testing.assert_array_equal(part.information_bits, study.information_bits)
    assert both.information_bits.sel(n_nodes=6, node=12).isnull().all()
    assert '"n_nodes":6' in both.configuration.sel(n_nodes=6).item()
    assert both.attrs["seed"] == 2025
    with pytest.raises(ValueError, match="studies must hold datasets"):
        combine_studies({}, "n_nodes")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"tasks": ()}, ValueError, "tasks must be a tuple of distinct levels, got ()"),
        ({"tasks": MemoryTask()}, ValueError, "tasks must be a tuple of distinct levels, got Mem"),
        (
            {"tasks": ("memory",)},
            TypeError,
            "task must be an instance with the attributes of relaylib.tasks.task.Task",
        ),
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
        ({"regimes": ("07",)}, ValueError, "regime must be"),
        ({"regimes": ("7",)}, ValueError, "n_blank must be at least the longest delay at which"),
        ({"n_blank": -1}, ValueError, "n_blank must be in 0..10000, got -1"),
        ({"n_blank": 10**9}, ValueError, "n_blank must be in 0..10000, got 1000000000"),
        ({"test_delays": [1]}, ValueError, "test_delays must be a tuple of distinct levels"),
        ({"test_delays": (-1,)}, ValueError, "test_delays must be in 0..10000, got -1"),
        ({"random_delays": ()}, ValueError, "random_delays must"),
        ({"max_attempts": 0}, ValueError, "max_attempts must be >= 1, got 0"),
        ({"n_sampled": 0}, ValueError, "n_sampled must be >= 1, got 0"),
        ({"n_replicates": 0}, ValueError, "n_replicates must be >= 1, got 0"),
        ({"n_replicates": "20"}, TypeError, "n_replicates must be a whole number, got '20'"),
        ({"seed": -3}, ValueError, "seed must be in 0..9223372036854775807, got -3"),
        ({"n_nodes": 0}, ValueError, "n_nodes must be >= 1, got 0"),
        ({"learning_rate": -1}, ValueError, "learning_rate must be > 0, got -1"),
        ({"accuracy_goal": 2}, ValueError, "accuracy_goal must be in (0, 1], got 2"),
        ({"max_epochs": 0}, ValueError, "max_epochs must be >= 1, got 0"),
        ({"lstm_state": "c"}, ValueError, "lstm_state must be one of 'cell', 'hidden'; got 'c'"),
        ({"discretiser": "x"}, ValueError, "discretiser must be one of 'kmeans', 'sign', 'median'"),
        ({"levels": 1}, ValueError, "levels must be in 2..16, got 1"),
        (
            {"answer_delay": 6},
            ValueError,
            "n_blank must be at least the longest delay at which answers are read, 6, got 5",
        ),
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


def test_the_labels_of_a_study_are_known_before_it_runs(small_study):
    found = small_study.dataset.information_bits
    assert {dim: tuple(found[dim].values) for dim in found.dims[:-1]} == small_study.config.labels


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"task": "maze"}, "task must be one of 'memory', 'block'; got 'maze'"),
        ({"time": 16}, "time must be one of 1, 2, 3"),
        ({"regime": "5", "replicate": 20}, "replicate must be one of 0, 1"),
        ({"node": 1}, "labels must be one of 'task', 'architecture'"),
    ],
)
def test_a_label_that_the_study_will_not_have_is_named(labels, message):
    StudyConfig().check_labels(task="block", architecture="GRU", time=15, replicate=19)
    with pytest.raises(ValueError, match=message):
        StudyConfig().check_labels(**labels)
