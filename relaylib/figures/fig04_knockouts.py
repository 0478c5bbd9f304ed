"""Figs. 4 and 5: accuracy after nodes are knocked out, against how many, for each concept."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    CONTROL,
    band,
    concept_look,
    concept_names,
    confidence95,
    panels,
)
from relaylib.figures.table import keep_table, tidy

LOWEST = 0.35
"""Single networks below this accuracy are marked by a triangle at the edge of the panel."""


def draw(knockouts: xr.Dataset) -> Figure:
    """Draw accuracy against the number of nodes knocked out: architectures x concepts.

    In a column, the nodes knocked out are the most relaying of one concept. One coloured line per
    concept: its accuracy, mean over networks with 95 % band, thin lines single networks. Grey:
    accuracy for the column's concept when as many nodes are its least relaying ones, or random.

    Parameters
    ----------
    knockouts
        As from `relaylib.studies.knockouts.run_knockouts`.
    """
    architectures, names = knockouts.architecture.values, concept_names(knockouts)
    height = 1.85 * len(architectures) + 0.7
    grid = panels(len(architectures), len(names), height, sharex=True, sharey=True)
    with grid as (figure, axes):
        for (row, column), ax in np.ndenumerate(axes):
            _panel(ax, knockouts.isel(architecture=row, relays_of=column), column, names)
            ax.set_title(f"{architectures[row]}, relays of {names[column]}")
        for ax in axes[-1]:
            ax.set(xlabel="nodes knocked out", xticks=knockouts.n_knocked_out.values[::2])
        for ax in axes[:, 0]:
            ax.set(ylabel="accuracy (fraction right)", ylim=(LOWEST - 0.02, 1.03))
        handles, labels = axes[0, 0].get_legend_handles_labels()
        n = knockouts.sizes["replicate"]
        figure.legend(
            [*handles[2:], *handles[:2]],
            [*labels[2:], *labels[:2]],
            loc="outside lower center",
            ncols=min(len(handles), 5),
            columnspacing=1.2,
            title=f"mean and 95 % band, n = {n} networks; thin: single networks",
            title_fontsize=7,
        )
    keep_table(
        figure,
        tidy(
            accuracy_without_relays=knockouts.relaying,
            accuracy_without_least_relaying=knockouts.least_relaying,
            accuracy_without_random=knockouts.at_random.mean("draw"),
        ),
    )
    return figure


def _panel(ax: Axes, cell: xr.Dataset, own: int, names: list[str]) -> None:
    """Draw one architecture without the relays of concept number ``own``."""
    x, curve = cell.n_knocked_out.values, ("replicate", "n_knocked_out")
    ax.axhline(0.5, color="0.75", linewidth=0.7, zorder=0)
    of_own = cell.isel(concept=own)
    for values, label, line in (
        (of_own.least_relaying, "least relaying", ":"),
        (of_own.at_random.mean("draw"), "random", "--"),
    ):
        table = values.transpose(*curve).values
        look = {"color": CONTROL, "linestyle": line, "label": f"own, {label} nodes out"}
        band(ax, x, table, confidence95(table), **look)
    for concept, name in enumerate(names):
        table = cell.relaying.isel(concept=concept).transpose(*curve).values
        look = concept_look(concept)
        ax.plot(x, table.T, linewidth=0.35, alpha=0.3, color=look["color"], zorder=1)
        below = x[np.nonzero(table < LOWEST)[1]]
        ax.plot(below, np.full(len(below), LOWEST), "v", markersize=2.5, color=look["color"])
        width = 2.0 if concept == own else 1.1
        band(ax, x, table, confidence95(table), linewidth=width, label=name, **look)
