"""The ledger as a forest plot: every group of every claim with its interval."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import CONTROL, PAGE, style

LOOKS = {
    "True": ("o", "#0072b2", "#0072b2", "holds"),
    "False": ("D", "#d55e00", "white", "does not hold"),
    "None": ("s", CONTROL, "white", "shown beside, does not count"),
}
"""Marker, colour, fill and words by whether a group holds."""
_COLUMNS, _ROW = 3, 0.135  # columns of panels; inches per group


def draw(table: xr.Dataset) -> Figure:
    """Draw one panel per claim and quantity, one line per group: estimate and 95 % interval.

    The dashed line is the null, which the interval of a group that holds lies beyond.

    Parameters
    ----------
    table
        As from `relaylib.studies.claims.ledger.claims_table`.
    """
    panels = _panels(table)
    heights = [2.6 + len(rows) for rows in panels.values()]  # titles and axes count as rows
    ends = np.cumsum(heights) / sum(heights) * _COLUMNS
    column = np.minimum((ends - 1e-9).astype(int), _COLUMNS - 1)
    with style():
        tallest = max(np.bincount(column, weights=heights))
        figure = plt.figure(figsize=(PAGE, _ROW * tallest + 0.5))
        for place, part in enumerate(figure.subfigures(1, _COLUMNS, squeeze=False)[0]):
            chosen = np.flatnonzero(column == place)
            if len(chosen) == 0:
                continue
            ratios = [heights[k] for k in chosen]
            axes = part.subplots(len(chosen), 1, height_ratios=ratios, squeeze=False)[:, 0]
            for ax, k in zip(axes, chosen, strict=True):
                (id, quantity), rows = list(panels.items())[k]
                _panel(ax, table.isel(row=rows))
                ax.set_title(f"{id}: {table.verdict.values[rows[0]]}", loc="left", fontsize=7)
                ax.set_xlabel(quantity, fontsize=6, labelpad=1)
        handles = [
            plt.Line2D([], [], marker=m, color=c, markerfacecolor=f, label=words)
            for m, c, f, words in LOOKS.values()
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _panels(table: xr.Dataset) -> dict[tuple[str, str], list[int]]:
    """Rows of each claim and quantity, in the order of the ledger."""
    panels: dict[tuple[str, str], list[int]] = {}
    pairs = zip(table.id.values.tolist(), table.quantity.values.tolist(), strict=True)
    for row, key in enumerate(pairs):
        panels.setdefault(key, []).append(row)
    return panels


def _panel(ax: Axes, rows: xr.Dataset) -> None:
    y = np.arange(rows.sizes["row"])
    ax.axvline(rows.null.values[0], color="0.5", linewidth=0.7, linestyle="--")
    for place, holds in zip(y, rows.holds.values, strict=True):
        marker, colour, fill, _ = LOOKS[str(holds)]
        one = rows.isel(row=place)
        interval = [one.low.item(), one.high.item()]
        ax.plot(interval, [place, place], color=colour, linewidth=1.1, solid_capstyle="butt")
        ax.plot(
            one.estimate.item(),
            place,
            marker,
            color=colour,
            markerfacecolor=fill,
            markersize=3,
            label=str(one.group.item()),
        )
    ax.set_yticks(y, rows.group.values, fontsize=5.5)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=5.5, pad=1)
    ax.locator_params(axis="x", nbins=4)
    ax.set_ylim(len(y) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
