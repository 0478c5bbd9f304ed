"""The ledger: every claim of the paper, judged by a rule that was fixed before measuring."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime

import xarray as xr

from relaylib.core.checks import check_all, check_bool, check_integer
from relaylib.core.files import read_regular, write_atomically
from relaylib.core.provenance import code_hash
from relaylib.core.store import Store, StoreLike, StoreWarning, as_store
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
        Also write ``claims.json`` beside the store's results, if the study is the default one:
        the claims with the seed, configuration, code hash, library versions and time. A file that
        says the same is left as it is; one that is missing, damaged or of older code is replaced.

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
    if export and config == StudyConfig():
        _export(claims, inputs.study, store)
    return claims


def _export(claims: list[Claim], study: xr.Dataset, store: Store) -> None:
    """Write ``claims.json`` unless it says the same already, its time aside."""
    path = store.root / "claims.json"
    configuration = json.loads(study.attrs["configuration"])
    content = {
        "seed": configuration["seed"],
        "configuration": configuration,
        "code_hash": code_hash(["relaylib.studies.claims.ledger"]),
        "versions": json.loads(study.attrs["versions"]),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "claims": as_json(claims),
    }
    with suppress(OSError, ValueError, TypeError, RecursionError):  # missing or damaged
        there = json.loads(read_regular(path, 2**24))
        if json.dumps(there | {"created": ""}) == json.dumps(content | {"created": ""}):
            return
    try:
        write_atomically(path, json.dumps(content, indent=1).encode())
    except OSError as error:
        warnings.warn(f"{path} could not be written ({error})", StoreWarning, stacklevel=3)


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
