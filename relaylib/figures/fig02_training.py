"""Fig. 2: accuracy against the delay at which the answer is read."""

import json

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from relaylib.figures.style import Look, band, legend, panels, standard_error
from relaylib.figures.table import keep_table, tidy

CHANCE = 0.5
"""Accuracy of random answers: a concept is -1 or +1."""


def draw(study: xr.Dataset) -> Figure:
    """Draw accuracy at every test delay: tasks in rows, architectures in columns.

    One thick line per training regime (mean over replicates, band: standard error), one thin line
    per network; the range of trained delays is shaded, chance is dashed.

    Parameters
    ----------
    study
        As from `relaylib.run_study`; uses ``accuracy``.
    """
    tasks, architectures = study.task.values, study.architecture.values
    delays, trained = study.test_delay.values, trained_delays(study)
    height = 2.1 * len(tasks) + 0.5
    grid = panels(len(tasks), len(architectures), height, sharex=True, sharey=True)
    with grid as (figure, axes):
        for (row, column), ax in np.ndenumerate(axes):
            if trained:
                ax.axvspan(trained[0] - 0.5, trained[-1] + 0.5, color="0.95", zorder=0)
            ax.axhline(CHANCE, color="0.5", linewidth=0.8, linestyle="--")
            cell = study.accuracy.sel(task=tasks[row], architecture=architectures[column])
            for regime in study.regime.values:
                values = cell.sel(regime=regime).transpose("replicate", "test_delay").values
                look = _look(regime, trained)
                ax.plot(delays, values.T, linewidth=0.3, alpha=0.25, color=look["color"])
                band(ax, delays, values, standard_error(values), label=regime, **look)
            ax.set_title(f"{architectures[column]}, {tasks[row]} task")
        for ax in axes[-1]:
            ax.set(xlabel="test delay (steps)", xticks=delays)
        for ax in axes[:, 0]:
            ax.set_ylabel("accuracy (fraction right)")
        legend(figure, axes[0, 0], "lower center", title="delay in training (steps)")
    keep_table(figure, tidy(accuracy_fraction=study.accuracy))
    return figure


def trained_delays(study: xr.Dataset) -> list[int]:
    """Return all delays at which networks of the study were trained, in rising order.

    Those of the random regime come from the configuration in the study's attributes.
    """
    delays = {int(regime) for regime in study.regime.values if regime != "random"}
    if "random" in study.regime:
        delays.update(json.loads(study.attrs.get("configuration", "{}")).get("random_delays", ()))
    return sorted(delays)


def _look(regime: str, trained: list[int]) -> Look:
    """Colours of fixed regimes go with their delay, from 1 to the longest (at least 5)."""
    if regime == "random":
        return {"color": "#c1272d", "linestyle": (0, (4, 1.5))}
    part = (int(regime) - 1) / (max(5, *trained) - 1)
    return {"color": mpl.colormaps["viridis"](0.85 * max(part, 0)), "linestyle": "-"}
