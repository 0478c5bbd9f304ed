"""Compiled kernels of the greedy removal order: one partition, refined as Y_0 grows.

All kernels evaluate v(Y_0) = I(X_in; X_out | Y_0) on groups of sequences that agree on Y_0:

    v = sum over groups g of  f(g) + sum_io f(g,i,o) - sum_i f(g,i) - sum_o f(g,o),
    f(w) = w log2 w,  w the weight of the sequences in a cell.

A group in which X_in or X_out is constant adds nothing, now and after any further refinement:
it is left out. ``log_table`` holds f(0), f(1), ... for equal weights (then w is a count);
it is empty for other weights. It is divided by the number of sequences, so that v is in bits:
the log2 of that number cancels.
"""

import numba
import numpy as np

from relaylib.core.jit import cached_njit
from relaylib.core.tolerances import TIE_BITS

_MAX_PACKED = 2**16  # beyond, a count might not fit its 16 bits
_FIELD = np.uint64(_MAX_PACKED - 1)


@cached_njit()
def xlog2x(weight, log_table):
    """Return w log2 w."""
    if log_table.size:
        return log_table[int(weight)]
    return weight * np.log2(weight) if weight > 0.0 else 0.0


@cached_njit()
def group_information(cells, first, n_in, n_out, log_table):
    """Return one group's share of v, and whether both X_in and X_out vary in it.

    Its weights are the entries of ``cells`` from ``first`` on, (n_in, n_out); they are set to 0.
    """
    total, weight, n_rows, n_columns = 0.0, 0.0, 0, 0
    for i in range(n_in):
        row = 0.0
        for o in range(n_out):
            cell = cells[first + i * n_out + o]
            row += cell
            total += xlog2x(cell, log_table)
        total -= xlog2x(row, log_table)
        weight += row
        n_rows += row > 0.0
    for o in range(n_out):
        column = 0.0
        for i in range(n_in):
            column += cells[first + i * n_out + o]
            cells[first + i * n_out + o] = 0.0
        total -= xlog2x(column, log_table)
        n_columns += column > 0.0
    if n_rows < 2 or n_columns < 2:
        return 0.0, False
    return total + xlog2x(weight, log_table), True


@cached_njit()
def unpacked(counts):
    """Return the counts of (x_in, x_out) = 00, 01, 10, 11 from one word, 16 bits each."""
    a, b = counts & _FIELD, counts >> np.uint64(16) & _FIELD
    return a, b, counts >> np.uint64(32) & _FIELD, counts >> np.uint64(48)


@cached_njit()
def packed_information(counts, log_table):
    """`group_information` for bits, from packed counts."""
    a, b, c, d = unpacked(counts)
    if a + b == 0 or c + d == 0 or a + c == 0 or b + d == 0:
        return 0.0, False
    total = log_table[a] + log_table[b] + log_table[c] + log_table[d] + log_table[a + b + c + d]
    total -= log_table[a + b] + log_table[c + d] + log_table[a + c] + log_table[b + d]
    return total, True


@cached_njit()
def packed_size(counts):
    """Return the number of sequences in packed counts."""
    a, b, c, d = unpacked(counts)
    return int(a + b + c + d)


