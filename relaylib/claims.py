"""The ledger: the paper's claims, the rules fixed beforehand, and what they give.

A claim is *reproduced* if in every group the 95 % interval lies on the claimed side of the null,
*partly* if in some, *not reproduced* if in none. Groups whose ``holds`` is None stand beside a
claim and do not count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import xarray as xr

from relaylib.claim_texts import TEXTS
from relaylib.dynamics import bits_before, persistence
from relaylib.evidence import FIXED, Estimate, Evidence, contrast, gather
from relaylib.geometry import SCORES
from relaylib.latent import sharpening
from relaylib.store import Store
from relaylib.study import StudyConfig
from relaylib.tasks import MemoryTask

_ZERO_BITS = 1e-9


@dataclass(frozen=True)
class Group:
    """One comparison of a claim: estimate, 95 % interval, null, and whether it holds.

    ``quantity`` says what is estimated, with its unit where it has one. Nothing is sampled where
    the interval is a single value.
    """

    group: str
    quantity: str
    estimate: float
    low: float
    high: float
    null: float
    holds: bool | None


@dataclass(frozen=True)
class Claim:
    """One claim of the paper with its groups.

    Attributes
    ----------
    id, claim, where
        Number, the claim in our words, and where the paper makes it.
    statistic
        What is measured, and the rule.
    fails_if
        What would have to come out for the claim to fail.
    our_part
        What our choices could have done to it.
    """

    id: str
    claim: str
    where: str
    statistic: str
    fails_if: str
    our_part: str
    groups: tuple[Group, ...]

    @property
    def verdict(self) -> str:
        """Reproduced, partly, or not reproduced: by the groups that count."""
        held = [group.holds for group in self.groups if group.holds is not None]
        return "reproduced" if all(held) else "partly" if any(held) else "not reproduced"


def evaluate(
    config: StudyConfig | None = None, *, store: Store | None = None, export: bool = False
) -> list[Claim]:
    """Measure all claims and judge them by their rules.

    Parameters
    ----------
    config
        The study; it must hold both tasks, all architectures and all regimes.
    export
        Also write ``claims.json`` beside the store's results.

    Raises
    ------
    ValueError
        If the study lacks a factor level that a claim names, or has fewer than two replicates.
    """
    config, store = config or StudyConfig(), store or Store()
    full = StudyConfig()
    for name in ("architectures", "regimes"):
        if set(getattr(config, name)) != set(getattr(full, name)):
            raise ValueError(f"config.{name} must be {getattr(full, name)}, the claims need all")
    if [task.name for task in config.tasks] != ["memory", "block"] or config.n_replicates < 2:
        raise ValueError("config must hold memory and block tasks and at least 2 replicates")
    evidence = gather(config, store=store)
    claims = [Claim(id, *TEXTS[id], tuple(rule(evidence))) for id, rule in _RULES.items()]
    if export:
        path = store.root / "claims.json"
        partial = path.with_suffix(".json.partial")
        partial.write_text(json.dumps(as_json(claims), indent=1), encoding="utf-8")
        partial.replace(path)
    return claims


def as_json(claims: list[Claim]) -> list[dict]:
    """Return ``[{"id", "claim", "verdict", "groups": [...]}]``, ready for JSON."""
    return [
        {
            "id": claim.id,
            "claim": claim.claim,
            "verdict": claim.verdict,
            "groups": [asdict(group) for group in claim.groups],
        }
        for claim in claims
    ]


def claims_table(claims: list[Claim]) -> xr.Dataset:
    """Return one row per group, for tables and figures: dimension ``row``."""
    rows = [(claim, group) for claim in claims for group in claim.groups]
    columns: dict[str, list] = {
        "id": [claim.id for claim, _ in rows],
        "verdict": [claim.verdict for claim, _ in rows],
        "group": [group.group for _, group in rows],
        "quantity": [group.quantity for _, group in rows],
        "holds": [str(group.holds) for _, group in rows],
    }
    for name in ("estimate", "low", "high", "null"):
        columns[name] = [getattr(group, name) for _, group in rows]
    return xr.Dataset({name: ("row", values) for name, values in columns.items()})


def _above(
    evidence: Evidence,
    group: str,
    quantity: str,
    *terms: tuple[float, xr.DataArray],
    null: float = 0.0,
    counts: bool = True,
) -> Group:
    """Judge a contrast that is claimed to lie above the null."""
    estimate = contrast(*terms, seed=evidence.config.seed, label=group)
    return Group(group, quantity, *estimate, null, estimate.low > null if counts else None)


def _cells(evidence: Evidence) -> Iterator[tuple[str, dict[str, str]]]:
    for task in evidence.study.task.values:
        for architecture in evidence.study.architecture.values:
            yield f"{task} {architecture}", {"task": task, "architecture": architecture}


def _against_rnn(
    evidence: Evidence, values: xr.DataArray, label: str, quantity: str, **where: str
) -> Iterator[Group]:
    """GRU minus RNN and LSTM minus RNN of values that have an architecture."""
    chosen = values.sel(where)
    for architecture in ("GRU", "LSTM"):
        yield _above(
            evidence,
            f"{label} {architecture} - RNN",
            quantity,
            (1.0, chosen.sel(architecture=architecture)),
            (-1.0, chosen.sel(architecture="RNN")),
        )


def _own_delay(study: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Accuracy of fixed-regime networks at their own delay, and its mean at all others."""
    fixed = study.accuracy.sel(regime=list(FIXED))
    own = fixed.test_delay == fixed.regime.astype(int)
    return fixed.where(own).mean("test_delay"), fixed.where(~own).mean("test_delay")


