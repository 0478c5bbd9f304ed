"""Maps of the points (epoch, time, node) by MM-PHATE and by methods that know no slices."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from scipy.linalg import eigh
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, Isomap
from sklearn.metrics import euclidean_distances
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_choice, check_floats, check_integer
from relaylib.mmphate.estimator import DIMS, MMPHATE, check_activations, point_coords
from relaylib.mmphate.graph import features

N_NEIGHBOURS = 25
"""Neighbours in the graph of Isomap, and rank of the neighbour that sets the width of a diffusion
map: the rank by which MM-PHATE sets its width between slices."""
SAME_PLACE = 1e-9  # squared distances per feature below this are 0 but for rounding


def embed(
    activations: Any, algorithm: str, *, random_state: int = 0, progress: bool = True
) -> xr.DataArray:
    """Embed every (epoch, time, node) in two dimensions by one method.

    All methods see the same data: activations, z-scored over the sequences, and of more than 100
    sequences their principal components. Only MM-PHATE is told which point belongs to which slice
    and to which node.

    Parameters
    ----------
    activations
        (epoch, time, node, sequence), as for `relaylib.mmphate.estimator.MMPHATE.fit_transform`.
    algorithm
        "MM-PHATE", "PCA", "t-SNE" (perplexity 30), "Isomap" (graph of 25 neighbours) or "diffusion
        map" (see `diffusion_map`). t-SNE takes minutes for 20,000 points or more.
    random_state
        As in scikit-learn.
    progress
        Show MM-PHATE's progress bar.

    Returns
    -------
    xarray.DataArray
        (epoch, time, node, component), two components in the method's own units, with the
        coordinates of ``activations``.

    Raises
    ------
    ValueError, TypeError
        As `relaylib.mmphate.estimator.MMPHATE.fit_transform`, or for an unknown method.
    """
    check_choice("algorithm", algorithm, ALGORITHMS)
    if algorithm == "MM-PHATE":
        method = MMPHATE(random_state=random_state, progress=progress)
        return method.fit_transform(activations)["embedding"].drop_attrs()
    values = check_activations(activations)
    random_state = check_integer("random_state", random_state, 0, 2**32 - 1)
    points = features(values, MMPHATE().n_pca, random_state)
    points = points.reshape(-1, points.shape[-1])
    with threadpool_limits(1):  # t-SNE is slower with threads: they wait for each other
        place = _OTHERS[algorithm](points, random_state).reshape(*values.shape[:3], 2)
    coords = {**point_coords(activations, values.shape[:3]), "component": [1, 2]}
    return xr.DataArray(place, coords, (*DIMS[:3], "component"), name="embedding")


def diffusion_map(points: np.ndarray, *, n_components: int = 2) -> np.ndarray:
    """Embed points by the slowest modes of a random walk on them: l_j psi_j, j = 1, 2, ...

    The walk has the kernel exp(-d_ij^2 / w), divided by the density of both points (alpha = 1), so
    that the map depends on the shape of the data and not on how densely they lie. The width w is
    the median over points of the squared distance to the 25th nearest other point, where that is
    not 0.

    Parameters
    ----------
    points
        (point, feature).
    n_components
        Dimensions of the map, fewer than points.

    Returns
    -------
    numpy.ndarray
        (point, component): right eigenvectors psi of the walk, of mean square 1 in its stationary
        distribution, times their eigenvalues l after one step, the largest below the trivial 1
        first.

    Raises
    ------
    ValueError, TypeError
        If points are not finite, coincide altogether, or are too few.

    References
    ----------
    Coifman, Lafon (2006), Applied and Computational Harmonic Analysis 21, 5-30.
    """
    points = check_floats("points", points, (None, None))
    n_points = len(points)
    check_integer("number of points", n_points, 3)
    n_components = check_integer("n_components", n_components, 1, n_points - 2)
    squared = euclidean_distances(points, squared=True)
    nearest = min(N_NEIGHBOURS, n_points - 1)
    reach = np.partition(squared, nearest, axis=1)[:, nearest]
    reach = reach[reach > SAME_PLACE * points.shape[1]]
    if not len(reach):
        raise ValueError("points must differ, got 25 or more at the place of every one")
    kernel = np.exp(-squared / np.median(reach))
    density = kernel.sum(axis=1)
    kernel /= density[:, None] * density
    share = kernel.sum(axis=1) / kernel.sum()
    symmetric = kernel / kernel.sum() / np.sqrt(share[:, None] * share)
    value, vector = eigh(symmetric, subset_by_index=[n_points - 1 - n_components, n_points - 2])
    return (vector / np.sqrt(share)[:, None] * value)[:, ::-1]


def _t_sne(points: np.ndarray, random_state: int) -> np.ndarray:
    perplexity = min(30.0, (len(points) - 1) / 3)
    method = TSNE(2, init="pca", perplexity=perplexity, random_state=random_state)
    return method.fit_transform(points)


def _isomap(points: np.ndarray, random_state: int) -> np.ndarray:
    """Isomap; parts of the graph that are not connected are joined where they are closest."""
    n_neighbors = min(N_NEIGHBOURS, len(points) - 1)
    method = Isomap(n_neighbors=n_neighbors, eigen_solver="dense")  # ARPACK starts at random
    return method.fit_transform(points)


_OTHERS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "PCA": lambda points, random_state: PCA(2, random_state=random_state).fit_transform(points),
    "t-SNE": _t_sne,
    "Isomap": _isomap,
    "diffusion map": lambda points, random_state: diffusion_map(points),
}
ALGORITHMS = ("MM-PHATE", *_OTHERS)
"""The methods, MM-PHATE first."""
