"""Maps of many trainings: what MM-PHATE and other methods keep, and what its maps foretell."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike
from relaylib.mmphate.communities import community_preservation
from relaylib.mmphate.embeddings import ALGORITHMS, embed
from relaylib.mmphate.map_statistics import data_displacement, map_displacement, map_statistics
from relaylib.mmphate.step_entropies import step_entropies
from relaylib.networks.conditions import RANDOM_DELAYS
from relaylib.networks.minibatch import train_minibatches
from relaylib.networks.training import Trained
from relaylib.studies.config import stored
from relaylib.studies.grid import stack
from relaylib.studies.mmphate_config import N_BLANK, PAPER_TASKS, MapStudyConfig
from relaylib.studies.real_networks import accuracies, asked_series
from relaylib.studies.real_summary import ANSWERED_AT
from relaylib.studies.training_history import checkpointed_networks, network_checkpoints

_UNITS = {"intra_step_change_bits": "bit", "inter_step_change_bits": "bit"}


def run_mmphate_study(
    config: MapStudyConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Map trainings by MM-PHATE and by other methods, and measure what the maps keep.

    Each task and architecture is stored when it is done, so that a run that was interrupted goes
    on from there.

    Returns
    -------
    xarray.Dataset
        (task, architecture, replicate, ...). Of the networks that are compared: ``kept``
        (algorithm, community) and ``chance`` (community), see
        `relaylib.mmphate.communities.community_preservation`. Of all: ``epoch`` (moment), gradient
        steps taken; (interval), between successive moments: ``displacement`` on the map of
        MM-PHATE, ``data_displacement`` of the responses themselves,
        ``intra_step_change_bits`` and ``inter_step_change_bits``, absolute changes of the entropies
        of `relaylib.mmphate.step_entropies.step_entropies`, mean over steps and nodes;
        ``map_statistic`` (statistic), see `relaylib.mmphate.map_statistics.map_statistics`;
        ``activation_norm``, length of the vector of raw activations at the end of training, mean
        over steps and sequences; ``test_accuracy`` about the class, mean over delays 1 to 5 (real
        series only). ``embedding`` (task, architecture, algorithm, moment, step, node, component)
        of the first network. NaN where there is nothing.
    """
    return stored("mmphate-study", config, MapStudyConfig, store, _measure)


class _Condition(NamedTuple):
    """Networks of one condition at their checkpoints, what they are shown, and how they answer."""

    trained: Trained
    inputs: np.ndarray
    test_accuracy: np.ndarray


def _measure(config: MapStudyConfig, store: Store) -> xr.Dataset:
    levels = list(product(config.tasks, config.architectures))
    cells = [
        _numbered(
            stored(
                f"mmphate-{task}-{architecture}",
                replace(config, tasks=(task,), architectures=(architecture,)),
                MapStudyConfig,
                store,
                _measure_condition,
            ).drop_attrs(deep=False)
        )
        for task, architecture in progress(levels, desc="maps of trainings", unit="condition")
    ]
    n = len(config.architectures)
    rows = [stack(cells[i : i + n], "architecture") for i in range(0, len(cells), n)]
    found = stack(rows, "task").assign_coords(
        task=list(config.tasks), architecture=list(config.architectures)
    )
    for name, values in found.data_vars.items():
        values.attrs = {"units": _UNITS.get(str(name), "1")}
    return found.assign_attrs(seed=config.seed)


def _numbered(cell: xr.Dataset) -> xr.Dataset:
    """Number what a short training has fewer of, so that others are laid beside it."""
    return cell.assign_coords({dim: np.arange(cell.sizes[dim]) for dim in ("moment", "interval")})


def _measure_condition(config: MapStudyConfig, store: Store) -> xr.Dataset:
    """Map the networks of one task and architecture, several at the same time."""
    (task,), (architecture,) = config.tasks, config.architectures
    trained = _paper_networks if task in PAPER_TASKS else _real_networks
    condition = trained(config, task, architecture, store)
    replicates = range(len(condition.trained.epochs))
    with (
        threadpool_limits(1),  # threads only slow down matrices this small
        warnings.catch_warnings(),
        ThreadPoolExecutor(os.cpu_count()) as threads,
    ):
        # Isomap joins the parts of a graph that is not connected, and says so.
        warnings.filterwarnings("ignore", "The number of connected components")
        warnings.filterwarnings("ignore", "Changing the sparsity structure")
        measured = threads.map(partial(_measure_network, config, condition), replicates)
        networks = list(progress(measured, total=len(replicates), desc=f"{task} {architecture}"))
    first = networks[0].embedding
    found = stack([one.drop_vars("embedding", errors="ignore") for one in networks], "replicate")
    accuracy = ("replicate", condition.test_accuracy)
    return found.assign(embedding=first.astype(np.float32), test_accuracy=accuracy).assign_coords(
        replicate=np.arange(len(networks))
    )


