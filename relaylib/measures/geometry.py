"""Geometry of state space: principal components, cluster separation, decoding."""

import warnings

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline

from relaylib.core.checks import check_floats, check_integer, check_symbols
from relaylib.measures.geometry_kernels import silhouettes

SCORES = {"silhouette": 1, "davies_bouldin": -1, "calinski_harabasz": 1}
"""Cluster scores and the direction in which each is better: +1 higher, -1 lower.

Silhouette (-1..1): how much nearer a point is to its own cluster than to the next. Davies-Bouldin
(0 and up): spread of clusters over the distance of their centres, so *lower* is better.
Calinski-Harabasz (0 and up): variance between over variance within, so *higher* is better. The
caption of the paper's figure 13 has the last two the wrong way round.
"""


def pca(points: np.ndarray, n_components: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Project points onto their first principal components.

    Parameters
    ----------
    points
        (n_points, n_nodes).
    n_components
        Axes to keep, 1 to n_nodes; 2 are always allowed.

    Returns
    -------
    coordinates
        (n_points, n_components), centred; zeros where there are more components than nodes.
    variance_fraction
        (n_components,): share of the total variance on each axis.

    Raises
    ------
    ValueError, TypeError
        If points are misshapen or not finite, or all equal.
    """
    points = check_floats("points", points, (None, None))
    coordinates, variance = project_many(points, np.ones((1, points.shape[1]), bool), n_components)
    total = points.var(axis=0, ddof=1).sum() if len(points) > 1 else 0.0
    if total == 0:
        raise ValueError("points must differ, got points that are all equal")
    return coordinates[0].T, variance[0] / total


def project_many(
    points: np.ndarray, kept: np.ndarray, n_components: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Project the same points onto principal components of several sets of their nodes.

    Parameters
    ----------
    points
        (n_points, n_nodes).
    kept
        bool (n_sets, n_nodes): the nodes left in.
    n_components
        As in `pca`; axes beyond the number of nodes left in are 0.

    Returns
    -------
    coordinates
        (n_sets, n_components, n_points). The entry of largest size in each axis is positive.
    variance
        (n_sets, n_components): variance on each axis.

    Raises
    ------
    ValueError, TypeError
        If arguments are misshapen or points are not finite.
    """
    points = check_floats("points", points, (None, None))
    kept = check_symbols("kept", kept, (None, points.shape[1])).astype(bool)
    check_integer("n_components", n_components, 1, max(points.shape[1], 2))
    centred = points - points.mean(axis=0)
    covariance = centred.T @ centred / max(len(points) - 1, 1)
    variance, axes = np.linalg.eigh(covariance * kept[:, :, None] * kept[:, None, :])
    n_axes = min(n_components, points.shape[1])
    axes = axes[:, :, ::-1][:, :, :n_axes] * kept[:, :, None]  # null axes may lean on removed nodes
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
    axes = axes * np.where(largest < 0, -1.0, 1.0)
    missing = n_components - n_axes
    coordinates = np.einsum("pn,sna->sap", centred, axes, optimize=True)
    return (
        np.pad(coordinates, ((0, 0), (0, missing), (0, 0))),
        np.pad(variance[:, ::-1][:, :n_axes].clip(0), ((0, 0), (0, missing))),
    )


def cluster_scores(points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Silhouette, Davies-Bouldin and Calinski-Harabasz score of labelled points (`SCORES`).

    Parameters
    ----------
    points
        (n_points, n_axes).
    labels
        Discrete, (n_points,), at least two different ones and fewer than points.

    Raises
    ------
    ValueError, TypeError
        If arguments are misshapen, points are not finite, or the labels are too few or too many.
    """
    points = check_floats("points", points, (None, None))
    labels = _check_labels(labels, len(points))
    return {
        "silhouette": float(silhouette_score(points, labels)),
        "davies_bouldin": float(davies_bouldin_score(points, labels)),
        "calinski_harabasz": float(calinski_harabasz_score(points, labels)),
    }


def score_many(points: np.ndarray, labels: np.ndarray, labellings: np.ndarray) -> np.ndarray:
    """`cluster_scores` of many projections of the same points, each labelled in several ways.

    Distances are summed once per projection, by group of ``labels``; a labelling that joins groups
    adds those sums up.

    Parameters
    ----------
    points
        (n_projections, n_axes, n_points).
    labels
        int (n_points,): groups 0 .. n_groups - 1, each of two points or more.
    labellings
        int (n_labellings, n_groups): cluster 0, 1, ... of each group; none skipped.

    Returns
    -------
    numpy.ndarray
        (n_projections, n_labellings, 3), scores in the order of `SCORES`. Equal to
        `cluster_scores`, the silhouette to single precision. Where a score is not defined, because
        clusters have no spread or share their centre, it is what scikit-learn gives.

    Raises
    ------
    ValueError, TypeError
        If arguments are misshapen or points are not finite, a group has one point or a
        labelling one cluster.
    """
    points = check_floats("points", points, (None, None, None))
    labels = _check_labels(labels, points.shape[2])
    groups, counts = np.unique(labels, return_counts=True)
    if (groups != np.arange(len(groups))).any() or (counts < 2).any():
        raise ValueError(
            f"labels must be 0, 1, ... with two points or more each, got {groups}: {counts} points"
        )
    labellings = check_symbols("labellings", labellings, (None, len(groups)))
    order = np.argsort(labels, kind="stable")
    points, group = np.ascontiguousarray(points[:, :, order]), labels[order]
    for joined in labellings:
        clusters = np.unique(joined)
        if len(clusters) < 2 or (clusters != np.arange(len(clusters))).any():
            raise ValueError(f"labellings must use clusters 0, 1, ... (two or more), got {joined}")
    centres = [_centre_scores(points, joined[group]) for joined in labellings]
    silhouette = np.empty((len(points), len(labellings)))
    first = np.concatenate([[0], np.cumsum(counts)])
    silhouettes(points.astype(np.float32), first, labellings, silhouette)
    return np.concatenate([silhouette[..., None], np.stack(centres, axis=1)], axis=2)


def nearest_centroid_accuracy(
    points: np.ndarray, labels: np.ndarray, *, n_components: int = 2, n_folds: int = 4
) -> float:
    """Cross-validated accuracy of decoding labels by the nearest class centre in PCA space.

    Principal components and centres come from the training folds alone; folds are stratified.

    Parameters
    ----------
    points
        (n_points, n_nodes).
    labels
        Discrete, (n_points,), each on at least ``n_folds`` points.

    Raises
    ------
    ValueError, TypeError
        As `cluster_scores`, or if a label has fewer points than folds.
    """
    points = check_floats("points", points, (None, None))
    labels = _check_labels(labels, len(points))
    check_integer("n_components", n_components, 1, points.shape[1])
    check_integer("n_folds", n_folds, 2)
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    if rarest < n_folds:
        raise ValueError(f"labels must be on n_folds points or more each, got {rarest} < {n_folds}")
    if not np.ptp(points, axis=0).any():
        raise ValueError("points must differ, got points that are all equal")
    decoder = make_pipeline(PCA(n_components, svd_solver="full"), NearestCentroid())
    folds = StratifiedKFold(n_folds)
    with np.errstate(invalid="ignore"), warnings.catch_warnings():  # training points all equal
        warnings.filterwarnings("ignore", "self.within_class_std_dev_", UserWarning)
        try:
            scores = cross_val_score(decoder, points, labels, cv=folds, error_score="raise")
        except ValueError as error:
            raise ValueError(f"points must differ within every training fold: {error}") from error
    return float(scores.mean())


def _centre_scores(points: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Davies-Bouldin and Calinski-Harabasz, (projection, 2), by scikit-learn's conventions."""
    member = cluster == np.arange(cluster.max() + 1)[:, None]
    size = member.sum(axis=1)
    centres = np.tensordot(points, member, (2, 1)) / size  # (projection, axis, cluster)
    offsets = points - centres[:, :, cluster]
    spread = np.tensordot(np.sqrt((offsets**2).sum(axis=1)), member, (1, 1)) / size
    gaps = np.sqrt(((centres[:, :, :, None] - centres[:, :, None, :]) ** 2).sum(axis=1))
    both = spread[:, :, None] + spread[:, None, :]
    ratio = np.divide(both, gaps, out=np.zeros_like(gaps), where=gaps > 0)
    undefined = (spread < 1e-8).all(axis=1) | (gaps < 1e-8).all(axis=(1, 2))
    davies_bouldin = np.where(undefined, 0.0, ratio.max(axis=2).mean(axis=1))
    middle = points.mean(axis=2, keepdims=True)
    between = (size * (centres - middle) ** 2).sum(axis=(1, 2)) / (len(member) - 1)
    within = (offsets**2).sum(axis=(1, 2)) / (len(cluster) - len(member))
    calinski = np.divide(between, within, out=np.ones_like(within), where=within > 0)
    return np.stack([davies_bouldin, calinski], axis=1)


def _check_labels(labels: np.ndarray, n_points: int) -> np.ndarray:
    labels = check_symbols("labels", labels, (n_points,))
    n_different = len(np.unique(labels))
    if not 2 <= n_different < n_points:
        raise ValueError(
            f"labels must take 2 to {n_points - 1} different values on {n_points} points, "
            f"got {n_different}"
        )
    return labels
