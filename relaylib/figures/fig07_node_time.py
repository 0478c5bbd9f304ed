"""Fig. 7: where each concept is over time, in one network of each architecture."""

import xarray as xr
from matplotlib.figure import Figure

from relaylib.figures.fig06_arrival import Onsets, node_time, onset_steps
from relaylib.figures.style import ARCHITECTURE_COLOURS, concept_names, panels
from relaylib.figures.table import keep_table, tidy


def draw(networks: xr.Dataset, *, onsets: Onsets = ()) -> Figure:
    """Draw bits per node and time: architectures in rows, concepts in columns.

    Parameters
    ----------
    networks
        One network per architecture: `relaylib.run_study` with task and regime selected and the
        coordinate replicate along architecture. Uses ``information_bits``.
    onsets
        As in `relaylib.figures.fig06_arrival.onset_steps`.
    """
    steps = onset_steps(onsets, concept_names(networks))
    n_rows = networks.sizes["architecture"]
    grid = panels(n_rows, len(steps), 1.35 * n_rows + 0.6, sharex=True, sharey=True)
    with grid as (figure, axes):
        for row, architecture in zip(axes, networks.architecture.values, strict=True):
            network = networks.sel(architecture=architecture)
            for index, (ax, onset) in enumerate(zip(row, steps.values(), strict=True)):
                image = node_time(ax, network.information_bits.isel(concept=index), onset)
            label = f"{architecture}, network {int(network.replicate)}\nnode"
            row[0].set_ylabel(label, color=ARCHITECTURE_COLOURS[architecture])
        for ax, name in zip(axes[0], steps, strict=True):
            ax.set_title(f"concept {name}", pad=10 if onsets else 6)
        for ax in axes[-1]:
            ax.set_xlabel("time (steps)")
        figure.colorbar(image, ax=axes, label="information (bits)", extend="min", aspect=40)
    keep_table(figure, tidy(information_bits=networks.information_bits))
    return figure
