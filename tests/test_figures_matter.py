"""Figures of nodes that matter show the numbers of the dataset that they are given."""

import numpy as np
import pytest
import xarray as xr
from matter_cases import SIZES, made_up, tiny_wirings

from relaylib.figures import fig_nodes_that_matter
from relaylib.figures.table import table_of
from relaylib.studies.estimator_config import SCORES, TASKS
from relaylib.studies.known_wirings import WIRINGS
from relaylib.studies.population_orders import ORDERS


def plotted(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_agreement_shows_every_network_and_the_means():
    sizes = {"task_of_paper": 2, "architecture": 3, "regime": 2, "network": 1, "order": len(ORDERS)}
    values = np.random.default_rng(0).random(tuple(sizes.values()))
    coords = {"task_of_paper": ["memory", "block"], "order": list(ORDERS)}
    tau = xr.DataArray(values, coords, tuple(sizes))
    figure = fig_nodes_that_matter.draw_agreement(
        xr.Dataset({"kendall_tau": tau, "relay_share": tau / 2})
    )
    means = plotted(figure.axes[1], "block task").get_ydata()
    np.testing.assert_allclose(means, values[1].mean(axis=(0, 1, 2)) / 2)
    assert len(table_of(figure)) == values.size
    with pytest.raises(ValueError, match="kendall_tau"):
        fig_nodes_that_matter.draw_agreement(xr.Dataset())


def test_estimates_stand_beside_the_truth():
    found = tiny_wirings()
    figure = fig_nodes_that_matter.draw_wirings(found)
    assert [ax.get_title() for ax in figure.axes] == list(WIRINGS)
    line = plotted(figure.axes[1], "decoder")
    wanted = found.estimate_bits.sel(wiring=WIRINGS[1], estimate="decoder").mean("sample")
    np.testing.assert_allclose(line.get_ydata(), wanted)
    assert plotted(figure.axes[1], "truth").get_ydata()[0] == pytest.approx(1)


def test_sets_are_means_over_networks_that_learned():
    found = made_up()
    found["learned"] = found.learned & (found.replicate > 0)
    figure = fig_nodes_that_matter.draw_sets(found)
    assert [ax.get_title() for ax in figure.axes] == [f"{n} nodes" for n in SIZES]
    where = {"task": "digits", "n_nodes": SIZES[1], "score": SCORES[1]}
    wanted = found.own_curve.sel(where).isel(replicate=slice(1, None)).mean("replicate")
    np.testing.assert_allclose(plotted(figure.axes[1], SCORES[1]).get_ydata(), wanted)
    assert set(table_of(figure).task) == {"digits"}


def test_sizes_show_both_differences_on_both_tasks():
    found = made_up()
    figure = fig_nodes_that_matter.draw_sizes(found)
    assert [ax.get_title() for ax in figure.axes[:2]] == list(TASKS)
    lead = (found.own - found.others).sel(task=TASKS[1], score=SCORES[0]).mean("replicate")
    np.testing.assert_allclose(plotted(figure.axes[1], SCORES[0]).get_ydata(), lead)
    assert len(table_of(figure)) == lead.size * len(TASKS) * len(SCORES) * 6
