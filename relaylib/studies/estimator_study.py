"""Estimators and simple scores compared: on populations, known wirings and real networks."""

from __future__ import annotations

import xarray as xr

from relaylib.core.store import Store, StoreLike
from relaylib.studies.config import stored
from relaylib.studies.estimator_config import EstimatorConfig
from relaylib.studies.known_wirings import estimate_wirings
from relaylib.studies.population_orders import population_orders
from relaylib.studies.wide_networks import wide_networks

_BITS_AND_TIMES = {"bits": "bit", "seconds": "s", "mb": "MB"}


def run_estimator_study(
    config: EstimatorConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Compare plug-in, decoders and scores of single nodes in three ways.

    Each part, and of the last each task and size, is stored when it is done, so that a run that was
    interrupted goes on from there.

    Returns
    -------
    xarray.Dataset
        On populations, ``kendall_tau`` and ``relay_share`` (task_of_paper, architecture, regime,
        network, order), as in `relaylib.studies.population_orders.population_orders`; on samples of
        known wirings, ``estimate_bits``, ``true_bits`` and ``found_fraction``, as in
        `relaylib.studies.known_wirings.estimate_wirings`; on real networks and those of the block
        task, losses under knockouts (task, n_nodes, replicate, ...), as in
        `relaylib.studies.wide_networks.wide_networks`.
    """
    return stored("nodes-that-matter", config, EstimatorConfig, store, _measure)


def _measure(config: EstimatorConfig, store: Store) -> xr.Dataset:
    populations = population_orders(config, store=store)
    found = xr.merge(
        [
            populations.rename(task="task_of_paper", replicate="network"),
            estimate_wirings(config, store=store),
            wide_networks(config, store=store),
        ],
        join="outer",
        compat="override",
    )
    for name, values in found.data_vars.items():
        units = _BITS_AND_TIMES.get(str(name).rpartition("_")[2], "1")
        values.attrs = {"units": units}
    return found.assign_attrs(seed=config.seed)
