"""The multiverse computed: every universe trained, analysed and judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_dataset
from relaylib.core.key import entry_key
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.studies.choices import ANALYSIS, TRAINING
from relaylib.studies.cluster import Cluster, compute_all, differences, identity
from relaylib.studies.config import configured
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.universe import Universe, measure_part, together
from relaylib.studies.verdicts import VERDICTS, judge


def run_multiverse(
    config: MultiverseConfig | None = None,
    *,
    known: xr.Dataset | None = None,
    store: StoreLike | None = None,
    cluster: Cluster = None,
) -> xr.Dataset:
    """Train, analyse and judge every universe of a design.

    Each task and architecture of each universe is stored as soon as it is measured, so that an
    interrupted run goes on.

    Parameters
    ----------
    config
        The design; None: the default.
    known
        An earlier result for the same design with any number of ways of training; what is in it is
        not computed again. None: there is none.
    store
        Where parts and verdicts are kept.
    cluster
        None, a number of processes, a scheduler's address or a `distributed.Client`, as in
        `relaylib.studies.cluster.compute_all`.

    Returns
    -------
    xarray.Dataset
        Single deviations, (seed, deviation, row): ``single_estimate``, ``single_low``,
        ``single_high``, ``single_holds`` of each group of each claim (``row_id``, ``row_group``,
        ``row_null``), and ``single_verdict`` (seed, deviation, claim). Universes that fill the
        space, (universe, claim): ``verdict``, ``estimate`` (mean of the groups that count, minus
        their null) and ``holding_fraction`` of these groups; (universe): the level of each choice,
        an index of the names in its attributes, and the number of its way of ``training``.
        ``untrained_fraction`` and ``single_untrained_fraction`` (..., task, architecture, regime);
        ``drift_r`` (universe, task, architecture, regime), the mean over networks.
        Verdicts are indices of the attribute ``verdicts``; ``holds`` is 1, 0, or -1 where a group
        does not count. The attribute ``design`` holds the configuration without the number of ways
        of training, ``made_by`` the code and the versions that decide the numbers (both JSON).

    Raises
    ------
    ValueError, TypeError
        If ``known`` has another design, or was made by other code.
    ConnectionError, RuntimeError, OSError
        As `relaylib.studies.cluster.compute_all`.
    """
    config, store = configured(config, MultiverseConfig), as_store(store)
    universes = list(config.universes())
    n_single, attrs = len(universes) - config.n_training, _origin(config)
    if known is None:
        pairs = _judged(universes, store, cluster)
        single, filling = _singles(pairs[:n_single], config), _filling(pairs[n_single:])
    else:
        known = _wanted_of(known, config, attrs)
        n_known = len(np.unique(known.training))
        pairs = _judged(universes[n_single + n_known :], store, cluster)
        single = known[[name for name in known if str(name).startswith("single_")]]
        first = known[[name for name in known if "universe" in known[name].dims]]
        more = [_filling(pairs, n_known)] if pairs else []
        filling = xr.concat([first, *more], "universe", **_AS_IT_IS)
    return xr.merge([single, filling]).assign_attrs(attrs)


def _judged(
    universes: Sequence[Universe], store: Store, cluster: Cluster
) -> list[tuple[Universe, xr.Dataset]]:
    parts = list({part: None for universe in universes for part in universe.parts()})
    how: dict[str, Any] = {"store": store, "cluster": cluster}
    measured = dict(compute_all(measure_part, parts, name="part", desc="universes", **how))
    by_part = {parts[at]: dataset for at, dataset in measured.items()}

    def of(universe: Universe) -> tuple[xr.Dataset]:
        return (together(universe, [by_part[part] for part in universe.parts()]),)

    judged = dict(compute_all(judge, universes, name="universe", data=of, desc="verdicts", **how))
    return [(universe, judged[at]) for at, universe in enumerate(universes)]


def _origin(config: MultiverseConfig) -> dict[str, Any]:
    """Return the attributes that say what a multiverse is of and what it was made by."""
    modules = (measure_part.__module__, judge.__module__)
    design = entry_key("multiverse", config, modules)["configuration"]
    del design["n_training"]
    return {
        "verdicts": list(VERDICTS),
        "design": json.dumps(design, sort_keys=True),
        "made_by": json.dumps(dict(identity(modules)), sort_keys=True),
    }


def _wanted_of(known: xr.Dataset, config: MultiverseConfig, attrs: dict[str, Any]) -> xr.Dataset:
    """Return what is known of the ways of training, if it is of this design and by this code."""
    check_dataset("known", known, verdict=("universe", "claim"))
    if known.attrs.get("design") != attrs["design"]:
        raise ValueError("known must have the design of config but for n_training, got another")
    wanted, made_by = (json.loads(each.get("made_by", "{}")) for each in (attrs, known.attrs))
    if other := differences(tuple(wanted.items()), tuple(made_by.items())):
        raise ValueError(f"known must be made by this code, got {other}")
    return known.isel(universe=known.training.values < config.n_training)


_AS_IT_IS: dict[str, Any] = {"coords": "minimal", "compat": "override", "join": "exact"}


def _singles(pairs: Sequence[tuple[Universe, xr.Dataset]], config: MultiverseConfig) -> xr.Dataset:
    """Lay the single deviations along ``seed`` and ``deviation``."""
    if not pairs:
        return xr.Dataset()
    n_per_seed = len(pairs) // len(config.single_seeds)
    seeds = [pairs[k : k + n_per_seed] for k in range(0, len(pairs), n_per_seed)]
    rows = xr.concat([_single(each) for each in seeds], "seed", **_AS_IT_IS)
    return rows.assign_coords(seed=list(config.single_seeds))


def _single(pairs: Sequence[tuple[Universe, xr.Dataset]]) -> xr.Dataset:
    """Lay the single deviations of one seed along ``deviation``, beginning with the default."""
    names, cells = [], []
    for universe, judged in pairs:
        for index, levels in enumerate(universe.analysis_levels):
            named = [f"{choice}: {level}" for choice, level in (*universe.training_levels, *levels)]
            names.append(named[0] if named else "default")
            cells.append(judged.isel(analysis=index))
    columns = ["estimate", "low", "high", "holds", "verdict", "untrained_fraction"]
    laid = xr.concat([c[columns] for c in cells], "deviation", **_AS_IT_IS)
    laid = laid.rename({name: f"single_{name}" for name in columns} | {"regime": "single_regime"})
    laid = laid.drop_vars(["answer_delay", "concept", "concept_name", "input_end"], errors="ignore")
    laid = laid.rename(id="row_id", group="row_group", null="row_null")
    return laid.assign_coords(deviation=names)


def _filling(pairs: Sequence[tuple[Universe, xr.Dataset]], first: int = 0) -> xr.Dataset:
    """Lay the universes that fill the space along ``universe``, analyses of one side by side.

    ``first`` is the number of their first way of training.
    """
    if not pairs:
        return xr.Dataset()
    cells = [_by_claim(judged) for _, judged in pairs]
    laid = xr.concat(cells, "training", **_AS_IT_IS)
    laid = laid.stack(universe=["training", "analysis"], create_index=False)
    numbers = first + np.repeat(np.arange(len(cells)), [cell.sizes["analysis"] for cell in cells])
    laid = laid.transpose("universe", ...).assign_coords(training=("universe", numbers))
    for choices, of_universe in ((TRAINING, _training_levels), (ANALYSIS, _analysis_levels)):
        for choice, levels in choices.items():
            chosen = [of_universe(u, k)[choice] for u, _ in pairs for k in range(len(u.analyses))]
            indices = np.array([list(levels).index(level) for level in chosen], np.int8)
            laid[choice] = ("universe", indices, {"levels": list(levels)})
    return laid


def _training_levels(universe: Universe, _: int) -> dict[str, str]:
    return dict(universe.training_levels)


def _analysis_levels(universe: Universe, index: int) -> dict[str, str]:
    return dict(universe.analysis_levels[index])


def _by_claim(judged: xr.Dataset) -> xr.Dataset:
    counts = judged.holds >= 0
    claims = judged.claim.values.tolist()
    above = (judged.estimate - judged.null).where(counts)
    held = (judged.holds == 1).where(counts)

    def mean(values: xr.DataArray) -> xr.DataArray:
        by_claim = [values[:, judged.id.values == id].mean("row") for id in claims]
        return (
            xr.concat(by_claim, "claim", **_AS_IT_IS).astype(np.float32).transpose("analysis", ...)
        )

    unasked = ["answer_delay", "concept", "concept_name", "input_end"]
    by_condition = judged[["untrained_fraction", "drift_r"]].drop_vars(unasked, errors="ignore")
    return xr.Dataset(
        {
            "verdict": judged.verdict,
            "estimate": mean(above),
            "holding_fraction": mean(held),
            "untrained_fraction": by_condition.untrained_fraction.expand_dims(
                analysis=judged.sizes["analysis"]
            ),
            "drift_r": by_condition.drift_r.astype(np.float32),
        }
    ).assign_coords(claim=claims)
