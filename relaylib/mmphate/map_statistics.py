"""Numbers that describe a map of a training: how points move, and how nodes lie in the end."""

from typing import Any

import numpy as np
import xarray as xr
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import silhouette_score

from relaylib.core.checks import check_dims, check_floats
from relaylib.mmphate.estimator import DIMS, check_activations, point_coords
from relaylib.mmphate.graph import z_score

STATISTICS = ("spread", "path", "late share", "clusters")
"""What a map says about a training, see `map_statistics`."""
MOST_CLUSTERS = 6


def map_displacement(embedding: xr.DataArray) -> xr.DataArray:
    """Return how far the points of a map move between successive epochs.

    Parameters
    ----------
    embedding
        (epoch, time, node, component), at least two epochs.

    Returns
    -------
    xarray.DataArray
        (interval,), labelled by the epoch at its end: distance between the places of a point, mean
        over steps and nodes, as a multiple of the map's radius (root mean square distance of its
        points from their centre).

    Raises
    ------
    ValueError, TypeError
        If dimensions are missing, values are not finite, there is a single epoch, or all points
        coincide.
    """
    place = _checked(embedding)
    moved = np.linalg.norm(np.diff(place, axis=0), axis=-1).mean(axis=(1, 2))
    return _by_interval(moved, point_coords(embedding, place.shape[:3])["epoch"])


def data_displacement(activations: Any) -> xr.DataArray:
    """Return how far nodes' responses change between successive epochs, without any map.

    Parameters
    ----------
    activations
        (epoch, time, node, sequence), as for `relaylib.mmphate.estimator.MMPHATE.fit_transform`, at
        least two epochs.

    Returns
    -------
    xarray.DataArray
        (interval,), labelled by the epoch at its end: root mean square difference over sequences of
        z-scored activations, mean over steps and nodes.

    Raises
    ------
    ValueError, TypeError
        As `relaylib.mmphate.estimator.MMPHATE.fit_transform`, or if there is a single epoch.
    """
    values = check_activations(activations)
    if len(values) < 2:
        raise ValueError("activations must have at least 2 epochs, got 1")
    squared = np.diff(z_score(values), axis=0) ** 2
    changed = np.sqrt(squared.mean(axis=-1)).mean(axis=(1, 2))
    return _by_interval(changed, point_coords(activations, values.shape[:3])["epoch"])


def map_statistics(embedding: xr.DataArray) -> xr.DataArray:
    """Return four numbers that describe the map of a training.

    *spread*: root mean square distance of nodes from the centre of their slice (epoch, time) in the
    last epoch, mean over steps, as a multiple of the map's radius; *path*: sum of
    `map_displacement`; *late share*: share of the path in the second half of the intervals between
    epochs; *clusters*: number of clusters of nodes in a slice of the last epoch, from 2 to 6, by
    Ward's method with the largest mean silhouette, mean over steps.

    Parameters
    ----------
    embedding
        (epoch, time, node, component), at least two epochs and three nodes.

    Returns
    -------
    xarray.DataArray
        (statistic,).

    Raises
    ------
    ValueError, TypeError
        As `map_displacement`, or if there are fewer than three nodes.

    References
    ----------
    Rousseeuw (1987), Journal of Computational and Applied Mathematics 20, 53-65 (silhouette).
    """
    place, moved = _checked(embedding), map_displacement(embedding).values
    if place.shape[2] < 3:
        raise ValueError(f"embedding must have at least 3 nodes, got {place.shape[2]}")
    last = place[-1]
    around = last - last.mean(axis=1, keepdims=True)
    spread = np.sqrt((around**2).sum(axis=-1).mean(axis=1)).mean()
    path = moved.sum()
    late = moved[len(moved) // 2 :].sum() / path if path > 0 else np.nan
    values = [spread, path, late, np.mean([_n_clusters(nodes) for nodes in last])]
    return xr.DataArray(values, {"statistic": list(STATISTICS)}, ("statistic",))


def _checked(embedding: xr.DataArray) -> np.ndarray:
    """Return the places of points, centred and in units of the map's radius."""
    dims = (*DIMS[:3], "component")
    check_dims("embedding", embedding, dims)
    if set(embedding.dims) != set(dims):
        raise ValueError(f"embedding must have dimensions {dims}, got {embedding.dims}")
    place = check_floats("embedding", embedding.transpose(*dims).values, (None,) * 4)
    if len(place) < 2:
        raise ValueError("embedding must have at least 2 epochs, got 1")
    place = place - place.mean(axis=(0, 1, 2))
    radius = np.sqrt((place**2).sum(axis=-1).mean())
    if radius == 0:
        raise ValueError("embedding must hold different places, got a single one")
    return place / radius


def _by_interval(values: np.ndarray, epochs: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, {"interval": epochs[1:]}, ("interval",))


def _n_clusters(nodes: np.ndarray) -> int:
    """Return the number of clusters of nodes (node, component) with the largest silhouette."""
    numbers = range(2, min(MOST_CLUSTERS, len(nodes) - 1) + 1)
    labels = [AgglomerativeClustering(number).fit_predict(nodes) for number in numbers]
    return numbers[int(np.argmax([silhouette_score(nodes, of) for of in labels]))]
