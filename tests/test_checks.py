"""Each error names the argument, what came and what is allowed."""

import re

import numpy as np
import pytest
import xarray as xr

from relaylib.core.checks import (
    check_choice,
    check_dims,
    check_finite,
    check_floats,
    check_integer,
    check_number,
    check_rng,
    check_symbols,
    check_weights,
    select,
)


def test_valid_values_are_returned():
    assert check_choice("value", "a", ("a", "b")) == "a"
    n = check_integer("n", np.uint8(3), 1, 3)
    assert (n, type(n)) == (3, int)
    rng = np.random.default_rng(0)
    assert check_rng(rng) is rng
    assert check_finite("x", [[1, 2.5]], (None, 2)).tolist() == [[1, 2.5]]
    assert check_finite("x", 0.5, ()) == 0.5
    assert check_weights([1, 3], 2).tolist() == [0.25, 0.75]
    assert check_weights(None, 4).tolist() == [0.25] * 4
    assert check_finite("x", np.ones((5, 4, 3)), (..., 4, None)).shape == (5, 4, 3)


def test_a_number_is_in_its_range_and_comes_back_as_float():
    for value in (0.5, np.float32(0.5), np.array(0.5)):
        found = check_number("x", value, 0, 1)
        assert (found, type(found)) == (0.5, float)
    assert check_number("x", 1, 0, 1) == 1
    assert check_number("x", 0, 0) == 0
    for value, limits, above, message in (
        (1.5, (0, 1), False, "x must be in [0, 1], got 1.5"),
        (0, (0, 1), True, "x must be in (0, 1], got 0"),
        (-1, (0,), False, "x must be >= 0, got -1"),
        (0, (0,), True, "x must be > 0, got 0"),
        (np.inf, (0,), False, "x must be finite"),
        (np.nan, (0, 1), False, "x must be finite"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            check_number("x", value, *limits, above=above)


def test_floats_are_of_moderate_size_and_nan_only_where_allowed():
    assert check_floats("x", [True, False], (2,)).tolist() == [1, 0]
    values = check_floats("x", np.array([1, np.nan], np.float32), (2,), allow_nan=True)
    assert values.dtype == float
    assert np.isnan(values[1])
    for bad, message in (([1, np.nan], "finite"), ([-1e15], "x must be below 1e"), ([], "empty")):
        with pytest.raises(ValueError, match=message):
            check_floats("x", bad, (None,))
    with pytest.raises(ValueError, match="finite"):
        check_floats("x", [np.inf], (1,), allow_nan=True)


def test_dimensions_are_checked_by_name():
    check_dims("x", xr.DataArray(np.ones((1, 1)), dims=("node", "time")), ("time",))
    with pytest.raises(ValueError, match=r"x must have dimensions .* missing \['time'\]"):
        check_dims("x", xr.DataArray(np.ones(1), dims="node"), ("node", "time"))
    with pytest.raises(TypeError, match="x must be labelled"):
        check_dims("x", np.ones(1), ("node",))


@pytest.mark.parametrize("size", [1e308, 5e-324, 1e-310])
def test_weights_of_any_size_sum_to_one(size):
    assert check_weights([size] * 4, 4).tolist() == [0.25] * 4


def test_usual_weights_are_divided_by_their_sum_bit_for_bit():
    weights = np.random.default_rng(0).random(1000) * 1e5
    assert (check_weights(weights, 1000) == weights / weights.sum()).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float32, np.float64])
def test_symbols_are_whole_numbers_of_any_type(dtype):
    symbols = check_symbols("x", np.array([0, 1, 1], dtype), (3,))
    assert symbols.dtype == np.int64
    assert symbols.tolist() == [0, 1, 1]


def test_symbols_are_not_copied_where_not_asked():
    states = np.zeros((2, 3), np.uint8)
    assert check_symbols("states", states, (None, 3), widen=False) is states


