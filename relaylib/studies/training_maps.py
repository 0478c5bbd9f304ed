"""MM-PHATE maps of whole trainings: one network per condition, and its null."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_integer
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.measures.drift import median_replicate
from relaylib.mmphate.estimator import MMPHATE
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.training import Trained
from relaylib.studies.study import N_BLANK, StudyConfig
from relaylib.studies.training_activations import ActivationsConfig, training_activations
from relaylib.studies.training_history import (
    MEASURES,
    analysed_state,
    course,
    measure_networks,
    seen_networks,
    train_seen,
)
from relaylib.tasks.task import Trials, training_trials


@dataclass(frozen=True)
class MapConfig:
    """Which trainings are mapped, and at how many moments.

    Parameters
    ----------
    study
        Tasks and architectures, with one regime.
    n_epochs
        Epochs of a map, from untrained to stopped, at most; evenly spread over those of
        `checkpoint_epochs`, so dense early.
    n_landmarks
        Of `relaylib.mmphate.estimator.MMPHATE`.
    n_scored, scored_epochs
        Networks per condition whose maps are scored, and epochs of these smaller maps.
    k
        Neighbours that should be kept, see `relaylib.mmphate.neighbourhoods`.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    study: StudyConfig = field(default_factory=lambda: StudyConfig(regimes=("5",)))
    n_epochs: int = 16
    n_landmarks: int = 1000
    n_scored: int = 3
    scored_epochs: int = 3
    k: int = 3

    def __post_init__(self) -> None:
        if len(self.study.regimes) != 1:
            raise ValueError(f"study must have one regime, got {self.study.regimes}")
        for name in ("n_epochs", "n_landmarks", "scored_epochs"):
            check_integer(name, getattr(self, name), 2)
        check_integer("n_scored", self.n_scored, 1)
        check_integer("k", self.k, 1, self.study.n_nodes - 1)


class MapCase(NamedTuple):
    """One condition: how it is trained, what it is shown, and its networks epoch by epoch."""

    condition: TrainingConfig
    trials: Trials
    trained: Trained

    def network(self, replicate: int, most: int) -> tuple[Ensemble, np.ndarray]:
        """Return one network at up to ``most`` moments of its training, as an ensemble.

        The moments, untrained and stopped among them, are evenly spread over the epochs looked
        at; the epochs are returned, too.
        """
        ensemble, epochs = course(self.trained, replicate)
        moments = np.linspace(0, len(epochs) - 1, min(most, len(epochs))).round().astype(int)
        return ensemble[moments.tolist()], epochs[moments]


def map_training(config: MapConfig | None = None, *, store: Store | None = None) -> xr.Dataset:
    """Embed the training of one network per task and architecture by MM-PHATE, and its null.

    Shown is the network with the median number of epochs. Its null, ``weights="aimless"``, starts
    from the same weights and goes as far from epoch to epoch in each weight array, but in
    directions drawn at random: an untrained network that moves.

    Returns
    -------
    xarray.Dataset
        ``embedding`` (task, architecture, weights, moment, time, node, component); what
        `relaylib.studies.training_history.follow_training` measures (task, architecture, weights, moment,
        ...); ``epoch`` (task, architecture, moment); ``shown_replicate`` (task, architecture);
        ``t`` and ``stress`` of each map (task, architecture, weights).
    """
    config, store = config or MapConfig(), store or Store()
    return store.dataset(
        "training-maps",
        config,
        lambda: _map(config, store),
        modules=["relaylib.studies.training_maps"],
    )


def aimless(ensemble: Ensemble, *, rng: np.random.Generator) -> Ensemble:
    """Return networks that move as far as these from each to the next, in random directions."""
    weights = {}
    for name, values in ensemble.weights.items():
        path = values.numpy().astype(float).reshape(len(ensemble), -1)
        step = np.diff(path, axis=0)
        random = rng.normal(size=step.shape)
        random *= np.linalg.norm(step, axis=1, keepdims=True) / np.linalg.norm(
            random, axis=1, keepdims=True
        )
        walk = np.cumsum([path[0], *random], axis=0)
        weights[name] = torch.from_numpy(walk.reshape(values.shape)).to(values.dtype)
    return Ensemble(ensemble.architecture, weights)


