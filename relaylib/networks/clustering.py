"""Exact k-means of numbers on a line, many rows at once."""

import numpy as np

from relaylib.core.jit import cached_njit


@cached_njit(error_model="numpy")
def kmeans_rows(rows, levels, tolerance):
    """Cluster each row into at most ``levels`` groups with the least sum of squares.

    Exact, by dynamic programming over the sorted values. Values closer to each other than
    ``tolerance`` count as equal and are never parted: float rounding is not structure.

    Parameters
    ----------
    rows
        float64 (row, value).
    levels
        Number of groups, at least 1; fewer where a row has fewer distinct values.
    tolerance
        Smallest gap at which two neighbours may be parted. A row that spreads less is one group.

    Returns
    -------
    uint8 (row, value): 0, 1, ... from the lowest group up.
    """
    n_rows, n = rows.shape
    symbols = np.zeros((n_rows, n), np.uint8)
    for row in range(n_rows):
        order = np.argsort(rows[row])
        x = rows[row][order]
        if x[-1] - x[0] < tolerance:
            continue
        x = x - x.mean()
        total, squares = np.zeros(n + 1), np.zeros(n + 1)
        for i in range(n):
            total[i + 1] = total[i] + x[i]
            squares[i + 1] = squares[i] + x[i] * x[i]
        cost = squares[1:] - total[1:] ** 2 / np.arange(1, n + 1)  # of values 0..i as one group
        start = np.zeros((levels, n), np.int64)  # where the last of 1 + level groups starts
        used = 0
        for level in range(1, levels):
            after = cost.copy()
            for last in range(n - 1 if level == levels - 1 else 1, n):
                for first in range(1, last + 1):
                    if x[first] - x[first - 1] >= tolerance:
                        spread = squares[last + 1] - squares[first]
                        spread -= (total[last + 1] - total[first]) ** 2 / (last + 1 - first)
                        if cost[first - 1] + spread < after[last]:
                            after[last] = cost[first - 1] + spread
                            start[level, last] = first
            cost = after
            used = level
        last, level = n - 1, used
        bounds = np.zeros(levels, np.int64)
        while level > 0:
            bounds[level] = start[level, last]
            if bounds[level] > 0:
                last = bounds[level] - 1
            level -= 1
        symbol = 0
        for i in range(n):
            for level in range(1, levels):
                if bounds[level] == i and i > 0:
                    symbol += 1
            symbols[row, order[i]] = symbol
    return symbols
