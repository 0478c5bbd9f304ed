"""Smearing: known matrices, invariants, and scikit-learn's 2-means as a second route."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from relaylib.measures.smearing import smearing

matrices = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).random((3, 12)))


def test_one_node_per_concept_is_not_smeared():
    result = smearing(np.eye(3, 12))
    assert result.nodes_per_concept.tolist() == [1, 1, 1]
    assert result.concepts_per_node.tolist() == [1] * 3 + [0] * 9


def test_two_nodes_that_carry_all_concepts():
    bits = np.full((3, 12), 0.02)
    bits[:, [4, 9]] = 0.9
    result = smearing(bits)
    assert result.nodes_per_concept.tolist() == [2, 2, 2]
    assert np.flatnonzero(result.concepts_per_node == 3).tolist() == [4, 9]


def test_the_threshold_is_shared_by_the_concepts_of_a_network():
    bits = np.zeros((2, 4))
    bits[0, :2] = 1.0
    bits[1, :2] = 0.1
    assert smearing(bits).nodes_per_concept.tolist() == [2, 0]


@pytest.mark.parametrize(("value", "carrying"), [(0.0, 0), (1.0, 12), (-1.0, 0)])
def test_equal_values_carry_if_they_are_positive(value, carrying):
    assert (smearing(np.full((3, 12), value)).nodes_per_concept == carrying).all()


@given(bits=matrices)
def test_both_sums_count_the_same_pairs(bits):
    result = smearing(bits)
    assert result.nodes_per_concept.sum() == result.concepts_per_node.sum() == result.carries.sum()
    assert bits[result.carries].min() > bits[~result.carries].max()


@given(bits=matrices, order=st.permutations(range(12)))
def test_node_numbers_do_not_matter(bits, order):
    moved = smearing(bits[:, order])
    assert (moved.carries == smearing(bits).carries[:, order]).all()


def test_a_batch_equals_its_networks_one_by_one_and_scikit_learn():
    bits = np.random.default_rng(5).random((2, 4, 3, 12)) ** 3
    together = smearing(bits)
    assert together.carries.shape == bits.shape
    for index in np.ndindex(2, 4):
        assert (together.carries[index] == smearing(bits[index]).carries).all()
        means = KMeans(2, n_init=20, random_state=0).fit(bits[index].reshape(-1, 1))
        upper = means.labels_ == means.cluster_centers_.argmax()
        assert (together.carries[index].ravel() == upper).all()


def test_labelled_matrices_in_any_order_give_labelled_results():
    names = {"concept": ["A", "B"], "node": [1, 2, 3, 4]}
    bits = xr.DataArray([[[0, 1, 0, 0.9], [0, 0, 0, 1.0]]], names, ("network", "concept", "node"))
    result = smearing(bits.transpose("node", "network", "concept"))
    assert result.nodes_per_concept.sel(concept="A", network=0) == 2
    assert result.nodes_per_concept.dims == ("network", "concept")
    assert result.concepts_per_node.sel(network=0).values.tolist() == [0, 1, 0, 2]
    assert result.carries.sel(concept="B", node=4).all()
    for labelled, plain in zip(result, smearing(bits.values), strict=True):
        np.testing.assert_array_equal(labelled, plain)
    with pytest.raises(ValueError, match="information_bits must have dimensions"):
        smearing(bits.rename(node="unit"))


@pytest.mark.parametrize(
    ("bits", "error", "message"),
    [
        (np.zeros(12), ValueError, "information_bits must have shape"),
        (np.full((3, 12), np.nan), ValueError, "finite"),
        (np.full((3, 12), "0.5"), TypeError, "real numbers"),
        (np.ma.masked_less(np.eye(3, 12), 0.5), TypeError, "masked"),
    ],
)
def test_bad_input_is_named(bits, error, message):
    with pytest.raises(error, match=message):
        smearing(bits)