def map_cases(config: MapConfig, store: Store) -> Iterator[MapCase]:
    """Yield every condition with its networks, trained if need be."""
    conditions = list(config.study.conditions())
    train_seen(config.study, conditions, store)
    for condition in progress(conditions, desc="maps of training", unit="condition"):
        trained = seen_networks(config.study, condition, store)
        trials = training_trials(
            condition.task, n_sampled=condition.n_sampled, seed=config.study.seed
        )
        yield MapCase(condition, trials, trained)


def _map(config: MapConfig, store: Store) -> xr.Dataset:
    return by_cell(config, [_map_case(config, case, store) for case in map_cases(config, store)])


def _map_case(config: MapConfig, case: MapCase, store: Store) -> xr.Dataset:
    numbers = {"replicate": np.arange(len(case.trained.epochs))}
    replicate = int(median_replicate(xr.DataArray(case.trained.epochs, numbers)))
    ensemble, epochs = case.network(replicate, config.n_epochs)
    recorded = training_activations(
        ActivationsConfig(case.condition, replicate, config.study.lstm_state), store=store
    )
    key = ("aimless", case.condition.task.name, case.condition.architecture, replicate)
    walk = aimless(ensemble, rng=stream(config.study.seed, *key))
    trained_map = _one_map(config, case, ensemble, recorded.activations.sel(epoch=epochs).values)
    null_map = _one_map(config, case, walk, map_activations(config, case, walk))
    cell = stacked([trained_map, null_map], "weights")
    cell = cell.assign_coords(weights=["trained", "aimless"])
    return cell.assign(epoch=("moment", epochs), shown_replicate=replicate)


def _one_map(
    config: MapConfig, case: MapCase, ensemble: Ensemble, activations: np.ndarray
) -> xr.Dataset:
    method = MMPHATE(n_landmarks=config.n_landmarks, random_state=config.study.seed, progress=False)
    with threadpool_limits(1):  # matrices this small only lose by waiting for each other's threads
        embedding = method.fit_transform(activations)["embedding"]
    dims: tuple[str, ...] = ("moment", "time", "node", "component")
    found = xr.Dataset(
        {"embedding": (dims, embedding.values)}, {"moment": np.arange(len(ensemble))}
    )
    measured = measure_networks(config.study, case.condition, ensemble, case.trials)
    for name, (dims, units, label) in MEASURES.items():
        attrs = {"units": units, "long_name": label}
        found[name] = (("moment", *dims), measured[name], attrs)
    return found.assign(t=method.t_, stress=method.stress_)


def map_activations(config: MapConfig, case: MapCase, ensemble: Ensemble) -> np.ndarray:
    """Return the activations that are mapped, (moment, time, node, sequence)."""
    run = ensemble.run(case.trials.inputs, N_BLANK)
    return analysed_state(run, config.study.lstm_state)


def by_cell(config: MapConfig, cells: list[xr.Dataset]) -> xr.Dataset:
    """Arrange one dataset per condition by (task, architecture); moments that are missing: NaN."""
    study = config.study
    names = {"task": [task.name for task in study.tasks], "architecture": list(study.architectures)}
    rows = iter(cells)
    grid = [stacked([next(rows) for _ in study.architectures], "architecture") for _ in study.tasks]
    concepts = [list(task.concepts) for task in study.tasks]
    return (
        stacked(grid, "task")
        .assign_coords({**names, "concept_name": (("task", "concept"), concepts)})
        .assign_attrs(seed=study.seed, regime=study.regimes[0])
    )


def stacked(parts: list[xr.Dataset], dim: str) -> xr.Dataset:
    """Lay datasets along a new dimension."""
    return xr.concat(parts, dim, data_vars="all", coords="minimal", compat="override", join="outer")
