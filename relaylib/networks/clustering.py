"""Exact k-means of one-dimensional values, many rows at once."""

import numba
import numpy as np

from relaylib.core.jit import cached_njit

_LANES = 32  # ends of the last group tried side by side, by the processor's vector units
_TOO_FAR = 1e100  # spread of values beyond which they are made smaller: squares would overflow


_SECONDS_PER_PAIR = 1e-10  # of two values of a row, and per level above two, on one core
_SECONDS_PER_VALUE = 5e-8


def kmeans_seconds(shape: tuple[int, int], levels: int) -> float:
    """Return about how long `kmeans_rows` takes for (row, value), seconds."""
    n_rows, n = shape
    each = (levels - 2) * n**2 * _SECONDS_PER_PAIR + n * _SECONDS_PER_VALUE
    return n_rows * each / numba.get_num_threads()


def kmeans_rows(rows: np.ndarray, levels: int, tolerance: float) -> np.ndarray:
    """Cluster each row into at most ``levels`` groups with the least sum of squares.

    Exact, by dynamic programming over the sorted values. The spread of a group is updated value
    by value around its own mean (Welford), so that neither an offset nor a distant group costs
    precision.

    Parameters
    ----------
    rows
        float32 or float64 (row, value).
    levels
        Number of groups, at least 1; fewer where a row has fewer distinct values.
    tolerance
        Smallest gap at which two neighbours may be separated; a smaller one counts as rounding. A
        row that spreads less is one group.

    Returns
    -------
    uint8 (row, value): 0, 1, ... from the lowest group up. The same with any number of threads.
    """
    found = np.zeros(rows.shape, np.uint8)
    rows = np.ascontiguousarray(rows)
    assign_rows(rows, np.sort(rows, axis=1), levels, tolerance, found)
    return found


@cached_njit(parallel=True)
def assign_rows(rows, ordered, levels, tolerance, symbols):
    """Add to ``symbols`` the number of groups that start at or below each value.

    ``ordered`` holds the values of each row in ascending order.
    """
    for row in numba.prange(len(rows)):
        x = ordered[row].astype(np.float64)
        if x[-1] - x[0] >= tolerance:
            for first in group_starts(x, levels, tolerance):
                threshold = ordered[row, first]
                for i in range(rows.shape[1]):
                    symbols[row, i] += rows[row, i] >= threshold


@cached_njit(error_model="numpy")
def group_starts(x, levels, tolerance):
    """Return the first index of each group but the lowest, the highest group first.

    ``x`` is in ascending order. Of equally good starts the lowest is taken.
    """
    n = len(x)
    may_start = np.zeros(n, np.bool_)
    may_start[1:] = x[1:] - x[:-1] >= tolerance
    if x[-1] - x[0] > _TOO_FAR:
        x = x * 1e-200
    share = 1 / np.arange(1, n + 1)  # of one value in the mean of 1, 2, ... values
    cost = np.full(n + _LANES, -1.0)  # of the values 0..i in the groups used so far
    cost[0], mean = 0.0, x[0]
    for i in range(1, n):
        apart = x[i] - mean
        mean += apart * share[i]
        cost[i] = cost[i - 1] + apart * (x[i] - mean)
    padded = np.concatenate((np.full(n, x[0]), x, np.full(_LANES, x[0])))
    before = np.full(2 * n + _LANES, np.inf)  # cost of the values below a start; inf: no start
    start = np.zeros((levels, n + _LANES), np.int64)  # where the last of 1 + level groups starts
    for level in range(1, levels):
        for first in range(1, n):
            if may_start[first]:
                before[n + first] = cost[first - 1]
        for last in range(n - 1 if level == levels - 1 else 1, n, _LANES):
            add_group(padded, before, share, last, cost, start[level])
    starts, last = [n for _ in range(0)], n - 1
    for level in range(levels - 1, 0, -1):
        if start[level, last] > 0:
            starts.append(start[level, last])
            last = start[level, last] - 1
    return starts


@cached_njit(error_model="numpy")
def add_group(padded, before, share, last, cost, start):
    """Lower ``cost`` of the values 0..last by one more group, for ``last`` and the next ones.

    The group first..last grows downwards, for all these last values side by side, until each
    group alone costs more than the best found so far: spreads only grow. ``padded`` and ``before``
    have as many entries in front as there are values, and entries for all lanes behind.
    """
    n = len(share)
    lanes = np.empty(4 * _LANES)  # mean and spread of the group, best cost, length - 1 of the best
    lanes[:_LANES] = padded[n + last : n + last + _LANES]
    lanes[_LANES : 2 * _LANES] = 0.0
    lanes[2 * _LANES : 3 * _LANES] = cost[last : last + _LANES]
    lanes[3 * _LANES :] = np.inf
    for below in range(min(last + _LANES, n)):
        first = n + last - below
        x, others = padded[first : first + _LANES], before[first : first + _LANES]
        part, length, n_open = share[below], float(below), 0
        for lane in range(_LANES):
            apart = x[lane] - lanes[lane]
            mean = lanes[lane] + apart * part
            spread = lanes[_LANES + lane] + apart * (x[lane] - mean)
            best = lanes[2 * _LANES + lane]
            total = others[lane] + spread
            better = total <= best
            lanes[lane], lanes[_LANES + lane] = mean, spread
            lanes[2 * _LANES + lane] = total if better else best
            lanes[3 * _LANES + lane] = length if better else lanes[3 * _LANES + lane]
            n_open += spread <= best
        if n_open == 0:
            break
    cost[last : last + _LANES] = lanes[2 * _LANES : 3 * _LANES]
    for lane in range(_LANES):
        if lanes[3 * _LANES + lane] < np.inf:
            start[last + lane] = last + lane - int(lanes[3 * _LANES + lane])
