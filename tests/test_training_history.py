"""Training histories and their maps: the numbers of the study, at every epoch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from relaylib.core.store import Store
from relaylib.information.relay import information_matrix
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import record
from relaylib.networks.training import train
from relaylib.studies.attribution import run_attribution
from relaylib.studies.claims.ledger import evaluate
from relaylib.studies.config import StudyConfig
from relaylib.studies.estimator_validation import validate_estimators
from relaylib.studies.knockouts import run_knockouts
from relaylib.studies.latent import run_latent
from relaylib.studies.lattices import run_lattices
from relaylib.studies.map_quality import map_quality, relay_distance_ratio
from relaylib.studies.study import run_study
from relaylib.studies.training_activations import training_activations
from relaylib.studies.training_history import checkpoint_epochs, training_history
from relaylib.studies.training_maps import MapConfig, map_training, random_walk
from relaylib.tasks.memory import MemoryTask

CONFIG = StudyConfig(
    tasks=(MemoryTask(),), architectures=("RNN", "LSTM"), regimes=("5",), n_replicates=3
)
MAPS = MapConfig(CONFIG, n_epochs=3, n_landmarks=100, scored_epochs=2, n_scored=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def history(store: Store) -> xr.Dataset:
    return training_history(CONFIG, store=store)


@pytest.fixture(scope="module")
def maps(store: Store) -> xr.Dataset:
    return map_training(MAPS, store=store)


def test_checkpoints_are_dense_early_sparse_late_and_include_the_last():
    epochs = checkpoint_epochs(2000)
    assert epochs[:23] == (*range(21), 22, 24)
    steps = np.diff(epochs)
    assert (steps[20:] <= 0.13 * np.array(epochs[20:-1])).all()
    assert epochs[-1] == 2000
    assert checkpoint_epochs(5) == (0, 1, 2, 3, 4, 5)


def test_the_last_epoch_has_the_numbers_of_the_study(history, store):
    study, end = run_study(CONFIG, store=store), history.isel(epoch=-1)
    np.testing.assert_array_equal(history.stopped_epoch, study.epochs)
    np.testing.assert_allclose(end.information_bits, study.information_bits, atol=1e-6)
    np.testing.assert_allclose(end.relay_bits, study.relay_bits.isel(set_size=0), atol=1e-6)
    np.testing.assert_allclose(end.accuracy, study.population_accuracy, atol=1e-6)


@pytest.mark.parametrize("architecture", ["RNN", "LSTM"])
@pytest.mark.parametrize("epoch", [0, 7])
def test_an_epoch_during_training_has_the_numbers_of_its_networks(history, architecture, epoch):
    condition = TrainingConfig(
        architecture=architecture, regime="5", n_replicates=3, checkpoints=(epoch,)
    )
    ensemble, trials = train(condition).checkpoints[epoch], MemoryTask().population()
    recording = record(ensemble[2], trials, delay=5).data.isel(network=0)
    one = recording.sel(time=12)
    matrix = information_matrix(one.states, one.x_in, one.x_out, is_population=True)
    there = history.sel(architecture=architecture, epoch=epoch, replicate=2).squeeze()
    np.testing.assert_allclose(there.information_bits.sel(time=12), matrix, atol=1e-6)
    norm = np.sqrt((one.activations**2).sum("node")).mean()
    assert float(there.activation_norm.sel(time=12)) == pytest.approx(float(norm), rel=1e-5)
    right = recording.answers.sel(time=15) == recording.x_in
    assert float(there.accuracy) == pytest.approx(float(right.mean()))


def test_the_history_carries_the_labels_of_the_study(history):
    assert history.concept.values.tolist() == ["A", "B", "C"]
    assert history.time.values.tolist() == list(range(1, 16))
    assert int(history.input_end) == 10
    assert history.answer_delay.values.tolist() == [5]
    dims = ("task", "architecture", "regime", "replicate", "epoch")
    assert history.information_bits.dims == (*dims, "time", "concept", "node")
    assert history.information_bits.units == history.relay_bits.units == "bit"


@pytest.mark.parametrize("value", ["cumulative", "increment"])
def test_the_history_and_the_study_say_what_the_value_of_a_node_is(store, value):
    config = replace(CONFIG, architectures=("RNN",), n_replicates=1, value=value)
    for result in (training_history(config, store=store), run_study(config, store=store)):
        assert result.sel(task="memory").information_bits.attrs["value"] == value


def test_accuracy_is_tested_at_delays_beyond_the_blank_steps(tmp_path):
    config = StudyConfig(
        tasks=(MemoryTask(),),
        architectures=("RNN",),
        regimes=("random",),
        n_replicates=1,
        n_blank=2,
        answer_delay=2,
        random_delays=(2, 4),
    )
    history = training_history(config, store=tmp_path)
    assert history.time.values.tolist() == list(range(1, 13))
    assert (history.accuracy.isel(epoch=-1) >= config.accuracy_goal).all()


def test_a_network_changes_until_it_stops_and_not_after(history):
    for _, network in history.stack(case=("architecture", "replicate")).groupby("case"):
        one = network.squeeze()
        after = one.epoch >= one.stopped_epoch
        norms = one.activation_norm.transpose("epoch", "time").values
        assert np.ptp(norms[after.values], axis=0).max() == 0
        before = norms[: int((~after).sum()) + 1]
        assert (abs(np.diff(before, axis=0)).sum(axis=1) > 0).all()


def test_untrained_networks_cannot_do_the_task(history):
    assert float(history.accuracy.sel(epoch=0).max()) < 0.98


def test_a_random_walk_moves_as_far_as_training_in_other_directions():
    config = TrainingConfig(regime="1", n_replicates=1, checkpoints=(0, 3, 9), architecture="GRU")
    trained = list(train(config).checkpoints.values())
    path = {
        name: torch.cat([network.weights[name] for network in trained])
        for name in trained[0].weights
    }
    walk = random_walk(Ensemble("GRU", path), rng=np.random.default_rng(0)).weights
    steps = {}
    for name in path:
        torch.testing.assert_close(walk[name][0], path[name][0], rtol=0, atol=0)
        steps[name] = [
            torch.diff(w.reshape(3, -1), dim=0).numpy() for w in (walk[name], path[name])
        ]
        lengths = [np.linalg.norm(step, axis=1) for step in steps[name]]
        np.testing.assert_allclose(*lengths, rtol=1e-3)
    random, directed = steps["weight_hh"]
    assert abs(np.corrcoef(random.ravel(), directed.ravel())[0, 1]) < 0.3


def test_a_random_walk_does_not_depend_on_the_order_in_which_weights_are_stored():
    config = TrainingConfig(regime="1", n_replicates=2, architecture="GRU")
    weights = train(config).ensemble.weights
    walks = [
        random_walk(Ensemble("GRU", dict(order)), rng=np.random.default_rng(0)).weights
        for order in (weights.items(), reversed(weights.items()))
    ]
    for name in weights:
        assert torch.equal(walks[0][name], walks[1][name])


def test_maps_go_from_the_untrained_network_to_the_last_epoch(maps, history):
    for architecture in ("RNN", "LSTM"):
        one = maps.sel(task="memory", architecture=architecture)
        replicate = int(one.shown_replicate)
        course = history.sel(task="memory", architecture=architecture, regime="5")
        stopped = course.stopped_epoch
        assert int(stopped[replicate]) == np.sort(stopped)[1]
        assert one.epoch.values[0] == 0
        assert one.epoch.values[-1] == stopped[replicate]
        trained = one.sel(weights="trained")
        end = course.sel(replicate=replicate).isel(epoch=-1)
        np.testing.assert_allclose(
            trained.information_bits.isel(moment=-1), end.information_bits, atol=1e-6
        )
        null = one.sel(weights="random walk")
        np.testing.assert_allclose(
            null.activation_norm.isel(moment=0), trained.activation_norm.isel(moment=0)
        )
        assert float(null.accuracy.isel(moment=-1)) < float(trained.accuracy.isel(moment=-1))
    assert maps.information_bits.sel(concept="A").sizes["node"] == CONFIG.n_nodes
    assert maps.embedding.dims[-4:] == ("moment", "time", "node", "component")
    assert np.isfinite(maps.embedding).all()


def test_embeddings_preserve_more_neighbours_than_chance(store):
    quality = map_quality(MAPS, store=store)
    preserved = quality.preserved_fraction.sel(algorithm="t-SNE")
    assert (preserved <= 1).all()
    assert (preserved > quality.chance_fraction).all()
    dims = ("task", "architecture", "replicate", "algorithm", "concept")
    assert quality.relay_distance_ratio.dims == quality.relay_distance_p.dims == dims


def test_relay_distance_ratio_distinguishes_a_group_from_a_random_choice():
    rng = np.random.default_rng(0)
    place = rng.normal(size=(6, 12, 2))
    place[:, :4] = rng.normal(scale=0.1, size=(6, 4, 2)) + 3
    bits = np.zeros((6, 3, 12))
    bits[:, 0, :4] = 1.0  # the group
    bits[:, 1, [0, 5, 7, 9]] = 1.0  # scattered; no node relays the third concept
    ratio, p = relay_distance_ratio(place, bits, rng=rng)
    assert ratio[0] < 0.3
    assert p[0] < 0.01
    assert p[1] > 0.05
    assert np.isnan(ratio[2])
    assert np.isnan(p[2])


def test_relay_distance_ratio_by_hand():
    place = np.array([[[0.0], [1.0], [3.0]]])  # distances 1, 3, 2: mean 2
    bits = np.array([[[1.0, 1.0, 0.2]]])
    ratio, p = relay_distance_ratio(place, bits, rng=np.random.default_rng(0))
    assert ratio[0] == pytest.approx(0.5)
    assert p[0] == pytest.approx(1 / 3, abs=0.06)


def test_map_config_must_have_one_regime():
    for study in (0, None, "study"):
        with pytest.raises(ValueError, match="study must be a StudyConfig with one regime, got"):
            MapConfig(study)
    assert type(MapConfig(CONFIG, k=np.int64(2)).k) is int
    with pytest.raises(ValueError, match="study must be a StudyConfig with one regime"):
        MapConfig(StudyConfig(regimes=("1", "5")))
    with pytest.raises(ValueError, match="n_epochs"):
        MapConfig(CONFIG, n_epochs=1)


@pytest.mark.parametrize("max_epochs", [3.5, "20", True])
def test_checkpoint_epochs_of_no_whole_number_raise_an_error(max_epochs):
    with pytest.raises(TypeError, match="max_epochs must be a whole number"):
        checkpoint_epochs(max_epochs)


@pytest.mark.parametrize(
    ("study", "kind"),
    [
        (training_history, "StudyConfig"),
        (run_lattices, "StudyConfig"),
        (evaluate, "StudyConfig"),
        (run_knockouts, "KnockoutConfig"),
        (run_latent, "LatentConfig"),
        (run_attribution, "AttributionConfig"),
        (map_training, "MapConfig"),
        (map_quality, "MapConfig"),
        (training_activations, "ActivationsConfig"),
        (validate_estimators, "ValidationConfig"),
    ],
)
@pytest.mark.parametrize("config", [0, [], {}, "", MemoryTask()])
def test_config_of_another_type_raises_an_error(study, kind, config, store):
    with pytest.raises(TypeError, match=f"config must be a {kind} or None, got"):
        study(config, store=store)


def test_the_store_may_be_given_as_a_path(history, store):
    assert training_history(CONFIG, store=str(store.root)).identical(history)
    with pytest.raises(TypeError, match="store must be a Store, a path or None, got 3"):
        training_history(CONFIG, store=3)
