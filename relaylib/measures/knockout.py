"""Knockouts: set the state of chosen nodes to 0 at one step, run on, and read the answers.

An intervention, where relay information is an observation: knocking out the nodes that relay a
concept should cost the answer to it. The idea is that of a gene knockout.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from relaylib.core.checks import (
    check_bool,
    check_choice,
    check_dims,
    check_rng,
    check_symbols,
    check_type,
)
from relaylib.measures.perturbation import accuracy_after, labelled_accuracy
from relaylib.networks.ensemble import Ensemble, State
from relaylib.tasks.task import Trials, check_trials

KINDS = ("zero", "mean", "resampled")
"""What a knockout replaces states by."""
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
    kind: str = "zero",
    rng: np.random.Generator | None = None,
) -> Array:
    """Accuracy after sets of nodes are knocked out (Figs. 4 and 5).

    After the update of ``step`` the state of the chosen nodes (LSTM: h and c) is replaced, by
    default by 0, once; the network then runs on as usual. The caller's networks are not changed.

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
    kind
        What the state is replaced by: "zero"; "mean", the node's mean over the sequences; or
        "resampled", its state in another sequence, by one random order of the sequences.
    rng
        Random stream of "resampled"; the others need none.

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
        a target is neither -1 nor +1, ``step`` is after the earliest answer, ``delays`` is empty
        or out of range, or ``kind`` is unknown or "resampled" without ``rng``.
    """
    check_type("ensemble", ensemble, Ensemble)
    check_choice("kind", kind, KINDS)
    how: dict[str, Any] = {"delays": delays, "step": step}
    if isinstance(knocked_out, xr.DataArray):
        name, how = "knocked_out", how | {"kind": kind, "rng": rng}
        return labelled_accuracy(knockout_accuracy, ensemble, trials, name, knocked_out, **how)
    replaced = _set_to_zero
    if kind == "mean":
        replaced = partial(_set_to, lambda part: part.mean(dim=2, keepdim=True))
    elif kind == "resampled":
        order = check_rng(rng).permutation(len(check_trials(trials).inputs))
        replaced = partial(_set_to, lambda part: part[:, :, order])
    return accuracy_after(ensemble, trials, "knocked_out", knocked_out, replaced, **how)


def _set_to_zero(state: State, knocked_out: Tensor) -> State:
    """Give every set its own copy of the sequences: state (network, node, set x sequence)."""
    keep = (~knocked_out).transpose(1, 2)[..., None].to(state[0])  # network, node, set, 1
    return tuple((part[:, :, None, :] * keep).flatten(2) for part in state)


def _set_to(instead: Callable[[Tensor], Tensor], state: State, knocked_out: Tensor) -> State:
    """The same, with what stands instead of a state (network, node, sequence)."""
    chosen = knocked_out.transpose(1, 2)[..., None]  # network, node, set, 1
    return tuple(
        torch.where(chosen, instead(part)[:, :, None], part[:, :, None]).flatten(2)
        for part in state
    )
