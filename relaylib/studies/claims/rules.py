"""The rules of the claims, fixed before anything was measured.

A claim is *reproduced* if in every group the 95 % interval lies on the claimed side of the null,
*partly* if in some, *not reproduced* if in none. Groups whose ``holds`` is None are shown for
reference and not counted; so is a group in which no network of some condition has a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import xarray as xr

from relaylib.core.tolerances import ZERO_BITS
from relaylib.measures.drift import bits_before, persistence
from relaylib.measures.geometry import SCORES
from relaylib.studies.claims.claim import Group
from relaylib.studies.claims.inputs import FIXED, BasicInputs, ClaimInputs, Estimate, contrast
from relaylib.studies.config import StudyConfig
from relaylib.studies.latent import sharpening
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import known_onsets


def _above(
    inputs: BasicInputs,
    group: str,
    quantity: str,
    *terms: tuple[float, xr.DataArray],
    null: float = 0.0,
    counts: bool = True,
    inclusive: bool = False,
) -> Group:
    """Judge a contrast that is claimed to lie above the null (inclusive: or at it)."""
    estimate = contrast(*terms, seed=inputs.config.seed, label=group)
    holds = estimate.low > null or (inclusive and estimate.low == null)
    return _judged(group, quantity, estimate, null, holds, counts=counts)


def _judged(
    group: str, quantity: str, estimate: Estimate, null: float, holds: bool, *, counts: bool = True
) -> Group:
    """Return the group; what has no interval is not judged."""
    judged = counts and estimate.low == estimate.low
    return Group(group, quantity, *estimate, null, holds if judged else None)


def _exactly(group: str, quantity: str, value: float, null: float, holds: bool | None) -> Group:
    """Return a group in which nothing is sampled: its interval is the value itself."""
    return Group(group, quantity, value, value, value, 0, null, holds)


def _cells(inputs: BasicInputs) -> Iterator[tuple[str, dict[str, str]]]:
    for task in inputs.study.task.values:
        for architecture in inputs.study.architecture.values:
            yield f"{task} {architecture}", {"task": task, "architecture": architecture}


def _against_rnn(
    inputs: BasicInputs, values: xr.DataArray, label: str, quantity: str, **where: str
) -> Iterator[Group]:
    """GRU minus RNN and LSTM minus RNN of values that have an architecture."""
    chosen = values.sel(where)
    for architecture in ("GRU", "LSTM"):
        yield _above(
            inputs,
            f"{label} {architecture} - RNN",
            quantity,
            (1.0, chosen.sel(architecture=architecture)),
            (-1.0, chosen.sel(architecture="RNN")),
        )


def _fixed(inputs: BasicInputs) -> list[str]:
    """The fixed regimes at hand."""
    return [regime for regime in FIXED if regime in inputs.config.regimes]


def _own_delay(study: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Accuracy of fixed-regime networks at their own delay, and its mean at all others."""
    fixed = study.accuracy.sel(regime=[r for r in study.regime.values if r in FIXED])
    own = fixed.test_delay == fixed.regime.astype(int)
    return fixed.where(own).mean("test_delay"), fixed.where(~own).mean("test_delay")


def _c1(inputs: BasicInputs) -> Iterator[Group]:
    worst = float(inputs.study.population_accuracy.min(skipna=False))
    yield _exactly("all networks", "least accuracy", worst, 0.98, worst >= 0.98)
    most = float(inputs.study.attempts.max())
    yield _exactly("network with most attempts", "attempts", most, 1.0, None)


def _c2(inputs: BasicInputs) -> Iterator[Group]:
    own, off = _own_delay(inputs.study)
    for label, cell in _cells(inputs):
        yield _above(inputs, label, "accuracy difference", (1.0, (own - off).sel(cell)))


def _c3(inputs: BasicInputs) -> Iterator[Group]:
    _, off = _own_delay(inputs.study)
    for task in inputs.study.task.values:
        yield from _against_rnn(inputs, off, task, "accuracy difference", task=task)


def _c4(inputs: BasicInputs) -> Iterator[Group]:
    accuracy = inputs.study.accuracy.mean("test_delay")
    for label, cell in _cells(inputs):
        values = accuracy.sel(cell)
        terms = ((1.0, values.sel(regime="random")), (-1.0, values.sel(regime=_fixed(inputs))))
        yield _above(inputs, label, "accuracy difference", *terms)


