"""The graph of MM-PHATE: which (epoch, time, node) points are similar, and how strongly.

A *slice* is one (epoch, time). Points are counted slice by slice, node by node within a slice:
point = slice * n_nodes + node.
"""

import numpy as np
from scipy import sparse
from scipy.linalg import eigvalsh
from scipy.spatial.distance import pdist, squareform
from scipy.special import entr
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.decomposition import PCA, KernelPCA
from sklearn.manifold import smacof
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

LEAST_AFFINITY = 1e-4  # affinities below are 0, as in m-phate
LEAST_WIDTH = np.finfo(float).eps  # of a kernel: nodes that coincide must not divide by 0
STRESS_TOLERANCE = 1e-6  # MDS has converged at this relative change, as in scikit-learn


def z_score(activations: np.ndarray) -> np.ndarray:
    """Standardise over the last axis (sequences): mean 0, population standard deviation 1.

    A silent node, whose activation varies by no more than rounding, becomes all zeros. Shape is
    kept; float64.
    """
    centred = activations - activations.mean(axis=-1, keepdims=True, dtype=float)
    deviation = centred.std(axis=-1, keepdims=True)
    largest = np.abs(activations).max(axis=-1, keepdims=True)
    silent = deviation <= np.finfo(activations.dtype).eps * largest
    return np.where(silent, 0.0, centred / np.where(silent, 1.0, deviation))


def features(activations: np.ndarray, n_pca: int, random_state: object) -> np.ndarray:
    """Return the features by which points are compared, (slice, node, feature).

    The features are the z-scored activations (epoch, time, node, sequence), by their ``n_pca``
    principal components if there are more sequences than that.
    """
    z = z_score(activations).reshape(-1, *activations.shape[2:])
    n_slices, n_nodes, n_sequences = z.shape
    if n_sequences <= n_pca:
        return z
    # For up to 1,000 sequences the covariance solver is exact and the fastest.
    solver = "covariance_eigh" if n_sequences <= 1000 else "auto"
    pca = PCA(min(n_pca, n_slices * n_nodes), svd_solver=solver, random_state=random_state)
    return pca.fit_transform(z.reshape(-1, n_sequences)).reshape(n_slices, n_nodes, -1)


def within_slice(points: np.ndarray, *, n_neighbours: int, decay: float) -> np.ndarray:
    """Return the affinities of one slice's nodes: A_ij = exp(-(d_ij / sigma_i)^decay), averaged.

    Parameters
    ----------
    points
        (node, feature).
    n_neighbours
        sigma_i is the distance to the nearest other node of this rank (or the farthest node).
    decay
        Exponent alpha.

    Returns
    -------
    (node, node), symmetric, 1 on the diagonal.
    """
    distance = squareform(pdist(points))
    nearest = min(n_neighbours, len(points) - 1)
    sigma = np.maximum(np.sort(distance, axis=1)[:, nearest], LEAST_WIDTH)
    with np.errstate(over="ignore"):  # infinity: an affinity of 0
        affinity = np.exp(-((distance / sigma[:, None]) ** decay))
    affinity[affinity < LEAST_AFFINITY] = 0
    return (affinity + affinity.T) / 2


def between_bandwidth(points: np.ndarray, n_neighbours: int) -> float:
    """Return eps, the width of the between-slice kernel of all nodes.

    For each node, the median over slices of the distance to the ``n_neighbours``-th nearest other
    slice (or the farthest one); eps is their mean over nodes.
    """
    nearest = min(n_neighbours, len(points) - 1)
    medians = []
    for node in range(points.shape[1]):
        search = NearestNeighbors(n_neighbors=nearest, algorithm="brute").fit(points[:, node])
        distance, _ = search.kneighbors()
        medians.append(max(np.median(distance[:, -1]), LEAST_WIDTH))
    return float(np.mean(medians))


def between_slices(points: np.ndarray, bandwidth: float) -> sparse.coo_array:
    """Return the affinities of one node's slices, exp(-(d / bandwidth)^2), sparsely.

    Only pairs with d <= bandwidth * sqrt(ln 1e4), affinity >= 1e-4, are computed. The diagonal is
    0. ``points`` is (slice, feature), the result (slice, slice), symmetric, float32.
    """
    reach = bandwidth * np.sqrt(-np.log(LEAST_AFFINITY))
    search = NearestNeighbors(radius=reach, algorithm="brute").fit(points)
    # One triangle, mirrored: d_ij and d_ji may round to different sides of the limit.
    pairs = sparse.triu(search.radius_neighbors_graph(mode="distance"), k=1, format="coo")
    affinity = np.exp(-((pairs.data / bandwidth) ** 2)).astype(np.float32)
    row, column = pairs.row.astype(np.int32), pairs.col.astype(np.int32)
    both = (np.concatenate([row, column]), np.concatenate([column, row]))
    return sparse.coo_array((np.tile(affinity, 2), both), shape=pairs.shape)