def _c1(evidence: Evidence) -> Iterator[Group]:
    worst = float(evidence.study.population_accuracy.min())
    yield Group("all networks", "least accuracy", worst, worst, worst, 0.98, worst >= 0.98)


def _c2(evidence: Evidence) -> Iterator[Group]:
    own, off = _own_delay(evidence.study)
    for label, cell in _cells(evidence):
        yield _above(evidence, label, "accuracy difference", (1.0, (own - off).sel(cell)))


def _c3(evidence: Evidence) -> Iterator[Group]:
    _, off = _own_delay(evidence.study)
    for task in evidence.study.task.values:
        yield from _against_rnn(evidence, off, task, "accuracy difference", task=task)


def _c4(evidence: Evidence) -> Iterator[Group]:
    accuracy = evidence.study.accuracy.mean("test_delay")
    for label, cell in _cells(evidence):
        values = accuracy.sel(cell)
        terms = ((1.0, values.sel(regime="random")), (-1.0, values.sel(regime=list(FIXED))))
        yield _above(evidence, label, "accuracy difference", *terms)


def _c5(evidence: Evidence) -> Iterator[Group]:
    for label, cell in _cells(evidence):
        losses = evidence.losses[cell["task"]].sel(architecture=cell["architecture"])
        yield _above(evidence, label, "accuracy difference", (1.0, losses.own - losses.others))


def _c6(evidence: Evidence) -> Iterator[Group]:
    for label, cell in _cells(evidence):
        values = evidence.silenced[cell["task"]].sel(architecture=cell["architecture"])
        mean, low, high = contrast((1.0, values), seed=evidence.config.seed, label=label)
        yield Group(label, "accuracy", mean, low, high, 0.5, low >= 0.48 and high <= 0.52)


def _c7(evidence: Evidence) -> Iterator[Group]:
    for label, cell in _cells(evidence):
        losses = evidence.losses[cell["task"]].sel(architecture=cell["architecture"])
        for name, difference in (
            ("most - random", losses.own - losses.at_random),
            ("random - least", losses.at_random - losses.least_relaying),
        ):
            yield _above(evidence, f"{label} {name}", "accuracy difference", (1.0, difference))


def _onsets(config: StudyConfig) -> tuple[int, ...]:
    (onsets,) = (task.onsets for task in config.tasks if isinstance(task, MemoryTask))
    if isinstance(onsets, str):
        raise ValueError("the claims need a MemoryTask with fixed onsets, got onsets='random'")
    return onsets


def _c8(evidence: Evidence) -> Iterator[Group]:
    onsets = _onsets(evidence.config)
    bits = evidence.study.information_bits.sel(task="memory", architecture="LSTM", regime="5")
    early = float(bits_before(bits, onsets).max())
    yield Group("largest entry before onset", "bits", early, early, early, 0.0, early < _ZERO_BITS)
    r = persistence(bits, onsets)
    for concept, name in enumerate(MemoryTask.concepts):
        values = (1.0, r.sel(concept=concept))
        yield _above(evidence, f"persistence of {name}", "Pearson r", values, null=0.5)


