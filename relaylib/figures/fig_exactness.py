"""How good the greedy order is: against the best of all relay sets, where it fails, and a case."""

from itertools import cycle

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from relaylib.core.tolerances import ZERO_BITS
from relaylib.figures.style import CONTROL, PAGE, Look, architecture_look, legend, panels
from relaylib.figures.table import keep_table, tidy
from relaylib.measures.knockout import first_nodes
from relaylib.studies.lattices import greedy_ratio

CLAIMED = 0.95
"""Mean ratio from which greedy counts as close to the best order (claim C15)."""
_GREEDY, _BEST = "#7b3294", "#404040"
_CASE = ("regime", "replicate", "time", "concept")


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
    quantiles = []
    with panels(1, ratio.sizes["task"], 2.6, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], ratio.task.values, strict=True):
            cases = ratio.sel(task=task).stack(case=("architecture", *_CASE))
            relaying = cases.sel(set_size=cases.notnull().any("case"))
            for outer, alpha, label in ((0.05, 0.25, "9 in 10"), (0.25, 0.4, "half of the")):
                ends = relaying.quantile([outer, 1 - outer], "case")
                quantiles.append(tidy(ratio=ends))
                low, high = ends.values
                look = {"color": CONTROL, "alpha": alpha, "linewidth": 0}
                ax.fill_between(relaying.set_size, low, high, label=f"{label} cases", **look)
            rule: Look = {"color": "0.3", "linewidth": 0.8, "linestyle": (0, (4, 2))}
            ax.axhline(CLAIMED, label=f"rule of C15: mean {CLAIMED}", **rule)
            for architecture in ratio.architecture.values:
                mean = ratio.sel(task=task, architecture=architecture).mean(_CASE)
                ax.plot(sizes, mean, label=architecture, **architecture_look(architecture))
            ax.set(title=f"{task} task", xlabel="nodes in the relay set", xticks=sizes)
            ax.invert_xaxis()
        axes[0, 0].set(ylabel="relay information,\ngreedy over best set", ylim=(-0.03, 1.03))
        legend(figure, axes[0, 0])
    keep_table(figure, tidy(mean_ratio=ratio.mean(_CASE)), *quantiles)
    return figure


def draw_gap(lattices: xr.Dataset) -> Figure:
    """Draw where greedy misses bits: how often at each step, and by how many bits.

    Parameters
    ----------
    lattices
        As from `relaylib.studies.lattices.run_lattices`.
    """
    gap_bits = (lattices.best_bits - lattices.greedy_bits).max("set_size")
    missed, largest = gap_bits > ZERO_BITS, []
    with panels(1, 2, 2.5) as (figure, axes):
        often, size = axes[0]
        for task, line in zip(gap_bits.task.values, cycle(("-", (0, (3, 1.5))))):
            for architecture in gap_bits.architecture.values:
                here = {"task": task, "architecture": architecture}
                look = architecture_look(architecture) | {"linestyle": line}
                share = missed.sel(here).mean(["regime", "replicate", "concept"])
                often.plot(share.time, share, label=f"{architecture}, {task}", **look)
                gaps = np.sort(gap_bits.sel(here).values.ravel())
                above = 1 - np.arange(len(gaps)) / len(gaps)
                each, first = np.unique(gaps, return_index=True)
                column = {"gap_bits_at_least": each, "share_of_cases": above[first]}
                largest.append(pd.DataFrame(column).assign(**here))
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
        legend(figure, often, ncols=3)
    by_step = tidy(share_of_cases=missed.mean(["regime", "replicate", "concept"]))
    keep_table(figure, by_step.assign(part="not best at this step"), *largest)
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
    greedy, best = case.greedy_bits.values, case.best_bits.values
    x, worst = np.arange(len(greedy)), int((best - greedy).argmax())
    grid = panels(3, 1, 5.2, width=0.6 * PAGE, sharex=True, height_ratios=(1.15, 1, 1))
    with grid as (figure, axes):
        curves, greedy_ax, best_ax = axes[:, 0]
        curves.fill_between(x, greedy, best, color=_GREEDY, alpha=0.15, linewidth=0)
        curves.plot(x, best, "o-", color=_BEST, label="best set of each size")
        curves.plot(x, greedy, "s-", color=_GREEDY, label="greedy set")
        low, high = (worst, greedy[worst]), (worst, best[worst])
        arrow = {"arrowstyle": "<->", "linewidth": 0.8, "shrinkA": 3, "shrinkB": 3}
        curves.annotate("", low, high, arrowprops=arrow)
        middle, gap = (worst, (low[1] + high[1]) / 2), high[1] - low[1]
        curves.annotate(f" {gap:.2f} bit", middle, va="center", fontsize=7)
        curves.set(ylabel="relayed information (bits)")
        curves.axhline(0, color="0.8", linewidth=0.7, zorder=0)
        curves.legend(loc="upper right")
        _members(greedy_ax, greedy_sets(case).sel(node=case.removal_order), _GREEDY)
        _members(best_ax, best_sets(case).sel(node=case.removal_order), _BEST)
        greedy_ax.set_ylabel("nodes in the greedy set")
        best_ax.set(ylabel="nodes in the best set", xlabel="nodes in the relay set")
        best_ax.set_xticks(x, case.set_size.values)
    members = {"in_greedy_set": greedy_sets(case), "in_best_set": best_sets(case)}
    keep_table(figure, tidy(**members, greedy_bits=case.greedy_bits, best_bits=case.best_bits))
    return figure


def greedy_sets(case: xr.Dataset) -> xr.DataArray:
    """Return whether each node is in the greedy set of each size, bool (node, set_size)."""
    left = ~first_nodes(case.removal_order).rename(n_knocked_out="set_size")
    return left.assign_coords(set_size=case.set_size).transpose("node", "set_size")


def best_sets(case: xr.Dataset) -> xr.DataArray:
    """Return whether each node is in the best set of each size, bool (node, set_size).

    Where several sets are best and the greedy set is one of them, it is the one returned.
    """
    bit = xr.DataArray(np.arange(case.sizes["node"]), {"node": case.node}, ["node"])
    best = case.best_sets.astype(np.int64) >> bit & 1 == 1
    greedy_is_best = case.best_bits - case.greedy_bits <= ZERO_BITS
    return greedy_sets(case).where(greedy_is_best, best).transpose("node", "set_size")


def _members(ax: Axes, members: xr.DataArray, colour: str) -> None:
    n_nodes, n_sizes = members.shape
    edges = np.arange(n_sizes + 1) - 0.5, np.arange(n_nodes + 1) + 0.5
    look: Look = {"cmap": ListedColormap(["#f2f2f2", colour]), "vmin": 0, "vmax": 1}
    ax.pcolormesh(*edges, members.values, edgecolors="white", linewidth=1, **look)
    ax.set(yticks=np.arange(1, n_nodes + 1), yticklabels=members.node.values)
    ax.tick_params(axis="y", labelsize=5.5, length=0)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
