"""One iteration of metric MDS (SMACOF), compiled: a pass over all pairs of points."""

import numba
import numpy as np

from relaylib.core.jit import cached_njit


@cached_njit(parallel=True, fastmath=True)
def guttman(distance, points):
    """Guttman transform: move every point so that the stress cannot increase.

    x_i <- (1/n) sum_j (distance_ij / d_ij) (x_i - x_j), with d_ij = |x_i - x_j|; the stress is
    sum_i<j (d_ij - distance_ij)^2.

    Parameters
    ----------
    distance
        float32 (point, point), symmetric, 0 on the diagonal.
    points
        float64 (component, point).

    Returns
    -------
    moved
        float64 (component, point).
    stress, size
        Of ``points``: sum over pairs of (d - distance)^2, and of d^2.

    References
    ----------
    De Leeuw (1977), Applications of convex analysis to multidimensional scaling.
    """
    n_components, n = points.shape
    moved = np.empty_like(points)
    stress, size = np.empty(n), np.empty(n)  # per point: the same sum for any number of threads
    for i in numba.prange(n):
        pull = np.zeros(n)
        for component in range(n_components):
            for j in range(n):
                apart = points[component, i] - points[component, j]
                pull[j] += apart * apart
        error, square = 0.0, 0.0
        for j in range(n):
            d = np.sqrt(pull[j])
            square += pull[j]
            error += (d - distance[i, j]) ** 2
            pull[j] = distance[i, j] / max(d, 1e-12)  # no 0 / 0 where points coincide
        stress[i], size[i] = error, square
        for component in range(n_components):
            shift = 0.0
            for j in range(n):
                shift += pull[j] * (points[component, i] - points[component, j])
            moved[component, i] = shift / n
    return moved, stress.sum() / 2, size.sum() / 2
