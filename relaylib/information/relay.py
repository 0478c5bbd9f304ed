"""Relay information: how much of I(X_in; X_out) passes through a set of nodes and no others.

The relay set is Y_R, the other nodes are Y_0, all at one time point (equation 1 of the paper):

    I_R(Y_R) = I(X_in; X_out | Y_0) - I(X_in; X_out | Y_R, Y_0)

The second term is the same for every split of the nodes. I_R is negative where nodes hold the
information only jointly with the rest (synergy).
"""

from dataclasses import dataclass

import numba
import numpy as np

from relaylib.core.checks import check_choice, check_symbols
from relaylib.information.entropy import check_columns, conditional_mutual_information
from relaylib.information.kernels.cases import check_cases
from relaylib.information.kernels.greedy import TIE_BITS, greedy_batch
from relaylib.information.kernels.large import greedy_large

_LARGE = 32  # nodes, from which the kernel for large layers is faster
VALUES = ("cumulative", "increment", "aggregate")


@dataclass(frozen=True, eq=False)
class RemovalOrder:
    """Nodes in the order in which greedy removal takes them out of the relay set.

    Attributes
    ----------
    order
        Column indices of nodes from 0, least relaying first, (n_nodes,).
    relay_bits
        I_R in bits after 0, 1, ..., n_nodes removals, (n_nodes + 1,): the full set first, the
        empty set (0 bits) last.
    """

    order: np.ndarray
    relay_bits: np.ndarray


def relay_information(
    x_in: np.ndarray,
    x_out: np.ndarray,
    y_relay: np.ndarray,
    y_rest: np.ndarray,
    *,
    weights: np.ndarray | None = None,
) -> float:
    """Relay information I_R of the nodes ``y_relay``, given all others, in bits (equation 1).

    Parameters
    ----------
    x_in, x_out
        The concept's value and the network's answer, discrete symbols, (n_sequences,).
    y_relay, y_rest
        Discrete states of the nodes in and outside the relay set, (n_sequences, n_columns) or
        (n_sequences,) for one node; either may have no columns.
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal, which is exact on
        a population.

    Returns
    -------
    float
        I(x_in; x_out | y_rest) - I(x_in; x_out | y_relay, y_rest).

    Raises
    ------
    TypeError
        If symbols are not whole numbers.
    ValueError
        On empty arrays, unequal numbers of sequences, or weights that are negative or sum to 0.

    References
    ----------
    Hintze, Najam and Schossau (2025), arXiv 2510.01271, equation 1. Equal to the form of eight
    joint entropies of Hintze and Adami (2023), Entropy 25, 401.
    """
    x_in = check_symbols("x_in", x_in, (None,))
    x_out = check_symbols("x_out", x_out, (len(x_in),))
    y_rest = check_columns("y_rest", y_rest, len(x_in))
    y_all = np.hstack([check_columns("y_relay", y_relay, len(x_in)), y_rest])
    around = conditional_mutual_information(x_in, x_out, y_rest, weights=weights)
    around_all = conditional_mutual_information(x_in, x_out, y_all, weights=weights)
    return around - around_all


def greedy_order(
    x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray, *, weights: np.ndarray | None = None
) -> RemovalOrder:
    """Greedy removal order of the nodes ("shrinking subset") and I_R along it.

    Start with all nodes in the relay set; take out the node whose removal keeps I_R largest; go
    on to the empty set. Nodes within 1e-12 bits of each other tie, and the lowest index goes
    first.

    Parameters
    ----------
    x_in, x_out
        The concept's value and the network's answer, discrete symbols, (n_sequences,).
    states
        Discrete states of the nodes, (n_sequences, n_nodes).
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.

    Returns
    -------
    RemovalOrder
        ``order`` (n_nodes,) and ``relay_bits`` (n_nodes + 1,). The same as
        `plain_greedy_order`, ties included. Layers of more than 32 binary nodes take a kernel
        whose time grows with nodes * sequences, not with nodes**2 * sequences.

    Raises
    ------
    TypeError, ValueError
        As `relay_information`.

    References
    ----------
    Hintze and Adami (2023), Entropy 25, 401, algorithm 1.
    """
    x_in, x_out, states = _check_case(x_in, x_out, states)
    cases = check_cases(states.T[None], x_in[None, None], x_out[None, None], weights)
    if cases.binary and cases.states.shape[1] > _LARGE:
        table, unit_bits = cases.fixed_point()
        order, around_bits = greedy_large(cases.states[0], cases.pairs[0, 0], table, unit_bits)
        return RemovalOrder(order, around_bits - around_bits[-1])
    orders, relay_bits = greedy_orders(
        states.T[None], x_in[None, None], x_out[None, None], weights=weights
    )
    return RemovalOrder(orders[0, 0], relay_bits[0, 0])


