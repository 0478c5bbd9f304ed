"""What a figure shows, as a tidy table: a row per network, step or node, and named columns."""

from weakref import WeakKeyDictionary

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

_COLUMNS = {
    "replicate": "network",
    "time": "step",
    "regime": "delay_in_training",
    "test_delay": "test_delay_steps",
    "n_knocked_out": "nodes_knocked_out",
    "set_size": "nodes_in_set",
    "lag": "lag_steps",
}
"""Dimensions whose columns have other names."""
_LABELS = {"task", "architecture", "replicate", "time", "concept_name", "memory_content"}
"""Coordinates that are columns even where they are no dimension."""
_tables: WeakKeyDictionary[Figure, pd.DataFrame] = WeakKeyDictionary()


def tidy(**quantities: xr.DataArray) -> pd.DataFrame:
    """Return labelled arrays as one table: the dimensions, then a column per quantity.

    Parameters
    ----------
    quantities
        Arrays by the name of their column, which ends in its unit where it has one
        (``information_bits``, ``accuracy_fraction``).

    Returns
    -------
    Table with a row for each combination of labels; those without any value are left out. Concepts
    have their names, networks count from 0.
    """
    labelled = {name: _with_labels(values) for name, values in quantities.items()}
    frame = xr.Dataset(labelled).to_dataframe().reset_index()
    if "concept_name" in frame:
        frame["concept"] = frame.pop("concept_name")
    frame = frame.dropna(subset=list(quantities), how="all").rename(columns=_COLUMNS)
    labels = [name for name in frame if name not in quantities]
    return frame[[*labels, *quantities]].reset_index(drop=True)


def keep_table(figure: Figure, *tables: pd.DataFrame) -> None:
    """Keep what a figure shows, for `table_of`; several tables one below the other."""
    _tables[figure] = pd.concat(tables, ignore_index=True).convert_dtypes()


def table_of(figure: Figure) -> pd.DataFrame:
    """Return the table of what a figure shows.

    Raises
    ------
    TypeError
        If ``figure`` is not a matplotlib Figure.
    ValueError
        If no table was kept for it (`keep_table`).
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure must be a matplotlib Figure, got {type(figure).__name__}")
    if figure not in _tables:
        raise ValueError("figure must be drawn by a function of relaylib.figures, or keep a table")
    return _tables[figure].copy()


def _with_labels(values: xr.DataArray) -> xr.DataArray:
    """Return values without coordinates that are neither dimensions nor labels."""
    kept = {*map(str, values.dims), *_LABELS}
    return values.drop_vars([name for name in values.coords if name not in kept])
