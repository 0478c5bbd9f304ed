"""State space of trained networks: clusters of memory contents, and the effect of node removal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import (
    check_dataset,
    check_dims,
    check_floats,
    check_integer,
    check_number,
    check_symbols,
    check_type,
    normalise,
    select,
)
from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders, stream
from relaylib.core.store import Store, StoreLike
from relaylib.core.tolerances import LARGEST_SAMPLE, TOO_LARGE
from relaylib.measures.geometry import (
    SCORES,
    nearest_centroid_accuracy,
    pca,
    project_many,
    score_many,
)
from relaylib.measures.knockout import first_nodes
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import record
from relaylib.studies.config import StudyConfig, stored
from relaylib.studies.grid import stack
from relaylib.studies.study import load_ensemble, run_study
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Trials, training_trials, with_noise

LABELLINGS = ("concept", "state")
"""How clusters are labelled: by the two values of one concept, as in the paper's figure 13, or by
all of the memory's contents, as in its figure 12."""


def _memory_rnns() -> StudyConfig:
    return StudyConfig(tasks=(MemoryTask(),), architectures=("RNN",))


@dataclass(frozen=True)
class LatentConfig:
    """Which networks' state space is looked at, and how.

    Parameters
    ----------
    study
        With one task and one architecture; its regimes and replicates are all analysed.
    noise_sd
        Standard deviation of Gaussian noise on the sensors in the input steps. The networks were
        trained without.
    sequences_per_state
        Noisy sequences shown for each memory content; at least 4, for the cross-validation.
    n_random
        Random removal orders per network (paper: 50).
    order_time
        Step at which the greedy removal orders are taken; None: the last step of the input.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    study: StudyConfig = field(default_factory=_memory_rnns)
    noise_sd: float = 0.1
    sequences_per_state: int = 16
    n_random: int = 50
    order_time: int | None = None

    def __post_init__(self) -> None:
        check_type("study", self.study, StudyConfig)
        for name in ("tasks", "architectures"):
            if len(getattr(self.study, name)) != 1:
                raise ValueError(f"study must hold one of {name}, got {getattr(self.study, name)}")
        checked: dict[str, Any] = {
            "noise_sd": check_number("noise_sd", self.noise_sd, 0, TOO_LARGE),
            "sequences_per_state": check_integer(
                "sequences_per_state", self.sequences_per_state, 4, LARGEST_SAMPLE
            ),
            "n_random": check_integer("n_random", self.n_random, 1),
        }
        if self.order_time is not None:
            last = self.study.n_steps + self.study.n_blank
            checked["order_time"] = check_integer("order_time", self.order_time, 1, last)
        normalise(self, **checked)

    @property
    def step(self) -> int:
        """Step of the removal orders."""
        return self.study.n_steps if self.order_time is None else self.order_time


def run_latent(config: LatentConfig | None = None, *, store: StoreLike | None = None) -> xr.Dataset:
    """Project networks' states onto two principal components, with all nodes and with fewer.

    States are those of the last input step and all blank steps after it (10..15), of noisy
    sequences, the same for all networks. Nodes are removed least relaying first, by each concept's
    greedy order, and in random orders.

    Returns
    -------
    xarray.Dataset
        ``activations`` (regime, replicate, time, sequence, node); ``coordinates`` (regime,
        replicate, time, sequence, component) and ``variance_fraction`` (regime, replicate,
        component) of the PCA of all nodes; ``silhouette`` and ``decoding_accuracy`` (regime,
        replicate): of the memory contents in it, and from a PCA of the answer step alone
        (nearest centroid, cross-validated); ``noisy_accuracy``: fraction of concepts right.
        ``ordered_score`` (score, labelling, regime, replicate, concept, set_size) and
        ``random_score`` (..., concept, draw, set_size); ``relay_bits`` and ``removal_order``.
        Coordinates ``state`` (sequence): the memory content; ``target`` (sequence, concept).

    References
    ----------
    Hintze, Najam, Schossau (2025), section III, Figs. 12 and 13.
    """
    return stored("latent", config, LatentConfig, store, _measure)


def removal_projections(network: xr.Dataset) -> xr.Dataset:
    """PCA of one network as its nodes are removed, least relaying first (figure 13).

    Parameters
    ----------
    network
        `run_latent`'s result with regime and replicate selected.

    Returns
    -------
    xarray.Dataset
        ``coordinates`` (concept, set_size, component, time, sequence).
    """
    needed = {
        "activations": ("time", "sequence", "node"),
        "removal_order": ("concept", "removal_step"),
    }
    check_dataset("network", network, **needed)
    check_dims("network", network, ("node", "removal_step", "set_size"))
    check_floats("network.activations", network.activations.values, (...,))
    n_nodes, *others = (network.sizes[dim] for dim in ("node", "removal_step", "set_size"))
    if network.activations.ndim != 3 or set(others) != {n_nodes}:
        raise ValueError(f"network must be one network with all its nodes, got {network.sizes}")
    activations = network.activations.transpose("time", "sequence", "node")
    points = activations.values.reshape(-1, activations.sizes["node"])
    kept = _kept(network.removal_order).transpose("concept", "n_knocked_out", "node")
    coordinates, _ = project_many(points, kept.values.reshape(-1, activations.sizes["node"]))
    sizes = network.sizes
    shape = (sizes["concept"], sizes["set_size"], 2, sizes["time"], sizes["sequence"])
    dims = ("concept", "set_size", "component", "time", "sequence")
    names = ("concept", "concept_name", "set_size", "time", "state", "target")
    coords = {name: network[name] for name in names}
    return xr.Dataset({"coordinates": (dims, coordinates.reshape(shape))}, coords=coords)


def sharpening(latent: xr.Dataset) -> xr.DataArray:
    """Area between the score curves of ordered and random removal (score, ..., replicate).

    Mean over set sizes short of the full set, and over concepts; positive where ordered removal
    is the better, whichever direction of the score that is (`relaylib.measures.geometry.SCORES`).

    Parameters
    ----------
    latent
        `run_latent`'s result.
    """
    dims = ("score", "set_size", "concept")
    check_dataset("latent", latent, ordered_score=dims, random_score=(*dims, "draw"))
    check_dims("latent", latent, ("node",))
    check_symbols("latent.set_size", latent.set_size.values, (None,))
    better = xr.DataArray(list(SCORES.values()), dims="score", coords={"score": list(SCORES)})
    smaller = latent.set_size < latent.sizes["node"]
    gain = better * (latent.ordered_score - latent.random_score.mean("draw"))
    return gain.where(smaller, drop=True).mean(["set_size", "concept"])


class NoisyTrials(NamedTuple):
    """Noisy sequences, and their memory contents 0, 1, ... with the concepts' signs."""

    trials: Trials
    state: np.ndarray  # (sequence,)
    signs: np.ndarray  # (state, concept), 0 or 1


