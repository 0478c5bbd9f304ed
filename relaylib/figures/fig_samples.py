"""Finite samples: estimates of a known relay information against the size of the sample."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.tolerances import TIE_BITS
from relaylib.figures.style import CONTROL, legend, panels
from relaylib.figures.table import keep_table, tidy
from relaylib.information.significance import OCCUPIED_LIMIT

ESTIMATES: dict[str, dict[str, Any]] = {
    "plug_in_bits": {"label": "plug-in", "color": "#d55e00", "marker": "o"},
    "corrected_bits": {"label": "corrected", "color": "#0072b2", "marker": "s"},
    "excess_bits": {"label": "less its shuffles", "color": "#009e73", "marker": "^"},
}
_LOOKS: dict[str, dict[str, Any]] = {
    "irrelevant": {"color": CONTROL, "marker": "o", "linestyle": "-"},
    "noisy answer": {"color": CONTROL, "marker": "s", "linestyle": "--"},
    "copy": {"color": "#1b1b1b", "marker": "o", "linestyle": "-"},
    "cipher": {"color": "#cc79a7", "marker": "^", "linestyle": "--"},
    "XOR": {"color": "#e69f00", "marker": "v", "linestyle": ":"},
}


def draw(samples: xr.Dataset, *, level: float = 0.05) -> Figure:
    """Draw every estimate against the truth, one panel per distribution, and the shuffle test.

    Parameters
    ----------
    samples
        As from `relaylib.studies.estimator_validation.validate_estimators`.
    level
        The last panel counts samples with a p-value up to this.
    """
    with panels(2, 3, 4.6, sharex=True) as (figure, axes):
        *estimates, detections = axes.flat
        for ax, name in zip(estimates, samples.distribution.values, strict=True):
            _estimates(ax, samples.sel(distribution=name))
        _detections(detections, samples, level)
        for ax in axes[:, 0]:
            ax.set_ylabel("relay information (bits)")
        for ax in axes[-1]:
            ax.set_xlabel("sequences in the sample")
        n = f"mean of {samples.sizes['replicate']} samples; dots: each"
        legend(figure, axes[0, 0], title=n, title_fontsize=None)
    shown = [*ESTIMATES, "true_bits", "occupied_fraction", "p_value"]
    keep_table(figure, tidy(**{name: samples[name] for name in shown}))
    return figure


def _estimates(ax: Axes, one: xr.Dataset) -> None:
    """Draw the three estimates of one distribution, its truth, and where the guard warns."""
    x = one.n_sequences.values
    ax.set(xscale="log", title=str(one.distribution.item()))
    ax.set_ylim(*((-1.3, 0.2) if one.true_bits < 0 else (-0.25, 1.25)))
    for name, look in ESTIMATES.items():
        values = one[name].transpose("replicate", "n_sequences").values
        dots = look | {"linestyle": "", "markersize": 1.6, "alpha": 0.35, "label": None}
        ax.plot(np.tile(x, len(values)), values.ravel(), **dots)
        ax.plot(x, values.mean(axis=0), **look)
    truth = np.full(len(x), float(one.true_bits))
    ax.plot(x, truth, color="0.2", linestyle=(0, (1, 1.5)), label="truth")
    fraction = one.occupied_fraction.mean("replicate").values
    if (fraction > OCCUPIED_LIMIT).any():
        edge = np.exp(np.interp(-np.log(OCCUPIED_LIMIT), -np.log(fraction), np.log(x)))
        ax.axvspan(x.min() / 1.5, edge, color="0.94", zorder=0, label="the guard warns")
    ax.set_xlim(x.min() / 1.5, x.max() * 1.5)


def _detections(ax: Axes, samples: xr.Dataset, level: float) -> None:
    """Draw how often the shuffle test says that a layer relays."""
    found = (samples.p_value <= level + TIE_BITS).mean("replicate")
    for name in samples.distribution.values:
        share = found.sel(distribution=name)
        ax.plot(samples.n_sequences, share, label=str(name), **_LOOKS[str(name)])
    ax.axhline(level, color="0.6", linewidth=0.7)
    ax.set(title=f"shuffle test, p ≤ {level:g}", ylabel="fraction of samples", ylim=(-0.06, 1.06))
    ax.legend(loc="center right")