def _paper_networks(
    config: MapStudyConfig, task: str, architecture: str, store: Store
) -> _Condition:
    """Networks of one of the paper's tasks, until they solve it: tested on all sequences."""
    ((_, trained),) = checkpointed_networks(config.study(task, architecture), store)
    unknown = np.full(len(trained.epochs), np.nan)  # all reach the same goal
    return _Condition(trained, PAPER_TASKS[task].population().inputs, unknown)


def _real_networks(
    config: MapStudyConfig, data: str, architecture: str, store: Store
) -> _Condition:
    """Networks of a data set, those of the page of real series: as they are after training.

    The page keeps the weights with the least error in validation; here the last ones count, in
    which the map ends.
    """
    real = config.real(data)
    task, test = real.task(data, "train"), asked_series(real.task(data, "test"))
    key = (config.seed, "real series", data, architecture, config.n_nodes, "random")
    checkpoints = train_minibatches(
        asked_series(task).trials,
        architecture,
        [RANDOM_DELAYS] * config.n_ranked,
        config.training(task.residual_sd),
        rng=stream(*key),
    ).checkpoints
    last = max(checkpoints)
    ends, once = np.full(config.n_ranked, last), np.ones(config.n_ranked, int)
    tested = accuracies(checkpoints[last], test).class_accuracy.sel(test_delay=list(ANSWERED_AT))
    accuracy = tested.mean("test_delay").values
    trained = Trained(checkpoints[last], once, ends, accuracy, checkpoints)
    return _Condition(trained, test.trials.inputs, accuracy)


def _recorded_training(
    config: MapStudyConfig, trained: Trained, inputs: np.ndarray, replicate: int
) -> xr.DataArray:
    """Return what one network does at some epochs and steps: (epoch, time, node, sequence)."""
    ensemble, epochs = network_checkpoints(trained, replicate, n_epochs=config.n_epochs)
    time = config.times(inputs.shape[1])
    activations = ensemble.run(inputs, N_BLANK).analysed("cell")[:, time - 1]
    coords = {"epoch": epochs, "time": time, "node": np.arange(1, ensemble.n_nodes + 1)}
    return xr.DataArray(activations, coords, ("epoch", "time", "node", "sequence"))


def _measure_network(config: MapStudyConfig, condition: _Condition, replicate: int) -> xr.Dataset:
    """Map one training; the first networks by all methods, which are compared."""
    activations = _recorded_training(config, condition.trained, condition.inputs, replicate)
    compared = replicate < config.n_compared
    algorithms = ALGORITHMS if compared else ALGORITHMS[:1]
    places = {
        name: embed(activations, name, random_state=config.seed, progress=False)
        for name in algorithms
    }
    found = _of_map(activations, places[ALGORITHMS[0]])
    if not compared:
        return found
    scores = [
        community_preservation(activations, place, k=config.k, n_clusters=config.n_clusters)
        for place in places.values()
    ]
    kept = stack([score[["kept"]] for score in scores], "algorithm").kept
    by_position = {"epoch": "moment", "time": "step"}
    embeddings = stack([p.to_dataset(name="embedding") for p in places.values()], "algorithm")
    place = embeddings.embedding.rename(by_position).drop_vars([*by_position.values()])
    found = found.assign(kept=kept, chance=scores[0].chance, embedding=place)
    return found.assign_coords(algorithm=list(ALGORITHMS))


def _of_map(activations: xr.DataArray, place: xr.DataArray) -> xr.Dataset:
    """Changes between epochs, statistics of the map, and the raw length of the state."""
    entropies = step_entropies(activations)
    intra = abs(entropies.intra_step_entropy_bits.diff("epoch")).mean("time")
    inter = abs(entropies.inter_step_entropy_bits.diff("epoch")).mean("node")
    last = activations.isel(epoch=-1, drop=True).astype(float)
    interval = {"epoch": "interval"}
    return xr.Dataset(
        {
            "epoch": ("moment", activations.epoch.values),
            "displacement": map_displacement(place).drop_vars("interval"),
            "data_displacement": data_displacement(activations).drop_vars("interval"),
            "intra_step_change_bits": intra.drop_vars("epoch").rename(interval),
            "inter_step_change_bits": inter.drop_vars("epoch").rename(interval),
            "map_statistic": map_statistics(place),
            "activation_norm": np.sqrt((last**2).sum("node")).mean(),
        }
    )
