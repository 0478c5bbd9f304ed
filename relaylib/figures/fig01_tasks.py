"""Fig. 1: the two tasks, as the networks see them."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.checks import check_integer
from relaylib.figures.style import PAGE, style
from relaylib.tasks.task import Task


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
    with style():
        figure, axes = plt.subplots(
            len(sequences), len(tasks), figsize=(PAGE, 1.75 * len(sequences)), squeeze=False
        )
        for column, task in zip(axes.T, tasks, strict=True):
            inputs, targets = task.population()
            for ax, eighth in zip(column, sequences, strict=True):
                index = eighth * len(inputs) // 8
                _raster(ax, task, inputs[index], targets[index], delay)
            column[-1].set_xlabel("time (step)")
    return figure


def _raster(ax: Axes, task: Task, inputs: np.ndarray, target: np.ndarray, delay: int) -> None:
    n_steps, n_inputs = inputs.shape
    low = -1 if inputs.min() < 0 or task.name == "memory" else 0
    ax.imshow(
        inputs.T,
        cmap="RdBu_r" if low else "Greys",
        vmin=low,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, n_steps + 0.5, n_inputs + 0.5, 0.5),
    )
    last = n_steps + delay + 0.5
    ax.axvspan(n_steps + 0.5, last, facecolor="0.96", edgecolor="0.8", hatch="///", linewidth=0)
    ax.text(
        (n_steps + 0.5 + last) / 2,
        (n_inputs + 1) / 2,
        "blank",
        ha="center",
        va="center",
        fontsize=7,
        rotation=90,
        bbox={"facecolor": "0.96", "edgecolor": "none", "pad": 1},
    )
    answer = "\n".join(
        f"{name} {'+1' if value > 0 else '−1'}"
        for name, value in zip(task.concepts, target, strict=True)
    )
    ax.text(last + 0.2, (n_inputs + 1) / 2, answer, va="center", fontsize=7)
    ax.set(
        xlim=(0.5, last),
        xticks=range(1, n_steps + delay + 1, 3),
        yticks=range(1, n_inputs + 1) if n_inputs < 5 else (1, n_inputs // 2, n_inputs),
        ylabel="sensor" if n_inputs < 5 else "pixel",
        title=f"{task.name} task",
    )
