"""MM-PHATE: a map with one point for every (training epoch, time step, node) of a network."""

from typing import Any, Self

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator
from sklearn.metrics import euclidean_distances
from sklearn.utils import check_random_state

from relaylib.core.checks import (
    check_bool,
    check_choice,
    check_finite,
    check_floats,
    check_integer,
    check_number,
)
from relaylib.core.progress import progress
from relaylib.mmphate.graph import (
    features,
    knee,
    landmark_clusters,
    landmark_operator,
    metric_mds,
    multislice_kernel,
    von_neumann_entropies,
)

DIMS = ("epoch", "time", "node", "sequence")


class MMPHATE(BaseEstimator):
    """Multiway Multislice PHATE: embed the responses of a network's nodes through training.

    A point is one node at one time step of one training epoch, described by its z-scored
    activation over the sequences. Points are connected to the other nodes of their slice (epoch,
    time) and to the same node in other slices; the embedding preserves the distances between the
    distributions of a t-step random walk on that graph.

    The embedding does not depend on the order of epochs and time steps, nor on a node's gain and
    offset: shuffled slices and rescaled nodes give the same map.

    Parameters
    ----------
    n_components
        Dimensions of the embedding.
    within_neighbours
        Width of a node's kernel within its slice: the distance to its nearest other node of this
        rank, or to the farthest one in a slice with fewer nodes.
    between_neighbours
        Width of the kernel between slices: the distance to the nearest slice of this rank (or the
        farthest one), median over slices, mean over nodes.
    decay
        Exponent of the kernel within a slice.
    t
        Steps of the random walk; "auto": the knee of the operator's von Neumann entropy.
    gamma
        Potential of a probability p: 2 sqrt(p) at 0, -ln(p) at 1, p at -1, and between.
    n_landmarks
        Number of landmarks, used when there are more than 1.5 times as many points; with fewer
        points the walk is on the points themselves. None: never landmarks (points^2 memory).
    n_pca
        With more sequences than this, points are compared by this many principal components.
    n_svd
        Singular vectors by which points are grouped into landmarks.
    max_iter
        Maximum number of iterations of metric MDS.
    random_state
        Of the principal components, the landmarks and the start of MDS, as in scikit-learn.
    progress
        Show a progress bar (never under CI).

    Attributes
    ----------
    embedding_ : ndarray (epoch, time, node, component)
    kernel_ : scipy.sparse.csr_array (point, point), points in the order (epoch, time, node)
    bandwidth_ : float, width of the kernel between slices
    operator_ : ndarray (landmark, landmark) or (point, point), rows sum to 1
    transitions_ : scipy.sparse.csr_array (point, landmark), None without landmarks
    entropies_ : ndarray (100,), nats; None unless ``t="auto"``
    t_ : int, steps of the random walk
    stress_ : float, normalised stress of metric MDS (Stress-1, 0 is perfect)

    References
    ----------
    Xie, Kohler Voinov, Mudrik, Mishne, Charles (2024), Multiway Multislice PHATE, arXiv 2406.01969.
    Gigante, Charles, Krishnaswamy, Mishne (2019), Visualizing the PHATE of Neural Networks.
    Moon et al. (2019), Nature Biotechnology 37, 1482-1492 (PHATE).
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        within_neighbours: int = 2,
        between_neighbours: int = 25,
        decay: float = 5,
        t: int | str = "auto",
        gamma: float = 0,
        n_landmarks: int | None = 2000,
        n_pca: int = 100,
        n_svd: int = 100,
        max_iter: int = 300,
        random_state: Any = 0,
        progress: bool = True,
    ) -> None:
        self.n_components = n_components
        self.within_neighbours = within_neighbours
        self.between_neighbours = between_neighbours
        self.decay = decay
        self.t = t
        self.gamma = gamma
        self.n_landmarks = n_landmarks
        self.n_pca = n_pca
        self.n_svd = n_svd
        self.max_iter = max_iter
        self.random_state = random_state
        self.progress = progress

    def fit(self, activations: Any, y: None = None) -> Self:
        """Compute the embedding; see `fit_transform`."""
        self._check_parameters()
        values = check_activations(activations)
        random_state = self._random_state()
        with progress(total=4, desc="MM-PHATE", show=self.progress) as bar:
            bar.set_postfix_str("kernel")
            self._fit_kernel(values, random_state)
            bar.update()
            bar.set_postfix_str("diffusion operator")
            self._fit_operator(random_state)
            bar.update()
            bar.set_postfix_str("potential")
            distance = self._fit_potential()
            bar.update()
            bar.set_postfix_str("metric MDS")
            points, self.stress_ = metric_mds(
                distance, self.n_components, self.max_iter, random_state
            )
            bar.update()
        if self.transitions_ is not None:
            points = self.transitions_ @ points
        self.embedding_ = points.reshape(*values.shape[:3], self.n_components)
        return self

    def fit_transform(self, activations: Any, y: None = None) -> xr.Dataset:
        """Embed every (epoch, time, node).

        Parameters
        ----------
        activations
            (epoch, time, node, sequence), any unit: an array, or a DataArray with these dimensions
            in any order. At least two slices (epoch, time), two nodes and two sequences.

        Returns
        -------
        Dataset with the variable ``embedding`` (epoch, time, node, component), in units of
        potential distance, with the coordinates of ``activations`` (of a plain array: epoch from
        0, time and node from 1), and the parameters, t, bandwidth and stress as attributes.

        Raises
        ------
        ValueError
            On another shape, NaN or infinity (a diverged network), too few slices, nodes or
            sequences, or only silent nodes; or a parameter out of range.
        """
        self.fit(activations)
        coords = point_coords(activations, self.embedding_.shape[:3])
        coords["component"] = np.arange(1, self.n_components + 1)
        parameters = {name: str(value) for name, value in self.get_params().items()}
        attrs = {"t": self.t_, "bandwidth": self.bandwidth_, "stress": self.stress_}
        embedding = ((*DIMS[:3], "component"), self.embedding_, {"units": "potential distance"})
        return xr.Dataset({"embedding": embedding}, coords, parameters | attrs)

    def _check_parameters(self) -> None:
        for name in ("n_components", "within_neighbours", "between_neighbours", "n_pca", "n_svd"):
            check_integer(name, getattr(self, name), 1)
        check_integer("max_iter", self.max_iter, 1)
        check_bool("progress", self.progress)
        if self.n_landmarks is not None:
            check_integer("n_landmarks", self.n_landmarks, 2)
        if isinstance(self.t, str):
            check_choice("t", self.t, ("auto", "a whole number >= 1"))
        else:
            check_integer("t", self.t, 1, 1_000_000)
        check_number("decay", self.decay, 0, above=True)
        check_number("gamma", self.gamma, -1, 1)

    def _random_state(self) -> np.random.RandomState:
        try:
            return check_random_state(self.random_state)
        except ValueError as error:
            raise ValueError(f"random_state must be as in scikit-learn: {error}") from error

    def _fit_kernel(self, values: np.ndarray, random_state: np.random.RandomState) -> None:
        n_points = int(np.prod(values.shape[:3]))
        check_integer("n_components", self.n_components, 1, n_points - 1)
        self.kernel_, self.bandwidth_ = multislice_kernel(
            features(values, self.n_pca, random_state),
            within_neighbours=self.within_neighbours,
            between_neighbours=self.between_neighbours,
            decay=self.decay,
        )

    def _fit_operator(self, random_state: np.random.RandomState) -> None:
        n_points = self.kernel_.shape[0]
        if self.n_landmarks is None or 2 * n_points <= 3 * self.n_landmarks:
            dense = self.kernel_.toarray().astype(float)
            self.operator_, self.transitions_ = dense / dense.sum(axis=1, keepdims=True), None
            return
        cluster = landmark_clusters(
            self.kernel_,
            n_landmarks=self.n_landmarks,
            n_svd=self.n_svd,
            random_state=random_state,
        )
        self.operator_, self.transitions_ = landmark_operator(self.kernel_, cluster)

    def _fit_potential(self) -> np.ndarray:
        self.entropies_ = von_neumann_entropies(self.operator_) if self.t == "auto" else None
        self.t_ = int(self.t) if self.entropies_ is None else knee(self.entropies_)
        walk = np.linalg.matrix_power(self.operator_, self.t_)
        if self.gamma == 1:
            potential = -np.log(walk + 1e-7)
        else:
            exponent = (1 - self.gamma) / 2
            potential = walk**exponent / exponent
        return euclidean_distances(potential)


def check_activations(activations: Any) -> np.ndarray:
    """Return activations as a finite array (epoch, time, node, sequence).

    Raises
    ------
    ValueError
        On another shape, NaN or infinity, fewer than two slices, nodes or sequences, or when no
        node's activation varies over the sequences.
    """
    values = in_order("activations", activations, DIMS)
    values = check_finite("activations", values, (None, None, None, None))
    if values.dtype not in (np.float16, np.float32):  # whose squares are finite in float64
        values = check_floats("activations", values, values.shape)
    n_epochs, n_times, n_nodes, n_sequences = values.shape
    sizes = {"slices (epoch, time)": n_epochs * n_times, "nodes": n_nodes, "sequences": n_sequences}
    for name, size in sizes.items():
        if size < 2:
            raise ValueError(
                f"activations must have at least 2 {name}, got shape {values.shape} "
                f"for dimensions {DIMS}"
            )
    if (np.ptp(values, axis=-1) == 0).all():
        raise ValueError("activations must vary over the sequences, got only silent nodes")
    return np.ascontiguousarray(values)  # sums must not depend on the memory layout


def in_order(name: str, values: Any, dims: tuple[str, ...]) -> Any:
    """Return the values of a DataArray in this order of dimensions; other values as they are."""
    if not isinstance(values, xr.DataArray):
        return values
    if set(values.dims) != set(dims):
        raise ValueError(f"{name} must have dimensions {dims}, got {values.dims}")
    return values.transpose(*dims).values


def point_coords(activations: Any, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the coordinates epoch, time and node of ``activations`` with that shape.

    A plain array, or a dimension without a coordinate, counts epochs from 0, times and nodes
    from 1.
    """
    coords = {
        name: np.arange(first, first + size)
        for name, first, size in zip(DIMS, (0, 1, 1), shape, strict=False)
    }
    if isinstance(activations, xr.DataArray):
        coords |= {name: activations[name].values for name in coords if name in activations.coords}
    return coords
