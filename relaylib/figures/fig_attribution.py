"""Which nodes matter: six scores of a node, how nodes interact, and what predicts a knockout."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from relaylib.core.tolerances import ZERO_BITS
from relaylib.figures.style import (
    CONTROL,
    DOTS,
    INFORMATION_CMAP,
    architecture_look,
    band,
    concept_names,
    confidence95,
    legend,
    panels,
    side_by_side,
)
from relaylib.figures.table import keep_table, tidy
from relaylib.studies.attribution import SCORES

_INFORMATION = list(SCORES[:4])
"""The scores that are in bits."""
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#332288", "marker": "o", "linestyle": "-"},
    {"color": "#44aa99", "marker": "s", "linestyle": "-"},
    {"color": "#88ccee", "marker": "^", "linestyle": "-"},
    {"color": "#cc6677", "marker": "v", "linestyle": (0, (3, 1.2))},
    {"color": "#ddaa33", "marker": "D", "linestyle": (0, (3, 1.2))},
    {"color": "#882255", "marker": "P", "linestyle": (0, (3, 1.2))},
)
"""One per score; dashed: scores of each node alone."""


def draw_scores(network: xr.Dataset) -> Figure:
    """Draw the four scores in bits of each node of one network: rows scores, a panel per concept.

    Parameters
    ----------
    network
        `relaylib.studies.attribution.run_attribution` at one task, architecture and replicate.
    """
    score = network.score.sel(measure=_INFORMATION).transpose("concept", "measure", "node")
    look = {"cmap": INFORMATION_CMAP, "vmin": 0, "vmax": max(1.0, float(score.max()))}
    with panels(1, len(score), 1.75, sharey=True) as (figure, axes):
        bar = _matrices(figure, axes[0], score, look | {"aspect": "auto"}, aspect=12)
        bar.set_label("bits")
        for ax, bits in zip(axes[0], score.values, strict=True):
            for row, column in np.argwhere(bits < -ZERO_BITS):
                ax.text(column, row, "\N{MINUS SIGN}", ha="center", va="center", fontsize=7)
            ax.set_yticks(range(len(bits)), _INFORMATION)
            ax.set_xticks(np.arange(0.5, bits.shape[1]), minor=True)
            ax.set_yticks(np.arange(0.5, len(bits)), minor=True)
            ax.grid(which="minor", color="white", linewidth=1)
            ax.tick_params(which="both", length=0)
    keep_table(figure, tidy(score_bits=score))
    return figure


def draw_interaction(network: xr.Dataset) -> Figure:
    """Draw the interaction of each pair of nodes of one network: a panel per concept.

    Parameters
    ----------
    network
        As in `draw_scores`.
    """
    bits = network.interaction_bits.transpose("concept", "node", "other_node")
    below = bits.where(np.tri(bits.sizes["node"], k=-1).astype(bool))
    top = max(0.05, float(abs(bits).max()))
    with panels(1, len(bits), 2.5, sharey=True) as (figure, axes):
        look = {"cmap": "PuOr", "vmin": -top, "vmax": top}
        bar = _matrices(figure, axes[0], below, look, aspect=14, shrink=0.9)
        bar.set_label("interaction (bits):\nsynergy < 0 < redundancy")
        for ax in axes[0]:
            ax.set_yticks(range(bits.sizes["node"]), bits.node.values)
            ax.tick_params(length=0, labelsize=6)
        axes[0, 0].set_ylabel("node")
    keep_table(figure, tidy(interaction_bits=below))
    return figure


def draw_shapley(compared: xr.Dataset) -> Figure:
    """Draw cumulative loss against Shapley value of every node; the node removed last is marked.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    is_last = last_node(compared)
    loss, shapley = (compared.score.sel(measure=name, drop=True) for name in SCORES[:2])
    with _tasks(compared, 3.0, sharex=True, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], compared.task.values, strict=True):
            cases = (each.sel(task=task) for each in (shapley, loss, is_last))
            x, y, last = (each.values for each in xr.broadcast(*cases))
            ax.axline((0, 0), slope=1, color="0.7", linewidth=0.8, zorder=0)
            dots = DOTS | {"marker": "o", "markersize": 2.2}
            others = dots | {"color": CONTROL, "alpha": 0.25, "label": "other nodes"}
            ax.plot(x[~last], y[~last], **others)
            removed = dots | {"color": "#7b3294", "alpha": 0.5, "label": "removed last"}
            ax.plot(x[last], y[last], **removed)
            ax.set(title=f"{task} task", xlabel="Shapley value (bits)")
        axes[0, 0].set_ylabel("cumulative loss (bits)")
        legend(figure, axes[0, 0], markerscale=2)
    keep_table(figure, tidy(cumulative_loss_bits=loss, shapley_bits=shapley, removed_last=is_last))
    return figure


