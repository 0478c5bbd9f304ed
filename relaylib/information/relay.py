"""Relay information: how much of I(X_in; X_out) passes through a set of nodes and no others.

The relay set is Y_R, the other nodes are Y_0, all at one time point (equation 1 of the paper):

    I_R(Y_R) = I(X_in; X_out | Y_0) - I(X_in; X_out | Y_R, Y_0)

The second term is the same for every split of the nodes. I_R is negative where nodes hold the
information only jointly with the rest (synergy).
"""

from collections.abc import Iterator
from typing import Any, Generic, NamedTuple

import numpy as np

from relaylib.core.checks import check_bool, check_choice, check_finite, check_symbols
from relaylib.core.progress import progress, warn_if_long
from relaylib.core.tolerances import TIE_BITS
from relaylib.information.entropy import check_columns, conditional_mutual_information
from relaylib.information.kernels.batches import fill_large, fill_refining
from relaylib.information.kernels.cases import Cases, check_case, check_cases
from relaylib.information.labels import Array, is_labelled, plain_arrays, plain_orders
from relaylib.information.significance import warn_if_undersampled

_LARGE = 32  # nodes, above which the kernel for large layers is faster
_SECONDS_PER_COLUMN, _SECONDS_PER_SYMBOL = 3e-5, 5e-8  # of a label without a kernel
VALUES = ("cumulative", "increment", "aggregate")


class RemovalOrder(NamedTuple, Generic[Array]):
    """Nodes in the order in which greedy removal takes them out of the relay set.

    Attributes
    ----------
    order
        Least relaying node first. Plain: indices from 0, (..., node). Labelled: labels of nodes,
        (..., removal_step).
    relay_bits
        I_R in bits after 0, 1, ..., n_nodes removals: the full set first, the empty set (0 bits)
        last. Plain: (..., node + 1). Labelled: (..., set_size).
    """

    order: Array
    relay_bits: Array


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
    x_in: Array,
    x_out: Array,
    states: Array,
    *,
    weights: Array | None = None,
    is_population: bool = False,
) -> RemovalOrder[Array]:
    """Greedy removal order of the nodes ("shrinking subset") and I_R along it.

    Start with all nodes in the relay set; remove the node whose removal keeps I_R largest; repeat
    until the set is empty. Nodes within 1e-12 bits of each other tie, and the lowest index is
    removed first.

    Parameters
    ----------
    x_in, x_out
        The concept's value and the network's answer, discrete symbols, (n_sequences,).
    states
        Discrete states of the nodes, (n_sequences, n_nodes).
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.
    is_population
        Whether the sequences are all that can occur. Then the plug-in is exact, and the guard of
        small samples is silent.

    Returns
    -------
    RemovalOrder
        ``order`` (n_nodes,) and ``relay_bits`` (n_nodes + 1,), the same as `plain_greedy_order`,
        ties included. Labelled arguments and results are those of `greedy_orders`.

    Warns
    -----
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``.

    Raises
    ------
    TypeError, ValueError
        As `greedy_orders`.

    References
    ----------
    Hintze and Adami (2023), Entropy 25, 401, algorithm 1.
    """
    if is_labelled(x_in=x_in, x_out=x_out, states=states):
        return greedy_orders(states, x_in, x_out, weights=weights, is_population=is_population)
    x, y, nodes = check_case(x_in, x_out, states)
    single: Any = greedy_orders(
        nodes.T, x[None], y[None], weights=weights, is_population=is_population
    )
    return RemovalOrder(single.order[0], single.relay_bits[0])


def plain_greedy_order(
    x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray, *, weights: np.ndarray | None = None
) -> RemovalOrder[np.ndarray]:
    """Greedy removal order straight from the definition: slow, short, the reference.

    Arguments, result and errors as in `greedy_order`, without labels or a guard. The second term
    of equation 1 is the same for every candidate, so the first decides.
    """
    x_in, x_out, states = check_case(x_in, x_out, states)
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
    states: Array,
    x_in: Array,
    x_out: Array,
    *,
    weights: Array | None = None,
    is_population: bool = False,
) -> RemovalOrder[Array]:
    """Greedy removal orders of many networks or time points and all their concepts at once.

    Layers of more than 32 binary nodes take a kernel whose time grows with nodes * sequences, not
    with nodes**2 * sequences.

    Parameters
    ----------
    states
        Discrete states, (..., node, sequence), with any leading axes. Labelled: with dimensions
        ``node`` and ``sequence`` and any others, in any order.
    x_in, x_out
        Concept values and answers, (concept, sequence), preceded by the leading axes of states
        unless all share them. Labelled: with dimension ``sequence`` and, where values depend on
        them, ``concept`` and other dimensions of states.
    weights
        Weight of each sequence, (sequence,), not negative; None: all equal.
    is_population
        Whether the sequences are all that can occur. Then the plug-in is exact, and the guard of
        small samples is silent.

    Returns
    -------
    RemovalOrder
        ``order`` (..., concept, node) and ``relay_bits`` (..., concept, node + 1). Labelled:
        ``order`` (..., concept, removal_step) and ``relay_bits`` (..., concept, set_size).

    Warns
    -----
    LongRunWarning
        If this is expected to take more than ten minutes.
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``.

    Raises
    ------
    TypeError
        If symbols are not whole numbers, or only some of states, x_in and x_out are labelled.
    ValueError
        As `relay_information`, or if dimensions or their labels do not match.
    """
    arrays, labels = plain_arrays(states, x_in, x_out, weights)
    cases, batch = check_cases(*arrays), np.shape(arrays[0])[:-2]
    if not check_bool("is_population", is_population):
        warn_if_undersampled(cases)
    order, bits = (a.reshape(*batch, *a.shape[1:]) for a in _removal_orders(cases))
    relay_bits = labels.attach(bits - bits[..., -1:], "set_size")
    return RemovalOrder(labels.attach(order, "removal_step"), relay_bits)


