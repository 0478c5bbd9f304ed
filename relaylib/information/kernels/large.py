"""Compiled greedy removal order for large layers of binary nodes.

v(Y_0 and a node) of every candidate is kept, and corrected where the partition by Y_0 changes.
When a group splits, a candidate's sequences are counted in the smaller part only: the larger part
is what remains. A sequence is in the smaller part at most log2(sequences) times, so all counting
takes nodes * sequences * log2(sequences) steps at worst, whether groups become pure or not.

The counts of (x_in, x_out) = 00, 01, 10, 11 share one 64-bit word. f(w) = w log2 w is in fixed
point: sums of integers have no rounding error, so corrections do not accumulate any.
"""

import numba
import numpy as np

from relaylib.core.jit import cached_njit
from relaylib.core.tolerances import TIE_BITS
from relaylib.information.kernels.greedy import packed_size, unpacked

RECOUNT_LIMIT = 32  # rows up to which a group is counted again instead of storing its counts
N_BLOCKS = 16  # of nodes, shared among the threads
PARALLEL_ROWS = 200_000  # rows counted (about 0.2 ms) from which starting threads pays off
COST_OF_SPLIT = 50  # logarithms of a split, in rows counted


@cached_njit()
def fixed_information(counts, table):
    """Return one group's share of v, in fixed point; 0 if x_in or x_out is constant."""
    a, b, c, d = unpacked(counts)
    cells = table[a] + table[b] + table[c] + table[d] + table[a + b + c + d]
    return cells - (table[a + b] + table[c + d] + table[a + c] + table[b + d])


@cached_njit()
def split_information(counts, ones, table):
    """Return the share of v of a group split by a node that is 1 in ``ones`` of ``counts``."""
    return fixed_information(ones, table) + fixed_information(counts - ones, table)


@cached_njit()
def is_mixed(counts):
    """Tell whether x_in and x_out both vary among packed counts."""
    a, b, c, d = unpacked(counts)
    return bool(a + b > 0 and c + d > 0 and a + c > 0 and b + d > 0)


@cached_njit()
def count_ones(column, rows, units, first, last):
    """Count (x_in, x_out) where the node is 1, among rows ``first`` to ``last``."""
    ones = np.uint64(0)
    for position in range(first, last):
        ones += units[position] * np.uint64(column[rows[position]])
    return ones


@cached_njit()
def count_slot(first):
    """Return the index at which a large group's counts are stored; no two groups share one."""
    return (first + RECOUNT_LIMIT) // (RECOUNT_LIMIT + 1)


@cached_njit()
def split_groups(column, ones_of_node, rows, units, groups, finer, splits):
    """Split groups by one node, reordering ``rows`` and ``units``, and drop the pure ones.

    ``groups`` and ``finer`` hold (first, last) row and packed counts of each group; ``splits``
    (first, middle, last) row and packed counts of the whole and its smaller part, which comes
    first. Returns the numbers of groups kept and of splits.
    """
    bounds, counts, n_groups = groups
    n_kept, n_splits = 0, 0
    for group in range(n_groups):
        first, last = bounds[group]
        middle = last
        small = whole = counts[group]
        if last - first > RECOUNT_LIMIT:
            ones = ones_of_node[count_slot(first)]
        else:
            ones = count_ones(column, rows, units, first, last)
        n_ones = packed_size(ones)
        if 0 < n_ones < last - first:
            smaller = 2 * n_ones <= last - first
            small = ones if smaller else whole - ones
            middle = first
            for position in range(first, last):
                if (column[rows[position]] == 1) == smaller:
                    rows[middle], rows[position] = rows[position], rows[middle]
                    units[middle], units[position] = units[position], units[middle]
                    middle += 1
            splits[0][n_splits] = (first, middle, last)
            splits[1][n_splits] = (whole, small)
            n_splits += 1
        if is_mixed(small):
            finer[0][n_kept], finer[1][n_kept] = (first, middle), small
            n_kept += 1
        if middle < last and is_mixed(whole - small):
            finer[0][n_kept], finer[1][n_kept] = (middle, last), whole - small
            n_kept += 1
    return n_kept, n_splits


@cached_njit()
def correct_value(column, ones_of_node, rows, units, splits, table):
    """Return the change of v(Y_0 and one node) as groups split, and store the new counts."""
    change = 0
    for split in range(splits[2]):
        first, middle, last = splits[0][split]
        whole, small = splits[1][split]
        if last - first > RECOUNT_LIMIT:
            ones = ones_of_node[count_slot(first)]
        else:
            ones = count_ones(column, rows, units, first, last)
        small_ones = count_ones(column, rows, units, first, middle)
        change -= split_information(whole, ones, table)
        change += split_information(small, small_ones, table)
        change += split_information(whole - small, ones - small_ones, table)
        if middle - first > RECOUNT_LIMIT:
            ones_of_node[count_slot(first)] = small_ones
        if last - middle > RECOUNT_LIMIT:
            ones_of_node[count_slot(middle)] = ones - small_ones
    return change