def multislice_kernel(
    points: np.ndarray, *, within_neighbours: int, between_neighbours: int, decay: float
) -> tuple[sparse.csr_array, float]:
    """Return the kernel K of all points, and the width eps of its between-slice part.

    K connects two nodes of the same slice (`within_slice`) and the same node in two slices
    (`between_slices`); different nodes in different slices are not connected.

    Parameters
    ----------
    points
        (slice, node, feature).
    within_neighbours, between_neighbours, decay
        See `relaylib.mmphate.estimator.MMPHATE`.

    Returns
    -------
    kernel
        (point, point), sparse, symmetric, float32, 1 on the diagonal, nothing below 1e-4.
    bandwidth
        eps, in units of the distances of ``points``.
    """
    n_slices, n_nodes, _ = points.shape
    bandwidth = between_bandwidth(points, between_neighbours)
    rows, columns, values = [], [], []
    for node in range(n_nodes):
        part = between_slices(points[:, node], bandwidth)
        rows.append(part.row * np.int32(n_nodes) + np.int32(node))
        columns.append(part.col * np.int32(n_nodes) + np.int32(node))
        values.append(part.data)
    for start, nodes in enumerate(points):
        affinity = within_slice(nodes, n_neighbours=within_neighbours, decay=decay)
        row, column = np.nonzero(affinity >= LEAST_AFFINITY)
        rows.append((start * n_nodes + row).astype(np.int32))
        columns.append((start * n_nodes + column).astype(np.int32))
        values.append(affinity[row, column].astype(np.float32))
    where = (np.concatenate(rows), np.concatenate(columns))
    kernel = sparse.coo_array((np.concatenate(values), where), shape=(n_slices * n_nodes,) * 2)
    return kernel.tocsr(), bandwidth


def landmark_clusters(
    kernel: sparse.csr_array, *, n_landmarks: int, n_svd: int, random_state: np.random.RandomState
) -> np.ndarray:
    """Group the points into at most ``n_landmarks`` clusters with similar random walks.

    The clusters are those of the rows of P V, with V the leading singular vectors of
    D^-1/2 K D^-1/2. Returns the cluster of each point, (point,), counted from 0 without gaps.
    """
    degree = kernel.sum(axis=1)
    symmetric = (kernel / np.sqrt(degree)[:, None] / np.sqrt(degree)[None, :]).tocsr()
    n_svd = min(n_svd, len(degree) - 1)
    # Two power iterations instead of seven: equally tight clusters in half the time.
    _, _, vectors = randomized_svd(symmetric, n_svd, n_iter=2, random_state=random_state)
    walked = (kernel @ vectors.T) / degree[:, None]
    # One trial per centre, from a subset of the points: 2,000 centres take seconds.
    part = random_state.permutation(len(walked))[: 3 * n_landmarks]
    centres, _ = kmeans_plusplus(
        walked[part], n_landmarks, n_local_trials=1, random_state=random_state
    )
    kmeans = KMeans(n_landmarks, init=centres, n_init=1, max_iter=10).fit(walked)
    return np.unique(kmeans.labels_, return_inverse=True)[1]


def landmark_operator(
    kernel: sparse.csr_array, cluster: np.ndarray
) -> tuple[np.ndarray, sparse.csr_array]:
    """Summarise the walk on the points by a walk on their clusters, the landmarks.

    A step from one landmark to another goes through a point.

    Parameters
    ----------
    kernel
        (point, point).
    cluster
        (point,), see `landmark_clusters`.

    Returns
    -------
    operator
        (landmark, landmark), rows sum to 1.
    transitions
        (point, landmark), sparse, rows sum to 1: probability of a step from a point to a landmark.
    """
    ones = np.ones(len(cluster), kernel.dtype)
    member = sparse.csr_array((ones, (np.arange(len(cluster)), cluster)))
    affinity = kernel @ member
    transitions = normalize(affinity, norm="l1")
    operator = normalize(affinity.T, norm="l1") @ transitions
    return operator.toarray().astype(float), transitions


def von_neumann_entropies(operator: np.ndarray, n_powers: int = 100) -> np.ndarray:
    """Return the entropy (nats) of the singular values of the operator, to the powers 1, 2, ...

    H(t) = -sum_i p_i ln p_i with p_i = s_i^t / sum_j s_j^t.
    """
    power = np.arange(1, n_powers + 1)
    # Singular values from P^T P take a third of the time; those near 0 have errors of 1e-8.
    squares = eigvalsh(operator.T @ operator).clip(min=0)
    weight = np.sqrt(squares)[:, None] ** power
    return entr(weight / weight.sum(axis=0)).sum(axis=0)


def knee(curve: np.ndarray) -> int:
    """Return the index at which two straight lines, to its left and to its right, fit best.

    Both lines are least-squares fits that include the point itself; the knee minimises the sum of
    absolute errors.
    """
    x = np.arange(len(curve))

    def error(part: slice) -> float:
        line = np.polynomial.Polynomial.fit(x[part], curve[part], 1)
        return float(np.abs(line(x[part]) - curve[part]).sum())

    errors = [error(slice(0, i + 1)) + error(slice(i, None)) for i in x[1:-1]]
    return int(np.argmin(errors)) + 1


def metric_mds(
    distance: np.ndarray, n_components: int, max_iter: int, random_state: object
) -> tuple[np.ndarray, float]:
    """Embed points by their distances: classical MDS as the start, then SMACOF.

    ``distance`` is (point, point). SMACOF ends after ``max_iter`` iterations, or when one lowers
    the stress by less than 1e-6. Returns (point, component) and the normalised stress (Stress-1).
    """
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    classical = KernelPCA(n_components, kernel="precomputed", random_state=random_state)
    start = classical.fit_transform(-(distance**2) / 2)
    how = {"n_components": n_components, "max_iter": max_iter, "eps": STRESS_TOLERANCE}
    points, stress = smacof(distance, init=start, n_init=1, normalized_stress=True, **how)
    return points, float(stress)
