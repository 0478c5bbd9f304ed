"""Figs. 1 to 3 show the numbers of the tasks and the study they are given."""

import numpy as np
import pytest
import xarray as xr

from relaylib.core.checks import select
from relaylib.figures import fig01_tasks, fig02_training, fig03_relays
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask


def test_fig1_shows_the_inputs_and_the_answers():
    tasks = (MemoryTask(), BlockTask())
    figure = fig01_tasks.draw(tasks, sequences=(1, 6), delay=3)
    for column, task in enumerate(tasks):
        inputs, targets, _ = task.population()
        for row, eighth in enumerate((1, 6)):
            ax = figure.axes[2 * row + column]
            index = eighth * len(inputs) // 8
            np.testing.assert_array_equal(ax.images[0].get_array(), inputs[index].T)
            answer = ax.texts[-1].get_text().splitlines()
            signs = [1 if line.endswith("+1") else -1 for line in answer]
            assert signs == targets[index].tolist()
            assert ax.get_xlim() == (0.5, 13.5)


def test_fig1_names_a_bad_delay():
    with pytest.raises(ValueError, match=r"delay must be >= 0, got -1"):
        fig01_tasks.draw((MemoryTask(),), delay=-1)


def test_fig2_shows_every_network_and_the_means(small_study):
    study = small_study.dataset
    figure = fig02_training.draw(study)
    assert [ax.get_title() for ax in figure.axes] == [
        f"{architecture}, {task} task"
        for task in ("memory", "block")
        for architecture in ("RNN", "GRU", "LSTM")
    ]
    for ax, (task, architecture) in zip(
        figure.axes, [(t, a) for t in study.task for a in study.architecture], strict=True
    ):
        cell = study.accuracy.sel(task=task, architecture=architecture)
        drawn = {line.get_label(): line for line in ax.lines}
        for regime in study.regime.values:
            np.testing.assert_allclose(
                drawn[regime].get_ydata(), cell.sel(regime=regime).mean("replicate")
            )
        n_networks = study.sizes["regime"] * study.sizes["replicate"]
        assert len(ax.lines) == 1 + n_networks + study.sizes["regime"]
        (shaded,) = ax.patches
        assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (0.5, 5.5)
    assert figure.axes[0].get_ylabel() == "accuracy (fraction right)"
    assert figure.axes[-1].get_xlabel() == "test delay (steps)"


def test_fig2_knows_the_delays_of_any_study():
    study = xr.Dataset(
        coords={"regime": ["0", "12", "random"]}, attrs={"configuration": '{"random_delays": [3]}'}
    )
    assert fig02_training.trained_delays(study) == [0, 3, 12]
    assert fig02_training.trained_delays(study.sel(regime=["12"])) == [12]
    assert fig02_training.trained_delays(study.sel(regime=["random"]).drop_attrs()) == []


@pytest.mark.parametrize("task", ["memory", "block"])
def test_fig3_shows_removal_losses_and_node_values(small_study, task):
    network = select(
        small_study.dataset, task=task, architecture="LSTM", regime="5", replicate=0, time=10
    )
    names = network.concept.values[[2, 0]].tolist()
    figure = fig03_relays.draw(network, concepts=names)
    for column, name in enumerate(names):
        case = network.sel(concept=name)
        curve, bars = figure.axes[column], figure.axes[2 + column]
        np.testing.assert_array_equal(curve.lines[-1].get_ydata(), case.relay_bits)
        labels = [label.get_text() for label in curve.get_xticklabels()]
        assert labels == ["none", *map(str, case.removal_order.values)]
        arrows = [(a.xyann[1], a.xy[1]) for a in curve.texts]
        total = case.relay_bits.values[0]
        assert arrows == [(total, left) for left in case.relay_bits.values[1:]]
        np.testing.assert_array_equal(bars.images[0].get_array()[0], case.information_bits)
        assert curve.get_title() == f"concept {name}"
    with pytest.raises(ValueError, match=r"concepts must be one of .*; got 'colour'"):
        fig03_relays.draw(network, concepts=("colour",))
