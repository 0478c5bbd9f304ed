"""What maps of a training keep: neighbours within and between slices, and relays together."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    CONTROL,
    architecture_look,
    legend,
    panels,
    side_by_side,
    spread,
)
from relaylib.figures.table import keep_table, tidy


def draw(quality: xr.Dataset) -> Figure:
    """Draw the neighbours that a map keeps and the distance ratio of relays, for every network.

    Parameters
    ----------
    quality
        As from `relaylib.studies.map_quality.map_quality`.
    """
    tasks, scopes = quality.task.values, quality.scope.values
    with panels(len(tasks), len(scopes) + 1, 1.75 * len(tasks) + 0.5) as (figure, axes):
        for row, task in zip(axes, tasks, strict=True):
            one = quality.sel(task=task)
            for ax, scope in zip(row[:-1], scopes, strict=True):
                _networks(ax, one.preserved_fraction.sel(scope=scope))
                chance = float(one.chance_fraction.sel(scope=scope).mean())
                ax.axhline(chance, color=CONTROL, linewidth=1.2, label="chance")
                ax.set(ylabel=f"neighbours kept {scope} slices", ylim=(0, 1.02))
            _networks(row[-1], one.relay_distance_ratio.mean("concept"))
            row[-1].axhline(1, color=CONTROL, linewidth=1.2)
            row[-1].set_ylabel("distance of relays / of all nodes")
            row[0].set_title(f"{task} task", loc="left")
        legend(figure, axes[0, 0])
    keep_table(
        figure,
        tidy(
            neighbours_kept_fraction=quality.preserved_fraction,
            chance_fraction=quality.chance_fraction,
            relay_distance_ratio=quality.relay_distance_ratio.mean("concept"),
        ),
    )
    return figure


def _networks(ax: Axes, values: xr.DataArray) -> None:
    n_algorithms = values.sizes["algorithm"]
    for place, architecture, cell in side_by_side(values, 0.2):
        table = cell.transpose("replicate", "algorithm").values
        x = spread(np.arange(n_algorithms) + place, len(table), 0.1)
        look = architecture_look(architecture)
        ax.plot(x.ravel(), table.ravel(), linestyle="", label=architecture, **look)
    ax.set_xticks(range(n_algorithms), values.algorithm.values)
    ax.set_xlim(-0.5, n_algorithms - 0.5)
