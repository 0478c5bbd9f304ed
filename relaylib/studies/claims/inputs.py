"""What the claims are judged by: one value per network, and contrasts of conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from relaylib.core.bootstrap import N_RESAMPLES, resampled
from relaylib.core.checks import check_dims, check_floats, check_type, select
from relaylib.core.seeds import stream
from relaylib.core.store import StoreLike, as_store
from relaylib.measures.drift import drift
from relaylib.measures.smearing import smearing
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig, mean_losses, run_knockouts
from relaylib.studies.latent import LatentConfig, run_latent
from relaylib.studies.lattices import greedy_ratio, run_lattices
from relaylib.studies.node_noise import NodeNoiseConfig, run_node_noise
from relaylib.studies.study import run_study
from relaylib.studies.witnesses import WitnessConfig, run_witnesses

FIXED = ("1", "2", "3", "4", "5")


class Estimate(NamedTuple):
    """A mean over networks with its 95 % bootstrap interval, and networks without a value."""

    mean: float
    low: float
    high: float
    n_undefined: int


def contrast(*terms: tuple[float, xr.DataArray], seed: int, label: str) -> Estimate:
    """Weighted sum of means over networks, with a 95 % bootstrap interval.

    Parameters
    ----------
    *terms
        (weight, values): one value per network; all dimensions but ``replicate`` are conditions,
        whose means are averaged. Networks are resampled within each condition, 10,000 times,
        independently in every term. A network whose value is not defined (NaN) is left out and
        counted. A condition in which none is defined makes the estimate NaN; one with a single
        value leaves no interval.
    seed, label
        The resampling is a function of these.

    Raises
    ------
    ValueError
        If values have no dimension ``replicate``, or are infinite.
    """
    mean, means, n_undefined = 0.0, np.zeros(N_RESAMPLES), 0
    check_type("label", label, str)
    for number, term in enumerate(terms):
        if not isinstance(term, tuple) or len(term) != 2:
            raise TypeError(f"terms must be pairs (weight, values), got {term!r}")
        weight, values = float(check_floats("weight of terms", term[0], ())), term[1]
        check_dims("values of terms", values, ("replicate",))
        check_floats("values of terms", values.values, (...,), allow_nan=True)
        rng = stream(seed, "bootstrap", label, number)
        rows = values.transpose(..., "replicate").values.reshape(-1, values.sizes["replicate"])
        n_undefined += int(np.isnan(rows).sum())
        n_defined = (~np.isnan(rows)).sum(axis=1)
        if n_defined.min() < 2:
            means[:] = np.nan
        mean += weight * (np.nansum(rows, axis=1) / np.where(n_defined, n_defined, np.nan)).mean()
        for row in rows:
            means += weight * resampled(row, rng=rng) / len(rows)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(mean), float(low), float(high), n_undefined)


@dataclass(frozen=True)
class BasicInputs:
    """What claims C1..C12 and C16 are about, one value per network.

    Attributes
    ----------
    study
        From `run_study`.
    drift
        From `relaylib.measures.drift.drift`: correlation and overlap.
    losses
        By task: from `relaylib.studies.knockouts.mean_losses`.
    silenced
        By task: accuracy with all nodes knocked out (architecture, replicate).
    nodes_per_concept, shared_fraction
        (task, architecture, replicate), random regime, when all information is in.
    """

    config: StudyConfig
    study: xr.Dataset
    drift: xr.Dataset
    losses: dict[str, xr.Dataset]
    silenced: dict[str, xr.DataArray]
    nodes_per_concept: xr.DataArray
    shared_fraction: xr.DataArray


@dataclass(frozen=True)
class ClaimInputs(BasicInputs):
    """Everything that the claims are about, one value per network.

    Attributes
    ----------
    latent
        From `run_latent`: RNNs on the memory task.
    greedy_ratio
        Greedy over best relay information, mean over times, concepts and set sizes
        (task, architecture, regime, replicate).
    decoding
        Accuracy of decoders (task, architecture, regime, replicate, lag), from `run_witnesses`.
    noise
        From `run_node_noise`: ``one_node`` and ``sets``, mean over concepts.
    """

    latent: xr.Dataset
    greedy_ratio: xr.DataArray
    decoding: xr.DataArray
    noise: xr.Dataset


def claim_inputs(config: StudyConfig, *, store: StoreLike | None = None) -> ClaimInputs:
    """Compute, or read from the store, all that the claims need."""
    check_type("config", config, StudyConfig)
    store = as_store(store)
    study = run_study(config, store=store)
    knockouts = {
        task.name: run_knockouts(KnockoutConfig(study=config, task=task.name), store=store)
        for task in config.tasks
    }
    memory = next(task for task in config.tasks if task.name == "memory")
    rnns = replace(config, tasks=(memory,), architectures=("RNN",))
    settled = select(study, regime="random", time=config.n_steps).information_bits
    carried = smearing(settled)
    everything = {"n_knocked_out": config.n_nodes}
    return ClaimInputs(
        config=config,
        study=study,
        drift=drift(study.information_bits),
        losses={task: mean_losses(dataset) for task, dataset in knockouts.items()},
        silenced={
            task: dataset.relaying.sel(everything).mean(["relays_of", "concept"])
            for task, dataset in knockouts.items()
        },
        latent=run_latent(LatentConfig(study=rnns), store=store),
        greedy_ratio=_per_network(greedy_ratio(run_lattices(config, store=store))),
        nodes_per_concept=carried.nodes_per_concept.mean("concept"),
        shared_fraction=(carried.concepts_per_node >= 2).mean("node"),
        decoding=run_witnesses(_witnesses(config), store=store).decoding_at_lag,
        noise=run_node_noise(_node_noise(config), store=store)[["one_node", "sets"]].mean(
            "concept"
        ),
    )


def _witnesses(config: StudyConfig) -> WitnessConfig:
    """Return the usual witnesses, of networks that may have few nodes."""
    full, n_nodes = WitnessConfig(), config.n_nodes
    n_removed, n_leading = min(full.n_removed, n_nodes), min(full.n_leading, (n_nodes + 1) // 2)
    return WitnessConfig(config, n_removed=n_removed, n_leading=n_leading)


def _node_noise(config: StudyConfig) -> NodeNoiseConfig:
    return NodeNoiseConfig(config, n_nodes=min(NodeNoiseConfig().n_nodes, config.n_nodes))


def _per_network(values: xr.DataArray) -> xr.DataArray:
    condition = {"task", "architecture", "regime", "replicate"}
    return values.mean([dim for dim in values.dims if dim not in condition])
