"""Every relay set of a network: best sets, the greedy gap, and Shapley values of the nodes.

A set of nodes is a bit mask: bit k is node k, counted from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numba
import numpy as np
import xarray as xr

from relaylib.core.checks import check_bool, check_integer
from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.information.entropy import conditional_mutual_information
from relaylib.information.kernels.cases import Cases, check_case, check_cases
from relaylib.information.kernels.lattice import (
    lattice,
    lattice_batch,
    summarise,
    walk_permutations,
)
from relaylib.information.labels import Array, Labels, plain_arrays
from relaylib.information.significance import warn_if_undersampled

MAX_NODES = 20
LARGEST_LATTICE = 16  # nodes for exact_summaries
_BLOCK = 64  # networks between two updates of the progress bar


@dataclass(frozen=True, eq=False)
class LatticeSummary(Generic[Array]):
    """Best sets, greedy sets and values of the nodes, over all relay sets of one or many cases.

    Leading axes, if any, are those of the batch, and concept. In arrays over ``node + 1``, entry
    k is about sets from which k nodes are removed, as in `RemovalOrder`. Labelled, ``node + 1``
    is dimension ``set_size``.

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

    best_bits: Array
    best_sets: Array
    greedy_bits: Array
    shapley_bits: Array
    essential_bits: Array

    @property
    def gap_bits(self) -> Array:
        """Best minus greedy I_R at each set size, bits."""
        return self.best_bits - self.greedy_bits


@dataclass(frozen=True, eq=False)
class ExactSubsets(LatticeSummary[Array]):
    """I_R of every relay set of one network and concept, and its summary.

    Attributes
    ----------
    relay_bits
        I_R of each relay set, (2 ** n_nodes,), indexed by bit mask. Labelled: (relay_set,).
    """

    relay_bits: Array

    def interaction_bits(self) -> Array:
        """Shapley interaction index of each pair of nodes, (n_nodes, n_nodes), bits.

        The mean, over sets S of other nodes, of I_R(S,i,j) - I_R(S,i) - I_R(S,j) + I_R(S), with
        weight ``|S|! (n - |S| - 2)! / (n - 1)!``. Positive is redundancy: two copies relay a bit
        together, but neither does with the other outside. Negative is synergy: a cipher and its
        key each relay the bit that they hold jointly. The diagonal is 0. Labelled: (node,
        other_node).

        References
        ----------
        Grabisch and Roubens (1999), International Journal of Game Theory 28, 547-565.
        """
        n_nodes = len(self.shapley_bits)
        sets = np.arange(len(self.relay_bits))
        size, u = np.bitwise_count(sets).astype(int), np.asarray(self.relay_bits)
        share = _shares(n_nodes - 1)
        matrix: Any = np.zeros((n_nodes, n_nodes))
        for i in range(n_nodes):
            for j in range(i):
                one, other = 1 << i, 1 << j
                s = sets[sets & (one | other) == 0]
                joint = u[s | one | other] - u[s | one] - u[s | other] + u[s]
                matrix[i, j] = matrix[j, i] = share[size[s]] @ joint
        nodes: Any = self.shapley_bits
        if isinstance(nodes, xr.DataArray):
            matrix = (nodes * nodes.rename(node="other_node")).copy(data=matrix)
            matrix.attrs = nodes.attrs
        return matrix


@dataclass(frozen=True, eq=False)
class SampledShapley(Generic[Array]):
    """Shapley values estimated from random orders of removal.

    Attributes
    ----------
    shapley_bits
        Mean loss of each node, (node,), bits; sums to I_R of the full set.
    standard_error_bits
        Standard error of that mean, (node,), bits.
    """

    shapley_bits: Array
    standard_error_bits: Array


