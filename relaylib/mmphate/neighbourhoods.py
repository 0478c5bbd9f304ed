"""Neighbourhood preservation of an embedding, within a slice (epoch, time) and between slices."""

from typing import Any

import numpy as np
import xarray as xr
from sklearn.metrics import euclidean_distances
from sklearn.utils import gen_batches

from relaylib.core.checks import check_floats, check_integer
from relaylib.mmphate.embeddings import embed
from relaylib.mmphate.estimator import DIMS, check_activations, in_order, point_coords
from relaylib.mmphate.graph import z_score

SCOPES = ("within", "between")
TIE = 1e-9  # squared distances per sequence closer than this are equal; they round to 1e-13
ROWS = 512  # of the matrix of distances that are in memory at a time


def neighbourhood_preservation(activations: Any, embedding: Any, *, k: int = 3) -> xr.Dataset:
    """Return the fraction of a point's nearest neighbours in an embedding that are so in the data.

    *Within*: among the other nodes of the same slice (epoch, time). *Between*: among the same
    node in the other slices. The data are the activations, z-scored over the sequences. Where
    several points tie for rank k in the data, each of them counts as a neighbour, and the chance
    level rises accordingly.

    Parameters
    ----------
    activations
        (epoch, time, node, sequence), as for `MMPHATE.fit_transform`.
    embedding
        (epoch, time, node, component): an array, or a DataArray with these dimensions.
    k
        Number of neighbours, less than the number of nodes and of slices.

    Returns
    -------
    Dataset with ``preserved_fraction`` and ``chance_fraction``, expected for a random embedding
    (k / (n - 1) among n points without ties), both (scope, epoch, time, node).

    Raises
    ------
    ValueError
        If shapes do not match, or k is not less than the number of nodes and of slices.
    """
    values = check_activations(activations)
    shape = values.shape[:3]
    place = in_order("embedding", embedding, (*DIMS[:3], "component"))
    place = check_floats("embedding", place, (*shape, None))
    n_slices, n_nodes = shape[0] * shape[1], shape[2]
    check_integer("k", k, 1, min(n_nodes, n_slices) - 1)
    z = z_score(values).reshape(n_slices, n_nodes, -1)
    place = place.reshape(n_slices, n_nodes, -1)
    within = [_preserved(z[i], place[i], k) for i in range(n_slices)]
    between = [_preserved(z[:, i], place[:, i], k) for i in range(n_nodes)]
    # (scope, quantity, slice, node)
    both = np.stack([np.stack(within, axis=1), np.stack(between, axis=2)])
    both = both.reshape(2, 2, *shape)
    dims = ("scope", *DIMS[:3])
    variables = {"preserved_fraction": (dims, both[:, 0]), "chance_fraction": (dims, both[:, 1])}
    coords = {"scope": list(SCOPES), **point_coords(activations, shape)}
    return xr.Dataset(variables, coords, {"k": k})


def compare_embeddings(
    activations: Any,
    *,
    algorithms: tuple[str, ...] = ("MM-PHATE", "PCA", "t-SNE"),
    k: int = 3,
    random_state: int = 0,
    progress: bool = True,
) -> xr.Dataset:
    """Embed the same z-scored data by several methods and score each.

    Parameters
    ----------
    activations
        (epoch, time, node, sequence), as for `MMPHATE.fit_transform`. t-SNE takes minutes for
        20,000 points (epoch, time, node) or more.
    algorithms
        Of `relaylib.mmphate.embeddings.ALGORITHMS`.
    k
        See `neighbourhood_preservation`.
    random_state
        Of all methods, as in scikit-learn.
    progress
        Show MM-PHATE's progress bar.

    Returns
    -------
    Dataset with ``embedding`` (algorithm, epoch, time, node, component), two components in each
    method's own units; ``preserved_fraction`` (algorithm, scope) and ``chance_fraction`` (scope),
    means over all points.

    Raises
    ------
    ValueError
        As `MMPHATE.fit_transform` and `neighbourhood_preservation`, or for an unknown method.
    """
    if not isinstance(algorithms, tuple) or not algorithms:
        raise ValueError(f"algorithms must be a tuple of methods, got {algorithms!r}")
    embeddings = [
        embed(activations, name, random_state=random_state, progress=progress)
        for name in algorithms
    ]
    scores = [
        neighbourhood_preservation(activations, place, k=k).mean(DIMS[:3]) for place in embeddings
    ]
    stacked = xr.concat(embeddings, "algorithm", join="exact", compat="equals", coords="minimal")
    stacked = stacked.assign_coords(algorithm=list(algorithms))
    preserved = np.stack([score["preserved_fraction"] for score in scores])
    variables = {
        "embedding": stacked,
        "preserved_fraction": (("algorithm", "scope"), preserved),
        "chance_fraction": scores[0]["chance_fraction"],
    }
    return xr.Dataset(variables, attrs={"k": k, "random_state": random_state})


def _preserved(data: np.ndarray, place: np.ndarray, k: int) -> np.ndarray:
    """Preserved fraction and chance of n points, (2, n), from (n, feature) and (n, component)."""
    n_points = len(data)
    parts = []
    for rows in gen_batches(n_points, ROWS):
        itself = (np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop))
        distance = euclidean_distances(data[rows], data, squared=True)
        placed = euclidean_distances(place[rows], place, squared=True)
        distance[itself] = placed[itself] = np.inf
        reach = np.partition(distance, k - 1, axis=1)[:, [k - 1]] + TIE * data.shape[1]
        nearest = np.argpartition(placed, k - 1, axis=1)[:, :k]
        kept = np.take_along_axis(distance, nearest, axis=1) <= reach
        parts.append([kept.mean(axis=1), (distance <= reach).sum(axis=1) / (n_points - 1)])
    return np.concatenate(parts, axis=1)
