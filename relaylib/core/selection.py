"""Part of a labelled result, by labels that a reader typed."""

from typing import Any, TypeVar

import xarray as xr

from relaylib.core.checks import check_choice

Labelled = TypeVar("Labelled", xr.Dataset, xr.DataArray)


def select(data: Labelled, **labels: Any) -> Labelled:
    """Return ``data.sel(...)``, with an error that says which labels there are.

    Parameters
    ----------
    data
        With a coordinate of each name.
    labels
        Dimension -> its label, e.g. ``architecture="LSTM"``.

    Raises
    ------
    ValueError
        If a dimension has no such label; the message names the dimension and those it has.
    """
    for name, label in labels.items():
        check_choice(name, label, data[name].values.tolist())
    return data.sel(labels)