def exact_subsets(
    x_in: Array,
    x_out: Array,
    states: Array,
    weights: Array | None = None,
    *,
    is_population: bool = False,
) -> ExactSubsets[Array]:
    """Relay information of all 2 ** n_nodes relay sets, and what follows from them.

    Parameters
    ----------
    x_in, x_out, states, weights
        One network and concept, as in `relaylib.information.relay.greedy_order`, plain or
        labelled; at most 20 nodes.
    is_population
        Whether the sequences are all that can occur. Then the plug-in is exact, and the guard of
        small samples is silent.

    Returns
    -------
    ExactSubsets
        Its fields are DataArrays if the arguments are.

    Warns
    -----
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.greedy_order`; ValueError above 20 nodes, where
        `sampled_shapley` still works.

    References
    ----------
    Shapley (1953), A value for n-person games, in Contributions to the Theory of Games II.
    """
    cases, labels = _single_case(x_in, x_out, states, weights, is_population)
    n_nodes = cases.states.shape[1]
    if n_nodes > MAX_NODES:
        raise ValueError(
            f"states must have at most {MAX_NODES} nodes for all 2**n relay sets, got {n_nodes}; "
            "estimate Shapley values with sampled_shapley(..., n_permutations=, rng=)"
        )
    around_bits = np.empty(2**n_nodes)
    if cases.fits:
        lattice(cases.states[0], _kernel_case(cases), around_bits)
    else:
        _plain_lattice(cases, around_bits)
    summary = _empty_summary((), n_nodes, np.uint32)
    summarise(around_bits, *summary)
    fields = _attached(labels, summary)
    fields.append(labels.attach(around_bits[::-1] - around_bits[-1], "relay_set"))
    return ExactSubsets(*fields)


def exact_summaries(
    states: Array,
    x_in: Array,
    x_out: Array,
    *,
    weights: Array | None = None,
    is_population: bool = False,
) -> LatticeSummary[np.ndarray] | xr.Dataset:
    """Evaluate all relay sets of many networks or time points and all their concepts.

    Parameters
    ----------
    states
        Discrete states of at most 16 nodes, (..., node, sequence).
    x_in, x_out, weights, is_population
        As in `relaylib.information.relay.greedy_orders`, with or without labels.

    Returns
    -------
    LatticeSummary or xarray.Dataset
        With leading axes (..., concept); ``best_sets`` is uint16. Labelled: a Dataset of the same
        variables.

    Warns
    -----
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.greedy_orders`; ValueError above 16 nodes or for alphabets
        of more than 65,536 combinations of a node's symbol, x_in and x_out (use `exact_subsets`).
    """
    arrays, labels = plain_arrays(states, x_in, x_out, weights)
    cases = check_cases(*arrays)
    n_batch, n_nodes, _ = cases.states.shape
    if n_nodes > LARGEST_LATTICE or not cases.fits:
        raise ValueError(
            f"states must have at most {LARGEST_LATTICE} nodes, and symbols, x_in and x_out at "
            f"most 65536 combinations; got {n_nodes} nodes and alphabets of {cases.shape}: use "
            "exact_subsets"
        )
    if not check_bool("is_population", is_population):
        warn_if_undersampled(cases)
    batch, n_concepts = np.shape(arrays[0])[:-2], cases.pairs.shape[1]
    summary = _empty_summary((n_batch, n_concepts), n_nodes, np.uint16)
    with progress(total=n_batch, desc="relay sets") as bar:
        for start in range(0, n_batch, _BLOCK):
            block = slice(start, start + _BLOCK)
            part = cases._replace(states=cases.states[block], pairs_of=cases.pairs_of[block])
            with numba.parallel_chunksize(1):
                lattice_batch(*part, *(array[block] for array in summary))
            bar.update(len(part.states))
    by_case = [array.reshape(*batch, n_concepts, -1) for array in summary]
    result: LatticeSummary[Any] = LatticeSummary(*_attached(labels, by_case))
    return result if labels.dims is None else xr.Dataset(vars(result))