def plain_greedy_order(
    x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray, *, weights: np.ndarray | None = None
) -> RemovalOrder:
    """Greedy removal order straight from the definition: slow, short, the reference.

    Arguments, result and errors as in `greedy_order`. The second term of equation 1 is the same
    for every candidate, so the first decides.
    """
    x_in, x_out, states = _check_case(x_in, x_out, states)
    relay_set, rest = list(range(states.shape[1])), list[int]()

    def around(nodes: list[int]) -> float:
        return conditional_mutual_information(x_in, x_out, states[:, nodes], weights=weights)

    around_bits = [around([])]
    while relay_set:
        best, best_bits = -1, -np.inf
        for node in relay_set:
            bits = around([*rest, node])
            if bits > best_bits + TIE_BITS:
                best, best_bits = node, bits
        relay_set.remove(best)
        rest.append(best)
        around_bits.append(best_bits)
    return RemovalOrder(np.array(rest), np.array(around_bits) - around_bits[-1])


def greedy_orders(
    states: np.ndarray,
    x_in: np.ndarray,
    x_out: np.ndarray,
    *,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Greedy removal orders of many networks or time points and all their concepts at once.

    Parameters
    ----------
    states
        Discrete states, (batch, node, sequence).
    x_in, x_out
        Concept values and answers, (concept, sequence), the same for the whole batch, or
        (batch, concept, sequence).
    weights
        Weight of each sequence, (sequence,), not negative; None: all equal.

    Returns
    -------
    order
        Node indices from 0, least relaying first, (batch, concept, node).
    relay_bits
        I_R in bits, (batch, concept, node + 1), full set first. Each case equals `greedy_order`.

    Raises
    ------
    TypeError, ValueError
        As `relay_information`.
    """
    cases = check_cases(states, x_in, x_out, weights)
    n_batch, n_nodes, _ = cases.states.shape
    shape = (n_batch, cases.pairs.shape[1])
    if not cases.fits:
        return _plain_orders(states, x_in, x_out, weights, shape)
    orders = np.empty((*shape, n_nodes), dtype=np.int64)
    around_bits = np.empty((*shape, n_nodes + 1))
    with numba.parallel_chunksize(16):
        greedy_batch(*cases, orders, around_bits)
    return orders, around_bits - around_bits[..., -1:]


def information_matrix(
    states: np.ndarray,
    x_in: np.ndarray,
    x_out: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    value: str = "cumulative",
) -> np.ndarray:
    """Information matrix: how much each node relays about each concept, in bits (figure 3).

    Parameters
    ----------
    states
        Discrete states of the nodes, (n_sequences, n_nodes).
    x_in, x_out
        Concept values and answers, (n_sequences, n_concepts).
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.
    value
        What the node that greedy removal takes out at step k is given:

        - ``"cumulative"``: I_R(full set) - I_R(after step k), all that is lost so far. The last
          node always gets the full total.
        - ``"increment"``: I_R(before step k) - I_R(after step k), its own loss. The increments
          of a concept sum to the full total.
        - ``"aggregate"``: I_R(before step k), the relay information of the smallest set on the
          way that still holds the node.

    Returns
    -------
    numpy.ndarray
        (n_concepts, n_nodes), bits.

    Raises
    ------
    TypeError, ValueError
        As `relay_information`, and ValueError if ``value`` is not one of the three.
    """
    check_choice("value", value, VALUES)
    states = check_symbols("states", states, (None, None))
    x_in = check_symbols("x_in", x_in, (len(states), None))
    x_out = check_symbols("x_out", x_out, x_in.shape)
    orders, relay_bits = greedy_orders(states.T[None], x_in.T, x_out.T, weights=weights)
    return node_values(orders[0], relay_bits[0], value=value)


def node_values(
    orders: np.ndarray, relay_bits: np.ndarray, *, value: str = "cumulative"
) -> np.ndarray:
    """Turn removal orders (..., node) and I_R (..., node + 1) into bits per node (..., node).

    ``value`` as in `information_matrix`; ValueError if it is unknown.
    """
    check_choice("value", value, VALUES)
    before, after = relay_bits[..., :-1], relay_bits[..., 1:]
    by_step = {
        "cumulative": relay_bits[..., :1] - after,
        "increment": before - after,
        "aggregate": before,
    }[value]
    by_node = np.empty_like(by_step)
    np.put_along_axis(by_node, orders, by_step, axis=-1)
    return by_node


def _plain_orders(
    states: np.ndarray,
    x_in: np.ndarray,
    x_out: np.ndarray,
    weights: np.ndarray | None,
    shape: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Do `greedy_orders` one by one, for alphabets too large for the kernels' tables."""
    x_in, x_out = (np.broadcast_to(x, (*shape, np.shape(x)[-1])) for x in (x_in, x_out))
    results = [
        plain_greedy_order(x_in[case], x_out[case], np.transpose(states[case[0]]), weights=weights)
        for case in np.ndindex(shape)
    ]
    orders = np.stack([result.order for result in results])
    relay_bits = np.stack([result.relay_bits for result in results])
    return orders.reshape(*shape, -1), relay_bits.reshape(*shape, -1)


def _check_case(
    x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    states = check_symbols("states", states, (None, None), widen=False)
    x_in = check_symbols("x_in", x_in, (len(states),))
    return x_in, check_symbols("x_out", x_out, (len(states),)), states
