"""Figures of MM-PHATE's claims show the numbers of the dataset that they are given."""

import numpy as np
import pytest
import xarray as xr
from mmphate_cases import ARCHITECTURES, COMPARED, TASKS, maps

from relaylib.figures import fig_mmphate_claims
from relaylib.mmphate.communities import COMMUNITIES
from relaylib.mmphate.embeddings import ALGORITHMS
from relaylib.mmphate.map_statistics import STATISTICS


def plotted(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def with_maps() -> xr.Dataset:
    sizes = {"task": 2, "architecture": 3, "algorithm": 5, "moment": 3, "step": 2, "node": 4}
    values = np.random.default_rng(0).random((*sizes.values(), 2))
    return maps().assign(embedding=((*sizes, "component"), values))


def test_maps_show_every_point_of_one_network_per_task_and_method():
    found = with_maps()
    figure = fig_mmphate_claims.draw_maps(found, "LSTM")
    assert len(figure.axes) == len(TASKS) * len(ALGORITHMS)
    assert [ax.get_title() for ax in figure.axes[: len(ALGORITHMS)]] == list(ALGORITHMS)
    (dots,) = figure.axes[len(ALGORITHMS) + 1].collections
    place = found.embedding.sel(task=TASKS[1], architecture="LSTM", algorithm=ALGORITHMS[1])
    np.testing.assert_allclose(dots.get_offsets(), place.values.reshape(-1, 2))
    np.testing.assert_array_equal(dots.get_array(), np.tile(np.arange(4), 6))
    with pytest.raises(ValueError, match="architecture must be one of"):
        fig_mmphate_claims.draw_maps(found, "CNN")


def test_what_is_kept_shows_every_compared_network_and_chance():
    found = maps(chance=maps().chance + 0.25)
    figure = fig_mmphate_claims.draw_kept(found)
    ax = figure.axes[len(COMMUNITIES) + 2]
    cell = found.kept.sel(task=TASKS[1], community=COMMUNITIES[2], architecture="GRU")
    table = cell.transpose("replicate", "algorithm").values[:COMPARED]
    np.testing.assert_allclose(plotted(ax, "GRU").get_ydata(), table.ravel())
    assert plotted(ax, "chance").get_ydata()[0] == pytest.approx(0.25)
    bars = np.concatenate([c.get_segments() for c in ax.collections])[:, 0, 1]
    np.testing.assert_allclose(bars[len(ALGORITHMS) : 2 * len(ALGORITHMS)], table.mean(axis=0))


def test_changes_are_means_over_networks_of_courses_relative_to_their_mean():
    found = maps()
    figure = fig_mmphate_claims.draw_changes(found)
    course = found.inter_step_change_bits.sel(task=TASKS[0])
    wanted = (course / course.mean("interval")).mean(["architecture", "replicate"])
    line = plotted(figure.axes[0], "change of inter-step entropy")
    np.testing.assert_allclose(line.get_ydata(), wanted)
    assert line.get_xdata()[0] == 1


def test_accuracy_stands_over_each_number_for_every_network():
    found = maps()
    figure = fig_mmphate_claims.draw_foretold(found)
    assert len(figure.axes) == len(STATISTICS) + 1  # one data set has test accuracies
    for ax, name in zip(figure.axes, [*STATISTICS, "raw norm"], strict=True):
        for architecture in ARCHITECTURES:
            one = found.sel(task=TASKS[1], architecture=architecture)
            values = {"raw norm": one.activation_norm}.get(name)
            values = one.map_statistic.sel(statistic=name) if values is None else values
            np.testing.assert_allclose(plotted(ax, architecture).get_xdata(), values)
            np.testing.assert_allclose(plotted(ax, architecture).get_ydata(), one.test_accuracy)
    with pytest.raises(ValueError, match="test accuracy"):
        fig_mmphate_claims.draw_foretold(found.sel(task=["memory"]))
