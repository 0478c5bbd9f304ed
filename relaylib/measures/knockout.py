"""Knockouts: set the state of chosen nodes to 0 at one step, run on, and read the answers.

An intervention, where relay information is an observation: knocking out the nodes that relay a
concept should cost the answer to it. The idea is that of a gene knockout.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from torch import Tensor

from relaylib.core.checks import check_bool, check_dims, check_symbols, check_type
from relaylib.measures.perturbation import accuracy_after, labelled_accuracy
from relaylib.networks.ensemble import Ensemble, State
from relaylib.tasks.task import Trials

Array = TypeVar("Array", np.ndarray, xr.DataArray)


def first_nodes(orders: Array, *, from_end: bool = False) -> Array:
    """Sets of the first k nodes of each removal order, for k = 0 .. n_nodes.

    Parameters
    ----------
    orders
        Each node once: node indices from 0, (..., node); or labelled, node labels along
        removal_step.
    from_end
        Take the last k nodes instead: the most relaying ones.

    Returns
    -------
    numpy.ndarray or xarray.DataArray
        bool (..., n_knocked_out, node): whether the node is in the set of k nodes. The first set
        is empty, the last holds all nodes.

    Raises
    ------
    ValueError, TypeError
        If ``orders`` has no dimension removal_step, or a row does not hold each node once.
    """
    if isinstance(orders, xr.DataArray):
        check_dims("orders", orders, ("removal_step",))
        orders = orders.sortby("removal_step")
        is_text = orders.dtype.kind == "U"
        labels = orders.values if is_text else check_symbols("orders", orders.values, (...,))
        nodes, indices = np.unique(labels, return_inverse=True)
        sets = xr.apply_ufunc(
            first_nodes,
            orders.copy(data=indices.reshape(orders.shape)),
            kwargs={"from_end": from_end},
            input_core_dims=[["removal_step"]],
            output_core_dims=[["n_knocked_out", "node"]],
        )
        return sets.assign_coords(n_knocked_out=np.arange(sets.sizes["n_knocked_out"]), node=nodes)
    orders = check_symbols("orders", orders, (..., None))
    from_end = check_bool("from_end", from_end)
    n_nodes = orders.shape[-1]
    if (np.sort(orders, axis=-1) != np.arange(n_nodes)).any():
        raise ValueError(f"orders must hold each node (indices 0..{n_nodes - 1}) once in every row")
    rank = np.argsort(orders[..., ::-1] if from_end else orders, axis=-1)
    return rank[..., None, :] < np.arange(n_nodes + 1)[:, None]


def knockout_accuracy(
    ensemble: Ensemble,
    trials: Trials,
    knocked_out: Array,
    *,
    delays: Sequence[int],
    step: int | None = None,
) -> Array:
    """Accuracy after sets of nodes are knocked out (Figs. 4 and 5).

    After the update of ``step`` the state of the chosen nodes is set to 0 (LSTM: h and c), once;
    the network then runs on as usual. The caller's networks are not changed.

    Parameters
    ----------
    ensemble, trials
        The networks and the sequences that they are given.
    knocked_out
        The sets of nodes to knock out, each in a run of its own: bool (network, set, node); or
        labelled, with dimension node and any others, which tell the sets apart. Without dimension
        network (or replicate) every network gets the same sets.
    delays
        Numbers of blank steps after which the answer is read, at most 10,000.
    step
        A step of the input or a blank one, up to that of the earliest answer; None: the last step
        of the input, when all information is in. An answer of the same step is read from the
        state without these nodes.

    Returns
    -------
    numpy.ndarray or xarray.DataArray
        Fraction of sequences answered with the right sign, (network, set, delay, concept); or
        labelled, (network or replicate, dimensions of the sets, delay, concept). A dimension
        concept of the sets, the one that their order is about, comes back as relays_of.

    Raises
    ------
    ValueError, TypeError
        If ``knocked_out`` has another shape or lacks a node, ``trials`` do not fit the networks,
        a target is neither -1 nor +1, ``step`` is after the earliest answer, or ``delays`` is empty
        or out of range.
    """
    check_type("ensemble", ensemble, Ensemble)
    how: dict[str, Any] = {"delays": delays, "step": step}
    if isinstance(knocked_out, xr.DataArray):
        name = "knocked_out"
        return labelled_accuracy(knockout_accuracy, ensemble, trials, name, knocked_out, **how)
    return accuracy_after(ensemble, trials, "knocked_out", knocked_out, _set_to_zero, **how)


def _set_to_zero(state: State, knocked_out: Tensor) -> State:
    """Give every set its own copy of the sequences: state (network, node, set x sequence)."""
    keep = (~knocked_out).transpose(1, 2)[..., None].to(state[0])  # network, node, set, 1
    return tuple((part[:, :, None, :] * keep).flatten(2) for part in state)
