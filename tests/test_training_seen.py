"""Training seen epoch by epoch: the same numbers as the study, at every epoch."""

import numpy as np
import pytest
import xarray as xr

from relaylib.core.store import Store
from relaylib.information.relay import information_matrix
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.recording import record
from relaylib.networks.training import train
from relaylib.studies.map_quality import gathering, score_maps
from relaylib.studies.study import StudyConfig, run_study
from relaylib.studies.training_history import checkpoint_epochs, follow_training
from relaylib.studies.training_maps import MapConfig, aimless, map_training
from relaylib.tasks.memory import MemoryTask

CONFIG = StudyConfig(
    tasks=(MemoryTask(),), architectures=("RNN", "LSTM"), regimes=("5",), n_replicates=3
)
MAPS = MapConfig(CONFIG, n_epochs=3, n_landmarks=100, scored_epochs=2, n_scored=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("seen"))


@pytest.fixture(scope="module")
def seen(store: Store) -> xr.Dataset:
    return follow_training(CONFIG, store=store)


@pytest.fixture(scope="module")
def maps(store: Store) -> xr.Dataset:
    return map_training(MAPS, store=store)


def test_epochs_are_dense_early_sparse_late_and_end_at_the_last():
    epochs = checkpoint_epochs(2000)
    assert epochs[:23] == (*range(21), 22, 24)
    steps = np.diff(epochs)
    assert (steps[20:] <= 0.13 * np.array(epochs[20:-1])).all()
    assert epochs[-1] == 2000
    assert checkpoint_epochs(5) == (0, 1, 2, 3, 4, 5)


def test_the_end_of_training_is_the_study(seen, store):
    study, end = run_study(CONFIG, store=store), seen.isel(epoch=-1)
    np.testing.assert_array_equal(seen.stopped_epoch, study.epochs)
    np.testing.assert_allclose(end.information_bits, study.information_bits, atol=1e-6)
    np.testing.assert_allclose(end.relay_bits, study.relay_bits.isel(set_size=0), atol=1e-6)
    np.testing.assert_allclose(end.accuracy, study.population_accuracy, atol=1e-6)


@pytest.mark.parametrize("architecture", ["RNN", "LSTM"])
@pytest.mark.parametrize("epoch", [0, 7])
def test_an_epoch_in_the_middle_is_that_of_the_networks_then(seen, architecture, epoch):
    condition = TrainingConfig(
        architecture=architecture, regime="5", n_replicates=3, checkpoints=(epoch,)
    )
    ensemble, trials = train(condition).checkpoints[epoch], MemoryTask().population()
    symbols = record(ensemble, trials, delay=5)
    matrix = information_matrix(symbols.states[2, 11].T, symbols.x_in.T, symbols.x_out[2].T)
    there = seen.sel(architecture=architecture, epoch=epoch, replicate=2).squeeze()
    np.testing.assert_allclose(there.information_bits.sel(time=12), matrix, atol=1e-6)
    run = ensemble.run(trials.inputs, 5)
    state = run.hidden if run.cell is None else run.cell
    norm = np.sqrt((state[2, 11] ** 2).sum(axis=0)).mean()
    assert float(there.activation_norm.sel(time=12)) == pytest.approx(norm, rel=1e-5)
    right = (run.outputs[2, 14] > 0) == (trials.targets.T > 0)
    assert float(there.accuracy) == pytest.approx(right.mean())


def test_a_network_changes_until_it_stops_and_not_after(seen):
    for _, network in seen.stack(case=("architecture", "replicate")).groupby("case"):
        one = network.squeeze()
        after = one.epoch >= one.stopped_epoch
        norms = one.activation_norm.transpose("epoch", "time").values
        assert np.ptp(norms[after.values], axis=0).max() == 0
        before = norms[: int((~after).sum()) + 1]
        assert (abs(np.diff(before, axis=0)).sum(axis=1) > 0).all()


def test_untrained_networks_do_not_do_the_task(seen):
    assert float(seen.accuracy.sel(epoch=0).max()) < 0.98


