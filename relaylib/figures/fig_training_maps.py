"""MM-PHATE maps of a training: every (epoch, time, node) a point, in several colourings."""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

from relaylib.core.seeds import stream
from relaylib.figures.style import ARCHITECTURE_COLOURS, PAGE, style

BITS_CMAP = LinearSegmentedColormap.from_list("bits", ["#d9d9d9", "#6baed6", "#08306b"])
"""Grey, not white, at 0 bits: a point that holds nothing must still be seen."""
POINT: dict[str, Any] = {"s": 2.5, "linewidths": 0, "rasterized": True}


def draw(maps: xr.Dataset) -> Figure:
    """Draw one task's trained networks: architectures in rows, colourings in columns.

    Parameters
    ----------
    maps
        One task of `relaylib.studies.training_maps.map_training`. Uses ``embedding``, ``epoch`` and
        ``information_bits`` of the trained networks. An axis of a map means nothing by itself, and
        its direction and turn are chance: there are no numbers on it.
    """
    trained = maps.sel(weights="trained")
    names = [f"bits of {name}" for name in maps.concept_name.values]
    titles = ["epoch", "time step", "node", *names]
    n_rows, n_columns = trained.sizes["architecture"], len(titles)
    with style():
        figure, axes = plt.subplots(
            n_rows, n_columns, figsize=(PAGE, 1.2 * n_rows + 0.75), squeeze=False
        )
        for row, architecture in zip(axes, trained.architecture.values, strict=True):
            shown = _colourings(trained.sel(architecture=architecture))
            for ax, (place, value, look) in zip(row, shown, strict=True):
                drawn = ax.scatter(*place, c=value, **look, **POINT)
                _bare(ax)
                ax.drawn = drawn
            replicate = int(trained.shown_replicate.sel(architecture=architecture))
            row[0].set_ylabel(
                f"{architecture}, network {replicate}",
                color=ARCHITECTURE_COLOURS.get(architecture),
            )
        for ax, title in zip(axes[0], titles, strict=True):
            ax.set_title(title)
        _bars(figure, axes, titles)
    return figure


def draw_null(maps: xr.Dataset) -> Figure:
    """Draw trained networks above their aimless null, coloured by epoch, all tasks side by side.

    Parameters
    ----------
    maps
        As from `relaylib.studies.training_maps.map_training`.
    """
    cells = [(t, a) for t in maps.task.values for a in maps.architecture.values]
    with style():
        figure, axes = plt.subplots(2, len(cells), figsize=(PAGE, 3.0), squeeze=False)
        for column, (task, architecture) in zip(axes.T, cells, strict=True):
            column[0].set_title(
                f"{architecture}, {task}", color=ARCHITECTURE_COLOURS.get(architecture)
            )
            for ax, weights in zip(column, ("trained", "aimless"), strict=True):
                cell = maps.sel(task=task, architecture=architecture, weights=weights)
                place, value, look = _colourings(cell)[0]
                ax.drawn = ax.scatter(*place, c=value, **look, **POINT)
                _bare(ax)
        axes[0, 0].set_ylabel("trained")
        axes[1, 0].set_ylabel("aimless")
        _bars(figure, axes[:, -1:], ["part of training"], orientation="vertical")
    return figure


def _colourings(cell: xr.Dataset) -> list[tuple[np.ndarray, np.ndarray, dict[str, Any]]]:
    """Place, value and look of every point, in each colouring.

    Points are drawn in a random order, so that no epoch lies on top; most bits lie on top.
    """
    embedding = cell.embedding.transpose("component", "moment", "time", "node")
    known = np.isfinite(embedding.values).all(axis=0)
    moment, time, node = np.indices(embedding.shape[1:])
    part = (cell.epoch / cell.epoch.max()).values
    nodes = ListedColormap(list(mpl.colormaps["tab20"](np.arange(embedding.sizes["node"]) % 20)))
    any_order = stream(0, "drawing order").permutation(known.sum())
    by = [
        (part[moment], {"cmap": "viridis", "vmin": 0, "vmax": 1}, any_order),
        (time + 1, {"cmap": "plasma", "vmin": 1, "vmax": embedding.sizes["time"]}, any_order),
        (node + 1, {"cmap": nodes, "vmin": 0.5, "vmax": nodes.N + 0.5}, any_order),
    ]
    for concept in range(cell.sizes["concept"]):
        bits = cell.information_bits.isel(concept=concept).transpose("moment", "time", "node")
        rising = np.argsort(bits.values[known], kind="stable")
        by.append((bits.values, {"cmap": BITS_CMAP, "vmin": 0, "vmax": 1}, rising))
    return [
        (embedding.values[:, known][:, order], value[known][order], look)
        for value, look, order in by
    ]


def _bare(ax: Axes) -> None:
    ax.set(xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("0.85")


def _bars(figure: Figure, axes: np.ndarray, titles: list[str], **how: Any) -> None:
    labels = {"epoch": "part of training", "time step": "step", "node": "node"}
    for column, title in zip(axes.T, titles, strict=True):
        where: dict[str, Any] = {"location": "bottom", "aspect": 12, "pad": 0.02}
        if how.get("orientation") == "vertical":
            where = {"location": "right", "aspect": 30}
        bar = figure.colorbar(column[-1].drawn, ax=list(column), **where)
        bar.set_label(labels.get(title, "bits" if title.startswith("bits") else title))
        bar.outline.set_visible(False)