def _c5(inputs: BasicInputs) -> Iterator[Group]:
    for label, cell in _cells(inputs):
        losses = inputs.losses[cell["task"]].sel(architecture=cell["architecture"])
        yield _above(inputs, label, "accuracy difference", (1.0, losses.own - losses.others))


def _c6(inputs: BasicInputs) -> Iterator[Group]:
    for label, cell in _cells(inputs):
        values = inputs.silenced[cell["task"]].sel(architecture=cell["architecture"])
        estimate = contrast((1.0, values), seed=inputs.config.seed, label=label)
        holds = estimate.low >= 0.48 and estimate.high <= 0.52
        yield _judged(label, "accuracy", estimate, 0.5, holds)


def _c7(inputs: BasicInputs) -> Iterator[Group]:
    for label, cell in _cells(inputs):
        losses = inputs.losses[cell["task"]].sel(architecture=cell["architecture"])
        for name, difference in (
            ("most - random", losses.own - losses.at_random),
            ("random - least", losses.at_random - losses.least_relaying),
        ):
            yield _above(inputs, f"{label} {name}", "accuracy difference", (1.0, difference))


def _onsets(config: StudyConfig) -> tuple[int, ...]:
    (onsets,) = (known_onsets(task) for task in config.tasks if task.name == "memory")
    if onsets is None:
        raise ValueError("config.tasks must hold a memory task with fixed onsets for the claims")
    return onsets


def _c8(inputs: BasicInputs) -> Iterator[Group]:
    onsets = _onsets(inputs.config)
    bits = inputs.study.information_bits.sel(task="memory", architecture="LSTM", regime="5")
    yield from arrival(inputs, float(bits_before(bits, onsets).max()), persistence(bits, onsets))


def arrival(inputs: BasicInputs, early_bits: float, r: xr.DataArray) -> Iterator[Group]:
    """Judge claim C8.

    Parameters
    ----------
    inputs
        Of which the seed is read.
    early_bits
        Largest entry about any concept before its onset.
    r
        As from `relaylib.measures.drift.persistence`, (replicate, concept).
    """
    is_empty = early_bits < ZERO_BITS
    yield _exactly("largest entry before onset", "bits", early_bits, 0.0, is_empty)
    for index, name in enumerate(MemoryTask.concepts):
        values = (1.0, r.isel(concept=index))
        yield _above(inputs, f"persistence of {name}", "Pearson r", values, null=0.5)


def _by_regime(inputs: BasicInputs, values: xr.DataArray, quantity: str) -> Iterator[Group]:
    for task in inputs.study.task.values:
        for regime in _fixed(inputs):
            label = f"{task} delay {regime}"
            yield from _against_rnn(inputs, values, label, quantity, task=task, regime=regime)


def _c9(inputs: BasicInputs) -> Iterator[Group]:
    yield from _by_regime(inputs, inputs.drift.correlation, "Pearson r, difference")


def _c10(inputs: BasicInputs) -> Iterator[Group]:
    yield from _by_regime(inputs, inputs.drift.overlap, "overlap difference")


def _c11(inputs: BasicInputs) -> Iterator[Group]:
    for task in inputs.study.task.values:
        r = inputs.drift.correlation.sel(task=task)
        rnn = r.sel(architecture="RNN")
        fixed = rnn.sel(regime=_fixed(inputs))
        random = {name: r.sel(architecture=name, regime="random") for name in ("RNN", "GRU")}
        quantity = "Pearson r, difference"
        terms = ((1.0, random["RNN"]), (-1.0, fixed))
        yield _above(inputs, f"{task} random - fixed", quantity, *terms)
        terms = ((1.0, random["GRU"]), (-1.0, random["RNN"]))
        yield _above(inputs, f"{task} random GRU - RNN", quantity, *terms, counts=False)


def _c12(inputs: BasicInputs) -> Iterator[Group]:
    for label, cell in _cells(inputs):
        nodes, shared = inputs.nodes_per_concept.sel(cell), inputs.shared_fraction.sel(cell)
        yield _above(inputs, label, "nodes per concept", (1.0, nodes), null=1.0)
        yield _above(inputs, label, "share of nodes shared", (1.0, shared))


