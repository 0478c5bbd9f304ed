"""A sweep of one's own: many studies, each task and architecture computed apart."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

import xarray as xr

from relaylib.core.checks import check_type
from relaylib.core.store import StoreLike, as_store
from relaylib.networks.training import train_conditions
from relaylib.studies.cluster import Cluster, compute_all
from relaylib.studies.config import StudyConfig
from relaylib.studies.grid import by_condition
from relaylib.studies.study import assemble, measure_condition


def run_sweep(
    studies: Mapping[Hashable, StudyConfig],
    *,
    cluster: Cluster = None,
    store: StoreLike | None = None,
) -> dict[Hashable, xr.Dataset]:
    """Run several studies, here or on a cluster.

    Parameters
    ----------
    studies
        Label -> study, e.g. ``{0.01: StudyConfig(learning_rate=0.01), ...}``.
    cluster
        None, a number of processes, a scheduler's address or a `distributed.Client`, as in
        `relaylib.studies.cluster.compute_all`.
    store
        Where each task and architecture of each study is kept as soon as it is done, and from
        where an interrupted sweep goes on.

    Returns
    -------
    dict
        Label -> the dataset of `relaylib.run_study`; `relaylib.studies.grid.combine_studies` lays
        them along one dimension. Networks are not kept.

    Raises
    ------
    TypeError, ValueError
        If ``studies`` maps to anything else, or is empty.
    ConnectionError, RuntimeError, OSError
        As `relaylib.studies.cluster.compute_all`.
    """
    if not isinstance(studies, Mapping):
        raise TypeError(f"studies must map labels to StudyConfig, got {studies!r}")
    for study in studies.values():
        check_type("studies", study, StudyConfig)
    if not studies:
        raise ValueError("studies must hold one study or more, got none")
    parts = list({part: None for study in studies.values() for part in _parts(study)})
    how = {"name": "sweep", "store": as_store(store), "cluster": cluster, "desc": "sweep"}
    found = {parts[at]: dataset for at, dataset in compute_all(measure, parts, **how)}
    return {
        label: assemble(
            study, [found[p].sel(regime=r) for p in _parts(study) for r in study.regimes]
        )
        for label, study in studies.items()
    }


def _parts(study: StudyConfig) -> list[StudyConfig]:
    return [
        replace(study, tasks=(task,), architectures=(architecture,))
        for task in study.tasks
        for architecture in study.architectures
    ]


def measure(study: StudyConfig) -> xr.Dataset:
    """Train and measure a study of one task and architecture, (regime, replicate, ...)."""
    conditions = list(check_type("study", study, StudyConfig).conditions())
    trained = dict(train_conditions(conditions))
    cells = [measure_condition(study, c, trained[c]) for c in conditions]
    return by_condition(study, cells, factors=("regime",))
