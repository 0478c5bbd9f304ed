"""Exact k-means of one-dimensional values, many rows at once."""

import numpy as np

from relaylib.core.jit import cached_njit


@cached_njit(error_model="numpy")
def kmeans_rows(rows, levels, tolerance):
    """Cluster each row into at most ``levels`` groups with the least sum of squares.

    Exact, by dynamic programming over the sorted values. The spread of a group is updated value
    by value around its own mean (Welford), so that neither an offset nor a distant group costs
    precision.

    Parameters
    ----------
    rows
        float64 (row, value).
    levels
        Number of groups, at least 1; fewer where a row has fewer distinct values.
    tolerance
        Smallest gap at which two neighbours may be separated; a smaller one counts as rounding. A
        row that spreads less is one group.

    Returns
    -------
    uint8 (row, value): 0, 1, ... from the lowest group up.
    """
    n_rows, n = rows.shape
    symbols = np.zeros((n_rows, n), np.uint8)
    share = 1 / np.arange(1, n + 1)  # of one value in the mean of 1, 2, ... values
    for row in range(n_rows):
        order = np.argsort(rows[row])
        x = rows[row][order]
        if x[-1] - x[0] < tolerance:
            continue
        may_start = np.zeros(n, np.bool_)
        may_start[1:] = x[1:] - x[:-1] >= tolerance
        if x[-1] - x[0] > 1e100:
            x = x * 1e-200  # squares of larger values overflow
        cost = np.zeros(n)  # of the values 0..i in the groups used so far
        mean = x[0]
        for i in range(1, n):
            apart = x[i] - mean
            mean += apart * share[i]
            cost[i] = cost[i - 1] + apart * (x[i] - mean)
        start = np.zeros((levels, n), np.int64)  # where the last of 1 + level groups starts
        for level in range(1, levels):
            after = cost.copy()
            for last in range(n - 1 if level == levels - 1 else 1, n):
                mean, spread = x[last], 0.0
                for first in range(last, 0, -1):  # the group first..last, the others before it
                    apart = x[first] - mean
                    mean += apart * share[last - first]
                    spread += apart * (x[first] - mean)
                    if may_start[first] and cost[first - 1] + spread <= after[last]:
                        after[last] = cost[first - 1] + spread
                        start[level, last] = first
            cost = after
        last = n - 1
        for level in range(levels - 1, 0, -1):
            first = start[level, last]
            if first > 0:
                for i in range(first, n):
                    symbols[row, order[i]] += 1
                last = first - 1
    return symbols