def sampled_shapley(
    x_in: Array,
    x_out: Array,
    states: Array,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    weights: Array | None = None,
    is_population: bool = False,
) -> SampledShapley[Array]:
    """Estimate Shapley values of any number of nodes from random orders of removal.

    Parameters
    ----------
    x_in, x_out, states, weights, is_population
        As in `exact_subsets`, without its limit on nodes.
    n_permutations, rng
        Number of random orders, at least 2, and their random stream.

    Warns
    -----
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.greedy_order`; ValueError if ``n_permutations`` < 2 or the
        alphabets have more than 65,536 combinations.

    References
    ----------
    Castro, Gomez and Tejada (2009), Computers & Operations Research 36, 1726-1730.
    """
    n_permutations = check_integer("n_permutations", n_permutations, 2, LARGEST_SAMPLE)
    cases, labels = _single_case(x_in, x_out, states, weights, is_population)
    if not cases.fits:
        raise ValueError(
            "symbols, x_in and x_out must have at most 65536 combinations, got alphabets of "
            f"{cases.shape}: use fewer levels"
        )
    check_integer("n_permutations", n_permutations, 2, LARGEST_SAMPLE // cases.states.shape[1])
    orders = random_orders(n_permutations, cases.states.shape[1], rng=rng)
    losses_bits = np.empty(orders.shape)
    walk_permutations(cases.states[0], *_kernel_case(cases), orders, losses_bits)
    error_bits = losses_bits.std(axis=0, ddof=1) / np.sqrt(n_permutations)
    return SampledShapley(*_attached(labels, (losses_bits.mean(axis=0), error_bits)))


def _single_case(
    x_in: Any, x_out: Any, states: Any, weights: Any, is_population: bool
) -> tuple[Cases, Labels]:
    """Check one network and concept, labelled or not, and the size of the sample."""
    arrays, labels = plain_arrays(states, x_in, x_out, weights)
    if labels.dims is None:
        x, y, nodes = check_case(x_in, x_out, states)
        arrays[:3] = nodes.T, x[None], y[None]
    elif labels.dims:
        raise ValueError(f"states, x_in and x_out must be one case, without {labels.dims}")
    cases = check_cases(*arrays)
    if not check_bool("is_population", is_population):
        warn_if_undersampled(cases)
    return cases, labels


def _attached(labels: Labels, arrays: Sequence[np.ndarray]) -> list[Any]:
    """Attach labels to arrays over nodes (the last) and over set sizes, one more than nodes."""
    n_nodes = arrays[-1].shape[-1]
    return [labels.attach(a, "node" if a.shape[-1] == n_nodes else "set_size") for a in arrays]


def _kernel_case(cases: Cases) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int], np.ndarray]:
    return cases.pairs[0, 0], cases.weights, cases.shape, cases.log_table


def _empty_summary(shape: tuple[int, ...], n_nodes: int, mask: type) -> list[np.ndarray]:
    """Return empty arrays for the fields of a `LatticeSummary`, in their order."""
    by_size, by_node = (*shape, n_nodes + 1), (*shape, n_nodes)
    shapes = by_size, by_size, by_size, by_node, by_node
    return [np.empty(s, mask if k == 1 else float) for k, s in enumerate(shapes)]


def _plain_lattice(cases: Cases, around_bits: np.ndarray) -> None:
    """Fill I(x_in; x_out | Y_0) of every Y_0, for alphabets too large for the kernels' tables."""
    states, pairs, n_out = cases.states[0], cases.pairs[0, 0], cases.shape[2]
    for rest in range(len(around_bits)):
        y_rest = states[[bool(rest >> k & 1) for k in range(len(states))]].T
        around_bits[rest] = conditional_mutual_information(
            pairs // n_out, pairs % n_out, y_rest, weights=cases.weights
        )


def _shares(n_players: int) -> np.ndarray:
    """Return k! (n - 1 - k)! / n! for k = 0 .. n - 1."""
    share = np.full(n_players, 1 / max(n_players, 1))
    for k in range(1, n_players):
        share[k] = share[k - 1] * k / (n_players - k)
    return share
