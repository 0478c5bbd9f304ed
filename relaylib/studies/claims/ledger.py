"""The ledger: every claim of the paper, judged by a rule that was fixed before measuring."""

from __future__ import annotations

import json
from dataclasses import asdict

import xarray as xr

from relaylib.core.checks import check_all, check_bool, check_integer
from relaylib.core.store import StoreLike, as_store
from relaylib.information.exact import LARGEST_LATTICE
from relaylib.studies.claims.claim import Claim
from relaylib.studies.claims.inputs import claim_inputs
from relaylib.studies.claims.rules import RULES
from relaylib.studies.claims.texts import claim_texts
from relaylib.studies.config import StudyConfig, configured


def evaluate(
    config: StudyConfig | None = None, *, store: StoreLike | None = None, export: bool = False
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
        If the study lacks a factor level that a claim names, has fewer than two replicates, or
        networks of fewer than 2 or more than 16 nodes.
    """
    config, store = configured(config, StudyConfig), as_store(store)
    check_bool("export", export)
    full = StudyConfig()
    for name in ("architectures", "regimes", "test_delays"):
        if set(getattr(config, name)) != set(getattr(full, name)):
            raise ValueError(f"config.{name} must be {getattr(full, name)}, the claims need all")
    if [task.name for task in config.tasks] != ["memory", "block"] or config.n_replicates < 2:
        raise ValueError("config must hold memory and block tasks and at least 2 replicates")
    check_integer("n_nodes", config.n_nodes, 2, LARGEST_LATTICE)
    inputs = claim_inputs(config, store=store)
    texts = claim_texts(config)
    claims = [Claim(id, *texts[id], tuple(rule(inputs))) for id, rule in RULES.items()]
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
        for claim in check_all("claims", claims, Claim)
    ]


def claims_table(claims: list[Claim]) -> xr.Dataset:
    """Return one row per group, for tables and figures: dimension ``row``."""
    check_all("claims", claims, Claim)
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
