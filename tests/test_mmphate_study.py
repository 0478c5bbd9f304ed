"""The study of MM-PHATE's claims: small runs, resumed runs, and the stored results recomputed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from relaylib.mmphate.communities import COMMUNITIES, community_preservation
from relaylib.mmphate.embeddings import ALGORITHMS, embed
from relaylib.mmphate.map_statistics import STATISTICS, map_displacement, map_statistics
from relaylib.networks.trained import trained_networks
from relaylib.studies import mmphate_study
from relaylib.studies.grid import stack
from relaylib.studies.mmphate_config import PAPER_TASKS, MapStudyConfig
from relaylib.studies.mmphate_study import _numbered, _recorded_training, run_mmphate_study
from relaylib.studies.real_networks import train_condition
from relaylib.studies.training_history import checkpoint_epochs

SMALL = MapStudyConfig(
    tasks=("memory", "BasicMotions"),
    architectures=("RNN", "GRU"),
    n_compared=1,
    n_ranked=2,
    n_nodes=6,
    n_updates=20,
    n_epochs=5,
    n_times=4,
    k=2,
    n_clusters=2,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("maps")


@pytest.fixture(scope="module")
def found(folder):
    return run_mmphate_study(SMALL, store=folder)


def test_every_network_is_mapped_and_the_first_by_every_method(found):
    assert found.kept.dims == ("task", "architecture", "replicate", "algorithm", "community")
    assert found.algorithm.values.tolist() == list(ALGORITHMS)
    assert found.community.values.tolist() == list(COMMUNITIES)
    assert found.statistic.values.tolist() == list(STATISTICS)
    compared = found.kept.notnull().any(["algorithm", "community"])
    assert compared.isel(replicate=0).all()
    assert not compared.isel(replicate=1).any()
    assert found.sel(task="BasicMotions").map_statistic.notnull().all()
    assert found.sel(task="BasicMotions").test_accuracy.notnull().all()
    assert found.sel(task="memory").test_accuracy.isnull().all()
    assert found.sizes["interval"] == SMALL.n_epochs - 1
    assert found.inter_step_change_bits.attrs["units"] == "bit"
    assert found.embedding.dtype == np.float32


def test_the_numbers_are_those_of_the_map_of_the_recorded_training(found, folder):
    (condition,) = SMALL.study("memory", "GRU").conditions()
    epochs = checkpoint_epochs(condition.max_epochs)
    trained = trained_networks(replace(condition, checkpoints=epochs), store=folder)
    inputs = PAPER_TASKS["memory"].population().inputs
    activations = _recorded_training(SMALL, trained, inputs, 0)
    assert activations.dims == ("epoch", "time", "node", "sequence")
    assert activations.time.values.tolist() == [4, 8, 11, 15]
    one = found.sel(task="memory", architecture="GRU", replicate=0)
    np.testing.assert_array_equal(one.epoch, activations.epoch)
    assert activations.epoch.values[[0, -1]].tolist() == [0, trained.epochs[0]]
    place = embed(activations, "MM-PHATE", random_state=SMALL.seed, progress=False)
    np.testing.assert_allclose(one.displacement, map_displacement(place))
    np.testing.assert_allclose(one.map_statistic, map_statistics(place))
    scores = community_preservation(activations, place, k=2, n_clusters=2)
    np.testing.assert_allclose(one.kept.sel(algorithm="MM-PHATE"), scores.kept)
    run = trained.ensemble[0].run(inputs, 5).hidden[0][[3, 7, 10, 14]]
    norm = np.linalg.norm(run, axis=1).mean()
    np.testing.assert_allclose(one.activation_norm, norm, rtol=1e-5)
    shown = one.embedding.sel(algorithm="MM-PHATE")
    np.testing.assert_allclose(shown, place.values.astype(np.float32), rtol=1e-5)


def test_what_is_stored_is_not_computed_again(folder, found, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(mmphate_study, "embed", refuse)
    xr.testing.assert_equal(run_mmphate_study(SMALL, store=folder), found)
    part = replace(SMALL, tasks=("memory",), architectures=("GRU",))
    again = run_mmphate_study(part, store=folder)  # one condition of an interrupted run
    wanted = found.kept.sel(task=["memory"], architecture=["GRU"], replicate=[0])
    np.testing.assert_array_equal(again.kept, wanted)


def test_networks_on_real_series_are_those_of_their_page():
    config = replace(SMALL, n_updates=6, n_epochs=20)  # all steps are kept
    ours = mmphate_study._real_networks(config, "BasicMotions", "GRU", None).trained.checkpoints
    assert list(ours) == list(range(7))
    real = config.real("BasicMotions")
    best = train_condition(real, "BasicMotions", "GRU", SMALL.n_nodes)["random"]
    for network, step in enumerate(best.n_updates.tolist()):
        for name, weights in best.ensemble.weights.items():
            assert torch.equal(weights[network], ours[step].weights[name][network]), name


def test_checkpoints_are_dense_early_and_end_with_training():
    steps = MapStudyConfig().training(0.5).checkpoints
    assert steps[0] == 0
    assert steps[-1] == MapStudyConfig().n_updates
    assert (np.diff(steps, 2) >= -1).all()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tasks", ()),
        ("tasks", ("nothing",)),
        ("architectures", ("CNN",)),
        ("n_compared", 11),
        ("first_time", 11),
        ("k", 8),
        ("n_clusters", 12),
        ("n_epochs", 2),
    ],
)
def test_bad_fields_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        MapStudyConfig(**{field: value})


def test_trainings_with_fewer_checkpoints_are_laid_beside_others():
    cells = [
        _numbered(xr.Dataset({"epoch": ("moment", range(n)), "x": ("interval", range(n - 1))}))
        for n in (3, 2)
    ]
    both = stack(cells, "task")
    np.testing.assert_array_equal(both.epoch, [[0, 1, 2], [0, 1, np.nan]])
    np.testing.assert_array_equal(both.x, [[0, 1], [0, np.nan]])
