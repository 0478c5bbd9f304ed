"""State space of trained networks: clusters of memory contents, and what node removal does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import xarray as xr

from relaylib.core.checks import check_integer
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.measures.geometry import (
    SCORES,
    nearest_centroid_accuracy,
    pca,
    project_many,
    score_many,
)
from relaylib.networks.ensemble import Ensemble
from relaylib.studies.study import N_BLANK, StudyConfig, load_ensemble, run_study
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Trials, training_trials

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
        Time at which the greedy removal orders are taken.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    study: StudyConfig = field(default_factory=_memory_rnns)
    noise_sd: float = 0.1
    sequences_per_state: int = 16
    n_random: int = 50
    order_time: int = 10

    def __post_init__(self) -> None:
        for name in ("tasks", "architectures"):
            if len(getattr(self.study, name)) != 1:
                raise ValueError(f"study must hold one of {name}, got {getattr(self.study, name)}")
        if not (np.isfinite(self.noise_sd) and self.noise_sd >= 0):
            raise ValueError(f"noise_sd must be a number >= 0, got {self.noise_sd}")
        check_integer("sequences_per_state", self.sequences_per_state, 4)
        check_integer("n_random", self.n_random, 1)
        check_integer("order_time", self.order_time, 1, self.study.tasks[0].n_steps + N_BLANK)


def run_latent(config: LatentConfig | None = None, *, store: Store | None = None) -> xr.Dataset:
    """Project networks' states onto two principal components, with all nodes and with fewer.

    States are those of the last input step and all blank steps after it (10 .. 15), of noisy
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
    config, store = config or LatentConfig(), store or Store()
    return store.dataset(
        "latent", config, lambda: _measure(config, store), modules=["relaylib.studies.latent"]
    )


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
    activations = network.activations.transpose("time", "sequence", "node")
    points = activations.values.reshape(-1, activations.sizes["node"])
    sets = np.concatenate([_shrinking(order - 1) for order in network.removal_order.values])
    coordinates, _ = project_many(points, sets)
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
    better = xr.DataArray(list(SCORES.values()), dims="score", coords={"score": list(SCORES)})
    smaller = latent.set_size < latent.sizes["node"]
    gain = better * (latent.ordered_score - latent.random_score.mean("draw"))
    return gain.where(smaller, drop=True).mean(["set_size", "concept"])


class _Shown(NamedTuple):
    """Noisy sequences, and their memory contents 0, 1, ... with the concepts' signs."""

    trials: Trials
    state: np.ndarray  # (sequence,)
    signs: np.ndarray  # (state, concept), 0 or 1


def _show(config: LatentConfig) -> _Shown:
    """Draw the sequences: the task's own of each memory content in turn, with noise."""
    task, seed = config.study.tasks[0], config.study.seed
    trials = training_trials(task, n_sampled=1000, seed=seed)
    signs, state = np.unique((trials.targets > 0).astype(int), axis=0, return_inverse=True)
    rows = [np.resize(np.flatnonzero(state == s), config.sequences_per_state) for s in set(state)]
    chosen = np.concatenate(rows)
    noise = stream(seed, "latent noise", task.name).standard_normal(trials.inputs[chosen].shape)
    inputs = (trials.inputs[chosen] + config.noise_sd * noise).astype(np.float32)
    return _Shown(Trials(inputs, trials.targets[chosen]), state[chosen], signs)


def _measure(config: LatentConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store).isel(task=0, architecture=0)
    orders = study[["relay_bits", "removal_order"]].sel(time=config.order_time, drop=True)
    task, architecture = config.study.tasks[0], config.study.architectures[0]
    shown = _show(config)
    networks = []
    for regime in progress(config.study.regimes, desc="latent space", unit="regime"):
        ensemble = load_ensemble(config.study, task, architecture, regime, store=store)
        measured = _measure_regime(config, orders.sel(regime=regime), ensemble, shown)
        networks.append(xr.concat(measured, dim=study.replicate))
    latent = xr.concat(networks, dim=study.regime).assign(orders.sel(set_size=slice(None, 1)))
    dims = ("score", "labelling", "regime", "replicate", "concept", "draw", "set_size")
    latent = latent.transpose(*dims, "time", "sequence", "removal_step", "node", "component")
    for name, variable in latent.data_vars.items():
        variable.attrs["units"] = "bit" if name == "relay_bits" else "1"
    state, target = ("sequence", shown.state), (("sequence", "concept"), shown.trials.targets)
    times = ("time", np.arange(task.n_steps, task.n_steps + N_BLANK + 1), {"units": "step"})
    return latent.assign_coords(time=times, state=state, target=target)