def _c13(inputs: ClaimInputs) -> Iterator[Group]:
    latent = inputs.latent.sel(regime="random")
    values = (1.0, latent.silhouette)
    yield _above(inputs, "(a) plane of steps 10-15", "silhouette", values, null=0.5)
    decoding = latent.decoding_accuracy
    estimate = contrast((1.0, decoding), seed=inputs.config.seed, label="decoding")
    group = "(b) plane of the answer step"
    yield _judged(group, "decoding accuracy", estimate, 0.9, estimate.low >= 0.9)


def _c14(inputs: ClaimInputs) -> Iterator[Group]:
    gain = sharpening(inputs.latent).sel(labelling="concept")
    for score in SCORES:
        values = gain.sel(score=score)
        quantity = f"{score.replace('_', '-')} gained"
        yield _above(inputs, "random delays", quantity, (1.0, values.sel(regime="random")))
        fixed = (1.0, values.sel(regime=_fixed(inputs)))
        yield _above(inputs, "fixed delays", quantity, fixed, counts=False)


def _c15(inputs: ClaimInputs) -> Iterator[Group]:
    quantity = "share of the best set's bits"
    at_least: dict[str, Any] = {"null": 0.95, "inclusive": True}
    yield _above(inputs, "all networks", quantity, (1.0, inputs.greedy_ratio), **at_least)
    for label, cell in _cells(inputs):
        values = (1.0, inputs.greedy_ratio.sel(cell))
        yield _above(inputs, label, quantity, values, counts=False, **at_least)


def _c16(inputs: BasicInputs) -> Iterator[Group]:
    late = inputs.study.accuracy.sel(regime="random", test_delay=[6, 7, 8, 9]).mean("test_delay")
    for task in inputs.study.task.values:
        yield from _against_rnn(inputs, late, task, "accuracy difference", task=task)


def _c18(inputs: ClaimInputs) -> Iterator[Group]:
    decoding = inputs.decoding.sel(architecture="RNN")
    for task in inputs.study.task.values:
        for regime in ("3", "4", "5"):
            at_lag = decoding.sel(task=task, regime=regime)
            label = f"{task} delay {regime}"
            nearer = (1.0, at_lag.sel(lag=1) - at_lag.sel(lag=2))
            yield _above(inputs, f"{label} (a)", "decoding accuracy, lag 1 - lag 2", nearer)
            yield _least_decoded(inputs, f"{label} (b)", at_lag.sel(lag=range(1, int(regime) + 1)))


def _least_decoded(inputs: ClaimInputs, group: str, at_lag: xr.DataArray) -> Group:
    """Judge the lag whose interval reaches least high: no lag may lie wholly below chance."""
    seed = inputs.config.seed
    estimates = [
        contrast((1.0, at_lag.sel(lag=lag)), seed=seed, label=f"{group} lag {lag}")
        for lag in at_lag.lag.values
    ]
    least = min(estimates, key=lambda estimate: (estimate.high == estimate.high, estimate.high))
    return _judged(group, "least decoding accuracy of a lag", least, 0.5, least.high >= 0.5)


def _c22(inputs: ClaimInputs) -> Iterator[Group]:
    for label, cell in _cells(inputs):
        for name, quantity in (("one_node", "one node"), ("sets", "sets of 4")):
            values = (1.0, inputs.noise[name].sel(cell))
            yield _above(inputs, label, f"Spearman correlation, {quantity}", values)


_FIRST: dict[str, Callable[[BasicInputs], Iterator[Group]]] = {
    f"C{number}": rule
    for number, rule in enumerate(
        (_c1, _c2, _c3, _c4, _c5, _c6, _c7, _c8, _c9, _c10, _c11, _c12), 1
    )
}
BASIC_RULES = _FIRST | {"C16": _c16}
"""The rules that ask for no more than training, relay information and knockouts."""

RULES: dict[str, Callable[[ClaimInputs], Iterator[Group]]] = {
    **_FIRST,
    "C13": _c13,
    "C14": _c14,
    "C15": _c15,
    "C16": _c16,
    "C18": _c18,
    "C22": _c22,
}
