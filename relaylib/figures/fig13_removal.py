"""Fig. 13: principal components as nodes are removed, and how well clusters separate."""

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from relaylib.core.checks import check_choice
from relaylib.figures.style import (
    CONTROL,
    PAGE,
    Look,
    concept_look,
    concept_names,
    legend,
    style,
)
from relaylib.figures.table import keep_table, tidy
from relaylib.studies.latent import removal_projections

VALUES: tuple[Look, Look] = (
    {"color": "#c1272d", "marker": "v", "label": "concept is −"},
    {"color": "#1b1b1b", "marker": "^", "label": "concept is +"},
)
_SHOWN_PARTS, _TICK_PARTS = (1, 3 / 4, 1 / 2, 1 / 3, 1 / 6, 0), (1, 2 / 3, 1 / 3, 0)
_TITLES = {
    "silhouette": "silhouette\n(higher is better)",
    "davies_bouldin": "Davies-Bouldin\n(lower is better)",
    "calinski_harabasz": "Calinski-Harabasz\n(higher is better)",
}


def draw(network: xr.Dataset, *, labelling: str = "concept") -> Figure:
    """Draw the PCA with fewer and fewer nodes, then I_R and three scores against nodes left.

    Parameters
    ----------
    network
        `relaylib.studies.latent.run_latent`'s result with regime and replicate selected.
    labelling
        Which clusters the scores are of: the two values of the "concept" by which nodes are
        ordered, or each memory content ("state").

    Raises
    ------
    ValueError
        If there is no such labelling.
    """
    check_choice("labelling", labelling, network.labelling.values.tolist())
    projections, names = removal_projections(network), concept_names(network)
    sizes, heights = _sizes(network, _SHOWN_PARTS), (1.05 * len(names), 2.3)
    with style():
        figure = plt.figure(figsize=(PAGE, sum(heights) + 0.3))
        parts = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)
        above, below = parts[:, 0]
        axes = above.subplots(len(names), len(sizes), squeeze=False)
        for concept, row in enumerate(axes):
            for size, ax in zip(sizes, row, strict=True):
                _projection(ax, projections.isel(concept=concept).sel(set_size=size))
            row[0].set_ylabel(f"concept {names[concept]}")
        for size, ax in zip(sizes, axes[0], strict=True):
            ax.set_title(f"{size} node{'s' if size > 1 else ''} left", fontsize=7.5)
        _legend(above, axes[0, 0], "upper right", 4.5)
        curves = below.subplots(1, 1 + network.sizes["score"])
        _information(curves[0], network)
        for score, ax in zip(network.score.values, curves[1:], strict=True):
            _score(ax, network.sel(score=score, labelling=labelling))
        for ax in curves:
            ax.set(xlabel="nodes left", xticks=_sizes(network, _TICK_PARTS))
            ax.invert_xaxis()
        legend(below, curves[1], "lower center")
    keep_table(figure, *_tables(network, labelling, projections.sel(set_size=sizes)))
    return figure


def frames(network: xr.Dataset) -> Iterator[tuple[Figure, str]]:
    """Yield one picture per number of nodes left, from all to one, with what it shows in words."""
    projections, names = removal_projections(network), concept_names(network)
    n_nodes = network.sizes["node"]
    for size in network.set_size.values:
        with style():
            figure = Figure(figsize=(PAGE, 2.5))
            for concept, ax in enumerate(figure.subplots(1, len(names), squeeze=False)[0]):
                left = {"concept": concept, "set_size": n_nodes - size}
                _projection(ax, projections.isel(left), size=9)
                score = network.ordered_score.sel(score="silhouette", labelling="concept")
                bits = f"{float(network.relay_bits.isel(left)):.2f} bits"
                ax.set_title(f"{names[concept]}: {bits}, silhouette {float(score.isel(left)):.2f}")
                ax.set_xlabel("principal component 1")
            figure.axes[0].set_ylabel("principal component 2")
            _legend(figure, figure.axes[0], "lower center", 2.5)
        yield figure, f"{n_nodes - size} of {n_nodes} nodes removed, {size} left"


def _tables(network: xr.Dataset, labelling: str, shown: xr.Dataset) -> Iterator[pd.DataFrame]:
    """Yield the scores of every number of nodes left, and the points of those that are shown."""
    case = network.sel(labelling=labelling)
    yield tidy(
        relay_bits=case.relay_bits,
        score_value=case.ordered_score,
        score_of_random_order=case.random_score.mean("draw"),
    ).assign(part="scores")
    first, second = (shown.coordinates.isel(component=index, drop=True) for index in (0, 1))
    yield tidy(component_1=first, component_2=second).assign(part="points")


def _sizes(network: xr.Dataset, parts: tuple[float, ...]) -> list[int]:
    """Return numbers of nodes left that are these parts of all nodes, from most to least."""
    n_nodes = network.sizes["node"]
    return sorted({max(round(part * n_nodes), 1) for part in parts}, reverse=True)


def _projection(ax: Axes, projection: xr.Dataset, *, size: float = 3) -> None:
    """Scatter one projection by the value of one concept; a single component in two rows."""
    positive = projection.target.values > 0
    points = projection.coordinates.transpose("component", "time", "sequence")
    flat = not points.isel(component=1).any()
    for value, chosen in enumerate((~positive, positive)):
        x, y = points.isel(sequence=chosen).values.reshape(2, -1)
        ax.scatter(x, y + value * flat, s=size, linewidth=0, alpha=0.5, **VALUES[value])
    ax.set(xticks=[], yticks=[])
    if flat:
        ax.set_ylim(-2, 3)
    ax.spines[:].set(visible=True, linewidth=0.5)


def _legend(figure: FigureBase, ax: Axes, where: str, scale: float) -> None:
    shown = legend(figure, ax, where, markerscale=scale, handletextpad=0.1)
    for handle in shown.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _information(ax: Axes, network: xr.Dataset) -> None:
    for concept in range(network.sizes["concept"]):
        bits = network.relay_bits.isel(concept=concept)
        ax.plot(network.set_size, bits, **concept_look(concept))
    ax.set_title("information relayed\n(bits)", fontsize=7.5)


def _score(ax: Axes, case: xr.Dataset) -> None:
    """Draw one score: ordered removal per concept, random removal dotted over its draws."""
    sizes, score = case.set_size.values, str(case.score.item())
    draws = case.random_score.transpose("concept", "draw", "set_size")
    for concept, name in enumerate(concept_names(case)):
        look: dict[str, Any] = concept_look(concept)
        ax.plot(sizes, draws[concept].T, color=CONTROL, linewidth=0.3, alpha=0.15, zorder=1)
        ax.plot(sizes, draws[concept].mean("draw"), ":", color=look["color"], linewidth=1.2)
        explained = ": least relaying first (dotted: mean of random orders)" * (concept == 0)
        ordered = case.ordered_score.isel(concept=concept)
        ax.plot(sizes, ordered, label=f"{name}{explained}", **look)
    if score != "silhouette":
        ax.set_yscale("log")
    ax.set_title(_TITLES[score], fontsize=7.5)