def _measure_regime(
    config: LatentConfig, orders: xr.Dataset, ensemble: Ensemble, shown: _Shown
) -> list[xr.Dataset]:
    """Measure every network of one regime; one dataset each."""
    n_steps = config.study.tasks[0].n_steps
    run = ensemble.run(shown.trials.inputs, N_BLANK)
    recorded = run.hidden if run.cell is None or config.study.lstm_state == "hidden" else run.cell
    states = recorded[:, n_steps - 1 :].transpose(0, 1, 3, 2)
    regime = str(orders.regime.item())
    delay = config.study.read_delay(regime)
    answers = run.outputs[:, n_steps + delay - 1] > 0
    accuracy = (answers == (shown.trials.targets.T > 0)).mean(axis=(1, 2))
    measured = []
    for replicate, activations in enumerate(states):
        key = (config.study.tasks[0].name, config.study.architectures[0], regime, replicate)
        rng = stream(config.study.seed, "random removal", *key)
        order = orders.removal_order.sel(replicate=replicate).values - 1
        network = _measure_network(activations, delay, order, shown, config.n_random, rng)
        measured.append(network.assign(noisy_accuracy=accuracy[replicate]))
    return measured


def _measure_network(
    activations: np.ndarray,
    delay: int,
    order: np.ndarray,
    shown: _Shown,
    n_random: int,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Measure one network; activations (time, sequence, node), order (concept, node) from 0."""
    n_times, n_sequences, n_nodes = activations.shape
    points, state = activations.reshape(-1, n_nodes), np.tile(shown.state, n_times)
    draws = rng.permuted(np.tile(np.arange(n_nodes), (n_random, 1)), axis=1)
    scores = _removal_scores(points, state, shown.signs, np.concatenate([order, draws]))
    n_concepts = len(order)
    own = np.arange(n_concepts)
    ordered = [scores[own, :, own], scores[own, :, -1]]  # (labelling, concept, set_size, score)
    random = [scores[n_concepts:, :, :n_concepts], scores[n_concepts:, :, [-1] * n_concepts]]
    coordinates, variance_fraction = pca(points)
    accuracy = nearest_centroid_accuracy(activations[delay], shown.state)
    return xr.Dataset(
        {
            "activations": (("time", "sequence", "node"), activations),
            "coordinates": (
                ("time", "sequence", "component"),
                coordinates.reshape(n_times, n_sequences, 2).astype(np.float32),
            ),
            "variance_fraction": ("component", variance_fraction),
            "silhouette": ((), scores[0, 0, -1, 0]),
            "decoding_accuracy": ((), accuracy),
            "ordered_score": (("labelling", "concept", "set_size", "score"), np.stack(ordered)),
            "random_score": (
                ("labelling", "draw", "set_size", "concept", "score"),
                np.stack(random).astype(np.float32),
            ),
        },
        coords={
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
    sets = np.concatenate([_shrinking(order) for order in orders])
    labellings = np.concatenate([signs.T, np.arange(len(signs))[None]])
    coordinates, _ = project_many(points, sets)
    scores = score_many(coordinates, state, labellings)
    return scores.reshape(*orders.shape, *scores.shape[1:])


def _shrinking(order: np.ndarray) -> np.ndarray:
    """Nodes left in as they leave one by one: bool (set, node), all nodes first, one last."""
    rank = np.argsort(order)
    return rank >= np.arange(len(order))[:, None]
