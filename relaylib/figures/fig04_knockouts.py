"""Figs. 4 and 5: accuracy after nodes are knocked out, against how many, for each concept."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    CONCEPT_COLOURS,
    CONCEPT_MARKERS,
    CONTROL,
    PAGE,
    band,
    confidence95,
    style,
)

LOWEST = 0.35
"""Single networks below this accuracy are marked by a triangle at the edge of the panel."""
_CONTROL_STYLES = {"least_relaying": ("least relaying", ":"), "at_random": ("random", "--")}


def draw(knockouts: xr.Dataset) -> Figure:
    """Draw accuracy against the number of nodes knocked out: architectures x concepts.

    In a column, the nodes knocked out are the most relaying of one concept. Three coloured lines:
    accuracy for each concept, mean over networks with 95 % band, thin lines single networks. Grey:
    accuracy for the column's concept when as many nodes are its least relaying ones, or random.

    Parameters
    ----------
    knockouts
        As from `relaylib.studies.knockouts.run_knockouts`.
    """
    architectures, concepts = knockouts.architecture.values, knockouts.relays_of.values
    names = [str(name) for name in knockouts.concept_name.values]
    with style():
        figure, axes = plt.subplots(
            len(architectures),
            len(concepts),
            figsize=(PAGE, 1.85 * len(architectures) + 0.7),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for (row, column), ax in np.ndenumerate(axes):
            cell = knockouts.sel(architecture=architectures[row])
            _panel(ax, cell, int(concepts[column]), names)
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
            ncols=len(handles),
            columnspacing=1.2,
            title=f"mean and 95 % band, n = {n} networks; thin: single networks",
            title_fontsize=7,
        )
    return figure


def _panel(ax: Axes, cell: xr.Dataset, relays_of: int, names: list[str]) -> None:
    x = cell.n_knocked_out.values
    ax.axhline(0.5, color="0.75", linewidth=0.7, zorder=0)
    controls = {
        "least_relaying": cell.least_relaying.sel(relays_of=relays_of, concept=relays_of),
        "at_random": cell.at_random.sel(concept=relays_of).mean("draw"),
    }
    for name, values in controls.items():
        label, line = _CONTROL_STYLES[name]
        half = confidence95(values.values)
        look = {"color": CONTROL, "linestyle": line, "label": f"own, {label} nodes out"}
        band(ax, x, values.values, half, **look)
    for concept, name in enumerate(names):
        values = cell.relaying.sel(relays_of=relays_of, concept=concept).values
        own = concept == relays_of
        look = {"color": CONCEPT_COLOURS[concept], "marker": CONCEPT_MARKERS[concept]}
        ax.plot(x, values.T, linewidth=0.35, alpha=0.3, color=look["color"], zorder=1)
        below = x[np.nonzero(values < LOWEST)[1]]
        ax.plot(below, np.full(len(below), LOWEST), "v", markersize=2.5, color=look["color"])
        half = confidence95(values)
        band(ax, x, values, half, linewidth=2.0 if own else 1.1, label=name, **look)
