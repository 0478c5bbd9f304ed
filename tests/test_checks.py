"""Each error names the argument, what came and what is allowed."""

import re

import numpy as np
import pytest

from relaylib.core.checks import (
    check_choice,
    check_finite,
    check_integer,
    check_symbols,
    check_weights,
)


def test_good_values_pass_and_come_back():
    check_choice("value", "a", ("a", "b"))
    check_integer("n", np.int64(3), 1, 3)
    assert check_finite("x", [[1, 2.5]], (None, 2)).tolist() == [[1, 2.5]]
    assert check_finite("x", 0.5, ()) == 0.5
    assert check_weights([1, 3], 2).tolist() == [0.25, 0.75]
    assert check_weights(None, 4).tolist() == [0.25] * 4


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float32, np.float64])
def test_symbols_are_whole_numbers_of_any_type(dtype):
    symbols = check_symbols("x", np.array([0, 1, 1], dtype), (3,))
    assert symbols.dtype == np.int64
    assert symbols.tolist() == [0, 1, 1]


def test_symbols_are_not_copied_where_not_asked():
    states = np.zeros((2, 3), np.uint8)
    assert check_symbols("states", states, (None, 3), widen=False) is states


NAN_AT_1 = np.array([0.0, np.nan, np.inf])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_choice("m", "c", ("a", "b")), ValueError, "m must be one of 'a', 'b'; got"),
        (lambda: check_integer("n", 2.0, 1), TypeError, "n must be a whole number, got 2.0"),
        (lambda: check_integer("n", True, 0), TypeError, "n must be a whole number, got True"),
        (lambda: check_integer("n", None, 0), TypeError, "n must be a whole number, got None"),
        (lambda: check_integer("n", 0, 1), ValueError, "n must be >= 1, got 0"),
        (lambda: check_integer("n", 4, 1, 3), ValueError, "n must be in 1..3, got 4"),
        (lambda: check_finite("x", [1.0], (2,)), ValueError, "x must have shape (2), got (1,)"),
        (lambda: check_finite("x", 1.0, (None,)), ValueError, "x must have shape (any), got ()"),
        (lambda: check_finite("x", [], (None,)), ValueError, "x must not be empty"),
        (lambda: check_finite("x", NAN_AT_1, (3,)), ValueError, "entry (1,) and 1 others"),
        (lambda: check_finite("x", ["a"], (1,)), TypeError, "x must hold real numbers"),
        (lambda: check_finite("x", None, ()), TypeError, "x must hold real numbers"),
        (lambda: check_finite("x", [1j], (1,)), TypeError, "x must hold real numbers"),
        (lambda: check_symbols("x", [0.5], (1,)), TypeError, "such as 0.5; turn activations"),
        (lambda: check_symbols("x", ["a"], (1,)), TypeError, "x must hold real numbers"),
        (lambda: check_symbols("x", [np.nan], (1,)), ValueError, "x must be finite"),
        (lambda: check_symbols("x", [[1]], (1,)), ValueError, "x must have shape (1)"),
        (lambda: check_weights([1, -1], 2), ValueError, "weights must not be negative, got -1"),
        (lambda: check_weights([0, 0], 2), ValueError, "weights must sum to something positive"),
        (lambda: check_weights([1], 2), ValueError, "weights must have shape (2), got (1,)"),
        (lambda: check_weights([np.nan, 1], 2), ValueError, "weights must be finite"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
