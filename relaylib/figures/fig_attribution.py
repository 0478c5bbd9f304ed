"""Which nodes, really: six scores of a node, how nodes interact, and what predicts a knockout."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    ARCHITECTURE_COLOURS,
    ARCHITECTURE_MARKERS,
    CONTROL,
    INFORMATION_CMAP,
    PAGE,
    band,
    confidence95,
    style,
)
from relaylib.studies.attribution import SCORES

_INFORMATION = SCORES[:4]
"""The scores that are in bits."""
_LAST = "#7b3294"
_SCORE_COLOURS = ("#332288", "#44aa99", "#88ccee", "#cc6677", "#ddaa33", "#882255")


def draw_scores(network: xr.Dataset) -> Figure:
    """Draw the four scores in bits of each node of one network: rows scores, a panel per concept.

    Parameters
    ----------
    network
        `relaylib.studies.attribution.run_attribution` at one task, architecture and replicate.
    """
    score = network.score.sel(measure=list(_INFORMATION))
    top = max(1.0, float(score.max()))
    with style():
        figure, axes = plt.subplots(
            1, score.sizes["concept"], figsize=(PAGE, 1.75), sharey=True, squeeze=False
        )
        for ax, concept in zip(axes[0], score.concept.values, strict=True):
            case = score.sel(concept=concept)
            bits = case.transpose("measure", "node").values
            image = ax.imshow(bits, cmap=INFORMATION_CMAP, vmin=0, vmax=top, aspect="auto")
            for place in np.argwhere(bits < -1e-9):
                ax.text(place[1], place[0], "\N{MINUS SIGN}", ha="center", va="center", fontsize=7)
            ax.set(
                title=f"concept {case.concept_name.item()}",
                xlabel="node",
                xticks=range(case.sizes["node"]),
                xticklabels=case.node.values,
                yticks=range(len(bits)),
                yticklabels=case.measure.values,
            )
            ax.set_xticks(np.arange(0.5, case.sizes["node"]), minor=True)
            ax.set_yticks(np.arange(0.5, len(bits)), minor=True)
            ax.grid(which="minor", color="white", linewidth=1)
            ax.tick_params(which="both", length=0)
            ax.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="bits", aspect=12)
    return figure


def draw_shapley(compared: xr.Dataset) -> Figure:
    """Draw cumulative loss against Shapley value of every node, the node removed last apart.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    score = compared.score
    with style():
        figure, axes = plt.subplots(
            1, score.sizes["task"], figsize=(PAGE, 3.0), sharex=True, sharey=True, squeeze=False
        )
        for ax, task in zip(axes[0], score.task.values, strict=True):
            here = score.sel(task=task).transpose(..., "node")
            x, y = (here.sel(measure=name) for name in (SCORES[1], SCORES[0]))
            last = last_node(compared).sel(task=task).transpose(*x.dims).values
            x, y = x.values, y.values
            ax.axline((0, 0), slope=1, color="0.7", linewidth=0.8, zorder=0)
            dots = {"linestyle": "", "marker": "o", "markersize": 2.2, "markeredgewidth": 0}
            ax.plot(x[~last], y[~last], color=CONTROL, alpha=0.25, label="other nodes", **dots)
            ax.plot(x[last], y[last], color=_LAST, alpha=0.5, label="removed last", **dots)
            ax.set(title=f"{task} task", xlabel="Shapley value (bits)")
        axes[0, 0].set_ylabel("cumulative loss (bits)")
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(),
            loc="outside upper center",
            ncols=2,
            markerscale=2,
        )
    return figure


def last_node(compared: xr.Dataset) -> xr.DataArray:
    """Return which node of each network and concept greedy removes last, bool (..., node)."""
    return compared.node == compared.last_removed


def draw_interaction(network: xr.Dataset) -> Figure:
    """Draw the interaction of each pair of nodes of one network: a panel per concept.

    Parameters
    ----------
    network
        As in `draw_scores`.
    """
    bits = network.interaction_bits
    top = max(0.05, float(np.abs(bits).max()))
    with style():
        figure, axes = plt.subplots(
            1, bits.sizes["concept"], figsize=(PAGE, 2.5), sharey=True, squeeze=False
        )
        for ax, concept in zip(axes[0], bits.concept.values, strict=True):
            case = bits.sel(concept=concept)
            image = ax.imshow(
                np.where(np.tri(len(case), k=-1), case, np.nan), cmap="PuOr", vmin=-top, vmax=top
            )
            ticks = np.arange(len(case))
            ax.set(
                title=f"concept {case.concept_name.item()}",
                xlabel="node",
                xticks=ticks,
                xticklabels=case.node.values,
                yticks=ticks,
                yticklabels=case.node.values,
            )
            ax.tick_params(length=0, labelsize=6)
            ax.spines[:].set_visible(False)
        axes[0, 0].set_ylabel("node")
        bar = figure.colorbar(image, ax=axes, aspect=14, shrink=0.9)
        bar.set_label("interaction (bits):\nsynergy < 0 < redundancy")
    return figure


