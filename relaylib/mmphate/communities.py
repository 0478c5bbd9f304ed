"""Communities of nodes: which of them an embedding keeps, within and between slices."""

from typing import Any

import numpy as np
import xarray as xr
from sklearn import config_context
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from relaylib.core.checks import check_floats, check_integer
from relaylib.mmphate.estimator import DIMS, check_activations, in_order
from relaylib.mmphate.graph import z_score
from relaylib.mmphate.neighbourhoods import neighbourhood_preservation

COMMUNITIES = (
    "nearest nodes",
    "nearest epochs",
    "nearest steps",
    "clusters of a slice",
    "clusters of all points",
)
"""What can be kept, see `community_preservation`."""
_SAME = 6  # decimals to which z-scored activations of two nodes agree that are copies


def community_preservation(
    activations: Any, embedding: Any, *, k: int = 3, n_clusters: int = 3
) -> xr.Dataset:
    """Return how well an embedding keeps five kinds of communities of the data.

    The data are the activations, z-scored over the sequences. The first three are fractions of the
    k nearest neighbours that are among the k nearest in the embedding: *nearest nodes*, among the
    nodes of the same slice (epoch, time); *nearest epochs*, among the epochs of the same node at
    the same step; *nearest steps*, among the steps of the same node in the same epoch. The other
    two are adjusted Rand indices of clusters of the data and clusters of the embedding, both by
    Ward's method: *clusters of a slice*, of the nodes of each slice, mean over slices with more
    different nodes than clusters; *clusters of all points*, as many as there are nodes. A step or
    a slice in which no node varies is left out.

    Parameters
    ----------
    activations
        (epoch, time, node, sequence), as for `relaylib.mmphate.estimator.MMPHATE.fit_transform`.
    embedding
        (epoch, time, node, component): an array, or a DataArray with these dimensions.
    k
        Number of neighbours, less than the numbers of nodes, of epochs and of steps.
    n_clusters
        Clusters of a slice, less than the number of nodes.

    Returns
    -------
    xarray.Dataset
        ``kept`` and ``chance``, the expectation for a random embedding (0 for adjusted Rand
        indices), both (community,), 1 where all is kept; NaN where no slice counts.

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or k or n_clusters is too large.

    References
    ----------
    Hubert, Arabie (1985), Journal of Classification 2, 193-218 (adjusted Rand index).
    """
    values = check_activations(activations)
    n_epochs, n_times, n_nodes, _ = values.shape
    place = in_order("embedding", embedding, (*DIMS[:3], "component"))
    place = check_floats("embedding", place, (*values.shape[:3], None))
    check_integer("k", k, 1, min(n_nodes, n_epochs, n_times) - 1)
    check_integer("n_clusters", n_clusters, 2, n_nodes - 1)
    by_step = [(values[:, [t]], place[:, [t]]) for t in range(n_times)]
    by_epoch = [(values[[e]], place[[e]]) for e in range(n_epochs)]
    z = z_score(values).reshape(-1, n_nodes, values.shape[3])
    slices = zip(z, place.reshape(len(z), n_nodes, -1), strict=True)
    counting = [pair for pair in slices if _n_different(pair[0]) > n_clusters]
    points = z.reshape(-1, z.shape[-1]), place.reshape(-1, place.shape[-1])
    with config_context(assume_finite=True, skip_parameter_validation=True):  # many small calls
        agreements = [_agreement(*pair, n_clusters) for pair in counting]
        kept = [
            *_neighbours([(values, place)], "within", k),
            *_neighbours(by_step, "between", k),
            *_neighbours(by_epoch, "between", k),
            (float(np.mean(agreements)) if agreements else np.nan, 0.0),
            (_agreement(*points, n_nodes), 0.0),
        ]
    variables = {
        name: ("community", column, {"units": "1"})
        for name, column in zip(("kept", "chance"), np.array(kept).T, strict=True)
    }
    return xr.Dataset(variables, {"community": list(COMMUNITIES)})


def _neighbours(
    parts: list[tuple[np.ndarray, np.ndarray]], scope: str, k: int
) -> list[tuple[float, float]]:
    """Return the fraction of neighbours kept and its chance, mean over parts that vary."""
    scores = [
        neighbourhood_preservation(values, place, k=k).sel(scope=scope).mean()
        for values, place in parts
        if np.ptp(values, axis=-1).any()
    ]
    kept = np.mean([float(score.preserved_fraction) for score in scores])
    return [(float(kept), float(np.mean([float(score.chance_fraction) for score in scores])))]


def _n_different(nodes: np.ndarray) -> int:
    """Number of nodes (node, sequence) that are no copies of another."""
    return len(np.unique(nodes.round(_SAME) + 0.0, axis=0))  # -0 is 0


def _agreement(data: np.ndarray, place: np.ndarray, n_clusters: int) -> float:
    """Adjusted Rand index of Ward's clusters of data (point, feature) and place (point, axis)."""
    pair = (AgglomerativeClustering(n_clusters).fit_predict(points) for points in (data, place))
    return float(adjusted_rand_score(*pair))