def noisy_trials(config: LatentConfig) -> NoisyTrials:
    """Draw the sequences: the task's own of each memory content in turn, with noise.

    The same noise, scaled, for every standard deviation.
    """
    check_type("config", config, LatentConfig)
    task, seed = config.study.tasks[0], config.study.seed
    trials = training_trials(task, n_sampled=config.study.n_sampled, seed=seed)
    signs, state = np.unique((trials.targets > 0).astype(int), axis=0, return_inverse=True)
    rows = [np.resize(np.flatnonzero(state == s), config.sequences_per_state) for s in set(state)]
    chosen = np.concatenate(rows)
    shown = trials._replace(inputs=trials.inputs[chosen], targets=trials.targets[chosen])
    noisy = with_noise(shown, config.noise_sd, stream(seed, "latent noise", task.name))
    return NoisyTrials(noisy, state[chosen], signs)


def _measure(config: LatentConfig, store: Store) -> xr.Dataset:
    task, architecture = config.study.tasks[0].name, config.study.architectures[0]
    study = select(run_study(config.study, store=store), task=task, architecture=architecture)
    orders = study[["relay_bits", "removal_order"]].sel(time=config.step, drop=True)
    shown = noisy_trials(config)
    cells = []
    for regime in progress(config.study.regimes, desc="latent space", unit="regime"):
        ensemble = load_ensemble(config.study, task, architecture, regime, store=store)
        with threadpool_limits(1):  # sums do not depend on the number of threads
            networks = _measure_regime(config, orders.sel(regime=regime), ensemble, shown)
        cells.append(stack(networks, "replicate"))
    latent = stack(cells, "regime").assign(orders.sel(set_size=slice(None, 1)))
    dims = ("score", "labelling", "regime", "replicate", "concept", "draw", "set_size")
    latent = latent.transpose(*dims, "time", "sequence", "removal_step", "node", "component")
    for name, variable in latent.data_vars.items():
        variable.attrs["units"] = "bit" if name == "relay_bits" else "1"
    target = (("sequence", "concept"), shown.trials.targets)
    latent = latent.assign_coords(state=("sequence", shown.state), target=target)
    latent.time.attrs["units"] = "step"
    return latent


