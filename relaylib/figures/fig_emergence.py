"""When in training relays appear, and how well their nodes forecast the final ones."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.bootstrap import bootstrap_interval
from relaylib.core.seeds import stream
from relaylib.figures.style import (
    CONTROL,
    DOTS,
    architecture_look,
    concept_names,
    legend,
    panels,
    side_by_side,
    spread,
)
from relaylib.figures.table import keep_table, tidy

PANELS = {
    "half_epoch": "epoch of half the final bits",
    "half_fraction": "the same as part of training",
    "forecast_auc": "forecast of the final relays (AUC)",
}


def draw(found: xr.Dataset, *, seed: int) -> Figure:
    """Draw every network, the median and its 95 % bootstrap interval; tasks in rows.

    Parameters
    ----------
    found
        One regime of `relaylib.measures.emergence.emergence`.
    seed
        Of the bootstrap.
    """
    tasks = found.task.values
    with panels(len(tasks), len(PANELS), 2.0 * len(tasks) + 0.5) as (figure, axes):
        for row, task in zip(axes, tasks, strict=True):
            here = found.sel(task=task)
            for ax, (name, label) in zip(row, PANELS.items(), strict=True):
                for place, architecture, values in side_by_side(here[name], 0.26):
                    _column(ax, values, place, architecture, stream(seed, "bootstrap", name))
                ax.set_xticks(range(here.sizes["concept"]), concept_names(here))
                ax.set_ylabel(label)
            epoch, part, auc = row
            epoch.set_yscale("symlog", linthresh=10)
            epoch.set_yticks([0, 10, 100, 1000], ["0", "10", "100", "1000"])
            epoch.set_ylim(bottom=0)
            epoch.set_title(f"{task} task", loc="left")
            part.set_ylim(0, 1.03)
            auc.set_ylim(-0.03, 1.03)
            auc.axhline(0.5, color="0.6", linewidth=0.7, zorder=0)
            _controls(auc, here.other_concept_auc)
        legend(figure, axes[0, 2])
    measures = [*PANELS, "other_concept_auc"]
    keep_table(figure, tidy(**{name: found[name] for name in measures}))
    return figure


def _column(
    ax: Axes, values: xr.DataArray, place: float, architecture: str, rng: np.random.Generator
) -> None:
    table = values.transpose("replicate", "concept")
    interval = bootstrap_interval(table, rng=rng, statistic="median")
    middle = interval.estimate.values
    x, look = np.arange(table.sizes["concept"]) + place, architecture_look(architecture)
    dots = DOTS | {"marker": "o", "color": look["color"]}
    ax.plot(spread(x, len(table), 0.16).ravel(), table.values.ravel(), **dots)
    error = np.nan_to_num(abs(np.stack([interval.low, interval.high]) - middle))
    ax.errorbar(x, middle, error, linestyle="", elinewidth=1.2, label=architecture, **look)


def _controls(ax: Axes, values: xr.DataArray) -> None:
    """Short grey lines: the median of the control, per architecture and concept."""
    label = "from other concepts"
    for place, _, control in side_by_side(values, 0.26):
        y = control.median("replicate")
        x = np.arange(len(y)) + place
        ax.hlines(y, x - 0.11, x + 0.11, colors=CONTROL, linewidth=1.8, zorder=3, label=label)
        label = "_"
