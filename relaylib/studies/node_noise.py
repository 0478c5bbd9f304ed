"""Noise on single nodes and on sets of nodes of a study's networks, against what they relay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_choice, check_integer, check_number, check_type, normalise
from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders, stream
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.core.tolerances import TOO_LARGE
from relaylib.information.exact import exact_subsets
from relaylib.measures.attribution import rank_prediction
from relaylib.measures.noise import noise_accuracy
from relaylib.networks.conditions import TrainingConfig
from relaylib.studies.config import StudyConfig, configured
from relaylib.studies.grid import by_condition
from relaylib.studies.study import load_ensemble, record_condition, run_study
from relaylib.tasks.task import training_trials


@dataclass(frozen=True)
class NodeNoiseConfig:
    """Everything that decides what noise on nodes does.

    Parameters
    ----------
    study
        The networks, and how their relay information is found.
    regime
        Training regime of the networks; they answer at its delays, which are averaged.
    size
        Noise in standard deviations of the node's own activations.
    n_nodes
        Nodes in a set.
    n_sets
        Random sets of so many nodes, per network.
    n_draws
        Draws of the noise.

    Raises
    ------
    ValueError, TypeError
        If the regime is not in the study, or a number is out of range.
    """

    study: StudyConfig = field(default_factory=StudyConfig)
    regime: str = "random"
    size: float = 1.0
    n_nodes: int = 4
    n_sets: int = 30
    n_draws: int = 20

    def __post_init__(self) -> None:
        check_type("study", self.study, StudyConfig)
        check_choice("regime", self.regime, self.study.regimes)
        normalise(
            self,
            size=check_number("size", self.size, 0, TOO_LARGE),
            n_nodes=check_integer("n_nodes", self.n_nodes, 1, self.study.n_nodes),
            n_sets=check_integer("n_sets", self.n_sets, 2, 10_000),
            n_draws=check_integer("n_draws", self.n_draws, 1, 10_000),
        )


def run_node_noise(
    config: NodeNoiseConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Put noise on nodes at the last step of the input, and rank losses against relay information.

    Returns
    -------
    xarray.Dataset
        (task, architecture, replicate, concept, ...): ``bits`` and ``loss`` (node): the
        information matrix at the last step of the input, and the fraction of the concept's answers
        lost with noise on that node alone; ``one_node``: Spearman correlation of the two across
        nodes; ``sets``: across random sets of nodes, of the relay information of the set with
        the loss. NaN where either does not vary.
    """
    config, store = configured(config, NodeNoiseConfig), as_store(store)
    modules = ["relaylib.studies.node_noise"]
    return store.dataset("node-noise", config, lambda: _measure(config, store), modules=modules)


def _measure(config: NodeNoiseConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store).sel(regime=config.regime)
    conditions = [c for c in config.study.conditions() if c.regime == config.regime]
    with threadpool_limits(1):  # threads only slow down matrices this small
        cells = [
            _measure_condition(config, condition, study, store)
            for condition in progress(conditions, desc="noise on nodes", unit="condition")
        ]
    found = by_condition(config.study, cells, factors=("task", "architecture"))
    found.bits.attrs["units"] = "bit"
    for name in ("loss", "one_node", "sets"):
        found[name].attrs["units"] = "1"
    return found.assign_attrs(regime=config.regime, time=config.study.n_steps)


def _measure_condition(
    config: NodeNoiseConfig, condition: TrainingConfig, study: xr.Dataset, store: Store
) -> xr.Dataset:
    names = condition.task.name, condition.architecture, condition.regime
    ensemble = load_ensemble(config.study, *names, store=store)
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=condition.seed)
    n, step = ensemble.n_nodes, config.study.n_steps
    key = (config.study.seed, "node noise", *names)
    orders = random_orders(config.n_sets, n, rng=stream(*key, "sets"))[:, : config.n_nodes]
    drawn = (orders[..., None] == np.arange(n)).any(axis=1)
    none = np.zeros((1, n), bool)
    sets = np.tile(np.concatenate([none, np.eye(n, dtype=bool), drawn]), (len(ensemble), 1, 1))
    accuracy = noise_accuracy(
        ensemble,
        trials,
        sets,
        delays=condition.delays,
        step=step,
        size=config.size,
        n_draws=config.n_draws,
        rng=stream(*key, "noise"),
    ).mean(axis=2)
    loss = (accuracy[:, :1] - accuracy[:, 1:]).transpose(0, 2, 1)  # network, concept, set
    measured = study.sel(task=names[0], architecture=names[1], time=step).information_bits
    bits = measured.transpose("replicate", "concept", "node")
    recording = record_condition(config.study, condition, ensemble).sel(time=step)
    of_sets = _bits_of_sets(recording.states, recording.x_in, recording.x_out, drawn)
    one = rank_prediction(bits.values, loss[..., :n], np.ones(n, int))
    many = rank_prediction(of_sets, loss[..., n:], np.ones(len(drawn), int))
    dims, coords = (
        ("replicate", "concept", "node"),
        {"replicate": bits.replicate, "node": bits.node},
    )
    values: dict[str, Any] = {"bits": (dims, bits.values), "loss": (dims, loss[..., :n])}
    values |= {"one_node": (dims[:2], one), "sets": (dims[:2], many)}
    return xr.Dataset(values, coords)


def _bits_of_sets(
    states: xr.DataArray, x_in: xr.DataArray, x_out: xr.DataArray, sets: np.ndarray
) -> np.ndarray:
    """Relay information of each set, (network, concept, set)."""
    masks = sets @ (1 << np.arange(sets.shape[1]))
    found = np.empty((*x_out.shape[:2], len(sets)))
    for network, concept in np.ndindex(found.shape[:2]):
        case = (x_in.values[concept], x_out.values[network, concept], states.values[network].T)
        exact = exact_subsets(*case, is_population=True)  # run_study has warned, if need be
        found[network, concept] = exact.relay_bits[masks]
    return found
