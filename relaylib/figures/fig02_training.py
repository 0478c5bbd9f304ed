"""Fig. 2: accuracy against the delay at which the answer is asked for."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from relaylib.figures.style import PAGE, REGIME_COLOURS, REGIME_STYLES, band, standard_error, style


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
    delays = study.test_delay.values
    with style():
        figure, axes = plt.subplots(
            len(tasks),
            len(architectures),
            figsize=(PAGE, 2.1 * len(tasks) + 0.5),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for (row, column), ax in np.ndenumerate(axes):
            ax.axvspan(0.5, 5.5, color="0.95", zorder=0)
            ax.axhline(0.5, color="0.5", linewidth=0.8, linestyle="--")
            cell = study.accuracy.sel(task=tasks[row], architecture=architectures[column])
            for regime in study.regime.values:
                values = cell.sel(regime=regime).values
                look = {"color": REGIME_COLOURS[regime], "linestyle": REGIME_STYLES[regime]}
                ax.plot(delays, values.T, linewidth=0.3, alpha=0.25, color=look["color"])
                band(ax, delays, values, standard_error(values), label=regime, **look)
            ax.set_title(f"{architectures[column]}, {tasks[row]} task")
        for ax in axes[-1]:
            ax.set(xlabel="test delay (steps)", xticks=delays)
        for ax in axes[:, 0]:
            ax.set_ylabel("accuracy (fraction right)")
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(study.regime),
            title="delay in training (steps)",
            title_fontsize=7,
        )
    return figure
