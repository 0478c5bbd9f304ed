"""The look that all figures share: sizes, colours, markers, grids of panels, names and legends."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.legend import Legend
from scipy.special import stdtrit  # scipy.stats takes longer to import than a figure to draw

COLUMN, PAGE = 3.5, 7.2
"""Widths in inches: one column, and the full page."""

Look = dict[str, Any]
"""Properties of a line or marker, e.g. colour."""
_ARCHITECTURES: dict[str, Look] = {
    "RNN": {"color": "#1b1b1b", "marker": "o"},
    "GRU": {"color": "#d55e00", "marker": "s"},
    "LSTM": {"color": "#0072b2", "marker": "^"},
}
ARCHITECTURE_COLOURS = {name: look["color"] for name, look in _ARCHITECTURES.items()}
_CONCEPT_COLOURS = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933")
_CONCEPT_MARKERS = ("o", "s", "^", "v", "D", "P", "X")
CONTROL = "#8c8c8c"
"""Grey of every control."""
INFORMATION_CMAP = "Blues"
"""Bits per node, from 0 (white) to 1 (dark)."""
DOTS: Look = {"linestyle": "", "markersize": 2, "alpha": 0.35, "markeredgewidth": 0}
"""Single networks behind their mean or median."""


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the book inside a ``with`` block; nothing changes outside it.

    Figures made in the block are closed in pyplot at its end. They can still be saved and shown,
    but a notebook shows them only where they are the value of a cell, and so never twice.
    """
    plt.draw_if_interactive()  # loads the backend, whose own settings would be reset below
    before = plt.get_fignums()
    settings: Any = {
        "figure.dpi": 110,
        "savefig.dpi": 200,
        "figure.constrained_layout.use": True,
        "font.size": 8,
        "font.family": "DejaVu Sans",
        "axes.titlesize": 8.5,
        "axes.labelsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "lines.linewidth": 1.3,
        "lines.markersize": 3.5,
        "legend.frameon": False,
        "legend.fontsize": 7,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
    }
    try:
        with mpl.rc_context(settings):
            yield
    finally:
        for number in set(plt.get_fignums()) - set(before):
            plt.close(number)


@contextmanager
def panels(
    n_rows: int, n_columns: int, height: float, *, width: float = PAGE, **how: Any
) -> Iterator[tuple[Figure, np.ndarray]]:
    """Draw in a new figure with a grid of axes (row, column), in the style of the book.

    Parameters
    ----------
    n_rows, n_columns
        Size of the grid.
    height, width
        Of the figure, in inches.
    how
        As for `matplotlib.pyplot.subplots`.
    """
    with style():
        yield plt.subplots(n_rows, n_columns, figsize=(width, height), squeeze=False, **how)


def architecture_look(name: str) -> Look:
    """Return colour and marker of an architecture."""
    return _ARCHITECTURES[name].copy()


def concept_look(index: int) -> Look:
    """Return colour and marker of the concept at an index, from 0."""
    return {
        "color": _CONCEPT_COLOURS[index % len(_CONCEPT_COLOURS)],
        "marker": _CONCEPT_MARKERS[index % len(_CONCEPT_MARKERS)],
    }


def concept_names(data: xr.Dataset | xr.DataArray) -> list[str]:
    """Return the names of the concepts of one task, from ``concept_name`` or else ``concept``."""
    return [str(name) for name in data.coords.get("concept_name", data.concept).values]


def side_by_side(values: xr.DataArray, step: float) -> Iterable[tuple[float, str, xr.DataArray]]:
    """Yield place, name and values of each architecture; places are ``step`` apart around 0."""
    names = values.architecture.values
    places = step * (np.arange(len(names)) - (len(names) - 1) / 2)
    for place, name in zip(places, names, strict=True):
        yield place, str(name), values.sel(architecture=name)


def spread(places: np.ndarray, n: int, width: float) -> np.ndarray:
    """Return x of the dots of n networks around each place, (n, n_places): ``width`` wide."""
    return places + np.linspace(-width / 2, width / 2, n)[:, None]


def legend(figure: FigureBase, ax: Axes, where: str = "upper center", **how: Any) -> Legend:
    """Add what one panel labels as the legend of the whole figure, by default in one line."""
    handles, labels = ax.get_legend_handles_labels()
    look: Look = {"ncols": len(labels), "title_fontsize": 7, "loc": f"outside {where}"} | how
    return figure.legend(handles, labels, **look)


def band(ax: Axes, x: np.ndarray, values: np.ndarray, half_width: np.ndarray, **line: Any) -> None:
    """Draw the mean over the first axis with a band of ``half_width`` on either side.

    Parameters
    ----------
    x
        Positions, (n,).
    values
        One row per replicate, (n_replicates, n).
    half_width
        Of the band, (n,): a standard error, or half of a confidence interval.
    """
    mean = values.mean(axis=0)
    (drawn,) = ax.plot(x, mean, **line)
    low, high = mean - half_width, mean + half_width
    ax.fill_between(x, low, high, color=drawn.get_color(), alpha=0.2, linewidth=0)


def standard_error(values: np.ndarray) -> np.ndarray:
    """Standard error of the mean over the first axis."""
    return values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0 * values[0]


def confidence95(values: np.ndarray) -> np.ndarray:
    """Half of the 95 % confidence interval of the mean over the first axis (Student's t)."""
    return standard_error(values) * stdtrit(max(len(values) - 1, 1), 0.975)


def three_digits(value: float) -> str:
    """Return a positive number with three significant digits and no exponent, e.g. "988,000".

    Raises
    ------
    ValueError
        If the number is not positive.
    """
    if not value > 0:
        raise ValueError(f"value must be positive, got {value}")
    places = 2 - int(np.floor(np.log10(value)))
    return f"{round(value, places):,.{max(places, 0)}f}"
