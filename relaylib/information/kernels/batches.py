"""Removal orders of a batch by the compiled kernels, block by block, so that progress shows."""

from collections.abc import Iterator

import numba
import numpy as np

from relaylib.core.progress import warn_if_long
from relaylib.information.kernels.cases import Cases
from relaylib.information.kernels.greedy import greedy_batch, rows_in_turn
from relaylib.information.kernels.large import greedy_large, greedy_large_batch

_SECONDS_PER_ROW = 2e-8  # of one sequence and candidate that are counted, on one core
_SECONDS_PER_STATE = 3e-9  # of a node and sequence and halving of the sequences, large layers


def fill_large(cases: Cases, orders: np.ndarray, bits: np.ndarray) -> Iterator[int]:
    """Fill orders of large binary layers: a thread per case, or several where cases are few."""
    table, n_threads = cases.fixed_point(), numba.get_num_threads()
    n_batch, n_concepts, n_nodes = orders.shape
    n_sequences = cases.states.shape[2]
    each = _SECONDS_PER_STATE * n_nodes * n_sequences * np.log2(n_sequences + 1)
    warn_if_long("greedy removal", each * n_batch * n_concepts / n_threads)
    numbers = np.arange(n_batch * n_concepts)
    together = len(numbers) // n_threads * n_threads
    height = n_threads * max(1, int(1 / each))
    with numba.parallel_chunksize(1):
        for start in range(0, together, height):
            block = numbers[start : min(start + height, together)]
            greedy_large_batch(*cases[:3], *table, block, orders, bits)
            yield len(block)
    for number in numbers[together:]:
        at = divmod(int(number), n_concepts)
        pairs = cases.pairs[cases.pairs_of[at[0]], at[1]]
        orders[at], bits[at] = greedy_large(cases.states[at[0]], pairs, *table, True)
        yield 1


def fill_refining(cases: Cases, orders: np.ndarray, bits: np.ndarray) -> Iterator[int]:
    """Fill orders by refining partitions, in blocks that take about a second at most."""
    n_batch, n_concepts, n_nodes = orders.shape
    n_threads = numba.get_num_threads()
    n_rows = n_concepts * n_nodes * (n_nodes + 1) / 2 * cases.states.shape[2]
    if n_batch * n_rows * _SECONDS_PER_ROW > n_threads:  # a second, where nothing can be dropped
        case = (cases.pairs[cases.pairs_of[0], 0], *cases[3:])
        n_rows = n_concepts * max(1, rows_in_turn(cases.states[0], case))
        seconds = n_batch * n_rows * _SECONDS_PER_ROW / n_threads
        warn_if_long("greedy removal", seconds, "two symbols and equal weights are faster")
    height = max(n_threads, int(n_threads / (_SECONDS_PER_ROW * n_rows)))
    for start in range(0, n_batch, height):
        block = slice(start, start + height)
        part = cases._replace(states=cases.states[block], pairs_of=cases.pairs_of[block])
        with numba.parallel_chunksize(16 if height > 16 * n_threads else 1):
            greedy_batch(*part, orders[block], bits[block])
        yield len(part.states) * n_concepts
