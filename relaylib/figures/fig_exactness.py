"""How good the greedy order is: against the best of all relay sets, where it fails, and a case."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from relaylib.figures.style import (
    ARCHITECTURE_COLOURS,
    ARCHITECTURE_MARKERS,
    CONTROL,
    PAGE,
    style,
)
from relaylib.studies.lattices import greedy_ratio

CLAIMED = 0.95
"""Mean ratio from which greedy counts as close to the best order (claim C15)."""
_GAP_BITS = 1e-9
_GREEDY, _BEST = "#7b3294", "#404040"


def draw_ratio(lattices: xr.Dataset) -> Figure:
    """Draw greedy over best relay information against set size: a panel per task.

    Lines are means over networks, times and concepts, one per architecture; the grey bands span
    the middle half and nine tenths of all cases of a task, at sizes at which some set relays.

    Parameters
    ----------
    lattices
        As from `relaylib.studies.lattices.run_lattices`.
    """
    ratio = greedy_ratio(lattices).sel(set_size=lattices.set_size > 0)
    sizes = ratio.set_size.values
    with style():
        figure, axes = plt.subplots(
            1, ratio.sizes["task"], figsize=(PAGE, 2.6), sharey=True, squeeze=False
        )
        for ax, task in zip(axes[0], ratio.task.values, strict=True):
            cases = ratio.sel(task=task).stack(case=("architecture", *_CASE))
            relaying = cases.sel(set_size=cases.notnull().any("case"))
            for outer, alpha in ((0.05, 0.25), (0.25, 0.4)):
                low, high = relaying.quantile([outer, 1 - outer], "case").values
                label = "9 in 10 cases" if outer < 0.1 else "half of the cases"
                band = {"color": CONTROL, "alpha": alpha, "linewidth": 0, "label": label}
                ax.fill_between(relaying.set_size, low, high, **band)
            rule = {"color": "0.3", "linewidth": 0.8, "linestyle": (0, (4, 2))}
            ax.axhline(CLAIMED, label=f"rule of C15: mean {CLAIMED}", **rule)
            for architecture in ratio.architecture.values:
                mean = ratio.sel(task=task, architecture=architecture).mean(_CASE)
                ax.plot(sizes, mean, label=architecture, **_look(architecture))
            ax.set(title=f"{task} task", xlabel="nodes in the relay set", xticks=sizes)
            ax.invert_xaxis()
        axes[0, 0].set(ylabel="relay information,\ngreedy over best set", ylim=(-0.03, 1.03))
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure


def draw_gap(lattices: xr.Dataset) -> Figure:
    """Draw where greedy misses: how often at each step, and by how many bits.

    Parameters
    ----------
    lattices
        As from `relaylib.studies.lattices.run_lattices`.
    """
    gap_bits = (lattices.best_bits - lattices.greedy_bits).max("set_size")
    missed = gap_bits > _GAP_BITS
    with style():
        figure, (often, size) = plt.subplots(1, 2, figsize=(PAGE, 2.5))
        for task, line in zip(gap_bits.task.values, ("-", (0, (3, 1.5))), strict=False):
            for architecture in gap_bits.architecture.values:
                here = {"task": task, "architecture": architecture}
                look = _look(architecture) | {"linestyle": line}
                share = missed.sel(here).mean(["regime", "replicate", "concept"])
                often.plot(share.time, share, label=f"{architecture}, {task}", **look)
                gaps = np.sort(gap_bits.sel(here).values.ravel())
                above = 1 - np.arange(len(gaps)) / len(gaps)
                size.plot(gaps, above, **look | {"marker": "", "drawstyle": "steps-pre"})
        often.set(
            xlabel="step",
            ylabel="share of cases in which\nsome greedy set is not best",
            xticks=gap_bits.time.values[::2],
            ylim=(-0.03, 1.03),
        )
        size.set(
            xlabel="largest gap of a case, best less greedy (bits)",
            ylabel="share of cases with\nat least this gap",
            xlim=(0, None),
            yscale="log",
        )
        figure.legend(*often.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def draw_case(case: xr.Dataset) -> Figure:
    """Draw one case: I_R of greedy and best sets of each size, and which nodes they hold.

    Nodes are listed in the order in which greedy removes them.

    Parameters
    ----------
    case
        `relaylib.studies.lattices.run_lattices` at one network, time and concept, e.g. from
        `relaylib.studies.lattices.worst_case`.
    """
    sizes, nodes = case.set_size.values, case.node.values
    x = np.arange(len(sizes))
    gap_bits = (case.best_bits - case.greedy_bits).values
    worst = int(gap_bits.argmax())
    with style():
        figure, axes = plt.subplots(
            3, 1, figsize=(0.6 * PAGE, 5.2), sharex=True, height_ratios=(1.15, 1, 1)
        )
        axes[0].fill_between(
            x, case.greedy_bits, case.best_bits, color=_GREEDY, alpha=0.15, linewidth=0
        )
        axes[0].plot(x, case.best_bits, "o-", color=_BEST, label="best set of each size")
        axes[0].plot(x, case.greedy_bits, "s-", color=_GREEDY, label="greedy set")
        low, high = case.greedy_bits.values[worst], case.best_bits.values[worst]
        axes[0].annotate(
            "",
            (worst, low),
            (worst, high),
            arrowprops={"arrowstyle": "<->", "linewidth": 0.8, "shrinkA": 3, "shrinkB": 3},
        )
        axes[0].annotate(
            f" {gap_bits[worst]:.2f} bit", (worst, (low + high) / 2), va="center", fontsize=7
        )
        axes[0].set(ylabel="relayed information (bits)")
        axes[0].axhline(0, color="0.8", linewidth=0.7, zorder=0)
        axes[0].legend(loc="upper right")
        removed_first = case.removal_order.values
        for ax, members, colour, name in (
            (axes[1], greedy_sets(case), _GREEDY, "greedy"),
            (axes[2], best_sets(case), _BEST, "best"),
        ):
            _members(ax, members[np.searchsorted(nodes, removed_first)], removed_first, colour)
            ax.set_ylabel(f"nodes in the {name} set")
        axes[2].set(xlabel="nodes in the relay set", xticks=x, xticklabels=sizes)
    return figure


def greedy_sets(case: xr.Dataset) -> np.ndarray:
    """Return whether each node is in the greedy set of each size, bool (node, set_size)."""
    step_removed = np.argsort(case.removal_order.values)
    return step_removed[:, None] >= np.arange(case.sizes["set_size"])


def best_sets(case: xr.Dataset) -> np.ndarray:
    """Return whether each node is in the best set of each size, bool (node, set_size).

    Best sets may tie; where the greedy set is one of them, it is the one.
    """
    bit = np.arange(case.sizes["node"])[:, None]
    best = case.best_sets.values.astype(np.int64) >> bit & 1 == 1
    greedy_is_best = (case.best_bits - case.greedy_bits).values <= _GAP_BITS
    return np.where(greedy_is_best, greedy_sets(case), best)


_CASE = ("regime", "replicate", "time", "concept")


def _look(architecture: str) -> dict:
    return {
        "color": ARCHITECTURE_COLOURS[architecture],
        "marker": ARCHITECTURE_MARKERS[architecture],
    }


def _members(ax: Axes, members: np.ndarray, nodes: np.ndarray, colour: str) -> None:
    n_nodes, n_sizes = members.shape
    ax.pcolormesh(
        np.arange(n_sizes + 1) - 0.5,
        np.arange(n_nodes + 1) + 0.5,
        members,
        cmap=ListedColormap(["#f2f2f2", colour]),
        vmin=0,
        vmax=1,
        edgecolors="white",
        linewidth=1,
    )
    ax.set(yticks=np.arange(1, n_nodes + 1), yticklabels=nodes)
    ax.tick_params(axis="y", labelsize=5.5, length=0)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
