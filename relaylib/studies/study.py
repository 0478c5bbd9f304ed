"""The factorial study: tasks, architectures and regimes, with several networks per condition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_integer, check_type
from relaylib.core.files import read_regular
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.information.exact import LARGEST_LATTICE, exact_summaries, sampled_shapley
from relaylib.information.relay import greedy_orders, node_values
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import Recording, record
from relaylib.networks.trained import all_networks, trained_networks
from relaylib.networks.training import Trained
from relaylib.studies.config import StudyConfig, configured
from relaylib.studies.grid import by_condition
from relaylib.tasks.task import Task, known_onsets, training_trials


def run_study(config: StudyConfig | None = None, *, store: StoreLike | None = None) -> xr.Dataset:
    """Train every network of the study and measure its accuracy and relay information.

    What is in the store is not computed again; an interrupted study goes on from the conditions
    that were finished.

    Returns
    -------
    xarray.Dataset
        ``population_accuracy``, ``attempts``, ``epochs`` (task, architecture, regime, replicate);
        ``accuracy`` (..., test_delay): fraction of concepts answered with the right sign, for a
        sampled task on sequences that the networks were not trained on;
        ``information_bits`` (..., time, concept, node); ``relay_bits`` (..., time, concept,
        set_size): I_R of the relay set as it shrinks from all nodes to none; ``removal_order``
        (..., time, concept, removal_step): node labels 1.., the least relaying first. The
        concepts' names are in ``concept_name`` (task, concept). Attributes hold the configuration,
        and as JSON the ``onsets`` of tasks that say when they show each concept; that of
        ``information_bits`` the ``value`` of a node, as in `relaylib.information_matrix`.

    Warns
    -----
    UndersampledWarning
        If a sampled task gives so few sequences that plug-in information is biased.

    References
    ----------
    Hintze, Najam, Schossau (2025), section III.
    """
    config, store = configured(config, StudyConfig), as_store(store)
    modules = ["relaylib.studies.study"]
    study = store.dataset("study", config, lambda: _measure(config, store), modules=modules)
    if config == StudyConfig() and not _is_copy(store.root / "study.nc", study):
        store.export(study, "study.nc")
    return study


def _is_copy(path: Path, study: xr.Dataset) -> bool:
    """Return whether a file is what `Store.export` writes, byte for byte; False if unreadable."""
    try:
        data = bytes(study.to_netcdf(engine="h5netcdf"))
        return read_regular(path, len(data)) == data
    except (OSError, ValueError):
        return False


def load_networks(
    config: StudyConfig,
    task: Task | str,
    architecture: str,
    regime: str,
    *,
    store: StoreLike | None = None,
) -> Trained:
    """Return the trained networks of one condition from the store, or train them.

    Raises
    ------
    ValueError
        If the study has no such condition.
    """
    check_type("config", config, StudyConfig)
    return trained_networks(config.condition(task, architecture, regime), store=store)


def load_ensemble(
    config: StudyConfig,
    task: Task | str,
    architecture: str,
    regime: str,
    *,
    store: StoreLike | None = None,
) -> Ensemble:
    """Return the networks of one condition, in the order of their replicates."""
    return load_networks(config, task, architecture, regime, store=store).ensemble


def record_condition(
    config: StudyConfig,
    condition: TrainingConfig,
    ensemble: Ensemble,
    *,
    n_blank: int | None = None,
    held_out: bool = False,
) -> Recording:
    """Record networks on the sequences of their condition, as the study analyses them.

    Parameters
    ----------
    config, condition
        The study, and one of its conditions.
    ensemble
        Networks of that condition, at any stage of training.
    n_blank
        Blank steps to record; None: those of the study.
    held_out
        For a sampled task, record sequences that the networks were not trained on.
    """
    delay = check_type("config", config, StudyConfig).read_delay(
        check_type("condition", condition, TrainingConfig).regime
    )
    if n_blank is not None:
        check_integer("n_blank", n_blank, delay)
    return record(
        ensemble,
        training_trials(
            condition.task,
            n_sampled=condition.n_sampled,
            seed=condition.seed,
            held_out=held_out,
        ),
        delay=delay,
        n_blank=config.n_blank if n_blank is None else n_blank,
        lstm_state=config.lstm_state,
        method=config.discretiser,
        levels=config.levels,
    )


def _measure(config: StudyConfig, store: Store) -> xr.Dataset:
    conditions = list(config.conditions())
    networks = all_networks(conditions, store=store)
    bar = progress(networks, total=len(conditions), desc="relay information", unit="condition")
    return assemble(config, [measure_condition(config, *each) for each in bar])


def assemble(config: StudyConfig, cells: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the dataset of `run_study` from what `measure_condition` gave for each condition."""
    study = by_condition(config, cells)
    for name, (units, label) in _VARIABLES.items():
        study[name].attrs = {"units": units, "long_name": label}
    study.information_bits.attrs["value"] = config.value
    onsets = {task.name: known_onsets(task) for task in config.tasks}
    return study.assign_attrs(seed=config.seed, onsets=json.dumps(onsets))


