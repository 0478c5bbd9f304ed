"""Figs. 10 and 11 show the smearing of the matrices they are given."""

import numpy as np
import pytest
import xarray as xr

from relaylib.figures import fig10_smearing
from relaylib.measures.smearing import smearing


@pytest.mark.parametrize("task", ["memory", "block"])
@pytest.mark.parametrize("regime", ["3", "random"])
def test_bars_are_the_shares_of_nodes_and_concepts(small_study, task, regime):
    bits = small_study.dataset.information_bits.sel(task=task, regime=regime, time=10)
    figure = fig10_smearing.draw(bits)
    result = smearing(bits.values)  # the function of arrays; the figure has labels
    for column, upper, lower in zip(range(3), figure.axes[:3], figure.axes[3:], strict=True):
        for ax, counts, n_bars in (
            (upper, result.concepts_per_node[column], 4),
            (lower, result.nodes_per_concept[column], 13),
        ):
            heights = [bar.get_height() for bar in ax.patches]
            expected = np.bincount(counts.ravel(), minlength=n_bars) / counts.size
            np.testing.assert_allclose(heights, expected)
            assert sum(heights) == pytest.approx(1.0)
            (dots,) = (line for line in ax.lines if line.get_marker() == ".")
            assert len(dots.get_ydata()) == n_bars * len(counts)
        assert upper.get_title().startswith(str(bits.architecture.values[column]))
        mean = result.nodes_per_concept[column].mean()
        assert lower.get_title() == f"mean {mean:.1f} nodes"
    assert figure.axes[0].get_ylabel() == "fraction of nodes"
    assert figure.axes[3].get_xlabel() == "nodes per concept"


def test_shares_of_each_network_sum_to_one():
    counts = xr.DataArray([[0, 1, 1, 3], [2, 2, 2, 2]], dims=("replicate", "node"))
    fractions = fig10_smearing.shares(counts.transpose(), 3)
    assert fractions.tolist() == [[0.25, 0.5, 0, 0.25], [0, 0, 1, 0]]