MASKED = np.ma.masked_array([0, 1], [False, True])
NAN_AT_1 = np.array([0.0, np.nan, np.inf])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_choice("m", "c", ("a", "b")), ValueError, "m must be one of 'a', 'b'; got"),
        (lambda: check_choice("m", np.arange(2), (0, 1)), ValueError, "m must be one of 0, 1; got"),
        (
            lambda: check_choice("m", ["a"], ("a", "b")),
            ValueError,
            "m must be one of 'a', 'b'; got",
        ),
        (lambda: check_integer("n", "2", 1), TypeError, "n must be a whole number, got '2'"),
        (lambda: check_rng(42), TypeError, "rng must be a numpy.random.Generator, got 42"),
        (lambda: check_rng(None), TypeError, "rng must be a numpy.random.Generator, got None"),
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
        (lambda: check_finite("x", MASKED, (2,)), TypeError, "x must not be masked"),
        (
            lambda: check_finite("x", [[1], [1, 2]], (2,)),
            TypeError,
            "x must be an array of numbers",
        ),
        (lambda: check_finite("x", [1], (..., 2, 1)), ValueError, "shape (..., 2, 1), got (1,)"),
        (
            lambda: check_finite("x", [[1]], (..., 2, 1)),
            ValueError,
            "shape (..., 2, 1), got (1, 1)",
        ),
        (lambda: check_symbols("x", MASKED, (2,)), TypeError, "x must not be masked"),
        (lambda: check_symbols("x", [1e300], (1,)), ValueError, "x must hold symbols below 2**63"),
        (lambda: check_symbols("x", [0.5], (1,)), TypeError, "such as 0.5; turn activations"),
        (lambda: check_symbols("x", ["a"], (1,)), TypeError, "x must hold real numbers"),
        (lambda: check_symbols("x", [np.nan], (1,)), ValueError, "x must be finite"),
        (lambda: check_symbols("x", [[1]], (1,)), ValueError, "x must have shape (1)"),
        (lambda: check_weights([1, -1], 2), ValueError, "weights must not be negative, got -1"),
        (lambda: check_weights([0, 0], 2), ValueError, "weights must sum to something positive"),
        (lambda: check_weights(MASKED, 2), TypeError, "weights must not be masked"),
        (lambda: check_weights([1], 2), ValueError, "weights must have shape (2), got (1,)"),
        (lambda: check_weights([np.nan, 1], 2), ValueError, "weights must be finite"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


BITS = xr.DataArray(
    np.arange(8.0).reshape(2, 2, 2),
    {
        "task": ["memory", "block"],
        "time": [10, 11],
        "concept_name": (("task", "concept"), [["A", "B"], ["size", "shape"]]),
    },
    ("task", "time", "concept"),
)


@pytest.mark.parametrize("data", [BITS, BITS.to_dataset(name="bits")])
class TestSelect:
    def test_selects_as_xarray_does(self, data):
        assert select(data, time=10).identical(data.sel(time=10))
        assert select(data, time=[11, 10]).identical(data.sel(time=[11, 10]))

    @pytest.mark.parametrize("labels", [("task", "concept"), ("concept", "task")])
    def test_concepts_have_their_names_once_the_task_is_known(self, data, labels):
        known = {"task": "block", "concept": "shape"}
        chosen = select(data, **{name: known[name] for name in labels})
        assert chosen.drop_vars("concept").identical(data.isel(task=1, concept=1))
        assert chosen.concept == chosen.concept_name == "shape"
        block = select(data, task="block")
        assert block.concept.values.tolist() == block.concept_name.values.tolist()

    def test_concepts_are_numbers_while_tasks_differ(self, data):
        assert select(data, time=10, concept=1).identical(data.isel(time=0).sel(concept=1))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"task": "Memory"}, "task must be one of 'memory', 'block'; got 'Memory'"),
        ({"task": "block", "time": 12}, "time must be one of 10, 11; got 12"),
        ({"time": [10, 12]}, "time must be one of 10, 11; got 12"),
        ({"task": "block", "concept": "A"}, "concept must be one of 'size', 'shape'; got 'A'"),
        ({"concept": "A"}, "concept must be one of 0, 1; got 'A'"),
        ({"epoch": 3}, r"data must have dimension epoch, got \('task', 'time', 'concept'\)"),
    ],
)
def test_unknown_label_is_refused_with_those_there_are(labels, message):
    with pytest.raises(ValueError, match=message):
        select(BITS, **labels)
