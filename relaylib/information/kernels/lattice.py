"""Compiled kernels over all subsets of the nodes: the whole lattice of v(Y_0).

A set of nodes is a bit mask, bit k for node k. Masks in ascending order are the preorder of a tree:
the parent of a mask is the mask without its lowest bit. One partition per depth is enough. Where a
node splits no group, the values of its subtree are copied; where no group is left, they are 0.
"""

import numba
import numpy as np

from relaylib.core.jit import cached_njit
from relaylib.core.tolerances import TIE_BITS
from relaylib.information.kernels.greedy import make_partition, make_scratch, refine


@cached_njit()
def lattice(states, case, values):
    """Fill ``values`` (2 ** n_nodes) with v(Y_0) = I(X_in; X_out | Y_0), Y_0 as bit mask."""
    n_nodes, n_sequences = states.shape
    scratch = make_scratch(case[2])
    rows = np.empty((n_nodes + 1, n_sequences + 1), np.int32)
    starts = np.zeros((n_nodes + 1, n_sequences + 1), np.int32)
    n_groups = np.zeros(n_nodes + 1, np.int64)
    same = np.zeros(n_sequences, states.dtype)
    whole = (*make_partition(n_sequences), 1)
    n_groups[0], values[0] = refine(same, whole, (rows[0], starts[0]), case, scratch, True)
    mask = 1
    while mask < len(values):
        lowest = mask & -mask
        parent = mask ^ lowest
        depth, node = count_bits(parent), count_bits(lowest - 1)
        above = (rows[depth], starts[depth], n_groups[depth])
        below = (rows[depth + 1], starts[depth + 1])
        n_kept, bits = refine(states[node], above, below, case, scratch, node > 0)
        values[mask] = bits
        after = mask + 1
        if node > 0:
            n_groups[depth + 1] = n_kept
            if n_kept == 0:
                after = mask + lowest
                values[mask:after] = 0.0
            elif n_kept == above[2] and below[1][n_kept] == above[1][n_kept]:
                after = mask + lowest
                values[mask:after] = values[parent:mask]
        mask = after


@cached_njit()
def count_bits(mask):
    """Return the number of nodes in a set."""
    n_bits = 0
    while mask:
        mask &= mask - 1
        n_bits += 1
    return n_bits


@cached_njit()
def summarise(values, best_bits, best_sets, greedy_bits, shapley_bits, essential_bits):
    """Fill best sets, I_R along the greedy order, Shapley and essential bits from a lattice.

    Entry k of the first three stands for sets from which k nodes are removed. With u(Y_R) =
    v(Y_0) - v(all nodes), a node's Shapley value is the mean of v(Y_0) - v(Y_0 and the node)
    over all orders of removal: weight k! (n - 1 - k)! / n! for each Y_0 of k other nodes. Each
    v enters with plus for all nodes outside Y_0 and with minus for those in it.
    """
    n_nodes = len(shapley_bits)
    everything = len(values) - 1
    share = np.zeros(n_nodes + 2)  # share[k + 1] belongs to k; 0 for k = -1 and k = n
    share[1] = 1.0 / n_nodes
    for k in range(1, n_nodes):
        share[k + 1] = share[k] * k / (n_nodes - k)
    best_bits[:] = -np.inf
    without = 0.0
    within = np.empty(len(values))
    for rest in range(len(values)):
        k = count_bits(rest)
        bits = values[rest] - values[everything]
        if bits > best_bits[k] + TIE_BITS:
            best_bits[k], best_sets[k] = bits, everything ^ rest
        without += share[k + 1] * bits
        within[rest] = (share[k + 1] + share[k]) * bits
    half = len(values) // 2
    for node in range(n_nodes - 1, -1, -1):
        shapley_bits[node] = without - within[half : 2 * half].sum()
        within[:half] += within[half : 2 * half]
        half //= 2
    greedy_bits[0] = values[0] - values[everything]
    rest = 0
    for k in range(n_nodes):
        essential_bits[k] = values[0] - values[1 << k]
        best, best_value = -1, -np.inf
        for node in range(n_nodes):
            if not rest >> node & 1 and values[rest | 1 << node] > best_value + TIE_BITS:
                best, best_value = node, values[rest | 1 << node]
        rest |= 1 << best
        greedy_bits[k + 1] = best_value - values[everything]


@cached_njit(parallel=True)
def lattice_batch(
    states, pairs, pairs_of, weights, shape, log_table, best, sets, greedy, shapley, essential
):
    """`summarise` the lattices of a batch in parallel; the first six arguments are `Cases`."""
    n_concepts = pairs.shape[1]
    for number in numba.prange(len(states) * n_concepts):
        at = number // n_concepts, number % n_concepts
        values = np.empty(1 << states.shape[1])
        case = (pairs[pairs_of[at[0]], at[1]], weights, shape, log_table)
        lattice(states[at[0]], case, values)
        summarise(values, best[at], sets[at], greedy[at], shapley[at], essential[at])


@cached_njit(parallel=True)
def walk_permutations(states, pairs, weights, shape, log_table, permutations, losses_bits):
    """Fill the loss of I_R at each node's removal, (permutation, node), along given orders."""
    n_sequences = states.shape[1]
    same = np.zeros(n_sequences, states.dtype)
    for number in numba.prange(len(permutations)):
        case = (pairs, weights, shape, log_table)
        scratch = make_scratch(shape)
        coarse, fine = make_partition(n_sequences), make_partition(n_sequences)
        n_groups, before = refine(same, (*coarse, 1), fine, case, scratch, True)
        for node in permutations[number]:
            coarse, fine = fine, coarse
            n_groups, after = refine(states[node], (*coarse, n_groups), fine, case, scratch, True)
            losses_bits[number, node] = before - after
            before = after
