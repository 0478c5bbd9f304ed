"""Plug-in entropy and mutual information of discrete symbols, in bits.

Probabilities are the (weighted) relative frequencies of distinct rows of symbols.
"""

from collections.abc import Callable

import numpy as np
import xarray as xr

from relaylib.core.checks import as_array, check_symbols, check_weights

_CELLS_PER_SEQUENCE = 4  # of a table of counts; beyond, labels are renumbered without gaps


def entropy(symbols: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Plug-in Shannon entropy H(symbols) in bits.

    Parameters
    ----------
    symbols
        Discrete symbols, (n_sequences,) or (n_sequences, n_columns); a row is one joint symbol.
        No columns at all: 0 bits. A DataArray may have its dimension ``sequence`` in any place.
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.

    Returns
    -------
    float
        The sum of -p log2 p over all distinct rows, with p the relative weight of a row.

    Raises
    ------
    TypeError
        If symbols are not whole numbers.
    ValueError
        On an empty array, a wrong shape, or weights that are negative or sum to nothing.

    References
    ----------
    Cover and Thomas, Elements of Information Theory, chapter 2.
    """
    rows = check_columns("symbols", symbols)
    weights = check_weights(weights, len(rows))
    counted = weights > 0
    labels, weights = row_labels(rows[counted]), weights[counted]
    p = np.bincount(labels, weights)[labels]
    return max(0.0, -float(weights @ np.log2(p)))


def mutual_information(x: np.ndarray, y: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Plug-in mutual information I(x; y) in bits. Arguments and errors as in `entropy`."""
    x = check_columns("x", x)
    return conditional_mutual_information(x, y, x[:, :0], weights=weights)


def conditional_mutual_information(
    x: np.ndarray, y: np.ndarray, given: np.ndarray, *, weights: np.ndarray | None = None
) -> float:
    """Plug-in conditional mutual information I(x; y | given) in bits, as in `conditional_bits`.

    Arguments and errors as in `entropy`. If ``given`` has no columns, this is I(x; y).

    References
    ----------
    Cover and Thomas, Elements of Information Theory, equation 2.61.
    """
    x = check_columns("x", x)
    columns = [x, check_columns("y", y, len(x)), check_columns("given", given, len(x))]
    if weights is not None:
        weights = check_weights(weights, len(x))
        columns = [rows[weights > 0] for rows in columns]
        weights = weights[weights > 0]
    x, y, z = map(row_labels, columns)
    return conditional_bits(x, y, z, weights)


def conditional_bits(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    weights: np.ndarray | None = None,
    log2: Callable[[np.ndarray], np.ndarray] = np.log2,
) -> float:
    """I(x; y | z) of labels: the mean over sequences of `pointwise_bits`, with its arguments."""
    bits = pointwise_bits(x, y, z, weights, log2)
    return float(bits.mean() if weights is None else weights @ bits)


def pointwise_bits(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    weights: np.ndarray | None = None,
    log2: Callable[[np.ndarray], np.ndarray] = np.log2,
) -> np.ndarray:
    """log2 n(z) n(x,y,z) / (n(x,z) n(y,z)) of labels, in each sequence.

    A value of z under which x or y is constant adds exactly 0: there two of the four counts n
    equal the other two.

    x, y, z are from `row_labels`; with ``weights`` (positive, their sum 1), n is a sum of weights.
    ``log2`` is the logarithm of counts, or what replaces it for a sample.
    """

    def log2_count(labels: np.ndarray) -> np.ndarray:
        counts = np.bincount(labels, weights)
        occupied = counts > 0
        logarithms = np.zeros(len(counts))
        logarithms[occupied] = log2(counts[occupied])
        return logarithms[labels]

    xz, yz = _joint_labels(z, x), _joint_labels(z, y)
    xyz = _joint_labels(xz, y)
    return (log2_count(z) - log2_count(xz)) + (log2_count(xyz) - log2_count(yz))


def row_labels(rows: np.ndarray) -> np.ndarray:
    """Return a label from 0 of each row, (n_sequences,): the same label for equal rows alone.

    Labels may leave gaps, but none is larger than a few times the number of rows. They are
    built column by column: sorting whole rows takes 30 times longer.
    """
    start = np.zeros(len(rows), dtype=np.int64)
    return _joint_labels(start, *map(_column_labels, rows.T))


def check_columns(name: str, values: np.ndarray, n_sequences: int | None = None) -> np.ndarray:
    """Return symbols as (n_sequences, n_columns) integers; one dimension is one column.

    Unlike `check_symbols` this allows zero columns: the empty set of nodes.
    """
    if isinstance(values, xr.DataArray) and "sequence" in values.dims:
        values = values.transpose("sequence", ...).values
    array = as_array(name, values)
    if array.ndim == 2 and array.shape[1] == 0 and 0 < len(array) == (n_sequences or len(array)):
        return array.astype(np.int64)
    return check_symbols(name, array[:, None] if array.ndim == 1 else array, (n_sequences, None))


def _column_labels(column: np.ndarray) -> np.ndarray:
    low, high = int(column.min()), int(column.max())
    if high - low < _CELLS_PER_SEQUENCE * len(column):
        return column - low
    return np.unique(column, return_inverse=True)[1]


def _joint_labels(labels: np.ndarray, *others: np.ndarray) -> np.ndarray:
    for other in others:
        labels = _column_labels(labels * (int(other.max()) + 1) + other)
    return labels
