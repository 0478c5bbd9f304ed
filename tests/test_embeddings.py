"""Other methods of embedding: known shapes, and all see the same data."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from relaylib.mmphate.embeddings import ALGORITHMS, diffusion_map, embed
from relaylib.mmphate.neighbourhoods import compare_embeddings

RNG = np.random.default_rng(0)
START, END = RNG.normal(size=(2, 1, 5, 8, 12))
MIX = np.linspace(0, 1, 6)[:, None, None, None]
SMOOTH = (1 - MIX) * START + MIX * END  # (epoch, time, node, sequence)


def test_a_diffusion_map_orders_points_along_a_curve():
    along = np.sort(RNG.random(200))
    curve = np.column_stack([np.cos(2 * along), np.sin(2 * along), along])
    first = diffusion_map(curve)[:, 0]
    assert abs(spearmanr(first, along).statistic) > 0.999


def test_a_diffusion_map_is_made_of_eigenvectors_of_a_random_walk():
    points = RNG.normal(size=(60, 3))
    place = diffusion_map(points, n_components=4)
    squared = ((points[:, None] - points) ** 2).sum(axis=-1)
    kernel = np.exp(-squared / np.median(np.sort(squared, axis=1)[:, 25]))
    density = kernel.sum(axis=1)
    kernel /= np.outer(density, density)
    walk = kernel / kernel.sum(axis=1, keepdims=True)
    values = np.sort(np.linalg.eigvals(walk).real)[::-1][1:5]
    np.testing.assert_allclose(walk @ place, place * values, atol=1e-10)
    share = kernel.sum(axis=1) / kernel.sum()
    np.testing.assert_allclose(share @ place**2, values**2)
    np.testing.assert_allclose(share @ place, 0, atol=1e-10)


def test_a_diffusion_map_shows_two_clusters_on_its_first_axis():
    points = np.vstack([RNG.normal(0, 1, (40, 2)), RNG.normal(4, 1, (80, 2))])
    first = diffusion_map(points)[:, 0]
    side = np.sign(np.median(first[:40]))
    assert (np.sign(first[:40]) == side).mean() > 0.9
    assert (np.sign(first[40:]) == -side).mean() > 0.9


def test_points_that_coincide_altogether_have_no_diffusion_map():
    with pytest.raises(ValueError, match="points must differ"):
        diffusion_map(np.ones((40, 3)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_gain_and_offset_of_a_node_change_nothing(algorithm):
    gain = np.array([2.0, 0.5, 1, 1, 4, 1, 1, 8])[:, None]
    plain, changed = (embed(a, algorithm, progress=False) for a in (SMOOTH, gain * SMOOTH + 3))
    assert plain.dims == ("epoch", "time", "node", "component")
    size = float(abs(plain).max())
    distance = [np.linalg.norm(p.values - p.values[0, 0, 0], axis=-1) for p in (plain, changed)]
    np.testing.assert_allclose(*distance, atol=1e-3 * size, rtol=1e-2)


def test_methods_can_be_chosen_and_are_scored_alike():
    compared = compare_embeddings(SMOOTH, algorithms=("Isomap", "diffusion map"), progress=False)
    assert compared.algorithm.values.tolist() == ["Isomap", "diffusion map"]
    assert (compared.preserved_fraction > compared.chance_fraction).all()
    again = embed(SMOOTH, "Isomap", progress=False)
    np.testing.assert_allclose(compared.embedding.sel(algorithm="Isomap"), again)


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match="algorithm must be one of"):
        embed(SMOOTH, "UMAP")
    with pytest.raises(ValueError, match="algorithms must be a tuple"):
        compare_embeddings(SMOOTH, algorithms=["PCA"])
