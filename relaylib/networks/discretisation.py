"""Discretisation: each node's activations become symbols."""

from typing import TypeVar

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_finite, check_integer
from relaylib.core.progress import progress, warn_if_long
from relaylib.core.tolerances import EQUAL_ACTIVATIONS
from relaylib.networks.clustering import kmeans_rows, kmeans_seconds

_BLOCK = 2**19  # activations turned into symbols at a time
DISCRETISERS = ("kmeans", "sign", "median")
Activations = TypeVar("Activations", np.ndarray, xr.DataArray)


def discretise(activations: Activations, *, method: str = "kmeans", levels: int = 2) -> Activations:
    """Turn each node's activations into symbols.

    Parameters
    ----------
    activations
        float (n_sequences, n_nodes), or labelled with dimension ``sequence`` and any others.
    method
        "kmeans": exact one-dimensional k-means per node; "sign": above 0 or not; "median": above
        the node's median or not.
    levels
        Number of symbols with "kmeans", 2..16; the others have 2.

    Returns
    -------
    uint8, shaped (and labelled) as ``activations``: 0, 1, ... from the lowest activations up. A
    node whose activations spread less than 1e-5 has one symbol. "kmeans" never separates
    neighbouring values with a smaller gap; "sign" and "median" have a margin of half of it above
    their threshold.

    Warns
    -----
    LongRunWarning
        If this is expected to take more than ten minutes.

    Raises
    ------
    ValueError, TypeError
        If activations are empty, not finite or not two-dimensional (labelled: have no dimension
        ``sequence``), the method is unknown, or levels is out of range.

    References
    ----------
    2-means is used in the published notebook of Hintze and Adami (2023).
    """
    if not isinstance(activations, xr.DataArray):
        activations = check_finite("activations", activations, (None, None))
        return symbols(np.ascontiguousarray(activations.T), method, levels).T
    if "sequence" not in activations.dims:
        raise ValueError(f"activations must have dimension sequence, got {activations.dims}")
    by_node = activations.transpose(..., "sequence")
    values = check_finite("activations", by_node.data, (..., None))
    found = symbols(values.reshape(-1, values.shape[-1]), method, levels)
    labelled = by_node.copy(data=found.reshape(values.shape)).rename("states")
    return labelled.drop_attrs(deep=False).transpose(*activations.dims)


def symbols(rows: np.ndarray, method: str, levels: int) -> np.ndarray:
    """Return the symbols of many nodes, (row, sequence) -> uint8 of the same shape."""
    check_choice("method", method, DISCRETISERS)
    levels = check_integer("levels", levels, 2, 16)
    if method == "kmeans":
        warn_if_long("k-means", kmeans_seconds(rows.shape, levels), "fewer levels are faster")
    found = np.empty(rows.shape, np.uint8)
    height = max(1, _BLOCK // rows.shape[1])
    with progress(total=len(rows), desc="symbols", unit="node") as bar:
        for start in range(0, len(rows), height):
            block = slice(start, start + height)
            found[block] = _block_symbols(rows[block], method, levels)
            bar.update(len(rows[block]))
    return found


def _block_symbols(rows: np.ndarray, method: str, levels: int) -> np.ndarray:
    if method == "kmeans":
        exact = rows if rows.dtype == np.float32 else rows.astype(np.float64)
        return kmeans_rows(exact, levels, EQUAL_ACTIVATIONS)
    rows = rows.astype(np.float64) / 2  # exact, and no sum or difference of two values can overflow
    threshold = np.median(rows, axis=1, keepdims=True) if method == "median" else 0.0
    varies = np.ptp(rows, axis=1, keepdims=True) >= EQUAL_ACTIVATIONS / 2
    return ((rows > threshold + EQUAL_ACTIVATIONS / 4) & varies).astype(np.uint8)
