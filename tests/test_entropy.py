"""Plug-in entropy and mutual information: known values, invariants, dit as a second route."""

import tracemalloc

import dit
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from relaylib.information.entropy import (
    conditional_mutual_information,
    entropy,
    mutual_information,
    row_labels,
)

COIN = np.array([0, 1, 0, 1])
OTHER = np.array([0, 0, 1, 1])
XOR = COIN ^ OTHER
UNTIMED = settings(deadline=None, max_examples=50)


@st.composite
def tables(draw, n_columns=3):
    n_sequences = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.integers(0, draw(st.integers(1, 5)), (n_sequences, n_columns)), rng


def test_fair_coin_has_one_bit():
    assert entropy(COIN) == 1.0


def test_constant_has_no_entropy():
    assert entropy(np.zeros(5, int)) == 0.0
    assert not np.signbit(entropy(np.zeros(5, int)))


@pytest.mark.parametrize("size", [1e308, 1e-310])
def test_weights_may_have_any_size(size):
    assert entropy(COIN, weights=[size] * 4) == 1.0


def test_no_columns_have_no_entropy():
    assert entropy(np.empty((4, 0), int)) == 0.0


def test_columns_are_counted_as_rows():
    assert entropy(np.column_stack([COIN, OTHER])) == 2.0


def test_symbols_that_a_radix_of_two_would_merge_stay_apart():
    rows = np.array([[0, 2], [1, 0]])  # both 2 if packed as 2 * first + second
    assert entropy(rows) == 1.0


def test_weights_are_probabilities():
    assert entropy([0, 1, 2], weights=[2, 1, 1]) == 1.5


def test_copy_shares_one_bit_and_independent_coins_none():
    assert mutual_information(COIN, 1 - COIN) == 1.0
    assert mutual_information(COIN, OTHER) == 0.0


def test_xor_is_informative_only_given_the_other_coin():
    assert mutual_information(COIN, XOR) == 0.0
    assert conditional_mutual_information(COIN, XOR, OTHER) == 1.0


def test_sequences_of_weight_zero_do_not_count():
    assert mutual_information([0, 1, 0], [0, 1, 1], weights=[1, 1, 0]) == 1.0


@UNTIMED
@given(tables())
def test_conditional_information_equals_four_entropies(table):
    rows, rng = table
    w = rng.random(len(rows)) + 0.01
    x, y, z = rows.T
    by_entropies = (
        entropy(rows[:, [0, 2]], weights=w)
        + entropy(rows[:, [1, 2]], weights=w)
        - entropy(z, weights=w)
        - entropy(rows, weights=w)
    )
    bits = conditional_mutual_information(x, y, z, weights=w)
    assert bits == pytest.approx(by_entropies, abs=1e-12)
    assert bits >= -1e-12
    assert bits == pytest.approx(conditional_mutual_information(y, x, z, weights=w), abs=1e-12)


@UNTIMED
@given(tables())
def test_constant_given_the_rest_adds_exactly_nothing(table):
    """Not a rounding error: information that is 0 must tie with information that is 0."""
    rows, rng = table
    x, z = rows[:, 0], rows
    for weights in (None, rng.random(len(rows)) + 0.01):
        assert (
            conditional_mutual_information(x, rng.integers(0, 5, len(x)), z, weights=weights) == 0
        )
        assert (
            conditional_mutual_information(rng.integers(0, 5, len(x)), x, z, weights=weights) == 0
        )


@UNTIMED
@given(tables(n_columns=4))
def test_rows_have_the_same_label_where_they_are_equal(table):
    rows, rng = table
    rows = rows * rng.choice([1, -3, 10**12], 4) + rng.choice([0, -(2**62)], 4)
    labels = row_labels(rows)
    assert ((rows[:, None] == rows).all(axis=2) == (labels[:, None] == labels)).all()
    assert 0 <= labels.min() <= labels.max() < 4 * len(rows)


def test_memory_does_not_grow_with_the_product_of_alphabets():
    """A table of all (x, y, z) of 2,000 symbols each would take 60 GiB."""
    x = np.random.default_rng(0).permutation(2000)
    tracemalloc.start()
    assert conditional_mutual_information(x, x, 2**40 * (x % 1000)) == 1.0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_labelled_symbols_may_be_in_any_order_of_dimensions():
    rows = xr.DataArray(np.column_stack([COIN, OTHER, COIN]), dims=("sequence", "node"))
    assert entropy(rows.T) == entropy(rows) == 2.0
    assert mutual_information(rows.T, rows[:, 1]) == 1.0


@UNTIMED
@given(tables())
def test_weights_equal_repeated_sequences(table):
    rows, rng = table
    times = rng.integers(1, 4, len(rows))
    assert entropy(rows, weights=times) == pytest.approx(entropy(np.repeat(rows, times, axis=0)))


@pytest.mark.parametrize("seed", range(5))
def test_dit_agrees(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, (20, 3))
    outcomes, counts = np.unique(rows, axis=0, return_counts=True)
    names = ["".join(map(str, row)) for row in outcomes]
    distribution = dit.Distribution(names, counts / 20)
    assert entropy(rows) == pytest.approx(dit.shannon.entropy(distribution))
    assert conditional_mutual_information(*rows.T) == pytest.approx(
        dit.multivariate.coinformation(distribution, [[0], [1]], [2])
    )


@pytest.mark.parametrize(
    ("values", "weights", "error", "message"),
    [
        ([0.5, 1.0], None, TypeError, "symbols must hold discrete symbols"),
        ([], None, ValueError, "symbols must not be empty"),
        ([0, 1], [1, -1], ValueError, "weights must not be negative"),
        ([0, 1], [0, 0], ValueError, "weights must sum to something positive"),
        ([0, 1], [1], ValueError, r"weights must have shape \(2\), got \(1,\)"),
        ([0, np.nan], None, ValueError, "symbols must be finite"),
        (np.empty((0, 0), int), None, ValueError, "symbols must not be empty"),
        (np.ma.masked_array([0, 1], [0, 1]), None, TypeError, "symbols must not be masked"),
        ([0, 1], np.ma.masked_array([0, 1], [0, 1]), TypeError, "weights must not be masked"),
    ],
)
def test_bad_input_is_named(values, weights, error, message):
    with pytest.raises(error, match=message):
        entropy(values, weights=weights)


def test_unequal_lengths_are_named():
    with pytest.raises(ValueError, match="y must have shape"):
        mutual_information([0, 1], [0, 1, 1])
