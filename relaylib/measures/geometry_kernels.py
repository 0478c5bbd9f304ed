"""Compiled silhouettes behind `relaylib.measures.geometry.score_many`."""

import numba
import numpy as np

from relaylib.core.jit import cached_njit


@cached_njit(parallel=True, fastmath=True)
def silhouettes(
    points: np.ndarray, first: np.ndarray, labellings: np.ndarray, scores: np.ndarray
) -> None:
    """Mean silhouette of many projections, each labelled in several ways.

    points: float32 (projection, axis, n), sorted by group; group g is first[g]:first[g + 1].
    labellings: (labelling, group), the cluster of each group. scores: (projection, labelling),
    written. The distances of a point are summed by group once for all labellings.
    """
    n_projections, n_axes, n = points.shape
    n_groups = len(first) - 1
    for p in numba.prange(n_projections):
        squared = np.empty(n, np.float32)
        sums = np.empty(n_groups)
        totals = np.zeros(len(labellings))
        for own in range(n_groups):
            for i in range(first[own], first[own + 1]):
                squared[:] = 0.0
                for axis in range(n_axes):
                    here = points[p, axis, i]
                    for j in range(n):
                        squared[j] += (points[p, axis, j] - here) ** 2
                for g in range(n_groups):
                    total = np.float32(0.0)
                    for j in range(first[g], first[g + 1]):
                        total += np.sqrt(squared[j])
                    sums[g] = total
                for row in range(len(labellings)):
                    totals[row] += _silhouette(sums, first, labellings[row], own)
        for row in range(len(labellings)):
            scores[p, row] = totals[row] / n


@cached_njit()
def _silhouette(sums: np.ndarray, first: np.ndarray, cluster: np.ndarray, own: int) -> float:
    """Silhouette (b - a) / max(a, b) of a point of group ``own``."""
    inner, nearest = 0.0, np.inf
    for c in range(cluster.max() + 1):
        total, size = 0.0, 0
        for g in range(len(cluster)):
            if cluster[g] == c:
                total += sums[g]
                size += first[g + 1] - first[g]
        if c == cluster[own]:
            inner = total / (size - 1)
        else:
            nearest = min(nearest, total / size)
    larger = max(inner, nearest)
    return (nearest - inner) / larger if larger > 0.0 else 0.0