def draw_agreement(compared: xr.Dataset) -> Figure:
    """Draw Kendall's tau of every score with cumulative loss and with the Shapley value.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    with style():
        figure, axes = plt.subplots(
            compared.sizes["task"], 2, figsize=(PAGE, 3.9), sharex=True, squeeze=False
        )
        for row, task in zip(axes, compared.task.values, strict=True):
            for ax, other in zip(row, SCORES[:2], strict=True):
                against = compared.sel(task=task, other_measure=other)
                rest = [name for name in SCORES if name != other]
                _intervals(ax, against.sel(measure=rest), "agreement", "measure")
                ax.set_title(f"{task} task, with {other}")
        for ax in axes[-1]:
            ax.set_xlabel("Kendall's tau-b")
        _legend(figure, axes[0, 0])
    return figure


def draw_prediction(compared: xr.Dataset) -> Figure:
    """Draw how well each score tells, among sets of one size, which knockout costs most.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    with style():
        figure, axes = plt.subplots(
            1, compared.sizes["task"], figsize=(PAGE, 2.7), sharey=True, sharex=True, squeeze=False
        )
        for ax, task in zip(axes[0], compared.task.values, strict=True):
            _intervals(ax, compared.sel(task=task), "prediction", "predictor")
            ax.set(title=f"{task} task", xlabel="rank correlation with the\nloss under knockout")
        _legend(figure, axes[0, 0])
    return figure


def draw_loss(compared: xr.Dataset) -> Figure:
    """Draw the lost answers without the nodes that score highest, mean and interval over networks.

    Parameters
    ----------
    compared
        As from `relaylib.studies.attribution.run_attribution`.
    """
    networks = ("architecture", "replicate")
    with style():
        figure, axes = plt.subplots(
            1, compared.sizes["task"], figsize=(PAGE, 2.7), sharey=True, squeeze=False
        )
        for ax, task in zip(axes[0], compared.task.values, strict=True):
            here = compared.sel(task=task).mean("concept").stack(network=networks)
            k = here.n_knocked_out.values
            for name, colour, marker in zip(SCORES, _SCORE_COLOURS, "os^vDP", strict=True):
                lost = here.loss.sel(measure=name).transpose("network", ...).values
                line = "-" if name in SCORES[:3] else (0, (3, 1.2))
                look = {"color": colour, "marker": marker, "linestyle": line, "label": name}
                band(ax, k, lost, confidence95(lost), **look)
            random = here.loss_at_random.mean("network")
            ax.plot(k, random, color=CONTROL, linestyle=":", label="random nodes")
            ax.set(title=f"{task} task", xlabel="nodes knocked out", xticks=k)
        axes[0, 0].set(ylabel="lost fraction of answers", ylim=(0, None))
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def _intervals(ax: Axes, values: xr.Dataset, name: str, dim: str) -> None:
    """Draw networks, mean and 95 % interval of each row and architecture."""
    labels = values[dim].values
    rows = np.arange(len(labels))
    ax.axvline(0, color="0.7", linewidth=0.7)
    for place, architecture in enumerate(values.architecture.values):
        cell = values.sel(architecture=architecture)
        y = rows + 0.24 * (place - (values.sizes["architecture"] - 1) / 2)
        networks = cell[name].mean("concept").transpose(dim, "replicate").values
        mean = cell[name].mean(["replicate", "concept"]).values
        low, high = cell[f"{name}_low"].values, cell[f"{name}_high"].values
        colour = ARCHITECTURE_COLOURS[architecture]
        ax.plot(
            networks, y[:, None], "|", color=colour, alpha=0.25, markersize=4, markeredgewidth=0.8
        )
        ax.errorbar(
            mean,
            y,
            xerr=np.abs([mean - low, high - mean]),
            color=colour,
            marker=ARCHITECTURE_MARKERS[architecture],
            linestyle="",
            elinewidth=1.2,
            label=architecture,
        )
    ax.set(yticks=rows, yticklabels=labels, ylim=(len(labels) - 0.5, -0.5))


def _legend(figure: Figure, ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
