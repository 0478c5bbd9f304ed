"""Figs. 6 to 9 show the numbers of the study they are given."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from relaylib.core.store import Store
from relaylib.figures import fig06_arrival, fig07_node_time, fig08_drift, fig09_overlap
from relaylib.measures.drift import drift, median_replicate
from relaylib.studies.study import StudyConfig, run_study
from relaylib.tasks.memory import MemoryTask

ONSETS = (4, 7, 10)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    config = StudyConfig(tasks=(MemoryTask(),), regimes=("1", "5", "random"), n_replicates=3)
    return run_study(config, store=Store(tmp_path_factory.mktemp("study")))


def test_fig6_shows_every_matrix_and_every_row(study: xr.Dataset) -> None:
    network = study.sel(task="memory", architecture="LSTM", regime="5", replicate=1)
    figure = fig06_arrival.draw(network, onsets=ONSETS)
    left, right = figure.subfigs
    bits = network.information_bits
    for time, ax in enumerate(left.axes):
        np.testing.assert_array_equal(ax.images[0].get_array(), bits.isel(time=time))
    assert [ax.get_title() for ax in left.axes][3:7] == ["4: A shown", "5", "6", "7: B shown"]
    for concept, ax in enumerate(right.axes[:3]):
        np.testing.assert_array_equal(ax.images[0].get_array(), bits.isel(concept=concept).T)
        assert ax.images[0].get_extent() == [0.5, 15.5, 12.5, 0.5]
        assert ax.lines[0].get_xdata() == [ONSETS[concept]]
    assert right.axes[-1].get_ylabel() == "information (bits)"


def test_onsets_may_be_named_and_must_belong_to_concepts(study: xr.Dataset) -> None:
    network = study.sel(task="memory", architecture="LSTM", regime="5", replicate=1)
    figure = fig06_arrival.draw(network, onsets={"B": 7})
    assert [len(ax.lines) for ax in figure.subfigs[1].axes[:3]] == [0, 2, 0]
    with pytest.raises(ValueError, match="onsets must hold one step for each of"):
        fig06_arrival.draw(network, onsets=(4, 7))
    with pytest.raises(ValueError, match=r"onsets must name concepts of .*, got \['D'\]"):
        fig06_arrival.draw(network, onsets={"D": 4})


def test_negative_bits_have_their_own_colour(study: xr.Dataset) -> None:
    network = study.sel(task="memory", architecture="LSTM", regime="5", replicate=1)
    figure = fig06_arrival.draw(network)
    image = figure.subfigs[0].axes[0].images[0]
    negative, zero, tiny = image.to_rgba(np.array([-0.2, 0.0, -1e-12]))
    assert not np.allclose(negative, zero)
    np.testing.assert_array_equal(tiny, zero)


def test_fig7_shows_the_median_networks(study: xr.Dataset) -> None:
    networks = study.sel(task="memory", regime="5")
    chosen = median_replicate(
        drift(study.information_bits).correlation.sel(task="memory", regime="5")
    )
    figure = fig07_node_time.draw(networks.sel(replicate=chosen), onsets=ONSETS)
    panels = np.array(figure.axes[:9]).reshape(3, 3)
    for row, architecture in zip(panels, ("RNN", "GRU", "LSTM"), strict=True):
        replicate = int(chosen.sel(architecture=architecture))
        assert row[0].get_ylabel() == f"{architecture}, network {replicate}\nnode"
        bits = networks.information_bits.sel(architecture=architecture, replicate=replicate)
        for concept, ax in enumerate(row):
            np.testing.assert_array_equal(ax.images[0].get_array(), bits.isel(concept=concept).T)


@pytest.mark.parametrize("lag", [1, 4])
@pytest.mark.parametrize(
    ("draw", "measure"), [(fig08_drift.draw, "correlation"), (fig09_overlap.draw, "overlap")]
)
def test_fig8_and_9_show_every_network_and_the_mean(study, draw, measure, lag) -> None:
    compared = drift(study.information_bits, lag=lag)
    (ax,) = draw(compared).axes
    values = compared[measure].sel(task="memory")
    dots = [line for line in ax.lines if line.get_linestyle() == "None"]
    for line, architecture in zip(dots[:3], values.architecture, strict=True):
        np.testing.assert_array_equal(
            line.get_ydata(), values.sel(architecture=architecture).T.values.ravel()
        )
    legend = {line.get_label(): line for line in ax.lines}
    for architecture in ("RNN", "GRU", "LSTM"):
        mean = values.sel(architecture=architecture, regime=["1", "5"]).mean("replicate")
        np.testing.assert_allclose(legend[architecture].get_ydata(), mean)
    assert f"{lag} step" in ax.get_ylabel()
    empty = [text.get_text() for text in ax.texts]
    assert empty == (["no pair"] if lag == 4 else [])


def test_figures_can_be_saved(study: xr.Dataset, tmp_path: Path) -> None:
    fig08_drift.draw(drift(study.information_bits)).savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