def test_aimless_networks_go_as_far_but_elsewhere():
    trained = train(
        TrainingConfig(regime="1", n_replicates=1, checkpoints=(0, 3, 9), architecture="GRU")
    ).checkpoints
    path = {
        k: np.stack([e.weights[k][0].numpy() for e in trained.values()]) for k in trained[0].weights
    }
    ensemble = type(trained[0])("GRU", {k: _tensor(v) for k, v in path.items()})
    walk = aimless(ensemble, rng=np.random.default_rng(0))
    for name, values in path.items():
        ours = walk.weights[name].numpy()
        np.testing.assert_array_equal(ours[0], values[0])
        step, expected = (np.diff(v.reshape(3, -1), axis=0) for v in (ours, values))
        np.testing.assert_allclose(
            np.linalg.norm(step, axis=1), np.linalg.norm(expected, axis=1), rtol=1e-3
        )
    flat, aim = (
        np.diff(v.reshape(3, -1), axis=0).ravel()
        for v in (walk.weights["weight_hh"].numpy(), path["weight_hh"])
    )
    assert abs(np.corrcoef(flat, aim)[0, 1]) < 0.3


def test_maps_go_from_untrained_to_stopped(maps, seen):
    for architecture in ("RNN", "LSTM"):
        one = maps.sel(task="memory", architecture=architecture)
        replicate = int(one.shown_replicate)
        course = seen.sel(task="memory", architecture=architecture, regime="5")
        stopped = course.stopped_epoch
        assert int(stopped[replicate]) == np.sort(stopped)[1]
        assert one.epoch.values[0] == 0
        assert one.epoch.values[-1] == stopped[replicate]
        trained = one.sel(weights="trained")
        end = course.sel(replicate=replicate).isel(epoch=-1)
        np.testing.assert_allclose(
            trained.information_bits.isel(moment=-1), end.information_bits, atol=1e-6
        )
        null = one.sel(weights="aimless")
        np.testing.assert_allclose(
            null.activation_norm.isel(moment=0), trained.activation_norm.isel(moment=0)
        )
        assert float(null.accuracy.isel(moment=-1)) < float(trained.accuracy.isel(moment=-1))
    assert maps.embedding.dims[-4:] == ("moment", "time", "node", "component")
    assert np.isfinite(maps.embedding).all()


def test_scores_are_fractions_above_chance(store):
    scores = score_maps(MAPS, store=store)
    kept = scores.preserved_fraction.sel(algorithm="t-SNE")
    assert (kept <= 1).all()
    assert (kept > scores.chance_fraction).all()
    assert scores.gathering.dims == ("task", "architecture", "replicate", "algorithm", "concept")


def test_gathering_tells_a_group_from_a_random_choice():
    rng = np.random.default_rng(0)
    place = rng.normal(size=(6, 12, 2))
    place[:, :4] = rng.normal(scale=0.1, size=(6, 4, 2)) + 3
    bits = np.zeros((6, 3, 12))
    bits[:, 0, :4] = 1.0  # the group
    bits[:, 1, [0, 5, 7, 9]] = 1.0  # scattered; the third concept is relayed by none
    ratio, p = gathering(place, bits, rng=rng)
    assert ratio[0] < 0.3
    assert p[0] < 0.01
    assert p[1] > 0.05
    assert np.isnan(ratio[2])
    assert np.isnan(p[2])


def test_gathering_by_hand():
    place = np.array([[[0.0], [1.0], [3.0]]])  # distances 1, 3, 2: mean 2
    bits = np.array([[[1.0, 1.0, 0.2]]])
    ratio, p = gathering(place, bits, rng=np.random.default_rng(0))
    assert ratio[0] == pytest.approx(0.5)
    assert p[0] == pytest.approx(1 / 3, abs=0.06)


def test_maps_are_of_one_regime():
    with pytest.raises(ValueError, match="study must have one regime"):
        MapConfig(StudyConfig(regimes=("1", "5")))
    with pytest.raises(ValueError, match="n_epochs"):
        MapConfig(CONFIG, n_epochs=1)


def _tensor(values: np.ndarray) -> object:
    import torch

    return torch.from_numpy(values)
