"""Figures of training show the numbers of the datasets they are given."""

import numpy as np
import pytest
import xarray as xr

from relaylib.core.bootstrap import bootstrap_interval
from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.figures import fig_emergence, fig_map_quality, fig_training_course, fig_training_maps
from relaylib.figures.style import ARCHITECTURE_COLOURS, CONTROL
from relaylib.measures.emergence import emergence
from relaylib.studies.study import StudyConfig
from relaylib.studies.training_history import training_history
from relaylib.studies.training_maps import MapConfig, map_training
from relaylib.tasks.memory import MemoryTask

STUDY = StudyConfig(tasks=(MemoryTask(),), regimes=("2",), n_replicates=3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("figures"))


@pytest.fixture(scope="module")
def history(store):
    return training_history(STUDY, store=store).sel(regime="2")


@pytest.fixture(scope="module")
def maps(store):
    return map_training(MapConfig(STUDY, n_epochs=3, n_landmarks=100), store=store)


def test_maps_place_every_point_and_colour_it_by_each_quantity(maps):
    figure = fig_training_maps.draw(maps.sel(task="memory"))
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    rows = np.array(panels, dtype=object).reshape(3, 6)
    titles = ["epoch", "time step", "node", "bits of A", "bits of B", "bits of C"]
    assert [ax.get_title() for ax in rows[0]] == titles
    trained = maps.sel(task="memory", weights="trained")
    for row, architecture in zip(rows, maps.architecture.values, strict=True):
        cell = trained.sel(architecture=architecture)
        assert row[0].get_ylabel() == f"{architecture}, network {int(cell.shown_replicate)}"
        moment, time, node = np.indices((3, 15, 12))
        bits = cell.information_bits.transpose("concept", "moment", "time", "node").values
        part = (cell.epoch / cell.epoch[-1]).values[moment]
        place = cell.embedding.values.reshape(-1, 2)
        for ax, values in zip(row, [part, time + 1, node + 1, *bits], strict=True):
            (drawn,) = ax.collections
            expected = np.column_stack([place, values.ravel()])
            shown = np.column_stack([drawn.get_offsets(), drawn.get_array()])
            np.testing.assert_allclose(_sorted(shown), _sorted(expected))
        assert (np.diff(row[3].collections[0].get_array()) >= 0).all()  # most bits on top


def test_the_random_walk_is_drawn_below_its_network(maps):
    figure = fig_training_maps.draw_null(maps)
    top, bottom = np.array(figure.axes[:6], dtype=object).reshape(2, 3)
    assert [ax.get_title() for ax in top] == ["RNN, memory", "GRU, memory", "LSTM, memory"]
    for line, weights in ((top, "trained"), (bottom, "random walk")):
        for ax, architecture in zip(line, maps.architecture.values, strict=True):
            cell = maps.embedding.sel(task="memory", architecture=architecture, weights=weights)
            shown = ax.collections[0].get_offsets()
            np.testing.assert_allclose(_sorted(shown), _sorted(cell.values.reshape(-1, 2)))


def test_course_shows_medians_at_parts_of_each_networks_own_training(history, maps):
    task = history.sel(task="memory")
    figure = fig_training_course.draw(task, maps.sel(task="memory"), time=11)
    axes = np.array(figure.axes, dtype=object).reshape(5, 3)
    gru = task.sel(architecture="GRU")
    accuracy, null = axes[0, 1].lines
    assert accuracy.get_color() == ARCHITECTURE_COLOURS["GRU"]
    assert accuracy.get_ydata()[0] == gru.accuracy.sel(epoch=0).median()
    assert accuracy.get_ydata()[-1] == gru.accuracy.isel(epoch=-1).median()
    middle = [
        np.interp(stopped / 2, history.epoch, gru.accuracy.sel(replicate=r))
        for r, stopped in enumerate(gru.stopped_epoch.values)
        if stopped / 2 <= 20
    ]
    by_part = fig_training_course.by_part(gru.accuracy, gru.stopped_epoch)[:, 10]
    np.testing.assert_allclose(by_part[gru.stopped_epoch.values <= 40], middle, rtol=1e-6)
    walk = maps.sel(task="memory", architecture="GRU", weights="random walk")
    np.testing.assert_array_equal(null.get_ydata(), walk.accuracy)
    assert [line.get_label() for line in axes[1, 1].lines] == ["A", "B", "C"]
    for index, line in enumerate(axes[1, 1].lines):
        final = gru.relay_bits.sel(time=11).isel(concept=index, epoch=-1).median()
        assert line.get_ydata()[-1] == pytest.approx(float(final))
    norm = axes[2, 1].lines[0].get_ydata()[-1]
    assert norm == pytest.approx(float(gru.activation_norm.sel(time=11).isel(epoch=-1).median()))


def test_emergence_shows_every_network_median_and_interval(history):
    found = emergence(history)
    figure = fig_emergence.draw(found, seed=1)
    for ax, (name, _) in zip(figure.axes, fig_emergence.PANELS.items(), strict=True):
        for index, architecture in enumerate(found.architecture.values):
            values = found[name].sel(task="memory", architecture=architecture)
            rng = stream(1, "bootstrap", name)
            median = bootstrap_interval(values, rng=rng, statistic="median")
            bars = ax.containers[index]
            np.testing.assert_allclose(bars.lines[0].get_ydata(), median.estimate)
            (segments,) = bars.lines[2]
            ends = np.array([segment[:, 1] for segment in segments.get_segments()])
            known = np.isfinite(median.low.values)
            np.testing.assert_allclose(ends[known, 0], median.low.values[known])
            np.testing.assert_allclose(ends[known, 1], median.high.values[known])
            dots = [line for line in ax.lines if line.get_marker() == "o" and line.get_alpha()]
            np.testing.assert_array_equal(
                dots[index].get_ydata(), values.transpose("replicate", "concept").values.ravel()
            )
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["A", "B", "C"]


def test_map_quality_shows_every_network_and_chance():
    rng = np.random.default_rng(0)
    dims = ("task", "architecture", "replicate", "algorithm", "scope")
    coords = {
        "task": ["memory"],
        "architecture": ["RNN", "GRU"],
        "algorithm": ["MM-PHATE", "PCA"],
        "scope": ["within", "between"],
    }
    quality = xr.Dataset(
        {
            "preserved_fraction": (dims, rng.random((1, 2, 3, 2, 2))),
            "chance_fraction": (
                ("task", "architecture", "replicate", "scope"),
                rng.random((1, 2, 3, 2)),
            ),
            "relay_distance_ratio": ((*dims[:4], "concept"), rng.random((1, 2, 3, 2, 3))),
        },
        coords,
    )
    within, between, together = fig_map_quality.draw(quality).axes
    for ax, scope in ((within, "within"), (between, "between")):
        kept = quality.preserved_fraction.sel(task="memory", scope=scope, architecture="GRU")
        np.testing.assert_array_equal(
            ax.lines[1].get_ydata(), kept.transpose("replicate", "algorithm").values.ravel()
        )
        (chance,) = (line for line in ax.lines if line.get_color() == CONTROL)
        assert chance.get_ydata()[0] == quality.chance_fraction.sel(scope=scope).mean()
    ratio = quality.relay_distance_ratio.sel(task="memory", architecture="RNN").mean("concept")
    np.testing.assert_allclose(
        together.lines[0].get_ydata(), ratio.transpose("replicate", "algorithm").values.ravel()
    )


def _sorted(rows: np.ndarray) -> np.ndarray:
    rounded = np.asarray(rows, dtype=float).round(9)
    return rounded[np.lexsort(rounded.T)]
