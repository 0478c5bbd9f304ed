"""Figs. 10 and 11: how many concepts a node carries, and how many nodes carry a concept."""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import ARCHITECTURE_COLOURS, Look, confidence95, panels, spread
from relaylib.figures.table import keep_table, tidy
from relaylib.measures.smearing import Smearing, smearing


def draw(information_bits: xr.DataArray) -> Figure:
    """Draw two histograms per architecture: concepts per node, and nodes per concept.

    Bars: mean over networks, whiskers: 95 % confidence interval of the mean, dots: single networks.

    Parameters
    ----------
    information_bits
        Information matrices of one task, regime and time, (architecture, replicate, concept,
        node), in bits.
    """
    carried = smearing(information_bits)
    sizes, names = information_bits.sizes, information_bits.architecture.values
    with panels(2, len(names), 4.0, sharey="row", sharex="row") as (figure, axes):
        for (upper, lower), name in zip(axes.T, names, strict=True):
            concepts = carried.concepts_per_node.sel(architecture=name)
            nodes = carried.nodes_per_concept.sel(architecture=name)
            _histogram(upper, shares(concepts, sizes["concept"]), ARCHITECTURE_COLOURS[name])
            _histogram(lower, shares(nodes, sizes["node"]), ARCHITECTURE_COLOURS[name])
            upper.set(xlabel="concepts per node", xticks=range(sizes["concept"] + 1))
            upper.set_title(f"{name}: {float((concepts >= 2).mean()):.0%} of nodes carry 2 or more")
            lower.set(xlabel="nodes per concept", xticks=range(0, sizes["node"] + 1, 2))
            lower.set_title(f"mean {float(nodes.mean()):.1f} nodes")
        axes[0, 0].set_ylabel("fraction of nodes")
        axes[1, 0].set_ylabel("fraction of concepts")
        n = f"bars: mean of n = {sizes['replicate']} networks"
        figure.suptitle(f"{n}; whiskers: its 95 % interval; dots: single networks", fontsize=7)
    keep_table(figure, _table(carried, sizes))
    return figure


def _table(carried: Smearing, sizes: Mapping[Hashable, int]) -> pd.DataFrame:
    """Return, for each network and count, the share of its nodes and of its concepts."""
    sides = {
        "fraction_of_nodes": (carried.concepts_per_node, sizes["concept"]),
        "fraction_of_concepts": (carried.nodes_per_concept, sizes["node"]),
    }
    arrays = {}
    for name, (counts, largest) in sides.items():
        each = [_labelled(counts.sel(architecture=a), largest) for a in counts.architecture]
        arrays[name] = xr.concat(each, "architecture")
    return tidy(**arrays)


def _labelled(counts: xr.DataArray, largest: int) -> xr.DataArray:
    coords = {"replicate": counts.replicate, "count": np.arange(largest + 1)}
    values = xr.DataArray(shares(counts, largest), coords, dims=("replicate", "count"))
    return values.assign_coords(architecture=counts.architecture)


def shares(counts: xr.DataArray, largest: int) -> np.ndarray:
    """Fraction of each network's entries that equal 0, 1, ..., ``largest``.

    Parameters
    ----------
    counts
        int, with dimension replicate and one other.
    largest
        Largest possible count.

    Returns
    -------
    numpy.ndarray
        (replicate, largest + 1); rows sum to 1.
    """
    table = counts.transpose("replicate", ...).values
    return (table[:, :, None] == np.arange(largest + 1)).mean(axis=1)


def _histogram(ax: Axes, fractions: np.ndarray, colour: str) -> None:
    x = np.arange(fractions.shape[1])
    mean, half = fractions.mean(axis=0), confidence95(fractions)
    ax.bar(x, mean, width=0.8, color=colour, alpha=0.35)
    places = spread(x, len(fractions), 0.6).ravel()
    ax.plot(places, fractions.ravel(), ".", color=colour, markersize=2, alpha=0.6)
    whiskers: Look = {"fmt": "none", "ecolor": "black", "elinewidth": 1, "capsize": 1.5}
    ax.errorbar(x, mean, [np.minimum(half, mean), half], **whiskers)
