"""State space under noise, on a few real networks; Figs. 12 and 13 and the frames."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from relaylib.core.store import Store
from relaylib.figures import fig12_pca, fig13_removal
from relaylib.measures.geometry import SCORES, cluster_scores, pca
from relaylib.studies.config import StudyConfig
from relaylib.studies.latent import LatentConfig, removal_projections, run_latent, sharpening
from relaylib.studies.study import load_ensemble, run_study
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.widgets.frames import Frames

STUDY = StudyConfig(
    tasks=(MemoryTask(),), architectures=("RNN",), regimes=("2", "random"), n_replicates=2
)
CONFIG = LatentConfig(STUDY, n_random=4, sequences_per_state=4)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("latent"))


@pytest.fixture(scope="module")
def latent(store: Store) -> xr.Dataset:
    return run_latent(CONFIG, store=store)


@pytest.fixture
def network(latent: xr.Dataset) -> Iterator[xr.Dataset]:
    yield latent.sel(regime="random", replicate=1)
    plt.close("all")


def test_every_memory_content_is_shown_equally_often(latent: xr.Dataset) -> None:
    assert np.bincount(latent.state).tolist() == [4] * 8
    codes = (latent.target.values > 0) @ [4, 2, 1]
    np.testing.assert_array_equal(codes, latent.state)


def test_without_noise_states_are_those_of_the_population(store: Store) -> None:
    quiet = run_latent(LatentConfig(STUDY, noise_sd=0, n_random=1), store=store)
    run = load_ensemble(STUDY, "memory", "RNN", "2", store=store).run(
        MemoryTask().population().inputs, 5
    )
    expected = run.hidden[:, 9:].transpose(0, 1, 3, 2)[:, :, quiet.state.values]
    np.testing.assert_allclose(quiet.activations.sel(regime="2"), expected, atol=1e-6)
    assert quiet.noisy_accuracy.sel(regime="2").min() == 1


def test_bits_do_not_depend_on_the_number_of_threads(
    latent: xr.Dataset, store: Store, tmp_path: Path
) -> None:
    for path in store.root.glob("networks-*"):
        shutil.copy(path, tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_latent import CONFIG\nfrom relaylib.studies.latent import run_latent\n"
        f"latent = run_latent(CONFIG, store={str(tmp_path)!r})\n"
        f"latent.to_netcdf({str(tmp_path / 'again.nc')!r}, engine='h5netcdf')"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "4")
    subprocess.run([sys.executable, "-c", code], env=os.environ | threads, check=True)
    again = xr.load_dataset(tmp_path / "again.nc", engine="h5netcdf")
    xr.testing.assert_equal(again, latent)


def test_noise_is_the_same_for_all_networks_and_another_with_another_seed(store: Store) -> None:
    ensemble = load_ensemble(STUDY, "memory", "RNN", "2", store=store)
    again = run_latent(LatentConfig(STUDY, noise_sd=0.1, n_random=2), store=store)
    few = LatentConfig(StudyConfig((MemoryTask(),), ("RNN",), ("2",), 1), n_random=2)
    alone = run_latent(few, store=store)
    np.testing.assert_array_equal(
        alone.activations.sel(regime="2", replicate=0), again.activations[0, 0]
    )
    np.testing.assert_array_equal(alone.random_score[:, :, 0, 0], again.random_score[:, :, 0, 0])
    assert len(ensemble) == 2


def test_removal_follows_the_studys_order_and_scores_what_is_left(latent: xr.Dataset) -> None:
    case = latent.sel(regime="2", replicate=0)
    order = case.removal_order
    points = case.activations.values.reshape(-1, 12)
    for concept, n_removed in ((0, 0), (1, 5), (2, 10)):
        left = sorted(set(range(12)) - set(order.isel(concept=concept).values[:n_removed] - 1))
        coordinates, _ = pca(points[:, left])
        values = case.target.isel(concept=concept).values > 0
        for labelling, labels in (("concept", values), ("state", case.state.values)):
            expected = cluster_scores(coordinates, np.tile(labels, 6))
            found = case.ordered_score.isel(concept=concept).sel(
                set_size=12 - n_removed, labelling=labelling
            )
            for name in SCORES:
                assert found.sel(score=name).item() == pytest.approx(expected[name], rel=1e-4)


def test_orders_and_bits_are_the_studys_at_step_10(latent: xr.Dataset, store: Store) -> None:
    study = run_study(STUDY, store=store).isel(task=0, architecture=0).sel(time=10)
    np.testing.assert_array_equal(latent.removal_order, study.removal_order)
    np.testing.assert_array_equal(latent.relay_bits, study.relay_bits.sel(set_size=slice(12, 1)))


def test_projections_match_the_scores(network: xr.Dataset) -> None:
    projections = removal_projections(network).sel(concept="B", set_size=5)
    points = projections.coordinates.transpose("time", "sequence", "component").values
    labels = np.tile(network.target.sel(concept="B").values > 0, 6)
    scores = cluster_scores(points.reshape(-1, 2), labels)
    found = network.ordered_score.sel(concept="B", set_size=5, labelling="concept")
    np.testing.assert_allclose(found, list(scores.values()), rtol=1e-4)


def test_sharpening_is_positive_where_ordered_removal_is_better(latent: xr.Dataset) -> None:
    better = latent.copy()
    step = xr.DataArray(list(SCORES.values()), dims="score") * 0.25
    better["ordered_score"] = latent.random_score.mean("draw") + step
    np.testing.assert_allclose(sharpening(better), 0.25)
    better["ordered_score"] = better.ordered_score.where(latent.set_size < 12, 1e6)
    np.testing.assert_allclose(sharpening(better), 0.25)  # the full set does not count


@pytest.mark.parametrize(("architecture", "lstm_state"), [("LSTM", "cell"), ("LSTM", "hidden")])
def test_other_networks_and_tasks(store: Store, architecture: str, lstm_state: str) -> None:
    study = StudyConfig(
        (BlockTask(),), (architecture,), ("1",), n_replicates=1, lstm_state=lstm_state
    )
    found = run_latent(LatentConfig(study, n_random=1), store=store)
    run = load_ensemble(study, "block", architecture, "1", store=store).run(
        BlockTask().population().inputs, 5
    )
    assert found.sizes["sequence"] == 128
    bounded = np.abs(run.cell).max() > 1 and lstm_state == "cell"
    assert (np.abs(found.activations).max() > 1) == bounded
    assert np.isfinite(found.ordered_score).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"study": StudyConfig()}, "study must hold one of tasks"),
        ({"noise_sd": -1}, "noise_sd must be"),
        ({"sequences_per_state": 3}, "sequences_per_state must be in 4"),
        ({"n_random": 0}, "n_random must be >= 1"),
        ({"order_time": 16}, r"order_time must be in 1\.\.15"),
    ],
)
def test_bad_configurations_are_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatentConfig(**change)


def test_fig12_shows_every_sequence_at_every_step(network: xr.Dataset) -> None:
    figure = fig12_pca.draw(network)
    together, *steps = figure.axes
    for ax, times in ((together, network.time.values), (steps[2], [12])):
        for state, points in enumerate(ax.collections):
            chosen = network.coordinates.sel(time=times).isel(sequence=network.state == state)
            expected = chosen.values.reshape(-1, 2)
            np.testing.assert_allclose(np.sort(points.get_offsets(), 0), np.sort(expected, 0))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["−−−", "−−+", "−+−"]
    share = 100 * float(network.variance_fraction[0])
    assert together.get_xlabel() == f"principal component 1 ({share:.0f} %)"


def test_fig13_shows_curves_and_corrected_directions(network: xr.Dataset) -> None:
    figure = fig13_removal.draw(network, labelling="state")
    bits, *scores = figure.subfigs[1].axes
    for concept, line in enumerate(bits.lines):
        np.testing.assert_array_equal(line.get_ydata(), network.relay_bits[concept])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(12, 0, -1))
    for ax, name in zip(scores, SCORES, strict=True):
        case = network.sel(score=name, labelling="state")
        dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
        marked = [line for line in ax.lines if line.get_marker() not in ("None", "")]
        for concept in range(3):
            random = case.random_score.isel(concept=concept)
            np.testing.assert_allclose(dotted[concept].get_ydata(), random.mean("draw"))
            ordered = case.ordered_score.isel(concept=concept)
            np.testing.assert_array_equal(marked[concept].get_ydata(), ordered)
        assert len(ax.lines) == 3 * (4 + 2)
    titles = [ax.get_title() for ax in scores]
    assert "lower is better" in titles[1]
    assert "higher is better" in titles[2]


def test_fig13_panels_are_the_projections(network: xr.Dataset) -> None:
    figure = fig13_removal.draw(network)
    panel = figure.subfigs[0].axes[2]
    assert panel.get_title() == "6 nodes left"
    points = removal_projections(network).coordinates.sel(concept="A", set_size=6)
    for value, drawn in enumerate(panel.collections):
        chosen = points.isel(sequence=(network.target[:, 0] > 0).values == value)
        expected = chosen.transpose("time", "sequence", "component").values.reshape(-1, 2)
        np.testing.assert_allclose(drawn.get_offsets(), expected)


def test_frames_say_what_they_show(network: xr.Dataset) -> None:
    shown = Frames(fig13_removal.frames(network), label="nodes removed", index=2)
    assert [picture["text"] for picture in shown.pictures][3] == "3 of 12 nodes removed, 9 left"
    assert len({picture["png"] for picture in shown.pictures}) == 12
    assert not plt.get_fignums()
    with pytest.raises(ValueError, match=r"index must be in 0..11, got 12"):
        shown.index = 12


@pytest.mark.parametrize("n", [0, 21])
def test_too_few_or_too_many_frames(n: int) -> None:
    with pytest.raises(ValueError, match="pictures must be 1 to 20"):
        Frames([(Figure(figsize=(1, 1)), "empty")] * n, label="frame")
