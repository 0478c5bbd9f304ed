"""Figures of real time series show the numbers of the dataset that they are given."""

import numpy as np
import pytest
from real_cases import SMALL, small

from relaylib.figures import fig_real_series

NAMES = list(SMALL.data)


def plotted(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_accuracy_is_the_mean_over_all_networks_beside_the_baselines():
    found = small()
    figure = fig_real_series.draw_accuracy(found)
    ax = figure.axes[1]
    cell = found.class_accuracy.sel(data=NAMES[1], regime="random", n_nodes=12, architecture="GRU")
    np.testing.assert_allclose(plotted(ax, "GRU, 12").get_ydata(), cell.mean("replicate"))
    height = found.baseline_accuracy.sel(data=NAMES[1], baseline="MiniRocket")
    assert plotted(ax, "MiniRocket").get_ydata()[0] == pytest.approx(float(height))
    assert "fraction" in figure.axes[0].get_ylabel()
    assert "steps" in ax.get_xlabel()


def test_bits_stand_below_the_series_that_bring_them():
    found = small()
    figure = fig_real_series.draw_information(found, NAMES)
    above, below = figure.axes[0], figure.axes[2]
    one = found.isel(n_nodes=0).sel(data=NAMES[0])
    n_steps = int(one.n_steps)
    drawn = above.lines[0].get_ydata()
    np.testing.assert_allclose(drawn, one.mean_series[0, :n_steps, 0])
    bits = one.total_bits.sel(architecture="GRU").isel(concept=0).dropna("replicate", how="all")
    mean = bits.mean("replicate").sel(time=slice(1, n_steps + 5))
    np.testing.assert_allclose(plotted(below, "GRU").get_ydata(), mean)
    assert "bits" in figure.axes[2].get_ylabel()
    with pytest.raises(ValueError, match="names must be one of"):
        fig_real_series.draw_information(found, ["nothing"])


def test_drift_shows_every_network_that_learned():
    found = small()
    figure = fig_real_series.draw_drift(found)
    first = found.isel(n_nodes=0).sel(data=NAMES[0], architecture="GRU")
    drawn = plotted(figure.axes[0], "GRU").get_ydata()
    np.testing.assert_allclose(drawn, first.correlation.mean("replicate"))
    drawn = plotted(figure.axes[2], "GRU").get_ydata()
    np.testing.assert_allclose(drawn, first.decoding_at_lag.sel(lag=1).mean("replicate"))


def test_knockouts_are_curves_of_networks_that_learned():
    found = small()
    figure = fig_real_series.draw_knockouts(found)
    column, row = NAMES.index("BasicMotions"), 1
    ax = figure.axes[row * len(NAMES) + column]
    curve = found.isel(n_nodes=0).sel(data="BasicMotions", architecture="GRU").own_curve
    np.testing.assert_allclose(
        plotted(ax, "its own relays").get_ydata(), curve.mean("replicate"), atol=1e-12
    )
