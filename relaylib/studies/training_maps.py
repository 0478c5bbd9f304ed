"""MM-PHATE maps of training: one network per condition, and its random-walk null."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_integer, check_number, check_rng, check_type, normalise
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike
from relaylib.mmphate.estimator import MMPHATE
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.training import Trained
from relaylib.studies.config import StudyConfig, stored
from relaylib.studies.grid import by_condition, stack
from relaylib.studies.training_history import (
    checkpointed_networks,
    measure_networks,
    network_checkpoints,
)


@dataclass(frozen=True)
class MapConfig:
    """Which trainings are mapped, and at how many epochs.

    Parameters
    ----------
    study
        Tasks and architectures, with one regime.
    n_epochs
        Most epochs of a map; they are spread evenly over the checkpoints from the untrained
        network to the epoch at which training stopped, so they are dense early.
    n_landmarks
        Of `relaylib.mmphate.estimator.MMPHATE`.
    quantile
        Of the numbers of epochs in each condition: the network that has it is mapped. 0.5: the
        median; of two in the middle the lower.
    with_null
        Map its random-walk null as well.
    n_scored, scored_epochs
        For `relaylib.studies.map_quality`: networks per condition, and epochs of their maps.
    k
        Number of nearest neighbours that are compared, see `relaylib.mmphate.neighbourhoods`.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    study: StudyConfig = field(default_factory=lambda: StudyConfig(regimes=("5",)))
    n_epochs: int = 16
    n_landmarks: int = 1000
    quantile: float = 0.5
    with_null: bool = True
    n_scored: int = 3
    scored_epochs: int = 3
    k: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.study, StudyConfig) or len(self.study.regimes) != 1:
            raise ValueError(f"study must be a StudyConfig with one regime, got {self.study!r}")
        least = {"n_epochs": 2, "n_landmarks": 2, "scored_epochs": 2, "n_scored": 1, "k": 1}
        for name, low in least.items():
            high = self.study.n_nodes - 1 if name == "k" else None
            normalise(self, **{name: check_integer(name, getattr(self, name), low, high)})
        normalise(self, quantile=check_number("quantile", self.quantile, 0, 1))
        check_type("with_null", self.with_null, bool)


def map_training(config: MapConfig | None = None, *, store: StoreLike | None = None) -> xr.Dataset:
    """Embed the training of one network per task and architecture by MM-PHATE, and its null.

    The network is the one with the median number of epochs, or another ``config.quantile``. Its
    null, ``weights="random walk"``, is an untrained network that moves: it starts from the same
    weights and moves as far from epoch to epoch in each weight array, but in random directions.

    Returns
    -------
    xarray.Dataset
        ``embedding`` (task, architecture, weights, moment, time, node, component); all measures of
        `relaylib.studies.training_history.training_history` (task, architecture, weights, moment,
        ...); ``epoch`` (task, architecture, moment); ``shown_replicate`` (task, architecture);
        ``t`` and ``stress`` of each map (task, architecture, weights).
    """
    return stored("training-maps", config, MapConfig, store, _map)


def random_walk(ensemble: Ensemble, *, rng: np.random.Generator) -> Ensemble:
    """Return networks whose steps from one to the next have the same length, but are random."""
    weights, rng = {}, check_rng(rng)
    for name, values in sorted(
        check_type("ensemble", ensemble, Ensemble).weights.items()
    ):  # each draws from the same stream
        path = values.numpy().astype(float).reshape(len(ensemble), -1)
        length = np.linalg.norm(np.diff(path, axis=0), axis=1, keepdims=True)
        step = rng.normal(size=(len(path) - 1, path.shape[1]))
        step *= length / np.linalg.norm(step, axis=1, keepdims=True)
        walk = np.cumsum([path[0], *step], axis=0)
        weights[name] = values.new_tensor(walk.reshape(values.shape))
    return replace(ensemble, weights=weights)


def _map(config: MapConfig, store: Store) -> xr.Dataset:
    study = config.study
    cells = [
        _map_condition(config, condition, trained)
        for condition, trained in checkpointed_networks(study, store)
    ]
    maps = by_condition(study, cells, factors=("task", "architecture"))
    return maps.assign_attrs(seed=study.seed, regime=study.regimes[0])


def _map_condition(config: MapConfig, condition: TrainingConfig, trained: Trained) -> xr.Dataset:
    wanted = np.quantile(trained.epochs, config.quantile, method="lower")
    replicate = int((trained.epochs == wanted).argmax())
    ensemble, epochs = network_checkpoints(trained, replicate, n_epochs=config.n_epochs)
    paths = {"trained": ensemble}
    if config.with_null:
        # The word "aimless" only names the stream: the numbers depend on it.
        key = ("aimless", condition.task.name, condition.architecture, replicate)
        paths["random walk"] = random_walk(ensemble, rng=stream(config.study.seed, *key))
    maps = stack([_map_networks(config, condition, each) for each in paths.values()], "weights")
    return maps.assign_coords(weights=list(paths)).assign(
        epoch=("moment", epochs), shown_replicate=replicate
    )


def _map_networks(config: MapConfig, condition: TrainingConfig, ensemble: Ensemble) -> xr.Dataset:
    measured = measure_networks(config.study, condition, ensemble)
    method = MMPHATE(n_landmarks=config.n_landmarks, random_state=config.study.seed, progress=False)
    with threadpool_limits(1):  # threads only slow down matrices this small
        embedded = method.fit_transform(measured.activations.rename(network="epoch"))
    embedding = embedded.embedding.rename(epoch="network")
    found = measured.drop_dims("sequence").assign(embedding=embedding)
    return found.assign(t=method.t_, stress=method.stress_).rename(network="moment")
