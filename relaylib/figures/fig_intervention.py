"""Drift against the first weights of training: what four measures say, dose by dose."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from relaylib.figures.style import DOTS, confidence95, legend, panels, spread
from relaylib.figures.table import keep_table, tidy
from relaylib.studies.drift_findings import measures

MEASURES = {
    "r": "Pearson r",
    "contrast": "knockouts:\ndiagonal - rest",
    "decoded": "decoded at lag 1\n(fraction)",
    "late": "accuracy at the\nother delays",
}
"""Rows of the figure, and what their axes say."""
_TASKS = (
    {"color": "#332288", "marker": "o"},
    {"color": "#44aa99", "marker": "s"},
    {"color": "#cc6677", "marker": "^"},
)


def draw(intervention: xr.Dataset) -> Figure:
    """Draw each measure against the first weights, one line per task; doses are joined.

    Parameters
    ----------
    intervention
        From `relaylib.studies.intervention.run_intervention`. The other delays of a network are
        all those tested but the one of its training.
    """
    values = measures(intervention).mean("regime")
    names = [str(name) for name in values.first_weights.values]
    dose = np.array([name.startswith(("a =", "bias")) for name in names])
    x = np.arange(len(names)) + 0.5 * np.cumsum(~dose)
    with panels(len(MEASURES), 1, 5.8, width=5.4, sharex=True) as (figure, axes):
        for ax, (measure, axis_label) in zip(axes[:, 0], MEASURES.items(), strict=True):
            for k, task in enumerate(values.task.values):
                look, place = _TASKS[k % len(_TASKS)], x + 0.16 * (k - 0.5)
                each = values[measure].sel(task=task).transpose("replicate", "first_weights").values
                ax.plot(spread(place, len(each), 0.1).ravel(), each.ravel(), **(look | DOTS))
                mean = each.mean(axis=0)
                ax.errorbar(
                    place, mean, confidence95(each), fmt="none", ecolor=look["color"], elinewidth=1
                )
                ax.plot(place[dose], mean[dose], label=f"{task} task", **look)
                ax.plot(place[~dose], mean[~dose], linestyle="", **look)
            ax.set_ylabel(axis_label)
        axes[2, 0].axhline(0.5, color="0.6", linewidth=0.7)
        axes[-1, 0].set_xticks(
            x, [name.replace(" ", "\n", 1) if name[0] != "a" else name for name in names]
        )
        is_gate = all(name.startswith("bias") for name in names)
        axes[-1, 0].set_xlabel("shift of the gate's bias" if is_gate else "first recurrent matrix")
        legend(figure, axes[0, 0])
    keep_table(
        figure,
        tidy(
            pearson_r=values.r,
            knockout_contrast=values.contrast,
            decoded_fraction=values.decoded,
            accuracy_at_other_delays=values.late,
        ),
    )
    return figure
