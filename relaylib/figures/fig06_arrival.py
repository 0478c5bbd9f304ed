"""Fig. 6: information arrives at a network's nodes: its matrices, and the same node by node."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage

from relaylib.figures.style import INFORMATION_CMAP, PAGE, Look, concept_names, style
from relaylib.figures.table import keep_table, tidy

ONSET = "#1b1b1b"
NEGATIVE = "#f3c6a5"
"""Colour of negative bits (synergy)."""
Onsets = Sequence[int] | Mapping[str, int]


def draw(network: xr.Dataset, *, onsets: Onsets = ()) -> Figure:
    """Draw one network's information matrix at every time, and one node-by-time panel per concept.

    Parameters
    ----------
    network
        One network: `relaylib.run_study` with task, architecture, regime and replicate selected.
        Uses ``information_bits``.
    onsets
        As in `onset_steps`.
    """
    bits = network.information_bits.transpose("time", "concept", "node")
    steps = onset_steps(onsets, concept_names(bits))
    with style():
        figure = plt.figure(figsize=(PAGE, max(3.7, 1.15 * len(steps) + 0.25)))
        parts = figure.subfigures(1, 2, width_ratios=(1, 1.15), wspace=0.03, squeeze=False)
        left, right = parts.flat
        _matrices(left, bits, steps)
        axes = right.subplots(len(steps), 1, sharex=True, squeeze=False)[:, 0]
        for index, (ax, (name, onset)) in enumerate(zip(axes, steps.items(), strict=True)):
            image = node_time(ax, bits.isel(concept=index), onset)
            ax.set_title(f"concept {name}", loc="left", pad=7)
            ax.set_ylabel("node")
        axes[-1].set_xlabel("time (steps)")
        right.colorbar(image, ax=axes, label="information (bits)", extend="min", aspect=35)
    keep_table(figure, tidy(information_bits=bits))
    return figure


def onset_steps(onsets: Onsets, names: list[str]) -> dict[str, int | None]:
    """Return the step at which each concept is shown, None if it has no such step.

    Parameters
    ----------
    onsets
        One step per concept, or steps by the concept's name; empty: the task has no such steps.
    names
        Of all concepts.

    Raises
    ------
    ValueError
        If a sequence does not hold one step per concept, or a name is not that of a concept.
    """
    if not isinstance(onsets, Mapping):
        if len(onsets) not in (0, len(names)):
            raise ValueError(f"onsets must hold one step for each of {names}, got {onsets}")
        onsets = dict(zip(names, onsets, strict=False))
    if unknown := set(onsets) - set(names):
        raise ValueError(f"onsets must name concepts of {names}, got {sorted(unknown)}")
    return {name: onsets.get(name) for name in names}


def node_time(ax: Axes, bits: xr.DataArray, onset: int | None) -> AxesImage:
    """Draw one concept's bits, node 1 at the top and time to the right, its onset as a triangle."""
    times, nodes = bits.time.values, bits.node.values
    n_nodes = len(nodes)
    extent = (times[0] - 0.5, times[-1] + 0.5, n_nodes + 0.5, 0.5)
    values = bits.transpose("node", "time")
    image = ax.imshow(values, aspect="auto", extent=extent, **_scale())
    if onset is not None:
        ax.plot(onset, -0.1, "v", color=ONSET, markersize=5, clip_on=False)
        ax.axvline(onset - 0.5, color=ONSET, linewidth=0.9, linestyle=(0, (3, 1.5)))
    ticks = np.unique([1, (n_nodes + 1) // 2, n_nodes])
    ax.set_yticks(ticks, nodes[ticks - 1])
    ax.set(xticks=times[:: max(2, len(times) // 10)], ylim=(n_nodes + 0.5, 0.5))
    return image


def _matrices(figure: SubFigure, bits: xr.DataArray, onsets: dict[str, int | None]) -> None:
    n_times = bits.sizes["time"]
    n_columns = max(3, int(np.ceil(np.sqrt(0.6 * n_times))))
    axes = figure.subplots(-(-n_times // n_columns), n_columns, squeeze=False)
    for ax in axes.flat[n_times:]:
        ax.set_axis_off()
    for ax, matrix in zip(axes.flat, bits, strict=False):
        time = int(matrix.time)
        shown = [name for name, onset in onsets.items() if onset == time]
        title = f"{time}: {', '.join(shown)} shown" if shown else f"{time}"
        ax.imshow(matrix, aspect="auto", **_scale())
        ax.set_title(title, fontsize=7, weight="bold" if shown else "normal", pad=2)
        ax.set(xticks=[], yticks=[])
        ax.tick_params(length=0)
        ax.spines[:].set(visible=True, linewidth=0.5)
    for ax in axes[:, 0]:
        ax.set_yticks(range(len(onsets)), list(onsets), fontsize=6)
    nodes = bits.node.values
    for ax in axes[-1]:
        ax.set_xticks([0, len(nodes) - 1], [nodes[0], nodes[-1]], fontsize=6)
    figure.supxlabel("node", fontsize=7)


def _scale() -> Look:
    cmap = mpl.colormaps[INFORMATION_CMAP].with_extremes(under=NEGATIVE)
    return {"cmap": cmap, "vmin": -np.finfo(np.float32).eps, "vmax": 1.0}
