"""Which estimators find the nodes that matter, and claim C21: the rules.

The rules were written down before anything was measured for them, and have not moved since. The
words of verdicts are those of the ledger of the paper's claims.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    check_choice,
    check_dataset,
    check_dims,
    check_floats,
    check_integer,
)
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import Estimate, contrast
from relaylib.studies.claims.texts import Text
from relaylib.studies.estimator_config import DECODER, PLUGIN, REAL, SCORES, SINGLE_NODE, TASKS

REAL_SIZES = (12, 48, 192, 512)
"""Nodes of the real networks on which orders are judged by knockouts."""
CLAIM_SIZES = (12, 48, 192, 768)
"""Nodes of the networks on which C21 is judged."""
BELIEVED_BITS = 0.1
"""An estimate is believed where its absolute error is at most so much, in the mean of samples."""
RANDOM, SINGLE = "against random sets", "against single-node scores"
ESTIMATOR_TEXTS = {
    "C21": Text(
        "No limit beyond extremely large networks is foreseen",
        "IV",
        "C5 with set sizes of 1/12 to 11/12 of the layer, on the block task and on the digits, in "
        "layers of 12, 48, 192 and 768 nodes: loss of the own concept minus mean loss of the "
        "others, above 0 at every size. For reference: layers of 512 nodes, and orders by decoders",
        "in large layers other concepts lose as much as the one whose relays are knocked out",
        "GRUs alone, which do not drift. The order is the plug-in's, as in C5; that on the "
        "digits is of a small sample. Networks that did not learn are left out.",
    ),
    "E1": Text(
        "The plug-in finds the nodes that matter",
        "this book",
        "GRUs of 12, 48, 192 and 512 nodes that read digits: loss of a concept without its most "
        "relaying nodes, sets of 1/12 to 11/12 of the layer, minus that without random sets, and "
        "minus that without as many nodes by each score of single nodes (its information about "
        "the concept, its correlation, its variance; the closest counts), both above 0. For "
        "reference: the loss of the other concepts",
        "random nodes, or nodes chosen one by one, cost the concept as much",
        "Nodes are scored on some test images, and knocked out (set to 0 after the last row) on "
        "others. Small samples are the plug-in's weakness; they are what users have.",
    ),
    "E2": Text(
        "Decoders find the nodes that matter",
        "this book",
        "As E1, with nodes ordered by usable relay information",
        "random nodes, or nodes chosen one by one, cost the concept as much",
        "Decoders are linear, and so is the readout of the networks.",
    ),
}
"""Claims on estimators with their rules, by number."""
_NETWORK = ("task", "n_nodes", "replicate")
_MEASURED = {
    **dict.fromkeys(("own", "others"), (*_NETWORK, "score")),
    **dict.fromkeys(("at_random", "learned"), _NETWORK),
}
_LOSS = "accuracy difference"


def estimator_ledger(found: xr.Dataset) -> list[Claim]:
    """Judge claims C21, E1 and E2 by the rules in ``ESTIMATOR_TEXTS``.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.

    Raises
    ------
    ValueError, TypeError
        If a variable, a dimension, a label or the seed is missing, or values are no numbers.
    """
    return [judge_estimators(found, id) for id in ESTIMATOR_TEXTS]


def judge_estimators(found: xr.Dataset, id: str) -> Claim:
    """Judge one of the claims; arguments and errors as of `estimator_ledger`."""
    check_choice("id", id, tuple(ESTIMATOR_TEXTS))
    _check(found)
    learned = found[["own", "others", "at_random"]].where(found.learned == 1)
    seed = int(found.attrs["seed"])
    groups = _c21(learned, seed) if id == "C21" else _finds(learned, seed, _JUDGED[id])
    return Claim(id, *ESTIMATOR_TEXTS[id], tuple(groups))


def believed(error_bits: xr.DataArray) -> xr.DataArray:
    """Return where estimates can be believed: mean absolute error at most 0.1 bits.

    Parameters
    ----------
    error_bits
        Estimate minus truth, with dimension ``replicate`` and any others.

    Raises
    ------
    ValueError, TypeError
        If there is no dimension ``replicate``, or values are not finite.
    """
    check_dims("error_bits", error_bits, ("replicate",))
    check_floats("error_bits", error_bits.values, (...,))
    return abs(error_bits).mean("replicate") <= BELIEVED_BITS


_JUDGED = {"E1": PLUGIN, "E2": DECODER}


def _check(found: xr.Dataset) -> None:
    check_dataset("found", found, **_MEASURED)
    needed = {"task": TASKS, "n_nodes": (*CLAIM_SIZES, *REAL_SIZES), "score": SCORES}
    for dim, labels in needed.items():
        there = found[dim].values.tolist() if dim in found.coords else []
        if set(labels) - set(there):
            raise ValueError(f"found must have the labels {labels} of {dim}, got {there}")
    for name, dims in _MEASURED.items():
        if set(found[name].dims) != set(dims):
            raise ValueError(f"found.{name} must have dimensions {dims}, got {found[name].dims}")
        check_floats(f"found.{name}", found[name].values, (...,), allow_nan=True)
    check_integer("seed of found", found.attrs.get("seed"), 0)


def _group(group: str, estimate: Estimate, *, counts: bool = True, quantity: str = _LOSS) -> Group:
    """Return a group that claims to be above 0; what has no interval is not judged."""
    judged = counts and estimate.low == estimate.low
    return Group(group, quantity, *estimate, 0.0, estimate.low > 0 if judged else None)


def _c21(learned: xr.Dataset, seed: int) -> Iterator[Group]:
    lead = learned.own - learned.others
    for score in (PLUGIN, DECODER):
        for task in TASKS:
            for n in map(int, learned.n_nodes.values):
                values = lead.sel(task=task, n_nodes=n, score=score)
                counts = score == PLUGIN and n in CLAIM_SIZES
                if values.isnull().all() and not counts:
                    continue  # there are no such networks, or orders
                label = f"{task}, {n} nodes" + (f", {score}" if score != PLUGIN else "")
                yield _group(label, contrast((1.0, values), seed=seed, label=label), counts=counts)


def _finds(learned: xr.Dataset, seed: int, score: str) -> Iterator[Group]:
    for n in REAL_SIZES:
        of_size, label = learned.sel(task=REAL, n_nodes=n), f"{n} nodes, "
        own = of_size.own.sel(score=score)
        above = contrast((1.0, own - of_size.at_random), seed=seed, label=f"{label}{score} random")
        yield _group(f"{label}{RANDOM}", above)
        against = {
            name: contrast(
                (1.0, own - of_size.own.sel(score=name)), seed=seed, label=f"{label}{score} {name}"
            )
            for name in SINGLE_NODE
        }
        closest = min(against, key=lambda name: np.nan_to_num(against[name].low, nan=-np.inf))
        yield _group(f"{label}{SINGLE}: {closest}", against[closest])
        lead = own - of_size.others.sel(score=score)
        beside = contrast((1.0, lead), seed=seed, label=f"{label}{score} others")
        yield _group(f"{label}own minus others", beside, counts=False)
