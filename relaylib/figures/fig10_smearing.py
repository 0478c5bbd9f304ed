"""Figs. 10 and 11: how many concepts a node carries, and how many nodes carry a concept."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import ARCHITECTURE_COLOURS, PAGE, confidence95, style
from relaylib.measures.smearing import smearing


def draw(information_bits: xr.DataArray) -> Figure:
    """Draw two histograms per architecture: concepts per node, and nodes per concept.

    Bars: mean over networks, whiskers: 95 % confidence interval of the mean, dots: single networks.

    Parameters
    ----------
    information_bits
        Information matrices of one task, regime and time, (architecture, replicate, concept,
        node), in bits.
    """
    architectures = [str(name) for name in information_bits.architecture.values]
    carried = information_bits.transpose("architecture", "replicate", "concept", "node")
    result = smearing(carried.values)
    n_concepts, n_nodes = carried.shape[2:]
    with style():
        figure, axes = plt.subplots(
            2,
            len(architectures),
            figsize=(PAGE, 4.0),
            sharey="row",
            sharex="row",
            squeeze=False,
        )
        for column, name in enumerate(architectures):
            upper, lower = axes[:, column]
            colour = ARCHITECTURE_COLOURS[name]
            _histogram(upper, shares(result.concepts_per_node[column], n_concepts), colour)
            _histogram(lower, shares(result.nodes_per_concept[column], n_nodes), colour)
            several = (result.concepts_per_node[column] >= 2).mean()
            upper.set(xlabel="concepts per node", xticks=range(n_concepts + 1))
            upper.set_title(f"{name}: {several:.0%} of nodes carry 2 or more")
            lower.set(xlabel="nodes per concept", xticks=range(0, n_nodes + 1, 2))
            lower.set_title(f"mean {result.nodes_per_concept[column].mean():.1f} nodes")
        axes[0, 0].set_ylabel("fraction of nodes")
        axes[1, 0].set_ylabel("fraction of concepts")
        n = f"bars: mean of n = {carried.sizes['replicate']} networks"
        figure.suptitle(f"{n}; whiskers: its 95 % interval; dots: single networks", fontsize=7)
    return figure


def shares(counts: np.ndarray, largest: int) -> np.ndarray:
    """Fraction of each network's entries that equal 0, 1, ..., ``largest``.

    Parameters
    ----------
    counts
        int (replicate, entry).
    largest
        Largest possible count.

    Returns
    -------
    numpy.ndarray
        (replicate, largest + 1); rows sum to 1.
    """
    return (counts[:, :, None] == np.arange(largest + 1)).mean(axis=1)


def _histogram(ax: Axes, fractions: np.ndarray, colour: str) -> None:
    x = np.arange(fractions.shape[1])
    mean, half = fractions.mean(axis=0), confidence95(fractions)
    ax.bar(x, mean, width=0.8, color=colour, alpha=0.35)
    spread = np.linspace(-0.3, 0.3, len(fractions))[:, None]
    ax.plot((x + spread).ravel(), fractions.ravel(), ".", color=colour, markersize=2, alpha=0.6)
    ax.errorbar(
        x,
        mean,
        [np.minimum(half, mean), half],
        fmt="none",
        ecolor="black",
        elinewidth=1,
        capsize=1.5,
    )
