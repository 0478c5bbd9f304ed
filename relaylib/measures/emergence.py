"""When in training the relays of a concept emerge, and whether they are already the final ones."""

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    check_choice,
    check_dataset,
    check_dims,
    check_floats,
    check_integer,
    check_labels,
    check_number,
    check_type,
)
from relaylib.core.tolerances import EQUAL_SINGLE_BITS, LEAST_BITS


def emergence(history: xr.Dataset, *, time: int | None = None, level: float = 0.5) -> xr.Dataset:
    """When relay information emerges in training, and whether its nodes are then the final ones.

    The *half epoch* of a concept is the first recorded epoch in which I_R of all nodes is at least
    half of its value when training stops. A node *relays* in the end if the final information
    matrix gives it at least ``level`` of the concept's total. The *AUC* is the probability that,
    at the half epoch, a node that will relay has more bits than one that will not (ties count
    half): 0.5 is chance, 1 a perfect forecast.

    Parameters
    ----------
    history
        As from `relaylib.studies.training_history.training_history`, its ``information_bits``
        with the value "cumulative".
    time
        Step at which the nodes are read, from 1; None: the last step of the input, from the
        coordinate ``input_end``.
    level
        Fraction of the concept's total, in (0, 1].

    Returns
    -------
    xarray.Dataset
        All (..., replicate, concept). ``half_epoch``; ``settled_epoch``: the first from which on
        I_R stays at half or more; ``half_fraction``, ``settled_fraction``: the same in units of the
        network's whole training; ``relaying_nodes``: their number in the end; ``forecast_auc``:
        of the bits at the half epoch; ``other_concept_auc``, its control: of the bits about the
        other concepts at that moment, averaged. NaN where the final total is below 0.1 bits; both
        AUC also where all nodes relay or none, or where half is reached only as training stops:
        then there is nothing to forecast.

    Raises
    ------
    ValueError
        If ``time`` is neither given nor a coordinate or not in ``history``, ``level`` is not in
        (0, 1], or the value of the nodes is another one.
    """
    dims = ("epoch", "time", "concept")
    needed = {"relay_bits": dims, "information_bits": (*dims, "node"), "stopped_epoch": ()}
    check_dataset("history", history, **needed)
    check_dims("history", history, tuple(history.sizes))
    value = history.information_bits.attrs.get("value", "cumulative")
    if value != "cumulative":  # only these reach a concept's total, of which level is a fraction
        raise ValueError(f"history must hold cumulative information_bits, got value {value!r}")
    for name in ("relay_bits", "information_bits", "epoch"):
        check_floats(f"history.{name}", history[name].values, (...,))
    if time is None and "input_end" not in history.coords:
        raise ValueError("time must be given: history has no coordinate input_end")
    time = int(history.input_end) if time is None else check_integer("time", time, 1)
    check_choice("time", time, history.time.values.tolist())
    level = check_number("level", level, 0, 1, above=True)
    total, bits = history.relay_bits.sel(time=time), history.information_bits.sel(time=time)
    final = total.isel(epoch=-1)
    known = final >= LEAST_BITS
    above = (total >= final / 2) | ~known  # half of nothing is no threshold
    half = above.argmax("epoch")
    settled = above.sortby("epoch", ascending=False).cumprod("epoch").sum("epoch")
    settled = history.sizes["epoch"] - settled
    stopped = history.stopped_epoch
    half_epoch = np.minimum(history.epoch[half], stopped).drop_vars("epoch")
    settled_epoch = np.minimum(history.epoch[settled], stopped).drop_vars("epoch")
    relays = (bits.isel(epoch=-1) >= level * final).drop_vars("epoch")
    open_case = known & (half_epoch < stopped)
    others = bits.rename(concept="from").isel(epoch=half).drop_vars("epoch")
    unlike = others["from"] != relays.concept
    found = {
        "half_epoch": half_epoch.where(known),
        "settled_epoch": settled_epoch.where(known),
        "half_fraction": (half_epoch / stopped).where(known),
        "settled_fraction": (settled_epoch / stopped).where(known),
        "relaying_nodes": relays.sum("node").where(known),
        "forecast_auc": auc(bits.isel(epoch=half).drop_vars("epoch"), relays).where(open_case),
        "other_concept_auc": auc(others, relays).where(unlike).mean("from").where(open_case),
    }
    return xr.Dataset(found).drop_vars(["time", "epoch"], errors="ignore").assign_attrs(time=time)


def auc(score: xr.DataArray, positive: xr.DataArray) -> xr.DataArray:
    """P(score of a positive node > score of a negative one) + P(equal) / 2, over node.

    Both (..., node); ``positive`` is bool. NaN where all nodes are positive, or none.
    """
    check_dims("score", score, ("node",))
    check_dims("positive", positive, ("node",))
    check_labels(score=score, positive=check_type("positive", positive, xr.DataArray))
    check_floats("score", score.values, (...,))
    if positive.dtype != bool or positive.sizes["node"] != score.sizes["node"]:
        raise TypeError(f"positive must be True or False for every node of score, got {positive}")
    other, no = score.rename(node="other_node"), ~positive.rename(node="other_node")
    pairs = positive & no
    ties = abs(score - other) <= EQUAL_SINGLE_BITS
    wins = (score > other + EQUAL_SINGLE_BITS) + 0.5 * ties
    both = ["node", "other_node"]
    n_pairs = pairs.sum(both)
    return wins.where(pairs, 0.0).sum(both) / n_pairs.where(n_pairs > 0)