def _measure_regime(
    config: LatentConfig, orders: xr.Dataset, ensemble: Ensemble, shown: NoisyTrials
) -> list[xr.Dataset]:
    """Measure every network of one regime; one dataset each."""
    study, regime = config.study, str(orders.regime.item())
    delay = study.read_delay(regime)
    recording = record(
        ensemble, shown.trials, delay=delay, n_blank=study.n_blank, lstm_state=study.lstm_state
    )
    accuracy = (recording.x_out == recording.x_in).mean(["concept", "sequence"])
    states = recording.activations.sel(time=slice(study.n_steps, None)).assign_coords(
        network=orders.replicate.values
    )
    measured = []
    for replicate in orders.replicate.values.tolist():
        key = (study.tasks[0].name, study.architectures[0], regime, replicate)
        rng = stream(study.seed, "random removal", *key)
        draws = random_orders(config.n_random, states.sizes["node"], rng=rng)
        network = _measure_network(
            states.sel(network=replicate, drop=True).transpose("time", "sequence", "node"),
            study.n_steps + delay,
            orders.removal_order.sel(replicate=replicate, drop=True),
            states.node.values[draws],
            shown,
        )
        measured.append(network.assign(noisy_accuracy=accuracy.values[replicate]))
    return measured


def _measure_network(
    activations: xr.DataArray,
    answer_time: int,
    order: xr.DataArray,
    draws: np.ndarray,
    shown: NoisyTrials,
) -> xr.Dataset:
    """Measure one network: activations (time, sequence, node), orders of concepts and at random."""
    n_times, n_sequences, n_nodes = activations.shape
    points, state = activations.values.reshape(-1, n_nodes), np.tile(shown.state, n_times)
    orders = np.concatenate([order.transpose("concept", "removal_step").values, draws])
    scores = _removal_scores(points, state, shown.signs, orders)
    n_concepts = order.sizes["concept"]
    own = np.arange(n_concepts)
    ordered = [scores[own, :, own], scores[own, :, -1]]  # (labelling, concept, set_size, score)
    random = [scores[n_concepts:, :, :n_concepts], scores[n_concepts:, :, [-1] * n_concepts]]
    coordinates, variance_fraction = pca(points)
    accuracy = nearest_centroid_accuracy(activations.sel(time=answer_time).values, shown.state)
    by_order = ("labelling", "concept", "set_size", "score")
    by_draw = ("labelling", "draw", "set_size", "concept", "score")
    place = coordinates.reshape(n_times, n_sequences, 2).astype(np.float32)
    return xr.Dataset(
        {
            "activations": (activations.dims, activations.values),
            "coordinates": (("time", "sequence", "component"), place),
            "variance_fraction": ("component", variance_fraction),
            "silhouette": ((), scores[0, 0, -1, 0]),
            "decoding_accuracy": ((), accuracy),
            "ordered_score": (by_order, np.stack(ordered)),
            "random_score": (by_draw, np.stack(random).astype(np.float32)),
        },
        coords={
            "time": activations.time.values,
            "set_size": np.arange(n_nodes, 0, -1),
            "score": list(SCORES),
            "labelling": list(LABELLINGS),
            "component": [1, 2],
        },
    )


def _removal_scores(
    points: np.ndarray, state: np.ndarray, signs: np.ndarray, orders: np.ndarray
) -> np.ndarray:
    """Scores as nodes leave in each order: (order, set_size, concept and then state, score)."""
    kept = _kept(xr.DataArray(orders, dims=("order", "removal_step"))).values
    labellings = np.concatenate([signs.T, np.arange(len(signs))[None]])
    coordinates, _ = project_many(points, kept.reshape(-1, kept.shape[-1]))
    scores = score_many(coordinates, state, labellings)
    return scores.reshape(*orders.shape, *scores.shape[1:])


def _kept(order: xr.DataArray) -> xr.DataArray:
    """Nodes left in as they leave one by one, (..., n_knocked_out, node): all first, one last."""
    return ~first_nodes(order).isel(n_knocked_out=slice(-1))
