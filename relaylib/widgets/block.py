"""The block task as a player: what the networks receive, frame by frame."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge

from relaylib.figures.style import PAGE, panels
from relaylib.tasks.block import BlockTask
from relaylib.widgets.frames import Frames

VALUE_NAMES = {
    "direction": ("left", "right"),
    "size": ("small", "large"),
    "brightness": ("dark", "bright"),
}
"""Words for the values -1 and +1 of concepts."""


def block_player() -> Frames:
    """Show the eight blocks on their rings, one picture per frame of the input.

    Returns
    -------
    Frames
        A widget that needs no kernel.
    """
    n_steps = BlockTask.n_steps
    pictures = [
        (_draw_frame(step), f"The eight blocks at step {step} of {n_steps}, all from one start.")
        for step in range(1, n_steps + 1)
    ]
    return Frames(pictures, label="step", start=1)


def _draw_frame(step: int) -> Figure:
    """Draw one step of the eight sequences that start at the same pixel."""
    task = BlockTask()
    trials = task.population()
    first = slice(0, None, task.n_inputs)  # the start changes fastest
    inputs, targets = trials.inputs[first, step - 1], trials.targets[first]
    with panels(1, 1, 0.53 * PAGE) as (figure, axes):
        ax = axes[0, 0]
        for index, (pixels, target) in enumerate(zip(inputs, targets, strict=True)):
            centre = (2.8 * (index % 4), -2.9 * (index // 4))
            _draw_ring(ax, centre, pixels)
            direction, size, brightness = (
                VALUE_NAMES[name][int(value > 0)]
                for name, value in zip(task.concepts, target, strict=True)
            )
            words = f"{size}, {brightness},\nto the {direction}"
            ax.text(*centre, words, ha="center", va="center", fontsize=7.5)
        ax.set_aspect("equal")
        ax.autoscale_view()
        ax.axis("off")
    return figure


def _draw_ring(ax: Axes, centre: tuple[float, float], pixels: np.ndarray) -> None:
    """Draw the pixels clockwise from the top; brighter pixels are drawn darker."""
    edges = 90 - 360 * np.arange(len(pixels) + 1) / len(pixels)
    for end, start, value in zip(edges, edges[1:], pixels, strict=False):
        ink = str(0.96 - 0.85 * value)
        ax.add_patch(Wedge(centre, 1.2, start, end, width=0.4, fc=ink, ec="0.75", lw=0.5))
