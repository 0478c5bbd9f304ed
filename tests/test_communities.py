"""Communities that an embedding keeps, and numbers about a map: known cases."""

import numpy as np
import pytest
import xarray as xr

from relaylib.mmphate.communities import COMMUNITIES, community_preservation
from relaylib.mmphate.graph import z_score
from relaylib.mmphate.map_statistics import (
    STATISTICS,
    data_displacement,
    map_displacement,
    map_statistics,
)

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(6, 5, 8, 12))
DIMS = ("epoch", "time", "node", "component")


def labelled(place: np.ndarray) -> xr.DataArray:
    return xr.DataArray(place, {"epoch": np.arange(len(place)) * 10}, DIMS)


def test_the_data_keep_all_of_themselves():
    scores = community_preservation(DATA, z_score(DATA))
    assert scores.community.values.tolist() == list(COMMUNITIES)
    np.testing.assert_allclose(scores.kept, 1)


def test_chance_is_k_of_the_others_and_0_for_clusters():
    chance = community_preservation(DATA, z_score(DATA), k=3).chance
    np.testing.assert_allclose(chance, [3 / 7, 3 / 5, 3 / 4, 0, 0])


def test_a_random_embedding_is_at_chance_level():
    data = RNG.normal(size=(20, 10, 8, 12))
    scores = community_preservation(data, RNG.normal(size=(20, 10, 8, 2)))
    np.testing.assert_allclose(scores.kept, scores.chance, atol=0.03)


def test_epochs_steps_and_nodes_are_told_apart():
    z = z_score(DATA)
    far = 100 * RNG.normal(size=(6, 5, 1, 12))  # slices are moved as wholes
    kept = community_preservation(DATA, z + far).kept
    assert kept.sel(community=["nearest nodes", "clusters of a slice"]).min() > 1 - 1e-9
    assert kept.sel(community=["nearest epochs", "nearest steps"]).max() < 0.8
    kept = community_preservation(DATA, z + far[:1]).kept  # steps are moved, in all epochs alike
    assert kept.sel(community="nearest epochs") == pytest.approx(1)
    assert kept.sel(community="nearest steps") < 0.85
    kept = community_preservation(DATA, z + far[:, :1]).kept
    assert kept.sel(community="nearest steps") == pytest.approx(1)
    assert kept.sel(community="nearest epochs") < 0.85


def test_clusters_of_nodes_are_found_in_the_data():
    patterns = RNG.normal(size=(3, 12))
    data = patterns[[0, 0, 0, 1, 1, 1, 2, 2]] + 0.1 * RNG.normal(size=(4, 4, 8, 12))
    right = np.array([0, 0, 0, 5, 5, 5, 9, 9.0])[:, None] + 0.1 * RNG.normal(size=(4, 4, 8, 1))
    assert community_preservation(data, right).kept.sel(community="clusters of a slice") == 1
    wrong = right[:, :, [0, 3, 6, 1, 4, 7, 2, 5]]
    assert community_preservation(data, wrong).kept.sel(community="clusters of a slice") < 0.1


def test_steps_at_which_nothing_varies_and_slices_of_copies_are_left_out():
    data = DATA.copy()
    data[:, 0] = 0.0
    scores = community_preservation(data, z_score(data))
    np.testing.assert_allclose(scores.kept[:4], 1)
    copies = np.broadcast_to(DATA[:, :, :3], DATA[:, :, :3].shape)[:, :, [0, 0, 0, 1, 1, 1, 2, 2]]
    scores = community_preservation(copies, z_score(copies))
    assert np.isnan(scores.kept.sel(community="clusters of a slice"))


@pytest.mark.parametrize(("argument", "value"), [("k", 0), ("k", 5), ("n_clusters", 8)])
def test_numbers_that_are_too_large_are_named(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be in"):
        community_preservation(DATA, z_score(DATA), **{argument: value})


def test_points_move_by_their_mean_distance_in_radii_of_the_map():
    place = np.zeros((3, 1, 2, 2))
    place[:, 0, 0, 0] = [0, 3, 3]
    place[:, 0, 1, 1] = [0, 0, 4]
    moved = map_displacement(labelled(place))
    assert moved.interval.values.tolist() == [10, 20]
    flat = place.reshape(-1, 2)
    radius = np.sqrt(((flat - flat.mean(axis=0)) ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(moved, np.array([1.5, 2.0]) / radius)
    larger = map_displacement(labelled(7 * place + 1).transpose(*DIMS[::-1]))
    np.testing.assert_allclose(larger, moved)


def test_data_change_as_far_as_their_correlation_falls():
    a, b = np.array([1.0, -1, 1, -1]), np.array([1.0, 1, -1, -1])
    data = np.stack([[[a, b]], [[a * 3 + 1, b]], [[b, b]]])
    np.testing.assert_allclose(data_displacement(data), [0, np.sqrt(2) / 2])
    with pytest.raises(ValueError, match="at least 2 epochs"):
        data_displacement(DATA[:1])


def test_spread_path_and_late_share_of_a_map_made_by_hand():
    place = np.zeros((5, 2, 6, 2))
    place[:, :, :3, 0] = 1.0
    place[:, :, 3:, 0] = -1.0
    place[:, :, :, 1] = np.array([0, 0, 0, 2, 6])[:, None, None]
    found = map_statistics(labelled(place))
    assert found.statistic.values.tolist() == list(STATISTICS)
    flat = place.reshape(-1, 2)
    radius = np.sqrt(((flat - flat.mean(axis=0)) ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(found, [1 / radius, 6 / radius, 1, 2])


def test_clusters_of_the_last_epoch_are_counted():
    corner = np.array([[0, 0], [9, 0], [0, 9], [9, 9.0]])[[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]]
    place = np.stack([RNG.normal(size=(4, 12, 2)), corner + 0.1 * RNG.normal(size=(4, 12, 2))])
    assert map_statistics(labelled(place)).sel(statistic="clusters") == 4


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (np.zeros((3, 2, 4, 2)), "different places"),
        (np.ones((1, 2, 4, 2)), "at least 2 epochs"),
        (np.full((3, 2, 4, 2), np.nan), "embedding must be finite"),
        (RNG.normal(size=(3, 2, 2, 2)), "at least 3 nodes"),
    ],
)
def test_maps_that_are_none_are_named(place, message):
    with pytest.raises(ValueError, match=message):
        map_statistics(labelled(place))
    with pytest.raises(TypeError, match="embedding must be labelled"):
        map_displacement(place)
