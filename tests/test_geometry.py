"""Components, cluster scores and decoding, against scikit-learn and known shapes."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from relaylib.measures.geometry import (
    SCORES,
    cluster_scores,
    nearest_centroid_accuracy,
    pca,
    project_many,
    score_many,
)

HUGE = np.array([0, 2**40])
JOINED = np.array([[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 2, 3]])


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Four overlapping clouds in six dimensions, of unequal sizes and not in order."""
    rng = np.random.default_rng(4)
    labels = rng.permutation(np.repeat([0, 1, 2, 3], [20, 25, 30, 35]))
    return rng.normal(size=(110, 6)) + 1.5 * rng.normal(size=(4, 6))[labels], labels


def test_pca_is_scikit_learns_up_to_sign(clouds: tuple) -> None:
    points, _ = clouds
    reference = PCA(2).fit(points)
    coordinates, variance_fraction = pca(points)
    np.testing.assert_allclose(np.abs(coordinates), np.abs(reference.transform(points)))
    np.testing.assert_allclose(variance_fraction, reference.explained_variance_ratio_)


def test_removed_nodes_do_not_change_the_projection(clouds: tuple) -> None:
    points, _ = clouds
    kept = np.array([[1, 1, 0, 1, 0, 1], [1, 0, 0, 0, 0, 0]], bool)
    coordinates, variance = project_many(points, kept)
    expected, _ = pca(points[:, kept[0]])
    np.testing.assert_allclose(np.abs(coordinates[0].T), np.abs(expected), atol=1e-12)
    np.testing.assert_allclose(coordinates[1, 0], points[:, 0] - points[:, 0].mean(), atol=1e-12)
    assert not coordinates[1, 1].any()
    assert variance[1] == pytest.approx([points[:, 0].var(ddof=1), 0])


def test_scores_of_known_clusters() -> None:
    far = np.array([[0.0, 0.0], [0.0, 1.0], [100.0, 0.0], [100.0, 1.0]])
    scores = cluster_scores(far, np.array([0, 0, 1, 1]))
    assert scores["silhouette"] == pytest.approx(1 - 1 / ((100 + np.hypot(100, 1)) / 2))
    assert scores["davies_bouldin"] == pytest.approx((0.5 + 0.5) / 100)
    assert scores["calinski_harabasz"] == pytest.approx((4 * 50**2 / 1) / (4 * 0.5**2 / 2))


def test_directions_of_the_scores_are_those_in_the_table() -> None:
    labels = np.repeat([0, 1, 2], 30)
    noise = np.random.default_rng(0).normal(size=(90, 2))
    centres = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[labels]
    near, far = (cluster_scores(noise + gap * centres, labels) for gap in (2, 8))
    for name, direction in SCORES.items():
        assert direction * (far[name] - near[name]) > 0, name


def test_many_scores_are_scikit_learns(clouds: tuple) -> None:
    points, labels = clouds
    kept = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 0, 1], [0, 0, 0, 0, 1, 0]], bool)
    coordinates, _ = project_many(points, kept)
    scores = score_many(coordinates, labels, JOINED)
    assert scores.shape == (3, 3, 3)
    for projection, found in zip(coordinates, scores, strict=True):
        for joined, row in zip(JOINED, found, strict=True):
            expected = list(cluster_scores(projection.T, joined[labels]).values())
            np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_undefined_scores_are_scikit_learns(spread: float) -> None:
    labels = np.array([0, 0, 1, 1])
    apart = 1.0 - spread  # clusters without spread, or with one centre
    points = np.array([[-spread, 0], [spread, 0], [apart - spread, 0], [apart + spread, 0]])
    found = score_many(points.T[None], labels, np.array([[0, 1]]))[0, 0]
    np.testing.assert_allclose(found, list(cluster_scores(points, labels).values()), atol=1e-6)


def test_separate_clouds_are_decoded_and_one_cloud_is_not() -> None:
    rng = np.random.default_rng(2)
    labels = np.tile(np.arange(4), 50)
    centres = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [9, 9, 0]])
    noise = rng.normal(size=(200, 3))
    assert nearest_centroid_accuracy(noise + centres[labels], labels) == 1
    assert nearest_centroid_accuracy(noise, labels) < 0.45


def test_information_outside_the_first_two_components_is_not_decoded() -> None:
    labels = np.tile([0, 1], 50)
    points = np.random.default_rng(1).normal(size=(100, 3)) * [20, 10, 0.1]
    points[:, 2] += labels
    assert nearest_centroid_accuracy(points, labels) < 0.75
    assert nearest_centroid_accuracy(points[:, 2:], labels, n_components=1) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pca(np.ones((5, 2))), "points must differ"),
        (lambda: pca(np.array([[0.0], [1e20]])), r"points must be below 1e\+15"),
        (
            lambda: nearest_centroid_accuracy(np.ones((4, 2)), [0, 0, 1, 1], n_folds=2),
            "points must d",
        ),
        (lambda: pca(np.array([[0.0, np.nan]])), "points must be finite"),
        (lambda: cluster_scores(np.eye(3), np.zeros(3, int)), "labels must take 2 to 2"),
        (lambda: cluster_scores(np.eye(3), np.arange(2)), "labels must have shape"),
        (
            lambda: score_many(np.ones((1, 2, 4)), np.array([0, 0, 1, 1]), JOINED),
            "labellings must have shape",
        ),
        (
            lambda: score_many(np.ones((1, 2, 3)), np.array([0, 0, 1]), np.array([[0, 1]])),
            "two points or more each",
        ),
        (
            lambda: score_many(np.ones((1, 2, 4)), np.array([0, 0, 1, 1]), np.array([[0, 0]])),
            "labellings must use clusters",
        ),
        (
            lambda: nearest_centroid_accuracy(np.eye(4), np.array([0, 0, 1, 1])),
            "labels must be on n_folds",
        ),
        (lambda: project_many(np.eye(4), np.ones((1, 4)), -1), "n_components must be in 1..4"),
        (lambda: pca(np.eye(4), 2**40), "n_components must be in 1..4"),
        (
            lambda: score_many(np.ones((1, 2, 4)), HUGE[[0, 0, 1, 1]], np.array([[0, 1]])),
            "labels must be",
        ),
        (
            lambda: score_many(np.ones((1, 2, 4)), np.array([0, 0, -1, -1]), np.array([[0, 1]])),
            "labels must be",
        ),
        (
            lambda: score_many(np.ones((1, 2, 4)), np.array([0, 0, 1, 1]), HUGE[None]),
            "labellings must use",
        ),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
