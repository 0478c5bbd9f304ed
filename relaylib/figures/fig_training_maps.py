"""MM-PHATE maps of a training: every (epoch, time, node) a point, in several colourings."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

from relaylib.core.seeds import stream
from relaylib.figures.style import ARCHITECTURE_COLOURS, Look, concept_names, panels
from relaylib.figures.table import keep_table, tidy

BITS_CMAP = LinearSegmentedColormap.from_list("bits", ["#d9d9d9", "#6baed6", "#08306b"])
"""Grey, not white, at 0 bits, so that points without information are visible."""
_POINT: Look = {"s": 2.5, "linewidths": 0, "rasterized": True}
_POINTS = ("moment", "time", "node")


def draw(maps: xr.Dataset) -> Figure:
    """Draw one task's trained networks: architectures in rows, colourings in columns.

    Parameters
    ----------
    maps
        One task of `relaylib.studies.training_maps.map_training`. Uses ``embedding``, ``epoch`` and
        ``information_bits`` of the trained networks. The axes of a map have no meaning, and its
        orientation is arbitrary: they carry no numbers.
    """
    trained, names = maps.sel(weights="trained"), concept_names(maps)
    titles = {"epoch": "part of training", "time step": "step", "node": "node"}
    titles |= dict.fromkeys([f"bits of {name}" for name in names], "bits")
    n_rows = trained.sizes["architecture"]
    with panels(n_rows, len(titles), 1.2 * n_rows + 0.75) as (figure, axes):
        for row, architecture in zip(axes, trained.architecture.values, strict=True):
            cell = trained.sel(architecture=architecture)
            colourings = _colourings(cell)
            drawn = [_scatter(ax, *each) for ax, each in zip(row, colourings, strict=True)]
            label = f"{architecture}, network {int(cell.shown_replicate)}"
            row[0].set_ylabel(label, color=ARCHITECTURE_COLOURS[architecture])
        for ax, title in zip(axes[0], titles, strict=True):
            ax.set_title(title)
        for column, points, label in zip(axes.T, drawn, titles.values(), strict=True):
            _bar(figure, column, points, label, location="bottom", aspect=12, pad=0.02)
    keep_table(figure, _table(trained, bits=True))
    return figure


def draw_null(maps: xr.Dataset) -> Figure:
    """Draw trained networks above their random walk, coloured by epoch, all tasks side by side.

    Parameters
    ----------
    maps
        As from `relaylib.studies.training_maps.map_training`.
    """
    cells = [(task, name) for task in maps.task.values for name in maps.architecture.values]
    weights = ("trained", "random walk")
    with panels(len(weights), len(cells), 3.0) as (figure, axes):
        for column, (task, name) in zip(axes.T, cells, strict=True):
            column[0].set_title(f"{name}, {task}", color=ARCHITECTURE_COLOURS[name])
            for ax, each in zip(column, weights, strict=True):
                cell = maps.sel(task=task, architecture=name, weights=each)
                drawn = _scatter(ax, *_colourings(cell)[0])
        for ax, each in zip(axes[:, 0], weights, strict=True):
            ax.set_ylabel(each)
        _bar(figure, axes[:, -1], drawn, "part of training", location="right", aspect=30)
    keep_table(figure, _table(maps))
    return figure


def _table(maps: xr.Dataset, *, bits: bool = False) -> pd.DataFrame:
    """Return the points of maps, to three digits: they have no unit, and their epochs and bits."""
    place = maps.embedding.round(3).reset_coords(drop=True)
    columns = {"x": place.isel(component=0, drop=True), "y": place.isel(component=1, drop=True)}
    epoch = maps.epoch.reset_coords(drop=True).where(columns["x"].notnull())
    if bits:
        for index, name in enumerate(concept_names(maps)):
            each = maps.information_bits.reset_coords(drop=True)
            columns[f"bits_{name}"] = each.isel(concept=index, drop=True).round(2)
    return tidy(**columns, epoch=epoch).drop(columns="moment")


def _colourings(cell: xr.Dataset) -> list[tuple[xr.DataArray, Look]]:
    """Points with a value, and the look of the values, in each colouring.

    Points are drawn in a random order, so that no epoch covers the others; for bits, the highest
    values are drawn last.
    """
    points = cell.drop_vars("moment", errors="ignore").stack(point=_POINTS).reset_index("point")
    points = points.isel(point=np.isfinite(points.embedding).all("component").values)
    mixed = points.isel(point=stream(0, "drawing order").permutation(points.sizes["point"]))
    n_nodes = cell.sizes["node"]
    nodes = ListedColormap(list(mpl.colormaps["tab20"](np.arange(n_nodes) % 20)))
    by: list[tuple[xr.Dataset, xr.DataArray, Look]] = [
        (mixed, mixed.epoch / cell.epoch.max(), {"cmap": "viridis", "vmin": 0, "vmax": 1}),
        (mixed, mixed.time, {"cmap": "plasma", "vmin": 1, "vmax": cell.sizes["time"]}),
        (mixed, mixed.node, {"cmap": nodes, "vmin": 0.5, "vmax": n_nodes + 0.5}),
    ]
    for concept in range(cell.sizes["concept"]):
        bits = points.information_bits.isel(concept=concept).values
        rising = points.isel(point=np.argsort(bits, kind="stable"))
        value = rising.information_bits.isel(concept=concept)
        by.append((rising, value, {"cmap": BITS_CMAP, "vmin": 0, "vmax": 1}))
    return [(each.embedding.assign_coords(value=("point", v.values)), look) for each, v, look in by]


def _scatter(ax: Axes, points: xr.DataArray, look: Look) -> PathCollection:
    x, y = points.transpose("component", "point").values
    ax.set(xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")
    ax.spines[:].set(visible=True, color="0.85")
    return ax.scatter(x, y, c=points.value.values, **look, **_POINT)


def _bar(figure: Figure, axes: np.ndarray, drawn: Any, label: str, **how: Any) -> None:
    bar = figure.colorbar(drawn, ax=list(axes), **how)
    bar.set_label(label)
    bar.outline.set_visible(False)