def _by_regime(evidence: Evidence, values: xr.DataArray, quantity: str) -> Iterator[Group]:
    for task in evidence.study.task.values:
        for regime in FIXED:
            label = f"{task} delay {regime}"
            yield from _against_rnn(evidence, values, label, quantity, task=task, regime=regime)


def _c9(evidence: Evidence) -> Iterator[Group]:
    yield from _by_regime(evidence, evidence.drift.correlation, "Pearson r, difference")


def _c10(evidence: Evidence) -> Iterator[Group]:
    yield from _by_regime(evidence, evidence.drift.overlap, "overlap difference")


def _c11(evidence: Evidence) -> Iterator[Group]:
    for task in evidence.study.task.values:
        r = evidence.drift.correlation.sel(task=task)
        rnn = r.sel(architecture="RNN")
        fixed = rnn.sel(regime=list(FIXED))
        random = {name: r.sel(architecture=name, regime="random") for name in ("RNN", "GRU")}
        quantity = "Pearson r, difference"
        terms = ((1.0, random["RNN"]), (-1.0, fixed))
        yield _above(evidence, f"{task} random - fixed", quantity, *terms)
        terms = ((1.0, random["GRU"]), (-1.0, random["RNN"]))
        yield _above(evidence, f"{task} random GRU - RNN", quantity, *terms, counts=False)


def _c12(evidence: Evidence) -> Iterator[Group]:
    for label, cell in _cells(evidence):
        nodes, shared = evidence.nodes_per_concept.sel(cell), evidence.shared_fraction.sel(cell)
        yield _above(evidence, label, "nodes per concept", (1.0, nodes), null=1.0)
        yield _above(evidence, label, "share of nodes shared", (1.0, shared))


def _c13(evidence: Evidence) -> Iterator[Group]:
    latent = evidence.latent.sel(regime="random")
    values = (1.0, latent.silhouette)
    yield _above(evidence, "(a) plane of steps 10-15", "silhouette", values, null=0.5)
    decoding = latent.decoding_accuracy
    mean, low, high = contrast((1.0, decoding), seed=evidence.config.seed, label="decoding")
    yield Group(
        "(b) plane of the answer step", "decoding accuracy", mean, low, high, 0.9, low >= 0.9
    )


def _c14(evidence: Evidence) -> Iterator[Group]:
    gain = sharpening(evidence.latent).sel(labelling="concept")
    for score in SCORES:
        values = gain.sel(score=score)
        quantity = f"{score.replace('_', '-')} gained"
        yield _above(evidence, "random delays", quantity, (1.0, values.sel(regime="random")))
        fixed = (1.0, values.sel(regime=list(FIXED)))
        yield _above(evidence, "fixed delays", quantity, fixed, counts=False)


def _c15(evidence: Evidence) -> Iterator[Group]:
    yield _at_least(evidence, "all networks", evidence.greedy_ratio, 0.95, counts=True)
    for label, cell in _cells(evidence):
        yield _at_least(evidence, label, evidence.greedy_ratio.sel(cell), 0.95, counts=False)


def _at_least(
    evidence: Evidence, group: str, values: xr.DataArray, null: float, *, counts: bool
) -> Group:
    estimate: Estimate = contrast((1.0, values), seed=evidence.config.seed, label=group)
    holds = estimate.low >= null if counts else None
    return Group(group, "share of the best set's bits", *estimate, null, holds)


def _c16(evidence: Evidence) -> Iterator[Group]:
    late = evidence.study.accuracy.sel(regime="random", test_delay=slice(6, 9)).mean("test_delay")
    for task in evidence.study.task.values:
        yield from _against_rnn(evidence, late, task, "accuracy difference", task=task)


_RULES: dict[str, Callable[[Evidence], Iterator[Group]]] = {
    f"C{number}": rule
    for number, rule in enumerate(
        (_c1, _c2, _c3, _c4, _c5, _c6, _c7, _c8, _c9, _c10, _c11, _c12, _c13, _c14, _c15, _c16), 1
    )
}