@cached_njit()
def refine(column, partition, finer, case, scratch, write):
    """Split every group by the symbols of one node.

    Parameters
    ----------
    column
        The node's symbols, (sequence,).
    partition
        ``rows`` lists sequences group by group, group g from ``starts[g]`` to ``starts[g + 1]``;
        the number of groups.
    finer
        ``rows`` (one longer than the sequences) and ``starts`` of the split partition, written
        only if ``write``; groups in which x_in or x_out is constant are left out.
    case
        ``pairs`` (x_in * n_out + x_out of each sequence), ``weights``, ``shape`` (n_symbols,
        n_in, n_out) and ``log_table``.
    scratch
        From `make_scratch`.

    Returns
    -------
    The number of groups in ``finer``, and v of it in bits.
    """
    rows, starts, n_groups = partition
    new_rows, new_starts = finer
    pairs, weights, shape, log_table = case
    cells, places = scratch
    n_symbols, n_in, n_out = shape
    packed = shape == (2, 2, 2) and 0 < len(log_table) < _MAX_PACKED
    nowhere = len(new_rows) - 1
    n_kept, filled, total = 0, 0, 0.0
    for group in range(n_groups):
        first, last = starts[group], starts[group + 1]
        ones = both = np.uint64(0)
        if packed:
            for position in range(first, last):
                row = rows[position]
                one = np.uint64(1) << np.uint64(16 * pairs[row])
                both += one
                ones += one * np.uint64(column[row])
            places[0, 0], places[1, 0] = packed_size(both - ones), packed_size(ones)
        else:
            places[:, 0] = 0
            for position in range(first, last):
                row = rows[position]
                cells[column[row] * n_in * n_out + pairs[row]] += weights[row]
                places[column[row], 0] += 1
        n_before = n_kept
        for symbol in range(n_symbols):
            size = places[symbol, 0]
            if size == 0:  # nothing to add
                continue
            if packed:
                counts = ones if symbol else both - ones
                bits, varies = packed_information(counts, log_table)
            else:
                first_cell = symbol * n_in * n_out
                bits, varies = group_information(cells, first_cell, n_in, n_out, log_table)
            total += bits
            places[symbol, 0] = filled if varies else nowhere
            places[symbol, 1] = varies
            if varies:
                if write:
                    new_starts[n_kept] = filled
                n_kept += 1
                filled += size
        if write and n_kept > n_before:
            for position in range(first, last):
                symbol = column[rows[position]]
                new_rows[places[symbol, 0]] = rows[position]
                places[symbol, 0] += places[symbol, 1]
    if write:
        new_starts[n_kept] = filled
    return n_kept, total


@cached_njit()
def make_scratch(shape):
    """Return cell weights of 0, and an array for each symbol's position and step."""
    return np.zeros(shape[0] * shape[1] * shape[2]), np.zeros((shape[0], 2), np.int64)


@cached_njit()
def make_partition(n_sequences):
    """Return rows and starts of the partition with all sequences in one group."""
    starts = np.zeros(n_sequences + 1, np.int32)
    starts[1] = n_sequences
    return np.arange(n_sequences + 1).astype(np.int32), starts


@cached_njit()
def greedy(states, case, order, values):
    """Fill ``order`` (n_nodes) of one case, and v along it: ``values`` (n_nodes + 1)."""
    n_nodes, n_sequences = states.shape
    scratch = make_scratch(case[2])
    coarse, fine = make_partition(n_sequences), make_partition(n_sequences)
    same = np.zeros(n_sequences, states.dtype)
    n_groups, values[0] = refine(same, (*coarse, 1), fine, case, scratch, True)
    remaining = np.ones(n_nodes, np.bool_)
    for step in range(n_nodes):
        coarse, fine = fine, coarse
        partition = (*coarse, n_groups)
        best, best_value = -1, -np.inf
        for node in range(n_nodes):
            if remaining[node]:
                value = refine(states[node], partition, fine, case, scratch, False)[1]
                if value > best_value + TIE_BITS:
                    best, best_value = node, value
        remaining[best] = False
        order[step], values[step + 1] = best, best_value
        n_groups = refine(states[best], partition, fine, case, scratch, True)[0]


@cached_njit()
def rows_in_turn(states, case):
    """Return how many sequences all candidates of one case count if nodes leave in their order.

    The greedy order differs, so this only tells about how long it takes.
    """
    n_nodes, n_sequences = states.shape
    scratch = make_scratch(case[2])
    coarse, fine = make_partition(n_sequences), make_partition(n_sequences)
    n_groups, total = 1, 0
    for node in range(n_nodes):
        total += (n_nodes - node) * coarse[1][n_groups] if n_groups else 0
        n_groups = refine(states[node], (*coarse, n_groups), fine, case, scratch, True)[0]
        coarse, fine = fine, coarse
    return total


@cached_njit(parallel=True)
def greedy_batch(states, pairs, pairs_of, weights, shape, log_table, orders, values):
    """Find the removal orders of a batch of networks and their concepts, in parallel.

    The first six arguments are the fields of `Cases`; ``orders`` (batch, concept, node) and
    ``values``, v in bits (batch, concept, node + 1), are filled.
    """
    n_concepts = pairs.shape[1]
    for number in numba.prange(len(states) * n_concepts):
        network, concept = number // n_concepts, number % n_concepts
        case = (pairs[pairs_of[network], concept], weights, shape, log_table)
        greedy(states[network], case, orders[network, concept], values[network, concept])
