"""All relay sets of a study's networks: what the greedy order misses, and Shapley values."""

from __future__ import annotations

import numpy as np
import xarray as xr

from relaylib.core.checks import check_dataset, check_integer
from relaylib.core.progress import progress
from relaylib.core.store import Store, StoreLike
from relaylib.core.tolerances import ZERO_BITS
from relaylib.information.exact import LARGEST_LATTICE, exact_summaries
from relaylib.studies.config import StudyConfig, configured, stored
from relaylib.studies.grid import by_condition
from relaylib.studies.study import load_ensemble, record_condition, run_study


def run_lattices(
    config: StudyConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
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
        If networks have more nodes than `relaylib.information.exact.exact_summaries` can walk.
    """
    check_integer("n_nodes", configured(config, StudyConfig).n_nodes, 1, LARGEST_LATTICE)
    return stored("lattices", config, StudyConfig, store, _measure)


def greedy_ratio(lattices: xr.Dataset) -> xr.DataArray:
    """I_R of the greedy set over I_R of the best set of its size; NaN where the best is not > 0.

    Below 0 where the greedy set has negative I_R (synergy) although another set relays.

    Parameters
    ----------
    lattices
        As from `run_lattices`; any selection of it.
    """
    check_dataset("lattices", lattices, best_bits=(), greedy_bits=())
    relays = lattices.best_bits > ZERO_BITS
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
    dims = ("set_size",)
    check_dataset("lattices", lattices, best_bits=dims, greedy_bits=dims)
    gap_bits = (lattices.best_bits - lattices.greedy_bits).max("set_size")
    rank = check_integer("rank", rank, 1, gap_bits.size)
    by_gap = np.argsort(-np.round(gap_bits.values.ravel(), 9), kind="stable")
    place = np.unravel_index(by_gap[rank - 1], gap_bits.shape)
    return lattices.isel(dict(zip(gap_bits.dims, place, strict=True)))


_VARIABLES = {
    "greedy_bits": ("bit", "relay information of the greedy set"),
    "best_bits": ("bit", "largest relay information of any set of that size"),
    "best_sets": ("1", "best set as bit mask, bit k is node k + 1"),
    "shapley_bits": ("bit", "Shapley value"),
    "essential_bits": ("bit", "relay information lost without the node alone"),
}


def _measure(config: StudyConfig, store: Store) -> xr.Dataset:
    study = run_study(config, store=store)
    cells = []
    for condition in progress(list(config.conditions()), desc="lattices", unit="condition"):
        levels = condition.task, condition.architecture, condition.regime
        ensemble = load_ensemble(config, *levels, store=store)
        recording = record_condition(config, condition, ensemble)
        case = recording.states, recording.x_in, recording.x_out
        summaries = exact_summaries(*case, is_population=True)  # run_study has warned, if need be
        assert isinstance(summaries, xr.Dataset)
        cells.append(summaries[list(_VARIABLES)].rename(network="replicate"))
    lattices = by_condition(config, cells).assign(removal_order=study.removal_order)
    for name, (units, label) in _VARIABLES.items():
        lattices[name].attrs = {"units": units, "long_name": label}
        lattices[name].encoding = {"zlib": True}  # a population of 8 has few distinct values
    return lattices.assign_attrs(seed=config.seed)
