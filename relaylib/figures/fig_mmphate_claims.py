"""Claims on MM-PHATE: maps by five methods, what they keep, how they move, what they foretell."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.checks import check_choice, check_dataset
from relaylib.figures.style import (
    CONTROL,
    architecture_look,
    band,
    confidence95,
    legend,
    panels,
    side_by_side,
    spread,
)
from relaylib.figures.table import keep_table, tidy

_NETWORK = ("task", "architecture", "replicate")
_MOVING = {
    "displacement": ("displacement on the map", "#1b1b1b", "-"),
    "intra_step_change_bits": ("change of intra-step entropy", "#d55e00", "--"),
    "inter_step_change_bits": ("change of inter-step entropy", "#0072b2", ":"),
}


def draw_maps(maps: xr.Dataset, architecture: str = "GRU") -> Figure:
    """Draw the training of one network per task by every method, coloured by node.

    Parameters
    ----------
    maps
        From `relaylib.studies.mmphate_study.run_mmphate_study`.
    architecture
        Of the networks that are shown.

    Raises
    ------
    ValueError, TypeError
        If the embeddings or the architecture are missing.
    """
    dims = ("task", "architecture", "algorithm", "moment", "step", "node", "component")
    check_dataset("maps", maps, embedding=dims)
    check_choice("architecture", architecture, tuple(map(str, maps.architecture.values)))
    shown = maps.embedding.sel(architecture=architecture).transpose("task", ..., "component")
    n_rows, n_columns = maps.sizes["task"], maps.sizes["algorithm"]
    with panels(n_rows, n_columns, 1.35 * n_rows + 0.2) as (figure, axes):
        for row, task in zip(axes, maps.task.values, strict=True):
            for ax, algorithm in zip(row, maps.algorithm.values, strict=True):
                place = shown.sel(task=task, algorithm=algorithm).dropna("moment", how="all")
                colour = place.node.broadcast_like(place.isel(component=0)).values.ravel()
                x, y = place.values.reshape(-1, 2).T
                ax.scatter(x, y, c=colour, cmap="tab20", s=1.5, linewidths=0, rasterized=True)
                ax.set(xticks=[], yticks=[])
            row[0].set_ylabel(str(task))
        for ax, algorithm in zip(axes[0], maps.algorithm.values, strict=True):
            ax.set_title(str(algorithm))
    one = shown.drop_vars("architecture")
    keep_table(figure, tidy(x=one.isel(component=0, drop=True), y=one.isel(component=1, drop=True)))
    return figure


def draw_kept(maps: xr.Dataset) -> Figure:
    """Draw what each method keeps of five kinds of communities, for every network.

    Parameters
    ----------
    maps
        From `relaylib.studies.mmphate_study.run_mmphate_study`.

    Raises
    ------
    ValueError, TypeError
        If the scores are missing.
    """
    check_dataset(
        "maps", maps, kept=(*_NETWORK, "algorithm", "community"), chance=(*_NETWORK, "community")
    )
    tasks, communities = maps.task.values, maps.community.values
    with panels(
        len(tasks), len(communities), 1.45 * len(tasks) + 0.9, sharex=True, sharey="row"
    ) as (figure, axes):
        for row, task in zip(axes, tasks, strict=True):
            for ax, community in zip(row, communities, strict=True):
                where = {"task": task, "community": community}
                _networks(ax, maps.kept.sel(where))
                chance = float(maps.chance.sel(where).mean())
                ax.axhline(chance, color=CONTROL, linewidth=1.2, zorder=0, label="chance")
            row[0].set_ylabel(f"{task}\nkept (1: all)")
        for ax, community in zip(axes[0], communities, strict=True):
            ax.set_title(str(community), fontsize=7)
        for ax in axes[-1]:
            names = [str(name) for name in maps.algorithm.values]
            ax.set_xticks(range(len(names)), names, rotation=90)
        legend(figure, axes[0, 0], "lower center")
    keep_table(figure, tidy(kept_fraction=maps.kept, chance_fraction=maps.chance))
    return figure


def _networks(ax: Axes, values: xr.DataArray) -> None:
    """Draw every network as a dot and the mean of each architecture as a bar."""
    n = values.sizes["algorithm"]
    for place, architecture, cell in side_by_side(values, 0.25):
        table = cell.transpose("replicate", "algorithm").dropna("replicate", how="all").values
        x = spread(np.arange(n) + place, len(table), 0.12)
        look = architecture_look(architecture) | {"markersize": 2}
        ax.plot(x.ravel(), table.ravel(), linestyle="", label=architecture, **look)
        mean = table.mean(axis=0)
        ax.hlines(mean, np.arange(n) + place - 0.12, np.arange(n) + place + 0.12, look["color"])


def draw_changes(maps: xr.Dataset) -> Figure:
    """Draw how far the map moves, and how much the entropies change, from epoch to epoch.

    Each course is divided by its mean in that network; lines are means over the compared networks
    of all architectures, with 95 % bands. Intervals count from the untrained network.

    Parameters
    ----------
    maps
        From `relaylib.studies.mmphate_study.run_mmphate_study`.

    Raises
    ------
    ValueError, TypeError
        If the courses are missing.
    """
    check_dataset("maps", maps, **dict.fromkeys(_MOVING, (*_NETWORK, "interval")))
    with panels(1, maps.sizes["task"], 2.1, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], maps.task.values, strict=True):
            for name, (label, colour, line) in _MOVING.items():
                course = maps[name].sel(task=task)
                flat = (course / course.mean("interval")).stack(n=("architecture", "replicate"))
                rows = flat.dropna("interval", how="all").dropna("n").transpose("n", "interval")
                x = 1 + np.arange(rows.sizes["interval"])
                look = {"color": colour, "linestyle": line, "label": label}
                band(ax, x, rows.values, confidence95(rows.values), **look)
            ax.set(title=str(task), xlabel="interval between epochs")
        axes[0, 0].set_ylabel("relative to its mean")
        legend(figure, axes[0, 0], "lower center")
    keep_table(figure, tidy(**{name: maps[name] for name in _MOVING}))
    return figure


def draw_foretold(maps: xr.Dataset) -> Figure:
    """Draw test accuracy against each number about the map, and against the raw norm.

    Parameters
    ----------
    maps
        From `relaylib.studies.mmphate_study.run_mmphate_study`.

    Raises
    ------
    ValueError, TypeError
        If the numbers are missing.
    """
    numbers = {"map_statistic": (*_NETWORK, "statistic"), "activation_norm": _NETWORK}
    check_dataset("maps", maps, test_accuracy=_NETWORK, **numbers)
    tested = [t for t in maps.task.values if maps.test_accuracy.sel(task=t).notnull().any()]
    names = [str(name) for name in maps.statistic.values]
    if not tested:
        raise ValueError("maps must hold the test accuracy of some networks, got NaN alone")
    with panels(len(tested), len(names) + 1, 1.6 * len(tested) + 0.4, sharey="row") as (
        figure,
        axes,
    ):
        for row, task in zip(axes, tested, strict=True):
            one = maps.sel(task=task)
            x = {name: one.map_statistic.sel(statistic=name) for name in names}
            x["raw norm"] = one.activation_norm
            for ax, (name, values) in zip(row, x.items(), strict=True):
                for _, architecture, cell in side_by_side(values, 0):
                    y = one.test_accuracy.sel(architecture=architecture)
                    look = architecture_look(architecture) | {"markersize": 3, "linestyle": ""}
                    ax.plot(cell.values, y.values, label=architecture, **look)
                ax.set_xlabel(name)
            row[0].set_ylabel(f"{task}\ntest accuracy (fraction)")
        legend(figure, axes[0, 0], "lower center")
    table = tidy(
        test_accuracy_fraction=maps.test_accuracy,
        map_statistic=maps.map_statistic,
        activation_norm=maps.activation_norm,
    )
    keep_table(figure, table.dropna(subset=["test_accuracy_fraction"]))
    return figure
