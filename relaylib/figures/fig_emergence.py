"""When in training relays appear, and how well their nodes forecast the final ones."""

from typing import Any

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
from relaylib.measures.emergence import bootstrap_median

PANELS = (
    ("half_epoch", "epoch of half the final bits"),
    ("half_fraction", "the same as part of training"),
    ("forecast_auc", "forecast of the final relays (AUC)"),
)


def draw(found: xr.Dataset, concepts: xr.DataArray, *, seed: int) -> Figure:
    """Draw every network, the median and its 95 % bootstrap interval; tasks in rows.

    Parameters
    ----------
    found
        One regime of `relaylib.measures.emergence.emergence`.
    concepts
        Names, (task, concept).
    seed
        Of the bootstrap.
    """
    tasks = found.task.values
    with style():
        figure, axes = plt.subplots(
            len(tasks), len(PANELS), figsize=(PAGE, 2.0 * len(tasks) + 0.5), squeeze=False
        )
        for row, task in zip(axes, tasks, strict=True):
            for ax, (name, label) in zip(row, PANELS, strict=True):
                values = found[name].sel(task=task)
                for place, architecture in enumerate(found.architecture.values):
                    _column(ax, values.sel(architecture=architecture), place, name, seed)
                ax.set_xticks(range(values.sizes["concept"]), concepts.sel(task=task).values)
                ax.set_ylabel(label)
            row[0].set_yscale("symlog", linthresh=10)
            row[0].set_yticks([0, 10, 100, 1000], ["0", "10", "100", "1000"])
            row[0].set_ylim(bottom=0)
            row[1].set_ylim(0, 1.03)
            row[2].set_ylim(-0.03, 1.03)
            row[2].axhline(0.5, color="0.6", linewidth=0.7, zorder=0)
            _controls(row[2], found.other_concept_auc.sel(task=task))
            row[0].set_title(f"{task} task", loc="left")
        handles, labels = axes[0, 2].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _column(ax: Axes, values: xr.DataArray, place: int, name: str, seed: int) -> None:
    architecture = str(values.architecture.item())
    middle = bootstrap_median(values, seed=seed, name=name)
    x = np.arange(values.sizes["concept"]) + 0.26 * (place - 1)
    table = values.transpose("replicate", "concept").values
    spread = np.linspace(-0.08, 0.08, len(table))[:, None]
    colour = ARCHITECTURE_COLOURS[architecture]
    dots: dict[str, Any] = {"markersize": 2, "alpha": 0.35, "markeredgewidth": 0}
    ax.plot((x + spread).ravel(), table.ravel(), "o", color=colour, **dots)
    error = abs(np.stack([middle.low, middle.high]) - middle["median"].values)
    ax.errorbar(
        x,
        middle["median"].values,
        np.nan_to_num(error),
        fmt=ARCHITECTURE_MARKERS[architecture],
        color=colour,
        elinewidth=1.2,
        label=architecture,
    )


def _controls(ax: Axes, values: xr.DataArray) -> None:
    """Short grey lines: the median of the control, per architecture and concept."""
    for place, architecture in enumerate(values.architecture.values):
        y = values.sel(architecture=architecture).median("replicate")
        x = np.arange(len(y)) + 0.26 * (place - 1)
        label = "from other concepts" if place == 0 else "_"
        ax.hlines(y, x - 0.11, x + 0.11, colors=CONTROL, linewidth=1.8, zorder=3, label=label)
