"""Fig. 6: information arrives at a network's nodes: its matrices, and the same node by node."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage

from relaylib.figures.style import INFORMATION_CMAP, PAGE, style

ONSET = "#1b1b1b"
NEGATIVE = "#f3c6a5"
"""Colour of negative bits (synergy)."""


def draw(network: xr.Dataset, *, onsets: tuple[int, ...] = ()) -> Figure:
    """Draw one network's information matrix at every time, and one node-by-time panel per concept.

    Parameters
    ----------
    network
        One network: `relaylib.run_study` with task, architecture, regime and replicate selected.
        Uses ``information_bits``.
    onsets
        Time at which each concept is shown; none where a task has no such moment.
    """
    bits = network.information_bits.transpose("time", "concept", "node")
    with style():
        figure = plt.figure(figsize=(PAGE, 3.7))
        parts = figure.subfigures(1, 2, width_ratios=(1, 1.15), wspace=0.03, squeeze=False)
        left, right = parts.flat
        _matrices(left, bits, onsets)
        panels = right.subplots(len(bits.concept), 1, sharex=True)
        for index, ax in enumerate(panels):
            image = node_time(ax, bits.isel(concept=index), onsets[index : index + 1])
            ax.set_title(f"concept {bits.concept_name.values[index]}", loc="left", pad=7)
            ax.set_ylabel("node")
        panels[-1].set_xlabel("time (steps)")
        right.colorbar(image, ax=panels, label="information (bits)", extend="min", aspect=35)
    return figure


def node_time(ax: Axes, bits: xr.DataArray, onsets: tuple[int, ...]) -> AxesImage:
    """Draw one concept's bits, nodes upwards and time to the right, its onset as a triangle."""
    values = bits.transpose("node", "time")
    first, last = float(bits.time[0]), float(bits.time[-1])
    n_nodes = bits.sizes["node"]
    image = ax.imshow(
        values,
        origin="lower",
        aspect="auto",
        extent=(first - 0.5, last + 0.5, 0.5, n_nodes + 0.5),
        **_scale(),
    )
    for onset in onsets:
        ax.plot(onset, n_nodes + 1.1, "v", color=ONSET, markersize=5, clip_on=False)
        ax.axvline(onset - 0.5, color=ONSET, linewidth=0.9, linestyle=(0, (3, 1.5)))
    ax.set(
        xticks=[t for t in bits.time.values if t % 2],
        yticks=sorted({1, (n_nodes + 1) // 2, n_nodes}),
        ylim=(0.5, n_nodes + 0.5),
    )
    return image


def _matrices(figure: SubFigure, bits: xr.DataArray, onsets: tuple[int, ...]) -> None:
    n_columns = 3
    names = bits.concept_name.values
    axes = figure.subplots(-(-len(bits.time) // n_columns), n_columns)
    for ax in axes.flat[len(bits.time) :]:
        ax.set_axis_off()
    for ax, matrix in zip(axes.flat, bits, strict=False):
        time = int(matrix.time)
        shown = [name for name, onset in zip(names, onsets, strict=False) if onset == time]
        title = f"{time}: {', '.join(shown)} shown" if shown else f"{time}"
        ax.imshow(matrix, aspect="auto", **_scale())
        ax.set_title(title, fontsize=7, weight="bold" if shown else "normal", pad=2)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, linewidth=0.5)
    for ax in axes[:, 0]:
        ax.set_yticks(range(len(names)), names, fontsize=6)
        ax.tick_params(length=0)
    nodes = bits.node.values
    for ax in axes[-1]:
        ax.set_xticks([0, len(nodes) - 1], [nodes[0], nodes[-1]], fontsize=6)
        ax.tick_params(length=0)
    figure.supxlabel("node", fontsize=7)


def _scale() -> dict:
    cmap: Colormap = mpl.colormaps[INFORMATION_CMAP].with_extremes(under=NEGATIVE)
    return {"cmap": cmap, "vmin": -np.finfo(np.float32).eps, "vmax": 1.0}
