"""Fig. 12: a network's states after the last input on two principal components."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import PAGE, concept_names, legend, style
from relaylib.figures.table import keep_table, tidy

_COLOURS = ["#332288", "#88ccee", "#117733", "#999933", "#ddaa33", "#cc6677", "#882255", "#aa4499"]
_MARKERS = "os^vDPX*"


def draw(network: xr.Dataset) -> Figure:
    """Draw all steps together, then each step alone, in the same two components.

    Parameters
    ----------
    network
        `relaylib.studies.latent.run_latent`'s result with regime and replicate selected. Uses
        ``coordinates`` and ``variance_fraction``.
    """
    times = network.time.values
    n_columns = -(-len(times) // 2)
    with style():
        figure = plt.figure(figsize=(PAGE, 3.7))
        grid = figure.add_gridspec(2, 2 + n_columns)
        together = figure.add_subplot(grid[:, :2])
        for index, time in enumerate(times):
            row, column = divmod(index, n_columns)
            ax = figure.add_subplot(grid[row, 2 + column], sharex=together, sharey=together)
            _states(ax, network.sel(time=[time]), size=5)
            ax.set_title(f"step {time}", pad=2)
            ax.tick_params(labelleft=False, labelbottom=False)
        _states(together, network, size=7)
        together.set_title(f"steps {times[0]} to {times[-1]}")
        for component, name in zip((1, 2), "xy", strict=True):
            share = 100 * float(network.variance_fraction.sel(component=component))
            together.set(**{f"{name}label": f"principal component {component} ({share:.0f} %)"})
        title = f"memory content ({', '.join(concept_names(network))})"
        tight = {"handletextpad": 0.1, "columnspacing": 1.2, "markerscale": 2}
        legend(figure, together, "lower center", ncols=8, title=title, **tight)
    contents = [_signs(row) for row in network.target.transpose("sequence", "concept").values]
    points = network.coordinates.assign_coords(memory_content=("sequence", contents))
    first, second = (points.sel(component=number, drop=True) for number in (1, 2))
    keep_table(figure, tidy(component_1=first, component_2=second))
    return figure


def _states(ax: Axes, network: xr.Dataset, *, size: float) -> None:
    """Scatter the sequences of each memory content, each pair of colour and marker once."""
    for state in np.unique(network.state):
        own = network.isel(sequence=network.state.values == state)
        target = own.target.isel(sequence=0).values
        x, y = own.coordinates.transpose("component", "time", "sequence").values.reshape(2, -1)
        turn, place = divmod(int(state), len(_COLOURS))
        ax.scatter(
            x,
            y,
            s=size,
            color=_COLOURS[place],
            marker=mpl.markers.MarkerStyle(_MARKERS[(place + turn) % len(_MARKERS)]),
            linewidth=0,
            alpha=0.75,
            label=_signs(target),
        )


def _signs(target: np.ndarray) -> str:
    return "".join("+" if value > 0 else "−" for value in target)
