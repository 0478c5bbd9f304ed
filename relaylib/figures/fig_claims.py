"""The ledger as a forest plot: every group of every claim with its interval."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import CONTROL, PAGE, Look, style
from relaylib.figures.table import keep_table

_LOOKS: dict[str, Look] = {
    "True": {"marker": "o", "color": "#0072b2", "markerfacecolor": "#0072b2"},
    "False": {"marker": "D", "color": "#d55e00", "markerfacecolor": "white"},
    "None": {"marker": "s", "color": CONTROL, "markerfacecolor": "white"},
}
"""By whether a group holds."""
_WORDS = ("holds", "does not hold", "for reference, not counted")
_COLUMNS, _ROW = 2, 0.175  # columns of panels; inches per group
_WORD = 7.8  # points: nine pixels where the figure is shrunk for a phone


def draw(table: xr.Dataset) -> Figure:
    """Draw one panel per claim and quantity, one line per group: estimate and 95 % interval.

    The dashed line is the null; the interval of a group that holds lies beyond it.

    Parameters
    ----------
    table
        As from `relaylib.studies.claims.ledger.claims_table`.
    """
    quantities = _quantities(table)
    heights = np.array([2.6 + len(rows) for rows in quantities])  # title and axis count as rows
    ends = np.cumsum(heights) / sum(heights) * _COLUMNS
    column = np.minimum((ends - 1e-9).astype(int), _COLUMNS - 1)
    with style():
        tallest = max(np.bincount(column, weights=heights))
        figure = plt.figure(figsize=(PAGE, _ROW * tallest + 0.5))
        for place, part in enumerate(figure.subfigures(1, _COLUMNS, squeeze=False)[0]):
            chosen = np.flatnonzero(column == place)
            if len(chosen) == 0:
                continue
            ratios = heights[chosen].tolist()
            axes = part.subplots(len(chosen), 1, height_ratios=ratios, squeeze=False)[:, 0]
            for ax, index in zip(axes, chosen, strict=True):
                _panel(ax, table.isel(row=quantities[index]))
        marks = zip(_LOOKS.values(), _WORDS, strict=True)
        handles = [plt.Line2D([], [], label=words, **look) for look, words in marks]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=_WORD)
    keep_table(figure, table.to_dataframe().reset_index(drop=True))
    return figure


def _quantities(table: xr.Dataset) -> list[list[int]]:
    """Rows of each claim and quantity, in the order of the ledger."""
    rows: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(table.id.values, table.quantity.values, strict=True)):
        rows.setdefault(key, []).append(row)
    return list(rows.values())


def _panel(ax: Axes, rows: xr.Dataset) -> None:
    ax.axvline(rows.null.values[0], color="0.5", linewidth=0.7, linestyle="--")
    n_rows = rows.sizes["row"]
    for y in range(n_rows):
        one = rows.isel(row=y)
        look = _LOOKS[str(one.holds.item())]
        interval = [one.low.item(), one.high.item()]
        ax.plot(interval, [y, y], color=look["color"], linewidth=1.1, solid_capstyle="butt")
        dot = look | {"linestyle": "", "markersize": 3, "label": str(one.group.item())}
        ax.plot(one.estimate.item(), y, **dot)
    first = rows.isel(row=0)
    ax.set_title(f"{first.id.item()}: {first.verdict.item()}", loc="left", fontsize=8.5)
    ax.set_xlabel(first.quantity.item(), fontsize=_WORD, labelpad=1)
    ax.set_yticks(range(n_rows), rows.group.values, fontsize=_WORD)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=_WORD, pad=1)
    ax.locator_params(axis="x", nbins=4)
    ax.set_ylim(n_rows - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
