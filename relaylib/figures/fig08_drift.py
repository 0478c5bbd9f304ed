"""Fig. 8: correlation of successive information matrices, regime by regime."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    CONTROL,
    DOTS,
    architecture_look,
    confidence95,
    panels,
    side_by_side,
    spread,
)
from relaylib.figures.table import keep_table, tidy


def draw(drift: xr.Dataset) -> Figure:
    """Draw each network's mean Pearson r, and mean and 95 % confidence band per regime.

    Parameters
    ----------
    drift
        As from `relaylib.measures.drift.drift`; uses ``correlation``, ``correlation_unrelated`` and
        ``n_pairs``.
    """
    return by_regime(drift, "correlation", "Pearson r")


def by_regime(drift: xr.Dataset, name: str, label: str) -> Figure:
    """Draw one measure of a drift dataset, one panel per task; short grey lines: its null."""
    measure, n_pairs, lag = drift[name], drift.n_pairs.values, drift.attrs["lag"]
    null = drift[f"{name}_unrelated"].mean("replicate")
    apart = f"{lag} step{'s' if lag > 1 else ''} apart"
    n_tasks, n_regimes = measure.sizes["task"], measure.sizes["regime"]
    with panels(1, n_tasks, 3.0, sharex=True, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], measure.task.values, strict=True):
            ax.axhline(0, color="0.6", linewidth=0.7)
            for place, architecture, cell in side_by_side(measure.sel(task=task), 0.24):
                _architecture(ax, cell.transpose("replicate", "regime"), place)
                x, y = np.arange(n_regimes) + place, null.sel(task=task, architecture=architecture)
                ax.hlines(y, x - 0.1, x + 0.1, colors=CONTROL, linewidth=1.6, label="unrelated")
            for position in np.flatnonzero(n_pairs == 0):
                ax.text(position, 0.02, "no pair", ha="center", fontsize=7, color="0.4")
            ax.set(title=f"{task} task", xlabel="delay in training (steps)")
            ax.set_xticks(range(n_regimes), measure.regime.values)
            ax.set_xlim(-0.6, n_regimes - 0.4)
        axes[0, 0].set_ylabel(f"{label}, {apart}")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        entries = dict(zip(labels, handles, strict=True))
        entries["unrelated"] = entries.pop("unrelated")
        figure.legend(
            entries.values(),
            entries.keys(),
            title=f"mean, 95 % band, n = {measure.sizes['replicate']} networks",
            loc="outside upper center",
            ncols=len(entries),
            columnspacing=1.2,
        )
    column = {"correlation": "pearson_r"}.get(name, name)
    table = tidy(**{column: measure, f"{column}_unrelated": drift[f"{name}_unrelated"]})
    keep_table(figure, table.assign(lag_steps=lag))
    return figure


def _architecture(ax: Axes, cell: xr.DataArray, place: float) -> None:
    """Draw one architecture: dots, mean and band; lines join neighbouring fixed delays."""
    name = str(cell.architecture.item())
    look, x = architecture_look(name), np.arange(cell.sizes["regime"]) + place
    mean, half_width = cell.values.mean(axis=0), confidence95(cell.values)
    ax.plot(spread(x, len(cell), 0.14).ravel(), cell.values.ravel(), **(look | DOTS))
    fixed = cell.regime.values != "random"
    for group in (fixed, ~fixed):
        label = name if group[0] or not fixed.any() else None
        if group.any():
            ax.plot(x[group], mean[group], label=label, zorder=4, **look)
    low, high = (mean - half_width)[fixed], (mean + half_width)[fixed]
    ax.fill_between(x[fixed], low, high, color=look["color"], alpha=0.18, linewidth=0)
    ax.errorbar(x, mean, half_width, fmt="none", ecolor=look["color"], elinewidth=1, zorder=3)