def last_node(compared: xr.Dataset) -> xr.DataArray:
    """Return which node of each network and concept greedy removes last, bool (..., node)."""
    return compared.node == compared.last_removed


def draw_agreement(compared: xr.Dataset) -> Figure:
    """Draw Kendall's tau of every score with cumulative loss and with the Shapley value.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    height = 1.75 * compared.sizes["task"] + 0.4
    with panels(compared.sizes["task"], 2, height, sharex=True) as (figure, axes):
        for row, task in zip(axes, compared.task.values, strict=True):
            for ax, other in zip(row, SCORES[:2], strict=True):
                against = compared.sel(task=task, other_measure=other)
                rest = [name for name in SCORES if name != other]
                _intervals(ax, against.sel(measure=rest), "agreement", "measure")
                ax.set_title(f"{task} task, with {other}")
        for ax in axes[-1]:
            ax.set_xlabel("Kendall's tau-b")
        legend(figure, axes[0, 0])
    shown = compared.sel(other_measure=list(SCORES[:2]))
    keep_table(figure, _with_interval(shown, "agreement", "kendall_tau"))
    return figure


def draw_prediction(compared: xr.Dataset) -> Figure:
    """Draw how well each score tells, among sets of one size, which knockout costs most.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    with _tasks(compared, 2.7, sharex=True, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], compared.task.values, strict=True):
            _intervals(ax, compared.sel(task=task), "prediction", "predictor")
            ax.set(title=f"{task} task", xlabel="rank correlation with the\nloss under knockout")
        legend(figure, axes[0, 0])
    keep_table(figure, _with_interval(compared, "prediction", "rank_correlation"))
    return figure


def draw_loss(compared: xr.Dataset) -> Figure:
    """Draw the lost answers without the nodes that score highest, mean and interval over networks.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    with _tasks(compared, 2.7, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], compared.task.values, strict=True):
            by_concept = compared[["loss", "loss_at_random"]].sel(task=task)
            here = by_concept.mean("concept").stack(network=("architecture", "replicate"))
            k = here.n_knocked_out.values
            for name, look in zip(SCORES, _LOOKS, strict=True):
                lost = here.loss.sel(measure=name).transpose("network", ...).values
                band(ax, k, lost, confidence95(lost), label=name, **look)
            random = here.loss_at_random.mean("network")
            ax.plot(k, random, color=CONTROL, linestyle=":", label="random nodes")
            ax.set(title=f"{task} task", xlabel="nodes knocked out", xticks=k)
        axes[0, 0].set(ylabel="lost fraction of answers", ylim=(0, None))
        legend(figure, axes[0, 0], ncols=4)
    mean = compared[["loss", "loss_at_random"]].mean("concept")
    keep_table(figure, tidy(lost_fraction=mean.loss, lost_fraction_at_random=mean.loss_at_random))
    return figure


def _with_interval(values: xr.Dataset, name: str, column: str) -> pd.DataFrame:
    """Return each network's mean over concepts, with the interval of its architecture."""
    ends = {end: values[f"{name}_{end}"] for end in ("low", "high")}
    return tidy(**{column: values[name].mean("concept")}, **ends)


def _tasks(compared: xr.Dataset, height: float, **how: Any) -> Any:
    return panels(1, compared.sizes["task"], height, **how)


def _matrices(
    figure: Figure, axes: np.ndarray, values: xr.DataArray, look: dict[str, Any], **bar: Any
) -> Colorbar:
    """Draw one image per concept, (row, node), and the bar of their colours."""
    nodes = values.node.values
    for ax, name, matrix in zip(axes, concept_names(values), values.values, strict=True):
        image = ax.imshow(matrix, **look)
        ax.set(title=f"concept {name}", xlabel="node")
        ax.set_xticks(range(len(nodes)), nodes)
        ax.spines[:].set_visible(False)
    return figure.colorbar(image, ax=axes, **bar)


def _intervals(ax: Axes, values: xr.Dataset, name: str, dim: str) -> None:
    """Draw networks, mean and 95 % interval of each row and architecture."""
    labels = values[dim].values
    ax.axvline(0, color="0.7", linewidth=0.7)
    for place, architecture, of_concept in side_by_side(values[name], 0.24):
        cell, y = values.sel(architecture=architecture), np.arange(len(labels)) + place
        networks = of_concept.mean("concept").transpose(dim, "replicate").values
        mean = of_concept.mean(["replicate", "concept"]).values
        low, high = cell[f"{name}_low"].values, cell[f"{name}_high"].values
        look = architecture_look(architecture)
        lines = {"color": look["color"], "alpha": 0.25, "markersize": 4, "markeredgewidth": 0.8}
        ax.plot(networks, y[:, None], "|", **lines)
        ends, look = np.abs([mean - low, high - mean]), look | {"label": architecture}
        ax.errorbar(mean, y, xerr=ends, linestyle="", elinewidth=1.2, **look)
    ax.set(yticks=np.arange(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.5, -0.5))
