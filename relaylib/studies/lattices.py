"""All relay sets of the study's networks: what the greedy order misses, and orderless values."""

from __future__ import annotations

import numpy as np
import xarray as xr

from relaylib.core.checks import check_integer
from relaylib.core.progress import progress
from relaylib.core.store import Store
from relaylib.information.exact import LatticeSummary, exact_summaries
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.recording import record
from relaylib.studies.study import N_BLANK, StudyConfig, load_ensemble, run_study
from relaylib.tasks.task import training_trials


def run_lattices(config: StudyConfig | None = None, *, store: Store | None = None) -> xr.Dataset:
    """Walk all relay sets of every network, time point and concept of the study.

    With the defaults these are 32,400 lattices of 4,096 sets each.

    Returns
    -------
    xarray.Dataset
        ``greedy_bits`` and ``best_bits`` (task, architecture, regime, replicate, time, concept,
        set_size): I_R of the greedy set, and of the best set of that size; ``best_sets``: that set
        as bit mask, bit k is the node labelled k + 1; ``shapley_bits`` and ``essential_bits``
        (..., node): Shapley value, and I_R(all nodes) - I_R(all but the node);
        ``removal_order`` (..., removal_step): as in the study. Set sizes fall from
        all nodes to none. Attributes hold the configuration.

    Raises
    ------
    ValueError
        As `relaylib.information.exact.exact_summaries`, for networks of more than 16 nodes.
    """
    config, store = config or StudyConfig(), store or Store()
    return store.dataset(
        "lattices", config, lambda: _measure(config, store), modules=["relaylib.studies.lattices"]
    )


def greedy_ratio(lattices: xr.Dataset) -> xr.DataArray:
    """I_R of the greedy set over I_R of the best set of its size; NaN where the best is not > 0.

    Below 0 where the greedy set has negative I_R (synergy) although another set relays.

    Parameters
    ----------
    lattices
        As from `run_lattices`; any selection of it.
    """
    relays = lattices.best_bits > _NOTHING_BITS
    ratio = lattices.greedy_bits.where(relays) / lattices.best_bits.where(relays)
    return ratio.assign_attrs(units="1", long_name="greedy over best relay information")


def worst_case(lattices: xr.Dataset, *, rank: int = 1) -> xr.Dataset:
    """Return the case whose greedy order misses most bits at any set size.

    Parameters
    ----------
    lattices
        As from `run_lattices`.
    rank
        1 is the case with the largest gap of all, 2 the next one, and so on; of equal gaps the
        first in the order of the dimensions.

    Returns
    -------
    xarray.Dataset
        ``lattices`` at one network, time point and concept.

    Raises
    ------
    ValueError, TypeError
        If there is no case of that rank.
    """
    gap_bits = (lattices.best_bits - lattices.greedy_bits).max("set_size")
    check_integer("rank", rank, 1, gap_bits.size)
    by_gap = np.argsort(-np.round(gap_bits.values.ravel(), 9), kind="stable")
    place = np.unravel_index(by_gap[rank - 1], gap_bits.shape)
    return lattices.isel(dict(zip(gap_bits.dims, place, strict=True)))


_NOTHING_BITS = 1e-9
_VARIABLES = {
    "greedy_bits": ("set_size", "bit", "relay information of the greedy set"),
    "best_bits": ("set_size", "bit", "largest relay information of any set of that size"),
    "best_sets": ("set_size", "1", "best set as bit mask, bit k is node k + 1"),
    "shapley_bits": ("node", "bit", "Shapley value"),
    "essential_bits": ("node", "bit", "relay information lost without the node alone"),
}


def _measure(config: StudyConfig, store: Store) -> xr.Dataset:
    study = run_study(config, store=store)
    bar = progress(list(config.conditions()), desc="lattices", unit="condition")
    rows = [_measure_condition(config, condition, store) for condition in bar]
    lattices = study[["removal_order"]].assign_coords(set_size=study.set_size, node=study.node)
    by_case = study.removal_order.isel(removal_step=0)
    for name, (dim, units, label) in _VARIABLES.items():
        values = np.stack([getattr(row, name) for row in rows])
        lattices[name] = (
            (*by_case.dims, dim),
            values.reshape(*by_case.shape, values.shape[-1]),
            {"units": units, "long_name": label},
        )
        lattices[name].encoding = {"zlib": True}  # a population of 8 has few distinct values
    return lattices.assign_attrs(seed=config.seed)


def _measure_condition(
    config: StudyConfig, condition: TrainingConfig, store: Store
) -> LatticeSummary:
    ensemble = load_ensemble(
        config, condition.task, condition.architecture, condition.regime, store=store
    )
    symbols = record(
        ensemble,
        training_trials(condition.task, n_sampled=condition.n_sampled, seed=config.seed),
        delay=config.read_delay(condition.regime),
        n_blank=N_BLANK,
        lstm_state=config.lstm_state,
        method=config.discretiser,
        levels=config.levels,
    )
    return exact_summaries(*symbols.cases())