@cached_njit()
def first_value(column, ones_of_node, rows, units, whole, table):
    """Return v(one node) and store its counts."""
    ones_of_node[count_slot(0)] = count_ones(column, rows, units, 0, len(rows))
    return split_information(whole, ones_of_node[count_slot(0)], table)


@cached_njit()
def correct_values(nodes, states, remaining, ones, rows, units, splits, table, values):
    """`correct_value` of the remaining nodes in the half-open range ``nodes``."""
    for node in range(nodes[0], nodes[1]):
        if remaining[node]:
            values[node] += correct_value(states[node], ones[node], rows, units, splits, table)


@cached_njit(parallel=True)
def correct_in_parallel(
    states, remaining, ones, rows, units, bounds, counts, n_splits, table, values
):
    """`correct_values` of all nodes, in blocks shared among the threads."""
    n_nodes = len(states)
    for block in numba.prange(N_BLOCKS):
        nodes = (block * n_nodes // N_BLOCKS, (block + 1) * n_nodes // N_BLOCKS)
        splits = (bounds, counts, n_splits)
        correct_values(nodes, states, remaining, ones, rows, units, splits, table, values)


@cached_njit()
def is_worth_threads(n_nodes, splits):
    """Tell whether the correction takes long enough to share it among threads."""
    n_rows = 0
    for split in range(splits[2]):
        first, middle, last = splits[0][split]
        n_rows += middle - first if last - first > RECOUNT_LIMIT else 2 * (last - first)
        n_rows += COST_OF_SPLIT
    return bool(n_rows * n_nodes > PARALLEL_ROWS)


@cached_njit()
def greedy_large(states, pairs, table, unit_bits, share):
    """Return the removal order of one large case and v along it, in bits.

    Parameters
    ----------
    states
        0 or 1, (node, sequence), fewer than 2 ** 16 sequences.
    pairs
        2 * x_in + x_out, (sequence,).
    table
        w log2 w for w = 0 .. n_sequences in fixed point, (n_sequences + 1,).
    unit_bits
        Bits of v per unit.
    share
        Whether to share the work among threads; the result is the same.
    """
    n_nodes, n_sequences = states.shape
    rows = np.arange(n_sequences).astype(np.int32)
    units = np.uint64(1) << (np.uint64(16) * pairs.astype(np.uint64))
    ones = np.zeros((n_nodes, n_sequences // (RECOUNT_LIMIT + 1) + 2), np.uint64)
    bounds, counts = np.empty((n_sequences, 2), np.int64), np.empty(n_sequences, np.uint64)
    coarse, fine = (bounds, counts), (bounds.copy(), counts.copy())
    splits = np.empty((n_sequences, 3), np.int64), np.empty((n_sequences, 2), np.uint64)
    values, remaining = np.empty(n_nodes, np.int64), np.ones(n_nodes, np.bool_)
    coarse[0][0], coarse[1][0] = (0, n_sequences), units.sum()
    n_groups = int(is_mixed(coarse[1][0]))
    for node in range(n_nodes):
        values[node] = first_value(states[node], ones[node], rows, units, coarse[1][0], table)
    order, along = np.empty(n_nodes, np.int64), np.empty(n_nodes + 1)
    along[0] = fixed_information(coarse[1][0], table) * unit_bits
    for step in range(n_nodes):
        best, best_bits = -1, -np.inf
        for node in range(n_nodes):
            if remaining[node] and values[node] * unit_bits > best_bits + TIE_BITS:
                best, best_bits = node, values[node] * unit_bits
        remaining[best] = False
        order[step], along[step + 1] = best, best_bits
        groups = (*coarse, n_groups)
        n_groups, n_splits = split_groups(
            states[best], ones[best], rows, units, groups, fine, splits
        )
        changes = (*splits, n_splits)
        if share and is_worth_threads(n_nodes - step, changes):
            correct_in_parallel(states, remaining, ones, rows, units, *changes, table, values)
        else:
            whole = (0, n_nodes)
            correct_values(whole, states, remaining, ones, rows, units, changes, table, values)
        coarse, fine = fine, coarse
    return order, along


@cached_njit(parallel=True)
def greedy_large_batch(states, pairs, pairs_of, table, unit_bits, cases, orders, values):
    """Fill the removal orders of the numbered cases, each by one thread.

    ``cases`` are numbers of network * n_concepts + concept; ``states``, ``pairs``, ``pairs_of``,
    ``orders`` and ``values`` as in `greedy_batch`, the others as in `greedy_large`.
    """
    n_concepts = pairs.shape[1]
    for position in numba.prange(len(cases)):
        network, concept = cases[position] // n_concepts, cases[position] % n_concepts
        pair = pairs[pairs_of[network], concept]
        found = greedy_large(states[network], pair, table, unit_bits, False)
        orders[network, concept], values[network, concept] = found
