"""MM-PHATE: agreement with m-phate 0.1.6, invariances and edge cases."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.manifold import smacof

from relaylib.mmphate.estimator import MMPHATE
from relaylib.mmphate.graph import (
    between_slices,
    knee,
    landmark_operator,
    metric_mds,
    multislice_kernel,
    von_neumann_entropies,
    within_slice,
    z_score,
)

REFERENCE = Path(__file__).parent / "data" / "mphate_reference.npz"


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    """Arrays of m-phate 0.1.6; data/make_mphate_reference.py says how they were made."""
    with np.load(REFERENCE) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def fitted(reference):
    return quiet().fit(reference["activations"])


def quiet(**parameters) -> MMPHATE:
    return MMPHATE(progress=False, **parameters)


def disparity(one: np.ndarray, other: np.ndarray) -> float:
    """Procrustes disparity: 0 for the same shape, near 1 for unrelated ones."""
    return procrustes(one.reshape(-1, one.shape[-1]), other.reshape(-1, other.shape[-1]))[2]


def test_kernel_equals_that_of_mphate(reference, fitted):
    np.testing.assert_allclose(fitted.kernel_.toarray(), reference["kernel"], atol=1e-4)


def test_t_equals_that_of_mphate(reference, fitted):
    assert fitted.t_ == reference["t"]


@pytest.mark.parametrize("t", ["auto", 3])
@pytest.mark.parametrize("gamma", [0, 1])
def test_embedding_equals_that_of_mphate(reference, gamma, t):
    ours = quiet(gamma=gamma, t=t).fit(reference["activations"]).embedding_
    assert disparity(reference[f"embedding_gamma{gamma}_t{t}"], ours) < 1e-3


def test_landmark_operator_equals_that_of_mphate_for_its_clusters(reference, fitted):
    operator, transitions = landmark_operator(fitted.kernel_, reference["cluster"])
    np.testing.assert_allclose(operator, reference["landmark_operator"], atol=1e-5)
    np.testing.assert_allclose(transitions.toarray(), reference["transitions"], atol=1e-5)


def test_landmarks_preserve_the_distances_of_the_full_embedding(reference, fitted):
    method = quiet(n_landmarks=60, n_svd=30).fit(reference["activations"])
    assert method.operator_.shape == (60, 60)
    by_landmarks = pdist(method.embedding_.reshape(-1, 2))
    full = pdist(fitted.embedding_.reshape(-1, 2))
    theirs = pdist(reference["embedding_landmarks"].reshape(-1, 2))
    ours_full = spearmanr(by_landmarks, full).statistic
    theirs_full = spearmanr(theirs, full).statistic
    assert ours_full > 0.9
    assert ours_full > theirs_full - 0.05


def test_kernel_connects_only_same_slice_or_same_node(reference, fitted):
    n_nodes = reference["activations"].shape[2]
    one, other = fitted.kernel_.nonzero()
    same_slice, same_node = one // n_nodes == other // n_nodes, one % n_nodes == other % n_nodes
    assert (same_slice | same_node).all()
    assert (same_slice & ~same_node).any()
    assert (same_node & ~same_slice).any()


def test_kernel_is_symmetric_with_unit_diagonal_and_no_small_entries(fitted):
    kernel = fitted.kernel_
    assert (kernel != kernel.T).nnz == 0
    assert (kernel.diagonal() == 1).all()
    assert kernel.data.min() >= 1e-4


def test_sparse_kernel_equals_the_dense_formula():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(30, 4, 3))
    kernel, eps = multislice_kernel(points, within_neighbours=2, between_neighbours=5, decay=5)
    far = np.linalg.norm(points[:, None] - points[None], axis=-1)  # (slice, slice, node)
    expected_eps = np.mean(np.median(np.sort(far, axis=1)[:, 5], axis=0))
    assert eps == pytest.approx(expected_eps)
    dense = np.einsum("abn,nm->anbm", np.exp(-((far / eps) ** 2)), np.eye(4))
    for one in range(30):
        dense[one, :, one] = within_slice(points[one], n_neighbours=2, decay=5)
    dense = np.where(dense < 1e-4, 0, dense).reshape(120, 120)
    np.testing.assert_allclose(kernel.toarray(), dense, atol=1e-6)


def test_within_slice_by_hand():
    # Nodes at 0, 1, 3: sigma is the distance to the second nearest other node: 3, 2, 3.
    affinity = within_slice(np.array([[0.0], [1.0], [3.0]]), n_neighbours=2, decay=5)
    first_second = (np.exp(-((1 / 3) ** 5)) + np.exp(-((1 / 2) ** 5))) / 2
    assert affinity[0, 1] == pytest.approx(first_second)
    assert affinity[0, 2] == pytest.approx(np.exp(-1))


def test_between_slices_has_only_pairs_within_reach():
    reach = np.sqrt(np.log(1e4))
    kernel = between_slices(np.array([[0.0], [0.99 * reach], [2 * reach]]), 1.0).toarray()
    assert kernel[0, 1] == pytest.approx(np.exp(-((0.99 * reach) ** 2)))
    assert kernel[0, 2] == kernel[1, 2] == kernel[0, 0] == 0


def test_knee_of_two_straight_lines_is_where_they_meet():
    x = np.arange(100)
    assert knee(np.maximum(60 - 3 * x, 10 - 0.05 * x)) == 17


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_metric_mds_equals_that_of_scikit_learn(n_components):
    data = np.random.default_rng(0).normal(size=(60, 5))
    distance = squareform(pdist(data))
    ours, stress = metric_mds(distance, n_components, 300, 0)
    first, _ = metric_mds(distance, n_components, 1, 0)
    assert stress < normalised_stress(distance, first)
    theirs, expected = smacof(
        distance, n_components=n_components, init=first, n_init=1, normalized_stress=True
    )
    assert stress == pytest.approx(expected, abs=1e-4)
    assert disparity(ours, theirs) < 1e-4


def test_stress_by_hand():
    distance = np.array([[0.0, 1, 3], [1, 0, 1], [3, 1, 0]])  # no triangle has these sides
    points, stress = metric_mds(distance, 1, 300, 0)
    assert stress == pytest.approx(normalised_stress(distance, points), abs=1e-6)
    assert stress > 0.05


def normalised_stress(distance: np.ndarray, points: np.ndarray) -> float:
    apart = pdist(points)
    return float(np.sqrt(((apart - squareform(distance)) ** 2).sum() / (apart**2).sum()))


def test_entropies_equal_those_of_the_singular_values(reference, fitted):
    values = np.linalg.svd(fitted.operator_, compute_uv=False)
    for t in (1, 5, 100):
        share = values**t / (values**t).sum()
        share = share[share > 0]
        expected = -(share * np.log(share)).sum()
        assert von_neumann_entropies(fitted.operator_)[t - 1] == pytest.approx(expected, abs=1e-6)


def test_order_of_slices_does_not_matter(reference, fitted):
    activations = reference["activations"]
    n_slices = activations.shape[0] * activations.shape[1]
    order = np.random.default_rng(3).permutation(n_slices)
    slices = activations.reshape(n_slices, *activations.shape[2:])
    shuffled = quiet().fit(slices[order].reshape(activations.shape))
    assert shuffled.t_ == fitted.t_
    expected = fitted.embedding_.reshape(n_slices, -1)[order].reshape(fitted.embedding_.shape)
    assert disparity(expected, shuffled.embedding_) < 1e-4


def test_gain_and_offset_of_each_node_do_not_matter(reference, fitted):
    activations = reference["activations"].astype(float)
    rng = np.random.default_rng(4)
    gain = rng.uniform(0.1, 10, size=activations.shape[:3])[..., None]
    offset = rng.normal(size=activations.shape[:3])[..., None]
    rescaled = quiet().fit(gain * activations + offset)
    np.testing.assert_allclose(rescaled.kernel_.toarray(), fitted.kernel_.toarray(), atol=1e-5)
    assert disparity(fitted.embedding_, rescaled.embedding_) < 1e-4


def test_sign_of_a_node_does_matter(reference, fitted):
    flipped = reference["activations"].copy()
    flipped[:, :, 0] *= -1
    assert np.abs(quiet().fit(flipped).kernel_ - fitted.kernel_).max() > 0.1


def test_result_is_labelled_and_can_be_written_as_netcdf(reference, tmp_path):
    labelled = xr.DataArray(
        reference["activations"],
        dims=("epoch", "time", "node", "sequence"),
        coords={"epoch": [0, 1, 2, 4, 8, 16, 32, 64]},
    )
    dataset = quiet().fit_transform(labelled.transpose("sequence", "node", "time", "epoch"))
    assert dataset["embedding"].dims == ("epoch", "time", "node", "component")
    assert dataset["embedding"].shape == (8, 5, 6, 2)
    assert dataset["epoch"].values.tolist() == [0, 1, 2, 4, 8, 16, 32, 64]
    assert dataset["node"].values.tolist() == [1, 2, 3, 4, 5, 6]
    assert dataset.attrs["t"] == quiet().fit(labelled).t_
    dataset.to_netcdf(tmp_path / "map.nc", engine="h5netcdf")


def test_same_random_state_gives_the_same_embedding_without_the_global_generator(reference):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    method = quiet(n_landmarks=60, random_state=7)
    one = method.fit_transform(reference["activations"])
    xr.testing.assert_identical(one, clone(method).fit_transform(reference["activations"]))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_more_sequences_than_n_pca_are_reduced_by_pca():
    data = np.random.default_rng(0).normal(size=(3, 4, 5, 40))
    full, reduced = quiet().fit(data), quiet(n_pca=39).fit(data)
    np.testing.assert_allclose(full.kernel_.toarray(), reduced.kernel_.toarray(), atol=1e-5)
    assert np.abs(quiet(n_pca=3).fit(data).kernel_ - full.kernel_).max() > 0.1


def test_silent_nodes_have_z_scores_of_zero_and_finite_coordinates(reference):
    activations = reference["activations"].copy()
    activations[:, :, :3] = 0.1  # three silent nodes, not representable exactly
    assert (z_score(activations)[:, :, :3] == 0).all()
    method = quiet().fit(activations)
    assert np.isfinite(method.embedding_).all()
    assert (method.kernel_.toarray()[:3, :3] == 1).all()  # same slice, same (flat) response


def test_rounding_noise_of_a_saturated_node_is_silent():
    activations = np.random.default_rng(0).normal(size=(2, 2, 3, 8)).astype(np.float32)
    activations[:, :, 0] = np.float32(1)
    activations[:, :, 0, ::2] = np.nextafter(np.float32(1), np.float32(0))
    assert (z_score(activations)[:, :, 0] == 0).all()
    assert (z_score(activations)[:, :, 1:] != 0).all()


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (2, 1, 2, 4), (3, 2, 2, 8), (2, 2, 3, 2)])
def test_small_inputs_are_embedded(shape):
    data = np.random.default_rng(0).normal(size=shape)
    dataset = quiet().fit_transform(data)
    assert np.isfinite(dataset["embedding"]).all()


def test_affinity_of_two_nodes_is_one_over_e():
    affinity = within_slice(np.array([[0.0, 1.0], [2.0, 5.0]]), n_neighbours=2, decay=5)
    assert affinity[0, 1] == pytest.approx(np.exp(-1))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_raise_an_error_with_their_position(reference, bad):
    activations = reference["activations"].copy()
    activations[3, 2, 1, 0] = bad
    with pytest.raises(ValueError, match=r"activations must be finite.*\(3, 2, 1, 0\)"):
        quiet().fit(activations)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 3, 4), "shape"),
        ((1, 1, 3, 4), "at least 2 slices"),
        ((2, 2, 1, 4), "at least 2 nodes"),
        ((2, 2, 3, 1), "at least 2 sequences"),
    ],
)
def test_too_few_slices_nodes_or_sequences_raise_an_error(shape, message):
    with pytest.raises(ValueError, match=message):
        quiet().fit(np.random.default_rng(0).normal(size=shape))


def test_a_silent_network_raises_an_error():
    with pytest.raises(ValueError, match="only silent nodes"):
        quiet().fit(np.ones((2, 3, 4, 5)))


@pytest.mark.parametrize(
    "parameter",
    [
        {"t": 0},
        {"t": "knee"},
        {"gamma": 2},
        {"decay": 0},
        {"n_components": 0},
        {"n_landmarks": 1},
        {"between_neighbours": 0},
        {"decay": np.nan},
        {"gamma": np.inf},
        {"random_state": "yesterday"},
    ],
)
def test_out_of_range_parameters_raise_an_error_that_names_them(reference, parameter):
    (name,) = parameter
    with pytest.raises(ValueError, match=name):
        quiet(**parameter).fit(reference["activations"])


@pytest.mark.parametrize("parameter", [{"t": 2.5}, {"decay": "fast"}, {"gamma": "half"}])
def test_parameters_of_another_type_raise_an_error_that_names_them(reference, parameter):
    (name,) = parameter
    with pytest.raises((TypeError, ValueError), match=f"^{name} must"):
        quiet(**parameter).fit(reference["activations"])


def test_activations_too_large_to_square_raise_an_error(reference):
    with pytest.raises(ValueError, match="activations must be below"):
        quiet().fit(reference["activations"].astype(float) * 1e200)
