"""Speed: how many times faster than a plain baseline, and how time grows with a layer's size."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from relaylib.figures.style import CONTROL, Look, panels, three_digits

_LOOKS: dict[str, Look] = {
    "typical": {"color": "#0072b2", "marker": "o"},
    "adverse": {"color": "#d55e00", "marker": "s"},
}


def draw(bench: xr.Dataset, growth: xr.Dataset) -> Figure:
    """Draw the ratios to plain baselines, and the time of large layers with fitted exponents.

    Parameters
    ----------
    bench
        One row per comparison: ``value``, ``baseline``, ``ratio``, ``unit``, ``what`` and
        ``against`` over ``name``, as from ``book.benchmark.load_bench``.
    growth
        ``seconds`` and ``goal_seconds`` (kind, nodes), ``exponent`` (kind,), as from
        ``book.benchmark.layer_growth``.
    """
    with panels(1, 2, 3.6) as (figure, axes):
        _ratios(axes[0, 0], bench)
        _growth(axes[0, 1], growth)
    return figure


def _ratios(ax: Axes, bench: xr.Dataset) -> None:
    """Draw one bar per comparison with another method; goals are not methods."""
    goal = np.char.startswith(bench.against.values.astype(str), "the goal")
    compared = bench.isel(name=~goal & (bench.unit.values == "s"))
    ratios, places = compared.ratio.values, np.arange(compared.sizes["name"])
    ax.barh(places, ratios - 1, left=1, height=0.34, color="#0072b2", label="ratio")
    ax.axvline(1, color="0.4", linewidth=0.7)
    across = ax.get_yaxis_transform()
    for place, ratio in enumerate(ratios.tolist()):
        one = compared.isel(name=place)
        words = f"{one.what.item()}\nthan {str(one.against.item()).rpartition('; ')[0]}"
        ax.text(0.02, place - 0.22, words, transform=across, fontsize=6.5, va="bottom")
        ax.text(max(ratio, 1), place, f" {three_digits(ratio)}x", va="center", fontsize=7)
    ax.set(xscale="log", xlabel="times faster (ratio of times)", yticks=[])
    ax.set_xlim(min(1, ratios.min()) * 0.8, ratios.max() * 12)
    ax.set_ylim(len(places) - 0.6, -0.9)
    ax.spines["left"].set_visible(False)
    ax.set_title("against other ways of getting the same", loc="left")


def _growth(ax: Axes, growth: xr.Dataset) -> None:
    """Draw seconds against nodes, a line of the fitted exponent, and the goals."""
    nodes = growth.nodes.values
    for kind in reversed(growth.kind.values):
        one, look = growth.sel(kind=kind), _LOOKS[str(kind)]
        ax.plot(nodes, one.seconds, linestyle="", label=f"{kind} layer", **look)
        exponent = float(one.exponent)
        middle = np.log(one.seconds.values).mean() - exponent * np.log(nodes).mean()
        fitted = np.exp(middle + exponent * np.log(nodes))
        label = f"fit: nodes to the power {exponent:.1f}"
        ax.plot(nodes, fitted, color=look["color"], linewidth=0.9, label=label)
    goal = growth.goal_seconds.isel(kind=0)
    goal = goal.where(goal >= 1)  # no goal was set below
    ax.plot(nodes, goal, color=CONTROL, linestyle="--", marker="D", label="goal")
    ax.set(xscale="log", yscale="log", xlabel="nodes (4 sequences each)", ylabel="time (s)")
    ax.set_xticks(nodes, [f"{n:,}" for n in nodes])
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    ax.set_title("greedy order of one large layer", loc="left")
    ax.legend(loc="upper left")
