"""Every relay set of a network: best sets, the greedy gap, and Shapley values of the nodes.

A set of nodes is written as a bit mask: bit k is node k, counted from 0.
"""

from dataclasses import dataclass

import numba
import numpy as np

from relaylib.core.checks import check_integer, check_symbols
from relaylib.core.progress import progress
from relaylib.information.entropy import conditional_mutual_information
from relaylib.information.kernels.cases import Cases, check_cases
from relaylib.information.kernels.lattice import (
    lattice,
    lattice_batch,
    summarise,
    walk_permutations,
)

MAX_NODES = 20
_BLOCK = 64  # networks between two moves of the progress bar


@dataclass(frozen=True, eq=False)
class LatticeSummary:
    """What all relay sets of one case, or of many, say together.

    Leading axes, if any, are (batch, concept). In arrays over ``node + 1``, entry k is about sets
    from which k nodes are removed: the full set first, the empty set last, as in `RemovalOrder`.

    Attributes
    ----------
    best_bits
        Largest I_R of any relay set of each size, (..., node + 1), bits.
    best_sets
        That relay set as bit mask, (..., node + 1); of ties the one that keeps higher indices,
        as greedy removal does.
    greedy_bits
        I_R along the greedy removal order, (..., node + 1), bits.
    shapley_bits
        Shapley value of each node in the game I_R, (..., node), bits: its mean loss over all
        orders of removal. Sums to I_R of the full set.
    essential_bits
        I_R(all nodes) - I_R(all but the node), (..., node), bits.
    """

    best_bits: np.ndarray
    best_sets: np.ndarray
    greedy_bits: np.ndarray
    shapley_bits: np.ndarray
    essential_bits: np.ndarray

    @property
    def gap_bits(self) -> np.ndarray:
        """What the greedy order misses at each set size: best - greedy I_R, bits."""
        return self.best_bits - self.greedy_bits


@dataclass(frozen=True, eq=False)
class ExactSubsets(LatticeSummary):
    """I_R of every relay set of one network and concept, and its summary.

    Attributes
    ----------
    relay_bits
        I_R of each relay set, (2 ** n_nodes,), indexed by bit mask.
    """

    relay_bits: np.ndarray

    def interaction_bits(self) -> np.ndarray:
        """Shapley interaction index of each pair of nodes, (n_nodes, n_nodes), bits.

        The mean, over sets S of other nodes, of I_R(S,i,j) - I_R(S,i) - I_R(S,j) + I_R(S), with
        weight ``|S|! (n - |S| - 2)! / (n - 1)!``. Positive is redundancy: two copies relay a bit
        together, but neither does with the other outside. Negative is synergy: a cipher and its
        key each relay the bit that they hold jointly. The diagonal is 0.

        References
        ----------
        Grabisch and Roubens (1999), International Journal of Game Theory 28, 547-565.
        """
        n_nodes = len(self.shapley_bits)
        sets = np.arange(len(self.relay_bits))
        size = np.bitwise_count(sets).astype(int)
        share = _shares(n_nodes - 1)
        u = self.relay_bits
        matrix = np.zeros((n_nodes, n_nodes))
        for i in range(n_nodes):
            for j in range(i):
                one, other = 1 << i, 1 << j
                s = sets[sets & (one | other) == 0]
                joint = u[s | one | other] - u[s | one] - u[s | other] + u[s]
                matrix[i, j] = matrix[j, i] = share[size[s]] @ joint
        return matrix


@dataclass(frozen=True, eq=False)
class SampledShapley:
    """Shapley values estimated from random orders of removal.

    Attributes
    ----------
    shapley_bits
        Mean loss of each node, (n_nodes,), bits; sums to I_R of the full set.
    standard_error_bits
        Standard error of that mean, (n_nodes,), bits.
    """

    shapley_bits: np.ndarray
    standard_error_bits: np.ndarray


def exact_subsets(
    x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray, weights: np.ndarray | None = None
) -> ExactSubsets:
    """Relay information of all 2 ** n_nodes relay sets, and what follows from them.

    Parameters
    ----------
    x_in, x_out
        The concept's value and the network's answer, discrete symbols, (n_sequences,).
    states
        Discrete states of at most 20 nodes, (n_sequences, n_nodes).
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.

    Returns
    -------
    ExactSubsets
        I_R of each set, best sets, greedy gap, Shapley values, essential information;
        ``interaction_bits()`` on demand.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.relay_information`; ValueError above 20 nodes, where
        `sampled_shapley` still works.

    References
    ----------
    Shapley (1953), A value for n-person games, in Contributions to the Theory of Games II.
    """
    cases = _check_single(x_in, x_out, states, weights)
    n_nodes = cases.states.shape[1]
    _check_nodes(n_nodes)
    around_bits = np.empty(2**n_nodes)
    if cases.fits:
        lattice(cases.states[0], _first(cases), around_bits)
    else:
        _plain_lattice(x_in, x_out, states, weights, around_bits)
    summary = _empty_summary((), n_nodes, np.uint32)
    summarise(around_bits, *summary)
    return ExactSubsets(*summary, around_bits[::-1] - around_bits[-1])


