"""Fig. 1: the input sequences and answers of the two tasks."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.checks import check_integer
from relaylib.figures.style import panels
from relaylib.figures.table import keep_table, tidy
from relaylib.tasks.task import Task

_INPUTS = {"memory": "sensor", "block": "pixel"}


def draw(tasks: Sequence[Task], *, sequences: Sequence[int] = (1, 6), delay: int = 3) -> Figure:
    """Draw example sequences of each task as rasters, with the blank steps and the answer.

    Parameters
    ----------
    tasks
        One column each; tasks with a finite population.
    sequences
        Which sequences of each population to show, counted in eighths of it.
    delay
        Blank steps to show between input and answer.
    """
    check_integer("delay", delay, 0)
    tables = []
    with panels(len(sequences), len(tasks), 1.75 * len(sequences)) as (figure, axes):
        for column, task in zip(axes.T, tasks, strict=True):
            trials = task.population()
            limit, signed = abs(trials.inputs).max(), trials.inputs.min() < 0
            look = {"cmap": "RdBu_r" if signed else "Greys", "vmin": -limit * signed, "vmax": limit}
            for ax, eighth in zip(column, sequences, strict=True):
                index = eighth * len(trials.inputs) // 8
                _raster(ax, trials.inputs[index], delay, look)
                answer = zip(task.concepts, trials.targets[index], strict=True)
                words = [f"{name} {'+1' if value > 0 else '−1'}" for name, value in answer]
                middle = (task.n_inputs + 1) / 2
                ax.text(ax.get_xlim()[1] + 0.2, middle, "\n".join(words), va="center", fontsize=7)
                shown = _labelled(trials.inputs[index], task.name, index)
                tables.append(tidy(input_value=shown).assign(answer=", ".join(words)))
                ax.set(title=f"{task.name} task", ylabel=_INPUTS.get(task.name, "input"))
            column[-1].set_xlabel("time (step)")
    keep_table(figure, *tables)
    return figure


def _labelled(inputs: np.ndarray, task: str, sequence: int) -> xr.DataArray:
    """Return inputs (step, input) with labels, both counted from 1."""
    steps, numbers = (np.arange(1, size + 1) for size in inputs.shape)
    coords = {"time": steps, "input": numbers, "sequence": [sequence]}
    values = xr.DataArray(inputs[..., None], coords, dims=("time", "input", "sequence"))
    return values.assign_coords(task=task)


def _raster(ax: Axes, inputs: np.ndarray, delay: int, look: dict) -> None:
    """Draw inputs (step, input), and hatch the blank steps after them."""
    n_steps, n_inputs = inputs.shape
    extent = (0.5, n_steps + 0.5, n_inputs + 0.5, 0.5)
    ax.imshow(inputs.T, aspect="auto", interpolation="nearest", extent=extent, **look)
    last = n_steps + delay + 0.5
    ax.axvspan(n_steps + 0.5, last, facecolor="0.96", edgecolor="0.8", hatch="///", linewidth=0)
    centre = (n_steps + 0.5 + last) / 2, (n_inputs + 1) / 2
    box = {"facecolor": "0.96", "edgecolor": "none", "pad": 1}
    ax.text(*centre, "blank", ha="center", va="center", fontsize=7, rotation=90, bbox=box)
    ax.set(
        xlim=(0.5, last),
        xticks=range(1, n_steps + delay + 1, 3),
        yticks=range(1, n_inputs + 1) if n_inputs < 5 else (1, n_inputs // 2, n_inputs),
    )
