"""One analysed network: bits over time, in which nodes, and whether to believe them."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    CONTROL,
    INFORMATION_CMAP,
    Look,
    concept_look,
    concept_names,
    legend,
    panels,
)
from relaylib.figures.table import keep_table, tidy

_PER_ROW = 4
_MOST_LABELS = 12


def draw_matrix(analysis: xr.Dataset) -> Figure:
    """Draw the bits of every node at every time, one panel per concept.

    Parameters
    ----------
    analysis
        From `relaylib.analyse`: uses ``information_bits`` (time, concept, node).
    """
    names, bits = concept_names(analysis), analysis.information_bits
    n_columns = min(len(names), _PER_ROW)
    n_rows = -(-len(names) // n_columns)
    height = 1.0 + n_rows * min(0.6 + 0.12 * bits.sizes["node"], 4.0)
    look: Look = {"cmap": INFORMATION_CMAP, "vmin": 0, "vmax": max(float(bits.max()), 1e-9)}
    with panels(n_rows, n_columns, height, sharex=True, sharey=True) as (figure, axes):
        for ax in axes.flat[len(names) :]:
            ax.set_axis_off()
        for ax, name, index in zip(axes.flat, names, range(len(names)), strict=False):
            values = bits.isel(concept=index).transpose("node", "time")
            image = ax.imshow(values, origin="lower", aspect="auto", **look)
            ax.set_title(f"concept {name}")
            ax.set_xlabel("time")
            _ticks(ax, "x", bits.time.values)
            _ticks(ax, "y", bits.node.values)
        axes[0, 0].set_ylabel("node")
        figure.colorbar(image, ax=axes, label="information (bits)", extend="min", aspect=30)
    keep_table(figure, tidy(information_bits=bits))
    return figure


def draw_totals(analysis: xr.Dataset) -> Figure:
    """Draw the bits that all nodes relay together over time, and drift and overlap beside them.

    Parameters
    ----------
    analysis
        From `relaylib.analyse`: uses ``total_bits`` (time, concept), ``drift`` and ``overlap``
        (time).
    """
    places = np.arange(analysis.sizes["time"])
    with panels(1, 2, 2.6) as (figure, ((totals, changes),)):
        for index, name in enumerate(concept_names(analysis)):
            values = analysis.total_bits.isel(concept=index).values
            totals.plot(places, values, label=name, **concept_look(index))
        totals.set(
            ylabel="bits of all nodes", xlabel="time", ylim=(min(0, *totals.get_ylim()), None)
        )
        totals.legend(title="concept")
        changes.plot(places, analysis.drift.values, "o-", color="#1b1b1b", label="drift, Pearson r")
        changes.plot(places, analysis.overlap.values, "s--", color=CONTROL, label="overlap")
        changes.set(ylabel="likeness to the time before", xlabel="time", ylim=(-1.05, 1.05))
        changes.set_xlim(totals.get_xlim())
        changes.legend()
        for ax in (totals, changes):
            _ticks(ax, "x", analysis.time.values)
    changes_by_time = {"pearson_r": analysis.drift, "overlap_fraction": analysis.overlap}
    keep_table(figure, tidy(total_bits=analysis.total_bits), tidy(**changes_by_time))
    return figure


def draw_nodes(analysis: xr.Dataset) -> Figure:
    """Draw the bits of each node at one time, beside what chance gives; concepts in rows.

    Parameters
    ----------
    analysis
        From `relaylib.analyse`, at one time: uses ``information_bits``, ``error_bits``,
        ``null_bits`` and, if it is there, ``shapley_bits`` (concept, node).
    """
    places, names = np.arange(analysis.sizes["node"]), concept_names(analysis)
    with panels(len(names), 1, 0.6 + 1.7 * len(names), sharex=True) as (figure, axes):
        for ax, name, index in zip(axes[:, 0], names, range(len(names)), strict=True):
            one = analysis.isel(concept=index)
            bars: Look = {"color": concept_look(index)["color"], "alpha": 0.6, "label": "node"}
            ax.bar(places, one.information_bits, yerr=one.error_bits, width=0.7, **bars)
            ax.plot(places, one.null_bits, "_", color=CONTROL, markersize=9, label="shuffled")
            if "shapley_bits" in one:
                ax.plot(places, one.shapley_bits, "D", color="#1b1b1b", label="Shapley value")
            ax.axhline(0, color="0.7", linewidth=0.7)
            ax.set(ylabel="bits", title=f"concept {name}")
        _ticks(axes[-1, 0], "x", analysis.node.values)
        axes[-1, 0].set_xlabel("node")
        legend(figure, axes[0, 0])
    kinds = ("information_bits", "error_bits", "null_bits", "shapley_bits")
    keep_table(figure, tidy(**{name: analysis[name] for name in kinds if name in analysis}))
    return figure


def _ticks(ax: Axes, axis: str, labels: np.ndarray) -> None:
    """Label at most 12 of the places 0, 1, ... on an axis."""
    places = np.arange(len(labels))[:: -(-len(labels) // _MOST_LABELS)]
    ax.set(**{f"{axis}ticks": places, f"{axis}ticklabels": [str(labels[k]) for k in places]})
