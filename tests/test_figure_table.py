"""The table of what a figure shows."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from relaylib.figures.table import keep_table, table_of, tidy


@pytest.fixture
def figure():
    made = plt.figure()
    yield made
    plt.close(made)


def bits():
    coords = {"time": [10, 11], "concept": [1, 2], "replicate": [0]}
    values = [[[0.5], [np.nan]], [[0.25], [1.0]]]
    array = xr.DataArray(values, coords, dims=("time", "concept", "replicate"))
    names = ("concept", ["A", "B"])
    return array.assign_coords(concept_name=names, input_end=10, task="memory")


def test_a_table_has_a_row_per_value_and_names_concepts_steps_and_networks():
    table = tidy(information_bits=bits())
    assert table.to_dict("list") == {
        "step": [10, 11, 11],
        "network": [0, 0, 0],
        "task": ["memory"] * 3,
        "concept": ["A", "A", "B"],
        "information_bits": [0.5, 0.25, 1.0],
    }


def test_quantities_of_fewer_dimensions_are_repeated():
    table = tidy(information_bits=bits(), mean_bits=bits().mean("concept"))
    assert list(table.mean_bits) == [0.5, 0.5, 0.625, 0.625]
    assert list(table.information_bits.isna()) == [False, True, False, False]


def test_a_figure_keeps_several_tables_with_whole_numbers(figure):
    first, second = tidy(information_bits=bits()), pd.DataFrame({"size": [3], "seconds": [0.5]})
    keep_table(figure, first, second)
    kept = table_of(figure)
    assert len(kept) == 4
    assert kept["size"].iloc[-1] == 3
    assert kept.dtypes["step"] == "Int64"
    kept["size"] = 0
    assert table_of(figure)["size"].iloc[-1] == 3


def test_a_figure_without_a_table_raises_an_error(figure):
    with pytest.raises(ValueError, match=r"figure must be drawn by a function of relaylib.figures"):
        table_of(figure)


def test_another_type_raises_an_error():
    with pytest.raises(TypeError, match="figure must be a matplotlib Figure, got list"):
        table_of([])
