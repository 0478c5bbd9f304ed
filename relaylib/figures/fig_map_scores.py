"""What maps of a training keep: neighbours within and between slices, and relays together."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    ARCHITECTURE_COLOURS,
    ARCHITECTURE_MARKERS,
    CONTROL,
    PAGE,
    style,
)


def draw(scores: xr.Dataset) -> Figure:
    """Draw neighbours kept (two panels per task) and gathering of relays (one), every network.

    Parameters
    ----------
    scores
        As from `relaylib.studies.map_quality.score_maps`.
    """
    tasks, scopes = scores.task.values, scores.scope.values
    with style():
        figure, axes = plt.subplots(
            len(tasks), 3, figsize=(PAGE, 1.75 * len(tasks) + 0.5), squeeze=False
        )
        for row, task in zip(axes, tasks, strict=True):
            one = scores.sel(task=task)
            for ax, scope in zip(row, scopes, strict=False):
                _networks(ax, one.preserved_fraction.sel(scope=scope))
                chance = float(one.chance_fraction.sel(scope=scope).mean())
                ax.axhline(chance, color=CONTROL, linewidth=1.2, label="chance")
                ax.set(ylabel=f"neighbours kept {scope} slices", ylim=(0, 1.02))
            _networks(row[2], one.gathering.mean("concept"))
            row[2].axhline(1, color=CONTROL, linewidth=1.2)
            row[2].set_ylabel("distance of relays / of all nodes")
            row[0].set_title(f"{task} task", loc="left")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _networks(ax: Axes, values: xr.DataArray) -> None:
    for place, architecture in enumerate(values.architecture.values):
        cell = values.sel(architecture=architecture).transpose("algorithm", "replicate").values
        x = np.arange(len(cell)) + 0.2 * (place - 1)
        table = x[:, None] + np.linspace(-0.05, 0.05, cell.shape[1])
        ax.plot(
            table.ravel(),
            cell.ravel(),
            ARCHITECTURE_MARKERS[architecture],
            color=ARCHITECTURE_COLOURS[architecture],
            label=architecture,
        )
    ax.set_xticks(range(values.sizes["algorithm"]), values.algorithm.values)
    ax.set_xlim(-0.5, values.sizes["algorithm"] - 0.5)
