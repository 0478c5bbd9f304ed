"""The course of training: accuracy, relay information, raw norms and entropies, by epoch."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    ARCHITECTURE_COLOURS,
    CONTROL,
    Look,
    concept_look,
    concept_names,
    panels,
)
from relaylib.figures.table import keep_table

PARTS = np.linspace(0, 1, 21)
_ROWS = {
    "accuracy": "accuracy",
    "relay_bits": "relayed (bits)",
    "activation_norm": "length of state",
    "intra_step_entropy_bits": "intra-step\nentropy (bits)",
    "inter_step_entropy_bits": "inter-step\nentropy (bits)",
}


def draw(history: xr.Dataset, maps: xr.Dataset, *, time: int | None = None) -> Figure:
    """Draw measures of one task against the part of training done: architectures in columns.

    Parameters
    ----------
    history
        One task and regime of `relaylib.studies.training_history.training_history`.
    maps
        The same task of `relaylib.studies.training_maps.map_training`, for the random-walk null.
    time
        Step at which nodes are read; None: the last step of the input.
    """
    time = int(history.input_end) if time is None else time
    names = history.architecture.values
    tables = []
    grid = panels(len(_ROWS), len(names), 1.15 * len(_ROWS) + 0.8, sharex=True, sharey="row")
    with grid as (figure, axes):
        for row, (quantity, label) in zip(axes, _ROWS.items(), strict=True):
            row[0].set_ylabel(label)
            values, null = (_at(data[quantity], time) for data in (history, maps))
            for ax, name in zip(row, names, strict=True):
                here, stopped = values.sel(architecture=name), history.stopped_epoch
                drawn = _course(ax, here, stopped.sel(architecture=name), concept_names(history))
                tables += [each.assign(architecture=name, quantity=quantity) for each in drawn]
                if "concept" not in values.dims:
                    _null(ax, null.sel(architecture=name, weights="random walk"), maps.epoch)
        for ax, name in zip(axes[0], names, strict=True):
            ax.set_title(name, color=ARCHITECTURE_COLOURS[name])
        for ax in axes[-1]:
            ax.set_xlabel("part of training")
        axes[-1, 0].set_xticks([0, 0.5, 1])
        figure.align_ylabels(axes[:, 0])
        lines = [*axes[0, 0].lines, *axes[1, 0].lines]
        figure.legend(handles=lines, loc="outside upper center", ncols=len(lines))
    keep_table(figure, *tables)
    return figure


def by_part(values: xr.DataArray, stopped: xr.DataArray) -> np.ndarray:
    """Return values (replicate, epoch) at `PARTS` of each network's training, (replicate, part).

    Between the epochs of ``values`` the line is straight.
    """
    table = values.transpose("replicate", "epoch").values
    epochs = np.minimum(values.epoch.values, stopped.values[:, None])
    networks = zip(stopped.values, epochs, table, strict=True)
    return np.stack([np.interp(PARTS * end, epoch, row) for end, epoch, row in networks])


def _course(
    ax: Axes, values: xr.DataArray, stopped: xr.DataArray, concepts: list[str]
) -> list[pd.DataFrame]:
    """Draw median and quartiles over replicates; one line per concept where there are concepts."""
    lines = [(values, ARCHITECTURE_COLOURS[values.architecture.item()], "trained")]
    if "concept" in values.dims:
        lines = [
            (values.isel(concept=index), concept_look(index)["color"], name)
            for index, name in enumerate(concepts)
        ]
    tables = []
    for one, colour, label in lines:
        low, middle, high = np.quantile(by_part(one, stopped), [0.25, 0.5, 0.75], axis=0)
        ax.plot(PARTS, middle, color=colour, label=label)
        ax.fill_between(PARTS, low, high, color=colour, alpha=0.2, linewidth=0)
        drawn = {"median": middle, "lower_quartile": low, "upper_quartile": high}
        tables.append(pd.DataFrame({"part_of_training": PARTS, "series": label} | drawn))
    return tables


def _null(ax: Axes, null: xr.DataArray, epochs: xr.DataArray) -> None:
    epoch = epochs.sel(architecture=null.architecture)
    look: Look = {"color": CONTROL, "linestyle": "--", "linewidth": 1, "label": "random walk"}
    ax.plot(epoch / epoch.max(), null, **look)


def _at(values: xr.DataArray, time: int) -> xr.DataArray:
    """Values at one step, or the mean over nodes, where they have steps or nodes."""
    values = values.sel(time=time) if "time" in values.dims else values
    return values.mean("node") if "node" in values.dims else values
