"""Speed: how many times faster than other methods, and how time grows with the problem."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from relaylib.figures.style import CONTROL, Look, panels, three_digits
from relaylib.figures.table import keep_table

_LOOKS: tuple[Look, ...] = (
    {"color": "#0072b2", "marker": "o"},
    {"color": "#d55e00", "marker": "s"},
    {"color": "#009e73", "marker": "^"},
    {"color": "#cc79a7", "marker": "D"},
    {"color": "#56b4e9", "marker": "v"},
    {"color": "#000000", "marker": "P"},
)


def draw(bench: xr.Dataset, growth: xr.Dataset) -> Figure:
    """Draw the ratios to other methods, and time against size with fitted exponents.

    Parameters
    ----------
    bench
        One row per comparison: ``value``, ``baseline``, ``ratio``, ``unit``, ``what`` and
        ``against`` over ``name``, as from ``book.benchmark.load_bench``.
    growth
        ``size`` and ``seconds`` (series, point), ``what``, ``over`` and ``exponent`` (series,), as
        from ``book.benchmark.load_scaling``.
    """
    with panels(1, 2, 3.6) as (figure, axes):
        _ratios(axes[0, 0], bench)
        _growth(axes[0, 1], growth)
    times = growth[["size", "seconds"]].to_dataframe().dropna().reset_index()
    keep_table(figure, bench.to_dataframe().reset_index(), times.drop(columns="point"))
    return figure


def _ratios(ax: Axes, bench: xr.Dataset) -> None:
    """Draw one bar per comparison with another method; the speed of a product is no method."""
    limit = np.char.startswith(bench.against.values.astype(str), "its products")
    compared = bench.isel(name=~limit)
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
    """Draw seconds against size, both relative to the smallest, with the fitted exponents."""
    for name, look in zip(growth.series.values, _LOOKS, strict=False):
        one = growth.sel(series=name).dropna("point")
        size, seconds = one["size"].values, one.seconds.values
        label = f"{name}: power {float(one.exponent):.1f}"
        ax.plot(size / size[0], seconds / seconds[0], linewidth=0.9, label=label, **look)
    ax.axhline(1, color=CONTROL, linewidth=0.7)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="size (multiple of the smallest)", ylabel="time (multiple of the smallest)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    ax.set_title("how time grows", loc="left")
    ax.legend(loc="upper left", fontsize=6.5)
