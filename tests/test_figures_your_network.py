"""Figures of one analysed network show its numbers, for any number of concepts, nodes and times."""

import numpy as np
import pytest
import xarray as xr

from relaylib.figures import fig_your_network


def analysis(n_times=3, n_concepts=2, n_nodes=5):
    rng = np.random.default_rng(0)
    coords = {
        "time": range(1, n_times + 1),
        "concept": [f"C{k}" for k in range(n_concepts)],
        "node": [f"gru[{k}]" for k in range(n_nodes)],
    }
    dims = ("time", "concept", "node")
    names = ("information_bits", "error_bits", "null_bits", "shapley_bits")
    shape = (n_times, n_concepts, n_nodes)
    bits = {name: (dims, rng.random(shape)) for name in names}
    over_time = {name: ("time", rng.random(n_times)) for name in ("drift", "overlap")}
    return xr.Dataset(bits | over_time | {"total_bits": (dims[:2], rng.random(shape[:2]))}, coords)


@pytest.mark.parametrize(("n_times", "n_concepts", "n_nodes"), [(1, 1, 1), (3, 2, 5), (20, 5, 40)])
def test_any_number_of_times_concepts_and_nodes_is_drawn(n_times, n_concepts, n_nodes):
    shown = analysis(n_times, n_concepts, n_nodes)
    matrix = fig_your_network.draw_matrix(shown)
    titles = [ax.get_title() for ax in matrix.axes]
    assert [title for title in titles if title] == [f"concept C{k}" for k in range(n_concepts)]
    image = matrix.axes[n_concepts - 1].images[0]
    wanted = shown.information_bits.isel(concept=-1).transpose("node", "time")
    np.testing.assert_array_equal(image.get_array(), wanted)
    assert image.get_clim()[1] == shown.information_bits.max()

    totals, changes = fig_your_network.draw_totals(shown).axes
    np.testing.assert_array_equal(totals.lines[-1].get_ydata(), shown.total_bits.isel(concept=-1))
    np.testing.assert_array_equal(changes.lines[0].get_ydata(), shown.drift)
    assert len(totals.get_xticks()) <= 12

    nodes = fig_your_network.draw_nodes(shown.isel(time=-1))
    bars = nodes.axes[-1].patches
    wanted = shown.information_bits.isel(time=-1, concept=-1)
    np.testing.assert_allclose([bar.get_height() for bar in bars], wanted)
    assert len(nodes.axes) == n_concepts


def test_shapley_values_may_be_missing():
    figure = fig_your_network.draw_nodes(analysis().drop_vars("shapley_bits").isel(time=0))
    (legend,) = figure.legends
    assert "Shapley value" not in [text.get_text() for text in legend.get_texts()]
