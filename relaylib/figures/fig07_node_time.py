"""Fig. 7: where each concept is over time, in one RNN, one GRU and one LSTM."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from relaylib.figures.fig06_arrival import node_time
from relaylib.figures.style import ARCHITECTURE_COLOURS, PAGE, style


def draw(networks: xr.Dataset, *, onsets: tuple[int, ...] = ()) -> Figure:
    """Draw bits per node and time: architectures in rows, concepts in columns.

    Parameters
    ----------
    networks
        One network per architecture: `relaylib.run_study` with task and regime selected and the
        coordinate replicate along architecture. Uses ``information_bits``.
    onsets
        Time at which each concept is shown; none where a task has no such moment.
    """
    n_rows, n_columns = networks.sizes["architecture"], networks.sizes["concept"]
    with style():
        figure, axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(PAGE, 1.35 * n_rows + 0.6),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for row, architecture in zip(axes, networks.architecture.values, strict=True):
            network = networks.sel(architecture=architecture)
            for index, ax in enumerate(row):
                bits = network.information_bits.isel(concept=index)
                image = node_time(ax, bits, onsets[index : index + 1])
            row[0].set_ylabel(
                f"{architecture}, network {int(network.replicate)}\nnode",
                color=ARCHITECTURE_COLOURS.get(architecture),
            )
        for ax, name in zip(axes[0], networks.concept_name.values, strict=True):
            ax.set_title(f"concept {name}", pad=10 if onsets else 6)
        for ax in axes[-1]:
            ax.set_xlabel("time (steps)")
        figure.colorbar(image, ax=axes, label="information (bits)", extend="min", aspect=40)
    return figure
