"""Interventions on the state: change chosen nodes after one step, run on, and read the answers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from relaylib.core.checks import check_dims, check_integer, check_symbols, check_type
from relaylib.core.progress import progress
from relaylib.networks.ensemble import MAX_BLANK, Ensemble, State
from relaylib.tasks.task import Trials, check_trials

Change = Callable[[State, Tensor], State]
"""Gives every set of nodes, bool (network, set, node), its own changed copy of the state."""
_COLUMNS = 4096  # sets x sequences run side by side: fits a processor's cache


@torch.no_grad()
def accuracy_after(
    ensemble: Ensemble,
    trials: Trials,
    name: str,
    sets: np.ndarray,
    change: Change,
    *,
    delays: Sequence[int],
    step: int | None,
) -> np.ndarray:
    """Accuracy of each network after ``change`` acted on each set of nodes, once, after ``step``.

    Parameters
    ----------
    name, sets
        Name of the argument in errors, and the sets of nodes: bool (network, set, node).
    change
        What is done to the state.
    delays, step
        As in `relaylib.measures.knockout.knockout_accuracy`.

    Returns
    -------
    numpy.ndarray
        Fraction of sequences answered with the right sign, (network, set, delay, concept).
    """
    check_type("ensemble", ensemble, Ensemble)
    sets = check_symbols(name, sets, (len(ensemble), None, ensemble.n_nodes))
    if not np.isin(sets, (0, 1)).all():
        raise ValueError(f"{name} must be True or False for every node, not node numbers")
    trials = check_trials(trials, (None, ensemble.n_inputs, ensemble.n_outputs))
    n_sequences, n_steps, _ = trials.inputs.shape
    delays = _check_delays(delays)
    step = n_steps if step is None else check_integer("step", step, 1, n_steps + min(delays))
    like = ensemble.weights["weight_hh"]
    shown = list(torch.as_tensor(trials.inputs.transpose(1, 2, 0).copy()).to(like))
    targets = torch.as_tensor(trials.targets.T.copy()).to(like)
    state = ensemble.start(n_sequences)
    for x in (shown + [None] * (step - n_steps))[:step]:
        state = ensemble.step(x, state)
    n_together = max(1, _COLUMNS // n_sequences)
    first = max(step - n_steps, 0)
    chosen = torch.as_tensor(sets == 1).split(n_together, dim=1)
    blocks = [
        _run_on(ensemble, change(state, block), shown[step:], targets, delays, first)
        for block in progress(chosen, desc="knockouts", unit="block")
    ]
    return torch.cat(blocks, dim=1).cpu().numpy()


def labelled_accuracy(
    measure: Callable[..., np.ndarray],
    ensemble: Ensemble,
    trials: Trials,
    name: str,
    sets: xr.DataArray,
    **how: Any,
) -> xr.DataArray:
    """Label what ``measure`` finds for labelled sets of nodes, as `knockout_accuracy` says."""
    dims, nodes = sets.dims, np.arange(1, ensemble.n_nodes + 1)
    check_dims(name, sets, ("node",))
    if "delay" in dims:
        raise ValueError(f"{name} must not have a dimension delay, got {dims}")
    if "node" in sets.coords:
        if not np.array_equal(np.sort(sets.node), nodes):
            raise ValueError(f"{name}.node must be {nodes}, got {sets.node.values}")
        sets = sets.sel(node=nodes)
    if "concept" in (*dims, *sets.coords):
        sets = sets.rename(concept="relays_of")
    if not {"network", "replicate"} & set(dims):
        sets = sets.expand_dims(network=np.arange(len(ensemble)))
    member = "network" if "network" in sets.dims else "replicate"
    sets = sets.transpose(member, ..., "node")
    flat = sets.values.reshape(sets.sizes[member], -1, sets.sizes["node"])
    accuracy = measure(ensemble, trials, flat, **how)
    labels = {"delay": list(how["delays"]), "concept": list(check_trials(trials).concepts)}
    labelled = sets.isel(node=0, drop=True).expand_dims(labels, axis=(-2, -1)).rename("accuracy")
    attrs = {"units": "1", "long_name": "fraction of answers right"}
    return labelled.copy(data=accuracy.reshape(labelled.shape)).assign_attrs(attrs)


def _run_on(
    ensemble: Ensemble,
    state: State,
    inputs: Sequence[Tensor],
    targets: Tensor,
    delays: Sequence[int],
    first: int,
) -> Tensor:
    """Run the rest of the input and blank steps; accuracy (network, set, delay, concept).

    ``first`` is the delay at which an answer is read without a further blank step.
    """
    n_sequences = targets.shape[1]
    n_sets = state[0].shape[2] // n_sequences
    for x in inputs:
        state = ensemble.step(x.repeat(1, n_sets), state)
    shares = {}
    for delay in range(first, max(delays) + 1):
        if delay > first:
            state = ensemble.step(None, state)
        if delay in delays:
            answers = ensemble.readout(state).unflatten(2, (n_sets, n_sequences)) > 0
            shares[delay] = (answers == (targets > 0)[:, None]).double().mean(dim=3)
    return torch.stack([shares[delay] for delay in delays], dim=3).permute(0, 2, 3, 1)


def _check_delays(delays: Sequence[int]) -> list[int]:
    if not isinstance(delays, Sequence) or not delays:
        raise ValueError(f"delays must be a tuple of one delay or more, got {delays!r}")
    return [check_integer("delays", delay, 0, MAX_BLANK) for delay in delays]
