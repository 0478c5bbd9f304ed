"""The look that all figures share: sizes, palette, fonts, small helpers for labels."""

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

COLUMN, PAGE = 3.5, 7.2
"""Widths in inches: one column, and the full page."""

ARCHITECTURE_COLOURS = {"RNN": "#1b1b1b", "GRU": "#d55e00", "LSTM": "#0072b2"}
ARCHITECTURE_MARKERS = {"RNN": "o", "GRU": "s", "LSTM": "^"}
CONCEPT_COLOURS = ("#009e73", "#cc79a7", "#e69f00")
"""First, second and third concept of a task (A, B, C or direction, size, brightness)."""
CONCEPT_MARKERS = ("o", "s", "^")
REGIME_COLOURS = dict(
    zip(
        ("1", "2", "3", "4", "5", "random"),
        (*mpl.colormaps["viridis"](np.linspace(0.0, 0.85, 5)), "#c1272d"),
        strict=True,
    )
)
REGIME_STYLES = dict.fromkeys(REGIME_COLOURS, "-") | {"random": (0, (4, 1.5))}
CONTROL = "#8c8c8c"
"""Grey of every control."""
INFORMATION_CMAP = "Blues"
"""Bits per node, from 0 (white) to 1 (dark)."""


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style inside a ``with`` block; nothing changes outside it."""
    with mpl.rc_context(
        {
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
    ):
        yield
        interactive = mpl.is_interactive()
    # a notebook's backend turns this on when its first figure is made, here inside; without it
    # no later figure would be shown
    mpl.interactive(interactive)


def band(
    ax: Axes, x: np.ndarray, values: np.ndarray, half_width: np.ndarray, **line: object
) -> None:
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
    (drawn,) = ax.plot(x, mean, **line)  # type: ignore[arg-type]
    ax.fill_between(
        x, mean - half_width, mean + half_width, color=drawn.get_color(), alpha=0.2, linewidth=0
    )


def standard_error(values: np.ndarray) -> np.ndarray:
    """Standard error of the mean over the first axis."""
    return values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0 * values[0]


def confidence95(values: np.ndarray) -> np.ndarray:
    """Half of the 95 % confidence interval of the mean over the first axis (Student's t)."""
    from scipy.stats import t

    return standard_error(values) * t.ppf(0.975, max(len(values) - 1, 1))
