"""The course of training: accuracy, relay information, raw norms and entropies, by epoch."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    ARCHITECTURE_COLOURS,
    CONCEPT_COLOURS,
    CONTROL,
    PAGE,
    style,
)

PARTS = np.linspace(0, 1, 21)


def draw(seen: xr.Dataset, maps: xr.Dataset, *, time: int = 10) -> Figure:
    """Draw measures of one task against the part of training done: architectures in columns.

    Parameters
    ----------
    seen
        One task and regime of `relaylib.studies.training_history.follow_training`.
    maps
        The same task of `relaylib.studies.training_maps.map_training`, for the aimless null.
    time
        Step at which nodes are read.
    """
    at = {"time": time}
    rows = [
        ("accuracy", seen.accuracy, maps.accuracy),
        ("relayed (bits)", seen.relay_bits.sel(at), None),
        ("length of state", seen.activation_norm.sel(at), _at(maps.activation_norm, time)),
        (
            "intra-step\nentropy (bits)",
            seen.intra_step_entropy_bits.sel(at),
            _at(maps.intra_step_entropy_bits, time),
        ),
        (
            "inter-step\nentropy (bits)",
            seen.inter_step_entropy_bits.mean("node"),
            maps.inter_step_entropy_bits.mean("node"),
        ),
    ]
    names = seen.architecture.values
    with style():
        figure, axes = plt.subplots(
            len(rows), len(names), figsize=(PAGE, 1.15 * len(rows) + 0.8), sharex=True, sharey="row"
        )
        for line, (label, values, null) in zip(axes, rows, strict=True):
            line[0].set_ylabel(label)
            for ax, name in zip(line, names, strict=True):
                _course(ax, values, seen.stopped_epoch, str(name), seen.concept_name.values)
                if null is not None:
                    _null(ax, null.sel(architecture=name, weights="aimless"), maps, str(name))
        for ax, name in zip(axes[0], names, strict=True):
            ax.set_title(name, color=ARCHITECTURE_COLOURS.get(name))
        for ax in axes[-1]:
            ax.set_xlabel("part of training")
        axes[-1, 0].set_xticks([0, 0.5, 1])
        figure.align_ylabels(axes[:, 0])
        lines = [*axes[0, 0].lines, *axes[1, 0].lines]
        figure.legend(handles=lines, loc="outside upper center", ncols=len(lines))
    return figure


def by_part(values: xr.DataArray, stopped: xr.DataArray) -> np.ndarray:
    """Return values (replicate, epoch) at `PARTS` of each network's training, (replicate, part).

    Between epochs looked at, the line is straight.
    """
    table = values.transpose("replicate", "epoch").values
    epoch = np.minimum(values.epoch.values, stopped.values[:, None])
    return np.stack(
        [
            np.interp(PARTS * end, e, row)
            for end, e, row in zip(stopped.values, epoch, table, strict=True)
        ]
    )


def _course(
    ax: Axes, values: xr.DataArray, stopped: xr.DataArray, name: str, concepts: np.ndarray
) -> None:
    """Draw median and quartiles over replicates; one line per concept where there are concepts."""
    values, stopped = values.sel(architecture=name), stopped.sel(architecture=name)
    lines = [(values, ARCHITECTURE_COLOURS[name], "trained")]
    if "concept" in values.dims:
        lines = [
            (values.isel(concept=index), CONCEPT_COLOURS[index], str(concept))
            for index, concept in enumerate(concepts)
        ]
    for one, colour, label in lines:
        low, middle, high = np.quantile(by_part(one, stopped), [0.25, 0.5, 0.75], axis=0)
        ax.plot(PARTS, middle, color=colour, label=label)
        ax.fill_between(PARTS, low, high, color=colour, alpha=0.2, linewidth=0)


def _null(ax: Axes, null: xr.DataArray, maps: xr.Dataset, name: str) -> None:
    epoch = maps.epoch.sel(architecture=name)
    part = (epoch / epoch.max()).values
    ax.plot(part, null.values, color=CONTROL, linestyle="--", linewidth=1, label="aimless")


def _at(values: xr.DataArray, time: int) -> xr.DataArray:
    return values.isel(time=time - 1)
