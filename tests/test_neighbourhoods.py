"""Neighbourhood preservation: known cases, chance level, ties."""

import numpy as np
import pytest
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.mmphate.graph import z_score
from relaylib.mmphate.neighbourhoods import compare_embeddings, neighbourhood_preservation

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(6, 5, 8, 12))


def test_the_data_preserve_themselves():
    scores = neighbourhood_preservation(DATA, z_score(DATA), k=3)
    assert (scores["preserved_fraction"] == 1).all()


def test_chance_is_k_of_the_others():
    chance = neighbourhood_preservation(DATA, DATA, k=3)["chance_fraction"]
    assert chance.sel(scope="within").values == pytest.approx(3 / 7)
    assert chance.sel(scope="between").values == pytest.approx(3 / 29)


def test_a_random_embedding_is_at_chance_level():
    data = RNG.normal(size=(40, 5, 8, 12))
    scores = neighbourhood_preservation(data, RNG.normal(size=(40, 5, 8, 2)), k=3)
    mean = scores.mean(["epoch", "time", "node"])
    within = mean.sel(scope="within")
    between = mean.sel(scope="between")
    # Mean of 1,600 points: three standard errors are below 0.02 and 0.01.
    assert abs(within["preserved_fraction"] - within["chance_fraction"]) < 0.02
    assert abs(between["preserved_fraction"] - between["chance_fraction"]) < 0.01


def test_within_and_between_are_measured_separately():
    # Every slice is preserved, but the slices are shifted at random.
    place = z_score(DATA) + 100 * RNG.normal(size=(6, 5, 1, 12))
    scores = neighbourhood_preservation(DATA, place, k=3)["preserved_fraction"]
    assert (scores.sel(scope="within") == 1).all()
    assert scores.sel(scope="between").mean() < 0.5


def test_between_compares_a_node_with_itself_in_other_slices():
    place = z_score(DATA)
    place[:, :, 4] = RNG.permuted(place[:, :, 4], axis=0)
    between = neighbourhood_preservation(DATA, place, k=3)["preserved_fraction"].sel(
        scope="between"
    )
    assert (between.mean(["epoch", "time"]).sel(node=5) < 0.5).all()
    assert (between.drop_sel(node=5) == 1).all()


def test_tied_neighbours_all_count_and_raise_the_chance_level():
    patterns = RNG.normal(size=(2, 12))
    data = np.broadcast_to(patterns[[0, 0, 0, 0, 1, 1, 1, 1]], (2, 2, 8, 12))
    place = np.broadcast_to(np.arange(8.0)[:, None], (2, 2, 8, 1))
    scores = neighbourhood_preservation(data, place, k=1).sel(scope="within")
    assert (scores["chance_fraction"] == 3 / 7).all()
    assert (scores["preserved_fraction"].sel(node=[1, 2, 3]) == 1).all()


def test_all_three_methods_are_compared_on_the_same_data():
    mix = np.linspace(0, 1, 6)[:, None, None, None]
    smooth = (1 - mix) * DATA[:1] + mix * DATA[-1:]
    with threadpool_limits(1):  # with few points threads only slow t-SNE down
        compared = compare_embeddings(smooth, k=3, progress=False)
    assert compared["algorithm"].values.tolist() == ["MM-PHATE", "PCA", "t-SNE"]
    for name in compared["algorithm"].values:
        place = compared["embedding"].sel(algorithm=name)
        again = neighbourhood_preservation(smooth, place, k=3)["preserved_fraction"]
        mean = again.mean(["epoch", "time", "node"])
        np.testing.assert_allclose(compared["preserved_fraction"].sel(algorithm=name), mean)
        assert (mean > compared["chance_fraction"]).all()


@pytest.mark.parametrize("k", [0, 8])
def test_k_must_be_less_than_the_number_of_nodes(k):
    with pytest.raises(ValueError, match=r"k must be in 1\.\.7"):
        neighbourhood_preservation(DATA, DATA, k=k)


def test_embedding_of_another_shape_raises_an_error():
    with pytest.raises(ValueError, match="embedding must have shape"):
        neighbourhood_preservation(DATA, DATA[:3])


def test_a_labelled_embedding_is_aligned_by_the_names_of_its_dimensions():
    dims = ("epoch", "time", "node", "component")
    labelled = xr.DataArray(z_score(DATA), dims=dims).transpose(*dims[::-1])
    scores = neighbourhood_preservation(DATA, labelled)
    assert (scores["preserved_fraction"] == 1).all()
    with pytest.raises(ValueError, match="embedding must have dimensions"):
        neighbourhood_preservation(DATA, labelled.rename(component="axis"))
