"""Plug-in entropy and mutual information of discrete symbols, in bits.

Probabilities are the (weighted) relative frequencies of distinct rows. Rows are told apart by
`numpy.unique`, never by packing symbols into one number with a guessed radix, which merges rows.
"""

import numpy as np

from relaylib.core.checks import check_symbols, check_weights


def entropy(symbols: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Plug-in Shannon entropy H(symbols) in bits.

    Parameters
    ----------
    symbols
        Discrete symbols, (n_sequences,) or (n_sequences, n_columns); a row is one joint symbol.
        No columns at all: 0 bits.
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.

    Returns
    -------
    float
        - sum p log2 p, with p the relative weight of each distinct row.

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
    columns, weights = _columns_and_weights({"symbols": symbols}, weights)
    p = row_probability(columns[0], weights)
    return float(-(weights @ np.log2(p)))


def mutual_information(x: np.ndarray, y: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Plug-in mutual information I(x; y) in bits. Arguments and errors as in `entropy`."""
    nothing = np.empty((len(np.atleast_1d(x)), 0), dtype=int)
    return conditional_mutual_information(x, y, nothing, weights=weights)


def conditional_mutual_information(
    x: np.ndarray, y: np.ndarray, given: np.ndarray, *, weights: np.ndarray | None = None
) -> float:
    """Plug-in conditional mutual information I(x; y | given) in bits.

    Parameters
    ----------
    x, y, given
        Discrete symbols, (n_sequences,) or (n_sequences, n_columns); ``given`` may have no
        columns, which makes this the mutual information.
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.

    Returns
    -------
    float
        The mean over sequences of log2 p(z) p(x,y,z) / (p(x,z) p(y,z)), with z = ``given``. A
        value of ``given`` under which x or y is constant adds exactly 0.

    Raises
    ------
    TypeError, ValueError
        As `entropy`.

    References
    ----------
    Cover and Thomas, Elements of Information Theory, equation 2.61.
    """
    named = {"x": x, "y": y, "given": given}
    (x, y, z), weights = _columns_and_weights(named, weights)
    p_z, p_xz, p_yz, p_xyz = (
        row_probability(np.hstack(parts), weights) for parts in ((z,), (x, z), (y, z), (x, y, z))
    )
    return float(weights @ np.log2(p_z * p_xyz / (p_xz * p_yz)))


def row_probability(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability of each sequence's row: the summed weight of all rows equal to it.

    Parameters
    ----------
    rows
        Integer symbols, (n_sequences, n_columns).
    weights
        Weights that sum to 1, (n_sequences,).
    """
    labels = row_labels(rows)
    return np.bincount(labels, weights)[labels]


def row_labels(rows: np.ndarray) -> np.ndarray:
    """Return the number of each row among the distinct rows, (n_sequences,)."""
    if rows.shape[1] == 0:
        return np.zeros(len(rows), dtype=np.int64)
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def check_columns(name: str, values: np.ndarray, n_sequences: int | None = None) -> np.ndarray:
    """Return symbols as (n_sequences, n_columns) integers; one dimension is one column.

    Unlike `check_symbols` this allows zero columns: the empty set of nodes.
    """
    array = np.asarray(values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 2 and array.shape[1] == 0 and len(array) in (n_sequences or len(array),):
        return array.astype(np.int64)
    return check_symbols(name, array, (n_sequences, None))


def _columns_and_weights(
    named: dict[str, np.ndarray], weights: np.ndarray | None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Check all columns and weights, and leave out the sequences of weight 0."""
    first = next(iter(named))
    n_sequences = len(check_columns(first, named[first]))
    columns = [check_columns(name, values, n_sequences) for name, values in named.items()]
    weights = check_weights(weights, n_sequences)
    seen = weights > 0
    return [column[seen] for column in columns], weights[seen]
