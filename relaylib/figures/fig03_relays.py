"""Fig. 3: the greedy removal of nodes, and the bits each node relays, on a real network."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import CONCEPT_COLOURS, INFORMATION_CMAP, PAGE, style


def draw(network: xr.Dataset, *, concepts: tuple[int, ...] = (0, 1)) -> Figure:
    """Draw I_R as the relay set shrinks, the loss at each step, and the bits of each node.

    Parameters
    ----------
    network
        One network at one time point: `relaylib.run_study` with task, architecture, regime,
        replicate and time selected. Uses ``relay_bits``, ``removal_order``, ``information_bits``.
    concepts
        Which concepts to draw, one column each.
    """
    top = max(1.0, float(network.relay_bits.max()))
    with style():
        figure, axes = plt.subplots(
            2,
            len(concepts),
            figsize=(PAGE, 3.1),
            height_ratios=(5, 1),
            squeeze=False,
            sharey="row",
        )
        for (curve, bars), concept in zip(axes.T, concepts, strict=True):
            case = network.sel(concept=concept)
            _removal(curve, case, CONCEPT_COLOURS[concept])
            curve.set(ylim=(min(0.0, float(case.relay_bits.min())) - 0.05, top + 0.08))
            curve.set_title(f"concept {case.concept_name.item()}")
            image = _nodes(bars, case, top)
        axes[0, 0].set_ylabel("relayed information (bits)")
        figure.colorbar(image, ax=axes[1], label="bits", aspect=4, shrink=1.0)
    return figure


def _removal(ax: Axes, case: xr.Dataset, colour: str) -> None:
    relay_bits, order = case.relay_bits.values, case.removal_order.values
    steps = np.arange(len(relay_bits))
    ax.axhline(relay_bits[0], color="0.75", linewidth=0.7)
    for step in steps[1:]:
        ax.annotate(
            "",
            xy=(step, relay_bits[step]),
            xytext=(step, relay_bits[0]),
            arrowprops={"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0},
        )
    ax.plot(steps, relay_bits, "o-", color="black", zorder=3)
    ax.set(xticks=steps, xticklabels=["none", *order], xlabel="node removed, in order")


def _nodes(ax: Axes, case: xr.Dataset, top: float):  # type: ignore[no-untyped-def]
    bits = case.information_bits.values
    image = ax.imshow(
        bits[None],
        cmap=INFORMATION_CMAP,
        vmin=0,
        vmax=top,
        aspect="auto",
        extent=(0.5, len(bits) + 0.5, 0, 1),
    )
    ax.set(xticks=case.node.values, yticks=[], xlabel="node")
    for edge in np.arange(1.5, len(bits)):
        ax.axvline(edge, color="white", linewidth=1)
    ax.spines[:].set_visible(False)
    return image