def exact_summaries(
    states: np.ndarray,
    x_in: np.ndarray,
    x_out: np.ndarray,
    *,
    weights: np.ndarray | None = None,
) -> LatticeSummary:
    """Walk all relay sets of many networks or time points and all their concepts.

    Parameters
    ----------
    states
        Discrete states of at most 16 nodes, (batch, node, sequence).
    x_in, x_out
        Concept values and answers, (concept, sequence) or (batch, concept, sequence).
    weights
        Weight of each sequence, (sequence,), not negative; None: all equal.

    Returns
    -------
    LatticeSummary
        With leading axes (batch, concept); ``best_sets`` is uint16.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.greedy_orders`; ValueError above 16 nodes or for alphabets of more
        than 65,536 combinations of a node's symbol, x_in and x_out (use `exact_subsets`).
    """
    cases = check_cases(states, x_in, x_out, weights)
    n_batch, n_nodes, _ = cases.states.shape
    if n_nodes > 16 or not cases.fits:
        raise ValueError(
            "states must have at most 16 nodes, and symbols, x_in and x_out at most 65536 "
            f"combinations; got {n_nodes} nodes and alphabets of {cases.shape}: use exact_subsets"
        )
    summary = _empty_summary((n_batch, cases.pairs.shape[1]), n_nodes, np.uint16)
    shared = len(cases.pairs) == 1
    with progress(total=n_batch, desc="relay sets") as bar:
        for start in range(0, n_batch, _BLOCK):
            block = slice(start, start + _BLOCK)
            part = cases._replace(
                states=cases.states[block], pairs=cases.pairs if shared else cases.pairs[block]
            )
            with numba.parallel_chunksize(1):
                lattice_batch(*part, *(array[block] for array in summary))
            bar.update(len(part.states))
    return LatticeSummary(*summary)


def sampled_shapley(
    x_in: np.ndarray,
    x_out: np.ndarray,
    states: np.ndarray,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
) -> SampledShapley:
    """Estimate Shapley values of any number of nodes from random orders of removal.

    Parameters
    ----------
    x_in, x_out, states, weights
        As in `exact_subsets`, without its limit on nodes.
    n_permutations
        Number of random orders, at least 2.
    rng
        Random stream of the orders.

    Returns
    -------
    SampledShapley
        The mean loss of each node and its standard error, bits.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.relay_information`; ValueError if ``n_permutations`` < 2 or the
        alphabets have more than 65,536 combinations.

    References
    ----------
    Castro, Gomez and Tejada (2009), Computers & Operations Research 36, 1726-1730.
    """
    check_integer("n_permutations", n_permutations, 2)
    cases = _check_single(x_in, x_out, states, weights)
    if not cases.fits:
        raise ValueError(
            "symbols, x_in and x_out must have at most 65536 combinations, got alphabets of "
            f"{cases.shape}: use fewer levels"
        )
    n_nodes = cases.states.shape[1]
    orders = rng.permuted(np.tile(np.arange(n_nodes), (n_permutations, 1)), axis=1)
    losses_bits = np.empty((n_permutations, n_nodes))
    walk_permutations(cases.states[0], *_first(cases), orders, losses_bits)
    error_bits = losses_bits.std(axis=0, ddof=1) / np.sqrt(n_permutations)
    return SampledShapley(losses_bits.mean(axis=0), error_bits)


def _check_single(
    x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray, weights: np.ndarray | None
) -> Cases:
    states = check_symbols("states", states, (None, None), widen=False)
    x_in = check_symbols("x_in", x_in, (len(states),))
    x_out = check_symbols("x_out", x_out, (len(states),))
    return check_cases(states.T[None], x_in[None], x_out[None], weights)


def _check_nodes(n_nodes: int) -> None:
    if n_nodes > MAX_NODES:
        raise ValueError(
            f"states must have at most {MAX_NODES} nodes to walk all 2**n relay sets, got "
            f"{n_nodes}; estimate Shapley values with sampled_shapley(..., n_permutations=, rng=)"
        )


def _first(cases: Cases) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int], np.ndarray]:
    return cases.pairs[0, 0], cases.weights, cases.shape, cases.log_table


def _empty_summary(
    shape: tuple[int, ...], n_nodes: int, mask: type[np.unsignedinteger]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return room for the arrays of a `LatticeSummary`, in its order."""
    by_size, by_node = (*shape, n_nodes + 1), (*shape, n_nodes)
    best = np.empty(by_size), np.empty(by_size, mask)
    return *best, np.empty(by_size), np.empty(by_node), np.empty(by_node)


def _plain_lattice(
    x_in: np.ndarray,
    x_out: np.ndarray,
    states: np.ndarray,
    weights: np.ndarray | None,
    around_bits: np.ndarray,
) -> None:
    """Fill I(x_in; x_out | Y_0) of every Y_0, for alphabets too large for the kernels' tables."""
    states = np.asarray(states)
    for rest in range(len(around_bits)):
        y_rest = states[:, [k for k in range(states.shape[1]) if rest >> k & 1]]
        around_bits[rest] = conditional_mutual_information(x_in, x_out, y_rest, weights=weights)


def _shares(n_players: int) -> np.ndarray:
    """Return k! (n - 1 - k)! / n! for k = 0 .. n - 1."""
    share = np.full(n_players, 1 / max(n_players, 1))
    for k in range(1, n_players):
        share[k] = share[k - 1] * k / (n_players - k)
    return share
