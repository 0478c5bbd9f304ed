"""Fig. 3: the greedy removal of nodes, and the bits each node relays, on a real network."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from relaylib.core.checks import check_choice
from relaylib.figures.style import INFORMATION_CMAP, Look, concept_look, concept_names, panels
from relaylib.figures.table import keep_table


def draw(network: xr.Dataset, *, concepts: Sequence[str] | None = None) -> Figure:
    """Draw I_R as the relay set shrinks, the loss at each step, and the bits of each node.

    Parameters
    ----------
    network
        One network at one time point: `relaylib.run_study` with task, architecture, regime,
        replicate and time selected. Uses ``relay_bits``, ``removal_order``, ``information_bits``.
    concepts
        Names of the concepts to draw, one column each; None: the first two.

    Raises
    ------
    ValueError
        If there is no such concept; the message lists the names.
    """
    names = concept_names(network)
    shown = [check_choice("concepts", c, names) for c in (concepts or names[:2])]
    top = max(1.0, float(network.relay_bits.max()))
    tables = []
    grid = panels(2, len(shown), 3.1, height_ratios=(5, 1), sharey="row")
    with grid as (figure, axes):
        for (curve, bars), name in zip(axes.T, shown, strict=True):
            case = network.isel(concept=names.index(name))
            _removal(curve, case, concept_look(names.index(name))["color"])
            curve.set(ylim=(min(0.0, float(case.relay_bits.min())) - 0.05, top + 0.08))
            curve.set_title(f"concept {name}")
            tables.append(_table(case).assign(concept=name))
            image = _nodes(bars, case.information_bits, top)
        axes[0, 0].set_ylabel("relayed information (bits)")
        figure.colorbar(image, ax=axes[1], label="bits", aspect=4, shrink=1.0)
    keep_table(figure, *tables)
    return figure


def _table(case: xr.Dataset) -> pd.DataFrame:
    """Return the removals of one concept: the node, what is relayed after it, and its own bits."""
    order = case.removal_order.values
    return pd.DataFrame(
        {
            "nodes_removed": np.arange(len(order) + 1),
            "node_removed": pd.array([None, *order], dtype="Int64"),
            "relay_bits": case.relay_bits.values,
            "information_bits_of_node": [np.nan, *case.information_bits.sel(node=order).values],
        }
    )


def _removal(ax: Axes, case: xr.Dataset, colour: str) -> None:
    relay_bits = case.relay_bits.values
    steps = np.arange(len(relay_bits))
    ax.axhline(relay_bits[0], color="0.75", linewidth=0.7)
    arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0}
    for step, left in enumerate(relay_bits[1:], start=1):
        ax.annotate("", xy=(step, left), xytext=(step, relay_bits[0]), arrowprops=arrow)
    ax.plot(steps, relay_bits, "o-", color="black", zorder=3)
    removed = ["none", *case.removal_order.values]
    ax.set(xticks=steps, xticklabels=removed, xlabel="node removed, in order")


def _nodes(ax: Axes, bits: xr.DataArray, top: float) -> AxesImage:
    n_nodes = bits.sizes["node"]
    look: Look = {"cmap": INFORMATION_CMAP, "vmin": 0, "vmax": top, "aspect": "auto"}
    image = ax.imshow(bits.values[None], extent=(0.5, n_nodes + 0.5, 0, 1), **look)
    ax.set_xticks(np.arange(1, n_nodes + 1), bits.node.values)
    ax.set(yticks=[], xlabel="node")
    for edge in np.arange(1.5, n_nodes):
        ax.axvline(edge, color="white", linewidth=1)
    ax.spines[:].set_visible(False)
    return image