def information_matrix(
    states: Array,
    x_in: Array,
    x_out: Array,
    *,
    weights: Array | None = None,
    value: str = "cumulative",
    is_population: bool = False,
) -> Array:
    """Information matrix: how much each node relays about each concept, in bits (figure 3).

    Parameters
    ----------
    states
        Discrete states of the nodes, (n_sequences, n_nodes). Labelled: as in `greedy_orders`.
    x_in, x_out
        Concept values and answers, (n_sequences, n_concepts). Labelled: as in `greedy_orders`.
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.
    value
        The value of the node that greedy removal takes out at step k:

        - ``"cumulative"``: I_R(full set) - I_R(after step k), all that is lost so far. The last
          node always gets the full total.
        - ``"increment"``: I_R(before step k) - I_R(after step k), its own loss. The increments
          of a concept sum to the full total.
        - ``"aggregate"``: I_R(before step k), the relay information of the smallest set on the
          way that still holds the node.
    is_population
        Whether the sequences are all that can occur. Then the plug-in is exact, and the guard of
        small samples is silent.

    Returns
    -------
    numpy.ndarray or xarray.DataArray
        (n_concepts, n_nodes), bits. Labelled: (..., concept, node), the other dimensions of
        states first.

    Warns
    -----
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``.

    Raises
    ------
    TypeError, ValueError
        As `greedy_orders`, and ValueError if ``value`` is not one of the three.
    """
    check_choice("value", value, VALUES)
    how: Any = {"weights": weights, "is_population": is_population}
    if is_labelled(states=states, x_in=x_in, x_out=x_out):
        removal: Any = greedy_orders(states, x_in, x_out, **how)
        return node_values(*removal, value=value).sel(node=states["node"])
    nodes = check_symbols("states", states, (None, None), widen=False)
    x = check_symbols("x_in", x_in, (len(nodes), None))
    y = check_symbols("x_out", x_out, x.shape)
    removal = greedy_orders(nodes.T, x.T, y.T, **how)
    return node_values(*removal, value=value)


def node_values(orders: Array, relay_bits: Array, *, value: str = "cumulative") -> Array:
    """Turn removal orders (..., node) and I_R (..., node + 1) into bits per node (..., node).

    Labelled, (..., removal_step) and (..., set_size) become (..., node). ``value`` as in
    `information_matrix`.

    Raises
    ------
    TypeError, ValueError
        If ``value`` is unknown, shapes or labels do not match, or an order does not hold every
        node once.
    """
    check_choice("value", value, VALUES)
    order, bits, labels = plain_orders(orders, relay_bits)
    order = check_symbols("orders", order, (..., None))
    *leading, n_nodes = order.shape
    if (np.sort(order) != np.arange(n_nodes)).any():
        raise ValueError(f"orders must hold each of the {n_nodes} nodes once in every row")
    bits = check_finite("relay_bits", bits, (*leading, n_nodes + 1))
    before, after = bits[..., :-1], bits[..., 1:]
    by_step = {"cumulative": bits[..., :1] - after, "increment": before - after}.get(value, before)
    by_node = np.empty_like(by_step)
    np.put_along_axis(by_node, order, by_step, axis=-1)
    return labels.attach(by_node, "node", "information_bits")


def _removal_orders(cases: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Return orders (batch, concept, node), and I(x_in; x_out | Y_0) after 0, 1, ... removals."""
    n_batch, n_nodes, n_concepts = *cases.states.shape[:2], cases.pairs.shape[1]
    orders = np.empty((n_batch, n_concepts, n_nodes), dtype=np.int64)
    around_bits = np.empty((n_batch, n_concepts, n_nodes + 1))
    large = cases.binary and n_nodes > _LARGE
    fill = fill_large if large else fill_refining if cases.fits else _fill_plainly
    with progress(total=n_batch * n_concepts, desc="removal orders", unit="order") as bar:
        for n_done in fill(cases, orders, around_bits):
            bar.update(n_done)
    return orders, around_bits


def _fill_plainly(cases: Cases, orders: np.ndarray, bits: np.ndarray) -> Iterator[int]:
    """Fill orders of alphabets that are too large for the tables of the kernels."""
    n_batch, n_concepts, n_nodes = orders.shape
    n_columns = n_nodes * (n_nodes + 1) * (n_nodes + 2) / 6  # labelled, over all candidates
    each = _SECONDS_PER_SYMBOL * n_columns * cases.states.shape[2]
    seconds = n_batch * n_concepts * (each + _SECONDS_PER_COLUMN * n_columns)
    warn_if_long("greedy removal without a kernel", seconds, "use fewer symbols")
    for at in np.ndindex(orders.shape[:2]):
        pairs = cases.pairs[cases.pairs_of[at[0]], at[1]]
        case = pairs // cases.shape[2], pairs % cases.shape[2], cases.states[at[0]].T
        orders[at], bits[at] = plain_greedy_order(*case, weights=cases.weights)
        yield 1
