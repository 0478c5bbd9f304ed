"""Knockouts: set the state of chosen nodes to 0 at one step, run on, and read the answers.

An intervention, where relay information is an observation: knocking out the nodes that relay a
concept should cost the answer to it. The idea is that of a gene knockout.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from relaylib.core.checks import check_bool, check_dims, check_integer, check_symbols
from relaylib.networks.ensemble import MAX_BLANK, Ensemble, State
from relaylib.tasks.task import Trials, check_trials

Array = TypeVar("Array", np.ndarray, xr.DataArray)

_COLUMNS = 4096  # sets x sequences run side by side: fits a processor's cache


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


@torch.no_grad()
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
        1 .. n_steps; None: the last step of the input, when all information is in.

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
        a target is neither -1 nor +1, ``step`` is no step of the input, or ``delays`` is empty or
        out of range.
    """
    if not isinstance(ensemble, Ensemble):
        raise TypeError(f"ensemble must be a relaylib.Ensemble, got {type(ensemble).__name__}")
    if isinstance(knocked_out, xr.DataArray):
        return _labelled_accuracy(ensemble, trials, knocked_out, delays=delays, step=step)
    shape = (len(ensemble), None, ensemble.n_nodes)
    knocked_out = check_symbols("knocked_out", knocked_out, shape)
    if not np.isin(knocked_out, (0, 1)).all():
        raise ValueError("knocked_out must be True or False for every node, not node numbers")
    trials = check_trials(trials, (None, ensemble.n_inputs, ensemble.n_outputs))
    n_sequences, n_steps, _ = trials.inputs.shape
    step = n_steps if step is None else check_integer("step", step, 1, n_steps)
    delays = _check_delays(delays)
    like = ensemble.weights["weight_hh"]
    inputs = torch.as_tensor(trials.inputs.transpose(1, 2, 0).copy()).to(like)
    targets = torch.as_tensor(trials.targets.T.copy()).to(like)
    state = ensemble.start(n_sequences)
    for x in inputs[:step]:
        state = ensemble.step(x, state)
    n_together = max(1, _COLUMNS // n_sequences)
    blocks = [
        _run_on(ensemble, _set_to_zero(state, sets), inputs[step:], targets, delays)
        for sets in torch.as_tensor(knocked_out == 1).split(n_together, dim=1)
    ]
    return torch.cat(blocks, dim=1).cpu().numpy()


def _labelled_accuracy(
    ensemble: Ensemble, trials: Trials, knocked_out: xr.DataArray, **times: Any
) -> xr.DataArray:
    dims, nodes = knocked_out.dims, np.arange(1, ensemble.n_nodes + 1)
    check_dims("knocked_out", knocked_out, ("node",))
    if "delay" in dims:
        raise ValueError(f"knocked_out must not have a dimension delay, got {dims}")
    if "node" in knocked_out.coords:
        if not np.array_equal(np.sort(knocked_out.node), nodes):
            raise ValueError(f"knocked_out.node must be {nodes}, got {knocked_out.node.values}")
        knocked_out = knocked_out.sel(node=nodes)
    if "concept" in (*dims, *knocked_out.coords):
        knocked_out = knocked_out.rename(concept="relays_of")
    if not {"network", "replicate"} & set(dims):
        knocked_out = knocked_out.expand_dims(network=np.arange(len(ensemble)))
    member = "network" if "network" in knocked_out.dims else "replicate"
    sets = knocked_out.transpose(member, ..., "node")
    flat = sets.values.reshape(sets.sizes[member], -1, sets.sizes["node"])
    accuracy = knockout_accuracy(ensemble, trials, flat, **times)
    labels = {"delay": list(times["delays"]), "concept": list(check_trials(trials).concepts)}
    labelled = sets.isel(node=0, drop=True).expand_dims(labels, axis=(-2, -1)).rename("accuracy")
    attrs = {"units": "1", "long_name": "fraction of answers right"}
    return labelled.copy(data=accuracy.reshape(labelled.shape)).assign_attrs(attrs)


def _run_on(
    ensemble: Ensemble, state: State, inputs: Tensor, targets: Tensor, delays: Sequence[int]
) -> Tensor:
    """Run the rest of the input and blank steps; accuracy (network, set, delay, concept)."""
    n_sequences = targets.shape[1]
    n_sets = state[0].shape[2] // n_sequences
    for x in inputs:
        state = ensemble.step(x.repeat(1, n_sets), state)
    shares = {}
    for delay in range(max(delays) + 1):
        if delay > 0:
            state = ensemble.step(None, state)
        if delay in delays:
            answers = ensemble.readout(state).unflatten(2, (n_sets, n_sequences)) > 0
            shares[delay] = (answers == (targets > 0)[:, None]).double().mean(dim=3)
    return torch.stack([shares[delay] for delay in delays], dim=3).permute(0, 2, 3, 1)


def _check_delays(delays: Sequence[int]) -> list[int]:
    if not isinstance(delays, Sequence) or not delays:
        raise ValueError(f"delays must be a tuple of one delay or more, got {delays!r}")
    return [check_integer("delays", delay, 0, MAX_BLANK) for delay in delays]


def _set_to_zero(state: State, knocked_out: Tensor) -> State:
    """Give every set its own copy of the sequences: state (network, node, set x sequence)."""
    keep = (~knocked_out).transpose(1, 2)[..., None].to(state[0])  # network, node, set, 1
    return tuple((part[:, :, None, :] * keep).flatten(2) for part in state)
