"""Fig. 13: principal components as nodes are removed, and how well clusters separate."""

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from relaylib.core.checks import check_choice
from relaylib.figures.style import CONCEPT_COLOURS, CONCEPT_MARKERS, CONTROL, PAGE, style
from relaylib.studies.latent import removal_projections

VALUE_COLOURS = ("#c1272d", "#1b1b1b")
VALUE_MARKERS = ("v", "^")
SHOWN_SIZES = (12, 9, 6, 4, 2, 1)
LABELS = {
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
    projections = removal_projections(network)
    sizes = [size for size in SHOWN_SIZES if size in network.set_size]
    with style():
        figure = plt.figure(figsize=(PAGE, 1.05 * network.sizes["concept"] + 2.6))
        above, below = figure.subfigures(
            2, 1, height_ratios=(1.05 * network.sizes["concept"], 2.3), squeeze=False
        )[:, 0]
        panels = above.subplots(network.sizes["concept"], len(sizes), squeeze=False)
        for concept, row in enumerate(panels):
            for size, ax in zip(sizes, row, strict=True):
                _projection(ax, projections.sel(concept=concept, set_size=size))
            row[0].set_ylabel(f"concept {network.concept_name.values[concept]}")
        for size, ax in zip(sizes, panels[0], strict=True):
            ax.set_title(f"{size} node{'s' if size > 1 else ''} left", fontsize=7.5)
        _legend(above, panels[0, 0], "outside upper right", 4.5)
        curves = below.subplots(1, 1 + network.sizes["score"])
        _information(curves[0], network)
        for score, ax in zip(network.score.values, curves[1:], strict=True):
            _score(ax, network.sel(score=score, labelling=labelling))
            ax.set_title(LABELS[score], fontsize=7.5)
        for ax in curves:
            ax.set_xlabel("nodes left")
            ax.invert_xaxis()
            ax.set_xticks([size for size in (12, 8, 4, 1) if size in network.set_size])
        below.legend(*curves[1].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def frames(network: xr.Dataset) -> Iterator[tuple[Figure, str]]:
    """Yield one picture per number of nodes left, from all to one, with what it shows in words."""
    projections = removal_projections(network)
    n_nodes, n_concepts = network.sizes["node"], network.sizes["concept"]
    for size in network.set_size.values:
        with style():
            figure = Figure(figsize=(PAGE, 2.5))
            for concept, ax in enumerate(figure.subplots(1, n_concepts)):
                _projection(ax, projections.sel(concept=concept, set_size=size), size=9)
                left = network.sel(concept=concept, set_size=size)
                score = float(left.ordered_score.sel(score="silhouette", labelling="concept"))
                ax.set_title(
                    f"{left.concept_name.item()}: {float(left.relay_bits):.2f} bits, "
                    f"silhouette {score:.2f}"
                )
                ax.set_xlabel("principal component 1")
            figure.axes[0].set_ylabel("principal component 2")
            _legend(figure, figure.axes[0], "outside lower center", 2.5)
        yield figure, f"{n_nodes - size} of {n_nodes} nodes removed, {size} left"


def _projection(ax: Axes, projection: xr.Dataset, *, size: float = 3) -> None:
    """Scatter one projection by the value of one concept; a single component in two rows."""
    positive = projection.target.values > 0
    points = projection.coordinates.transpose("component", "time", "sequence")
    flat = not points.isel(component=1).any()
    for value, chosen in enumerate((~positive, positive)):
        x, y = points.isel(sequence=chosen).values.reshape(2, -1)
        y = y + value * flat
        look: dict[str, Any] = {"color": VALUE_COLOURS[value], "marker": VALUE_MARKERS[value]}
        label = f"concept is {'−+'[value]}"
        ax.scatter(x, y, s=size, linewidth=0, alpha=0.5, label=label, **look)
    ax.set(xticks=[], yticks=[])
    if flat:
        ax.set_ylim(-2, 3)
    ax.spines[:].set(visible=True, linewidth=0.5)


def _legend(figure: FigureBase, ax: Axes, place: Any, scale: float) -> None:
    legend = figure.legend(
        *ax.get_legend_handles_labels(), loc=place, ncols=2, markerscale=scale, handletextpad=0.1
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _information(ax: Axes, network: xr.Dataset) -> None:
    for concept in range(network.sizes["concept"]):
        bits = network.relay_bits.isel(concept=concept)
        ax.plot(
            network.set_size, bits, color=CONCEPT_COLOURS[concept], marker=CONCEPT_MARKERS[concept]
        )
    ax.set_title("information relayed\n(bits)", fontsize=7.5)


def _score(ax: Axes, case: xr.Dataset) -> None:
    """Draw one score: ordered removal per concept, random removal dotted over its draws."""
    sizes = case.set_size.values
    draws = case.random_score.transpose("concept", "draw", "set_size")
    for concept, name in enumerate(case.concept_name.values):
        colour = CONCEPT_COLOURS[concept]
        ax.plot(sizes, draws[concept].T, color=CONTROL, linewidth=0.3, alpha=0.15, zorder=1)
        ax.plot(sizes, draws[concept].mean("draw"), ":", color=colour, linewidth=1.2)
        ax.plot(
            sizes,
            case.ordered_score.isel(concept=concept),
            color=colour,
            marker=CONCEPT_MARKERS[concept],
            label=f"{name}: least relaying first (dotted: mean of random orders)"
            if concept == 0
            else f"{name}",
        )
    if case.score.item() != "silhouette":
        ax.set_yscale("log")
