"""Fig. 8: correlation of successive information matrices, regime by regime."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    ARCHITECTURE_COLOURS,
    ARCHITECTURE_MARKERS,
    COLUMN,
    CONTROL,
    confidence95,
    style,
)


def draw(drift: xr.Dataset) -> Figure:
    """Draw each network's mean Pearson r, and mean and 95 % confidence band per regime.

    Parameters
    ----------
    drift
        As from `relaylib.measures.drift.drift`; uses ``correlation``, ``correlation_unrelated`` and
        ``n_pairs``.
    """
    return by_regime(drift, "correlation", f"Pearson r, {apart(drift)}")


def apart(drift: xr.Dataset) -> str:
    """Say how far the compared matrices are from each other."""
    lag = drift.attrs["lag"]
    return f"{lag} step{'s' if lag > 1 else ''} apart"


def by_regime(drift: xr.Dataset, name: str, label: str) -> Figure:
    """Draw one measure of a drift dataset, one panel per task; short grey lines: its null."""
    measure, n_pairs = drift[name], drift.n_pairs.values
    null = drift[f"{name}_unrelated"].mean("replicate")
    with style():
        figure, axes = plt.subplots(
            measure.sizes["task"],
            1,
            figsize=(COLUMN, 1.95 * measure.sizes["task"] + 0.6),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for ax, task in zip(axes[:, 0], measure.task.values, strict=True):
            ax.axhline(0, color="0.6", linewidth=0.7)
            for place, architecture in enumerate(measure.architecture.values):
                offset = 0.24 * (place - (measure.sizes["architecture"] - 1) / 2)
                cell = measure.sel(task=task, architecture=architecture)
                _architecture(ax, cell.transpose("replicate", "regime"), offset)
                x = np.arange(len(n_pairs)) + offset
                y = null.sel(task=task, architecture=architecture)
                ax.hlines(y, x - 0.1, x + 0.1, colors=CONTROL, linewidth=1.6, label="unrelated")
            for position in np.flatnonzero(n_pairs == 0):
                ax.text(position, 0.02, "no pair", ha="center", fontsize=7, color="0.4")
            ax.set(title=f"{task} task", ylabel=label)
        axes[-1, 0].set_xticks(range(measure.sizes["regime"]), measure.regime.values)
        axes[-1, 0].set(xlabel="delay in training (steps)", xlim=(-0.6, len(n_pairs) - 0.4))
        n = f"mean, 95 % band, n = {measure.sizes['replicate']} networks"
        handles, labels = axes[0, 0].get_legend_handles_labels()
        entries = dict(zip(labels, handles, strict=True))
        entries["unrelated"] = entries.pop("unrelated")
        figure.legend(
            entries.values(),
            entries.keys(),
            title=n,
            loc="outside upper center",
            ncols=len(entries),
            columnspacing=1.2,
        )
    return figure


def _architecture(ax: Axes, cell: xr.DataArray, offset: float) -> None:
    """Draw one architecture: dots, mean and band; lines join neighbouring fixed delays."""
    name = str(cell.architecture.item())
    look: dict[str, Any] = {
        "color": ARCHITECTURE_COLOURS[name],
        "marker": ARCHITECTURE_MARKERS[name],
    }
    x = np.arange(cell.sizes["regime"]) + offset
    spread = np.linspace(-0.07, 0.07, cell.sizes["replicate"])[:, None]
    mean, half_width = cell.values.mean(axis=0), confidence95(cell.values)
    dots: dict[str, Any] = {"linestyle": "", "markersize": 2, "alpha": 0.35, "markeredgewidth": 0}
    ax.plot((x + spread).ravel(), cell.values.ravel(), **(look | dots))
    fixed = cell.regime.values != "random"
    for group in (fixed, ~fixed):
        label = f"{name}" if group[0] or not fixed.any() else None
        if group.any():
            ax.plot(x[group], mean[group], label=label, zorder=4, **look)
    ax.fill_between(
        x[fixed],
        (mean - half_width)[fixed],
        (mean + half_width)[fixed],
        color=look["color"],
        alpha=0.18,
        linewidth=0,
    )
    ax.errorbar(x, mean, half_width, fmt="none", ecolor=look["color"], elinewidth=1, zorder=3)
