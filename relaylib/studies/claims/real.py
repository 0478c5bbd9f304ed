"""Claims of the paper judged on real time series, by the rules that were fixed for its tasks."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from relaylib.core.checks import check_all, check_choice
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import ClaimInputs
from relaylib.studies.claims.rules import RULES
from relaylib.studies.claims.texts import TEXTS, Text
from relaylib.studies.config import StudyConfig
from relaylib.studies.real_summary import check_series

JUDGED = ("C2", "C3", "C5", "C9", "C10", "C11")
"""The claims that are asked of real time series as well."""
C19 = Text(
    "The findings hold for real-world time series",
    "abstract",
    "C5 and C9 by their rules, on every data set whose networks learn",
    "relays of a question are no more needed for it than for others, or information moves no more "
    "in RNNs than in GRUs and LSTMs",
    "One question alone leaves no others for C5: with two classes only C9 is judged. Series are "
    "averaged into few steps, and networks that do not learn are left out and counted.",
)


def real_claims(series: xr.Dataset, data: str) -> list[Claim]:
    """Judge the claims on one data set: C2, C3, C5, C9, C10 and C11 by their rules.

    Networks that did not learn are left out, and counted as without a value; a group in which
    nothing is left is not judged.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.
    data
        Name of the data set.

    Raises
    ------
    ValueError, TypeError
        If ``series`` lacks a variable, or the data set.
    """
    inputs = _inputs(series, data)
    texts = {id: TEXTS[id] for id in JUDGED}
    return [Claim(id, *texts[id], tuple(RULES[id](inputs))) for id in JUDGED]


def real_ledger(series: xr.Dataset) -> dict[str, list[Claim]]:
    """Judge the claims on every data set of the study, by its name."""
    check_series(series)
    return {str(data): real_claims(series, str(data)) for data in series.data.values}


def judge_c19(ledger: dict[str, list[Claim]]) -> Claim:
    """Return C19: whether C5 and C9 hold in all groups of all data sets.

    Parameters
    ----------
    ledger
        From `real_ledger`.

    Raises
    ------
    TypeError
        If it holds anything but claims.
    """
    if not isinstance(ledger, dict):
        raise TypeError(f"ledger must be a dictionary of claims, got {type(ledger).__name__}")
    groups: list[Group] = []
    for claims in ledger.values():
        found: Sequence[Claim] = list(check_all("ledger", claims, Claim))
        groups += [g for claim in found if claim.id in ("C5", "C9") for g in claim.groups]
    return Claim("C19", *C19, tuple(groups))


def _inputs(series: xr.Dataset, data: str) -> ClaimInputs:
    """Return what the rules ask, of the networks of the first size that learned."""
    check_series(series)
    check_choice("data", data, tuple(map(str, series.data.values)))
    first = series.sel(data=[data]).isel(n_nodes=0, drop=True).rename(data="task")
    accuracy = first.accuracy.mean("question").where(first.learned == 1)
    losses = first[["own", "others"]].sel(task=data)
    nothing = xr.DataArray(float("nan"))
    return ClaimInputs(
        config=StudyConfig(seed=int(series.attrs["seed"])),
        study=xr.Dataset({"accuracy": accuracy}),
        drift=first[["correlation", "overlap"]],
        losses={data: losses},
        silenced={},
        latent=xr.Dataset(),
        greedy_ratio=nothing,
        nodes_per_concept=nothing,
        shared_fraction=nothing,
        decoding=nothing,
        noise=xr.Dataset(),
    )
