"""A random stream depends on what it is for, and on nothing else."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from relaylib.core.seeds import random_orders, stream

KEY = ("initialise", "memory", "RNN", "random", 3, 1)
keys = st.lists(st.one_of(st.text(max_size=5), st.integers(0, 99)), max_size=4).map(tuple)


def test_same_key_same_stream_whatever_was_drawn_before():
    before = stream(2025, *KEY).random(5)
    stream(2025, "delays").random(100)
    assert (stream(2025, *KEY).random(5) == before).all()


@given(keys, keys)
def test_other_key_other_stream(a, b):
    same = (stream(1, *a).random(4) == stream(1, *b).random(4)).all()
    assert same == (a == b)


def test_other_seed_other_stream():
    assert (stream(1, *KEY).random(4) != stream(2, *KEY).random(4)).all()


def test_whole_numbers_of_numpy_and_python_are_one():
    assert (stream(1, np.int64(3)).random(4) == stream(np.int64(1), 3).random(4)).all()


@pytest.mark.parametrize("number", [2**32, 2**32 + 3, 2**64, 2**200])
def test_large_numbers_in_a_key_have_streams_of_their_own(number):
    """NumPy would split them into words of 32 bits, and merge 2**32 with the two keys 0, 1."""
    words = []
    rest = number
    while rest:
        words.append(rest % 2**32)
        rest >>= 32
    drawn = [
        stream(1, *key).random() for key in ((number,), (*words,), (str(number),), (number + 1,))
    ]
    assert len({*drawn}) == 4


def test_numbers_of_32_bits_keep_their_streams():
    assert stream(2025, 2**32 - 1, 0).integers(2**63) == 3050782009797665097
    assert stream(2025, *KEY[:2], 3, 0).integers(2**63) == 1428263732778714734


def test_random_orders_are_permutations():
    orders = random_orders(5, 7, rng=np.random.default_rng(0))
    assert np.sort(orders).tolist() == [list(range(7))] * 5
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got 0 \(int\)"):
        random_orders(5, 7, rng=0)


def test_global_generators_are_untouched():
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    torch_state, python_state = torch.random.get_rng_state(), random.getstate()
    stream(2025, *KEY).random(10)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert random.getstate() == python_state


@pytest.mark.parametrize(
    ("seed", "key", "error", "message"),
    [
        (-1, (), ValueError, "seed must be in 0.*, got -1"),
        (2**128, (), ValueError, "seed must be in 0..340282366920938463463374607431768211455"),
        (1.5, (), TypeError, "seed must be a whole number, got 1.5"),
        ("2025", (), TypeError, "seed must be a whole number, got '2025'"),
        (1, (-2,), ValueError, "key must be >= 0, got -2"),
        (1, (0.5,), TypeError, "key must be a whole number, got 0.5"),
        (1, (True,), TypeError, "key must be a whole number, got True"),
    ],
)
def test_bad_input_is_named(seed, key, error, message):
    with pytest.raises(error, match=message):
        stream(seed, *key)