_N_PERMUTATIONS = 100  # orders for Shapley values of layers that are too large for exact ones
_VARIABLES = {
    "population_accuracy": ("1", "fraction of concepts right, delays of the regime"),
    "attempts": ("1", "initialisations until the goal was reached"),
    "epochs": ("1", "gradient steps of the successful attempt"),
    "accuracy": ("1", "fraction of concepts right"),
    "information_bits": ("bit", "information matrix"),
    "relay_bits": ("bit", "relay information of the relay set"),
    "removal_order": ("1", "node removed at this step"),
}


def measure_condition(
    config: StudyConfig, condition: TrainingConfig, trained: Trained
) -> xr.Dataset:
    """Measure the networks of one condition, as `run_study` does, without a store.

    Returns
    -------
    xarray.Dataset
        The variables of `run_study` (replicate, ...).
    """
    check_type("config", config, StudyConfig), check_type("trained", trained, Trained)
    check_type("condition", condition, TrainingConfig)
    n_blank = max(config.n_blank, *config.test_delays)
    recording = record_condition(config, condition, trained.ensemble, n_blank=n_blank)
    last = config.n_steps + config.n_blank
    followed = Recording(recording.data.sel(time=slice(None, last)))
    tested = recording
    if condition.task.is_sampled:
        tested = record_condition(
            config, condition, trained.ensemble, n_blank=n_blank, held_out=True
        )
    order, relay_bits = greedy_orders(
        *(followed.states, followed.x_in, followed.x_out),
        is_population=not condition.task.is_sampled,
    )
    test_delay = xr.DataArray(
        list(config.test_delays), dims="test_delay", attrs={"units": "step"}, name="test_delay"
    )
    answers = tested.answers.sel(time=config.n_steps + test_delay).drop_vars("time")
    right = (answers == tested.x_in).assign_coords(test_delay=test_delay)
    by_network = {
        name: ("network", getattr(trained, name))
        for name in ("population_accuracy", "attempts", "epochs")
    }
    measured = {
        "accuracy": right.mean(["concept", "sequence"]),
        "information_bits": matrix_values(config, followed, order, relay_bits),
        "relay_bits": relay_bits,
        "removal_order": order,
    }
    return xr.Dataset(by_network | measured).rename(network="replicate")


def matrix_values(
    config: StudyConfig, recording: Recording, order: xr.DataArray, relay_bits: xr.DataArray
) -> xr.DataArray:
    """Return the information matrices (network, time, concept, node) of a study's ``value``.

    Parameters
    ----------
    config, recording
        The study, and some of its networks as it records them.
    order, relay_bits
        From `relaylib.information.relay.greedy_orders` of the recording.
    """
    if config.value != "shapley":
        return node_values(order, relay_bits, value=config.value)
    if config.n_nodes <= LARGEST_LATTICE:
        exact: Any = exact_summaries(
            *(recording.states, recording.x_in, recording.x_out),
            is_population=True,  # greedy_orders has warned, if there was reason
        )
        return exact.shapley_bits.transpose(..., "node")
    dims = ("network", "time", "concept", "node")
    like = node_values(order, relay_bits).transpose(*dims).sel(node=recording.states.node)
    return like.copy(data=_sampled_shapley(config, recording)).transpose(..., "node")


def _sampled_shapley(config: StudyConfig, recording: Recording) -> np.ndarray:
    """Estimate the values in a large layer, (network, time, concept, node)."""
    states = recording.states.transpose("network", "time", "node", "sequence").values
    x_in = recording.x_in.transpose("concept", "sequence").values
    x_out = recording.data.x_out.transpose("network", "concept", "sequence").values
    bits = np.empty((*states.shape[:2], len(x_in), states.shape[2]))
    for network, time, concept in progress(list(np.ndindex(bits.shape[:3])), desc="Shapley values"):
        bits[network, time, concept] = sampled_shapley(
            x_in[concept],
            x_out[network, concept],
            states[network, time].T,
            n_permutations=_N_PERMUTATIONS,
            rng=stream(config.seed, "shapley"),  # the same orders everywhere
            is_population=True,  # greedy_orders has warned, if there was reason
        ).shapley_bits
    return bits
