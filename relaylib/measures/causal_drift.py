"""Whether information moves, by intervention: knock out the relays of one step at another."""

import numpy as np
import xarray as xr

from relaylib.core.checks import check_dims, check_integer, check_rng, check_symbols, check_type
from relaylib.core.seeds import random_orders
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.ensemble import Ensemble
from relaylib.tasks.task import Trials, check_trials


def causal_drift(
    ensemble: Ensemble,
    trials: Trials,
    removal_order: xr.DataArray,
    *,
    delay: int,
    first_time: int | None = None,
    n_removed: int = 4,
    n_random: int = 20,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Knock out at step j the nodes that relay a concept most as ranked at step i, for all i and j.

    Where information stays in its nodes, the matrix is flat along i: the ranking of any step finds
    them. Where it moves, only the ranking of the step of the knockout does, and the diagonal stands
    out. Unlike the correlation of information matrices this asks what the network does, and not
    what its activations tell.

    Parameters
    ----------
    ensemble, trials
        The networks, and the sequences that they are given.
    removal_order
        Node labels (network or replicate, time, concept, removal_step), the least relaying first,
        as ``removal_order`` of `relaylib.studies.study.run_study`.
    delay
        Blank steps until the answer; i and j run from ``first_time`` to the step of the answer.
    first_time
        None: the last step of the input.
    n_removed
        Nodes that are knocked out together.
    n_random
        Random sets of so many nodes, the floor.
    rng
        Random stream of these sets.

    Returns
    -------
    xarray.Dataset
        ``loss`` (network, ranked_at, knocked_at): accuracy about a concept lost without its
        relays, mean over concepts; ``loss_at_random`` (network, knocked_at): lost without random
        nodes; ``diagonal`` and ``off_diagonal`` (network): means of the matrix; ``contrast``:
        their difference, NaN with a single step.

    Raises
    ------
    ValueError, TypeError
        If ``removal_order`` lacks a dimension or a step, or a number is out of range.
    """
    check_type("ensemble", ensemble, Ensemble), check_rng(rng)
    trials = check_trials(trials, (None, ensemble.n_inputs, ensemble.n_outputs))
    n_steps = trials.inputs.shape[1]
    first = check_integer("first_time", n_steps if first_time is None else first_time, 1, n_steps)
    delay = check_integer("delay", delay, 0, 1000)
    n_removed = check_integer("n_removed", n_removed, 1, ensemble.n_nodes)
    n_random = check_integer("n_random", n_random, 1, LARGEST_SAMPLE // ensemble.n_nodes)
    steps = np.arange(first, n_steps + delay + 1)
    sizes = (len(ensemble), len(steps), len(trials.concepts), ensemble.n_nodes)
    order = _ranked(removal_order, steps, sizes).rename(time="ranked_at", concept="relays_of")
    relays = first_nodes(order, from_end=True).sel(n_knocked_out=n_removed, drop=True)
    orders = random_orders(n_random, ensemble.n_nodes, rng=rng) + 1
    drawn = first_nodes(xr.DataArray(orders, dims=("draw", "removal_step")))
    at_random = drawn.sel(n_knocked_out=n_removed, drop=True)
    member = str(relays.dims[0])
    labels = {member: relays[member].values} if member in relays.coords else {}
    relays = relays.drop_vars([member], errors="ignore")
    none = xr.zeros_like(relays.isel(ranked_at=0, relays_of=0, drop=True))

    def accuracy(sets: xr.DataArray, step: int) -> xr.DataArray:
        found = knockout_accuracy(ensemble, trials, sets, delays=(delay,), step=step)
        found = found.isel(delay=0, drop=True).rename({found.dims[0]: member})
        return found.drop_vars([member], errors="ignore")

    whole = accuracy(none, n_steps)
    own, by_chance = [], []
    for step in steps.tolist():
        lost = whole - accuracy(relays, step)
        is_own = xr.DataArray(np.arange(lost.sizes["concept"]), dims="own")
        own.append(lost.isel(relays_of=is_own, concept=is_own).mean("own"))
        by_chance.append((whole - accuracy(at_random, step)).mean(["draw", "concept"]))
    knocked_at = xr.DataArray(steps, dims="knocked_at", name="knocked_at")
    loss = xr.concat(own, knocked_at).transpose(member, "ranked_at", "knocked_at")
    is_same = loss.ranked_at == loss.knocked_at
    means = ["ranked_at", "knocked_at"]
    result = xr.Dataset(
        {
            "loss": loss,
            "loss_at_random": xr.concat(by_chance, knocked_at).transpose(member, "knocked_at"),
            "diagonal": loss.where(is_same).mean(means),
            "off_diagonal": loss.where(~is_same).mean(means),
        }
    )
    result["contrast"] = result.diagonal - result.off_diagonal
    for values in result.values():
        values.attrs = {"units": "1", "long_name": "fraction of answers lost"}
    return result.drop_vars(set(result.coords) - set(result.dims)).assign_coords(labels)


def _ranked(removal_order: xr.DataArray, steps: np.ndarray, sizes: tuple[int, ...]) -> xr.DataArray:
    """Return the orders of these steps, checked: (network or replicate, time, concept, step)."""
    check_dims("removal_order", removal_order, ("time", "concept", "removal_step"))
    members = [dim for dim in ("network", "replicate") if dim in removal_order.dims]
    if len(members) != 1 or removal_order.ndim != 4 or "time" not in removal_order.coords:
        raise ValueError(
            "removal_order must have the dimensions network or replicate, time (with labels), "
            f"concept, removal_step; got {removal_order.dims}"
        )
    missing = sorted({*steps.tolist()} - {*removal_order.time.values.tolist()})
    if missing:
        raise ValueError(f"removal_order must hold the times of i and j, missing: {missing}")
    order = removal_order.sel(time=steps).sortby("removal_step")
    order = order.transpose(members[0], "time", "concept", "removal_step")
    nodes = check_symbols("removal_order", order.values, sizes)
    if (np.sort(nodes, axis=-1) != np.arange(1, sizes[-1] + 1)).any():
        raise ValueError(f"removal_order must hold each node, 1..{sizes[-1]}, once in every row")
    return order.copy(data=nodes)
