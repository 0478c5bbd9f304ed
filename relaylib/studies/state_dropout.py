"""What dropout of the state in training does to smearing: the networks that claim C20 asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr

from relaylib.core.checks import check_number, check_type
from relaylib.core.store import StoreLike, as_store
from relaylib.studies.cluster import Cluster, compute_all
from relaylib.studies.config import configured
from relaylib.studies.grid import stack
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.universe import Universe, measure_part, together

SIZES = (0.1, 0.3, 0.5)
_CHOICE = "state dropout"


def run_state_dropout(
    config: MultiverseConfig | None = None,
    *,
    sizes: tuple[float, ...] = SIZES,
    store: StoreLike | None = None,
    cluster: Cluster = None,
) -> xr.Dataset:
    """Measure smearing in networks trained without and with dropout of the state.

    The networks are those of the single deviations of a multiverse; where `run_multiverse` has
    left them in the store, nothing is trained again. A size that is no level of the multiverse is
    trained in the random regime alone.

    Parameters
    ----------
    config
        The multiverse; None: the default.
    sizes
        Probabilities of dropout, beside none.
    store, cluster
        As in `relaylib.studies.multiverse_run.run_multiverse`.

    Returns
    -------
    xarray.Dataset
        (seed, state_dropout, task, architecture, replicate), random regime, default analysis, last
        step of the input: ``nodes_per_concept`` (mean over concepts) and ``shared_fraction`` of
        nodes with 2 or more concepts. NaN for a network that did not reach the goal.

    Raises
    ------
    ValueError, TypeError
        If the multiverse has no single deviations in the random regime, or a size is not above 0
        and below 1, or occurs twice.
    ConnectionError, RuntimeError, OSError
        As `relaylib.studies.cluster.compute_all`.
    """
    config, store = configured(config, MultiverseConfig), as_store(store)
    if not config.single_seeds or "random" not in config.single_regimes:
        raise ValueError("config must have single_seeds, and random among its single_regimes")
    for size in check_type("sizes", sizes, tuple):
        check_number("sizes", size, 0, 1 - 1e-9, above=True)
    if not sizes or len(set(sizes)) < len(sizes):
        raise ValueError(f"sizes must be distinct, one or more, got {sizes}")
    universes = dict(_universes(config, sizes))
    parts = [part for universe in universes.values() for part in universe.parts()]
    how = {"name": "part", "store": store, "cluster": cluster, "desc": "state dropout"}
    measured = {parts[at]: each for at, each in compute_all(measure_part, parts, **how)}
    cells = {
        key: _smearing(u, [measured[part] for part in u.parts()]) for key, u in universes.items()
    }
    by_seed = [
        stack([cells[seed, size] for size in (0.0, *sizes)], "state_dropout")
        for seed in config.single_seeds
    ]
    labels = {"seed": list(config.single_seeds), "state_dropout": [0.0, *map(float, sizes)]}
    return stack(by_seed, "seed").assign_coords(labels)


def _universes(
    config: MultiverseConfig, sizes: tuple[float, ...]
) -> Iterator[tuple[tuple[int, float], Universe]]:
    """Yield (seed, size) and the universe that has it, without dropout first."""
    by_levels = {(u.study.seed, u.training_levels): u for u in config.universes()}
    for seed in config.single_seeds:
        default = by_levels[seed, ()]
        yield (seed, 0.0), default
        for size in sizes:
            known = by_levels.get((seed, ((_CHOICE, f"{size:g}"),)))
            yield (seed, size), known or _beyond(default, size)


def _beyond(default: Universe, size: float) -> Universe:
    """Return the default universe with a size of dropout that is no level of the multiverse."""
    study = replace(default.study, regimes=("random",), state_dropout=size)
    return Universe(study, default.analyses[:1], n_random=default.n_random)


def _smearing(universe: Universe, parts: list[xr.Dataset]) -> xr.Dataset:
    found = together(universe, parts).sel(regime="random").isel(analysis=0)
    names = ["nodes_per_concept", "shared_fraction"]
    kept = found[names].transpose("task", "architecture", "replicate")
    labels = {"task", "architecture", "replicate"}
    kept = kept.drop_vars([name for name in kept.coords if name not in labels])
    return kept.assign_coords(replicate=np.arange(kept.sizes["replicate"]))
