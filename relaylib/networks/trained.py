"""Trained networks in the store: one entry per condition."""

from collections.abc import Sequence

import numpy as np
import torch

from relaylib.core.checks import check_all, check_type
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.networks.cells import WEIGHT_NAMES
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.training import Trained, train, train_conditions

_MODULES = ("relaylib.networks.training",)
_RECORDS = ("attempts", "epochs", "population_accuracy")


def trained_networks(
    condition: TrainingConfig, *, store: StoreLike | None = None, trained: Trained | None = None
) -> Trained:
    """Return the networks of one condition: from the store, else as given, else trained now."""
    check_type("condition", condition, TrainingConfig)
    if trained is not None:
        check_type("trained", trained, Trained)
    arrays = as_store(store).arrays(
        _entry(condition),
        condition,
        lambda: _pack(trained or train(condition)),
        modules=_MODULES,
    )
    return _unpack(condition, arrays)


def _entry(condition: TrainingConfig) -> str:
    return f"networks-{condition.task.name}-{condition.architecture}-{condition.regime}"


def train_missing(conditions: Sequence[TrainingConfig], store: Store) -> None:
    """Train the conditions that are not in the store, and store each when it is done."""
    check_type("store", store, Store), check_all("conditions", conditions, TrainingConfig)
    missing = [c for c in conditions if not store.holds(_entry(c), c, modules=_MODULES)]
    if missing:
        for condition, trained in train_conditions(missing):
            trained_networks(condition, store=store, trained=trained)


def _pack(trained: Trained) -> dict[str, np.ndarray]:
    arrays = {name: values.numpy() for name, values in trained.ensemble.weights.items()}
    for epoch, ensemble in trained.checkpoints.items():
        arrays |= {f"{epoch}/{name}": values.numpy() for name, values in ensemble.weights.items()}
    return arrays | {name: getattr(trained, name) for name in _RECORDS}


def _unpack(condition: TrainingConfig, arrays: dict[str, np.ndarray]) -> Trained:
    def ensemble(prefix: str = "") -> Ensemble:
        weights = {name: torch.from_numpy(arrays[prefix + name]) for name in WEIGHT_NAMES}
        return Ensemble(condition.architecture, weights)

    checkpoints = {epoch: ensemble(f"{epoch}/") for epoch in condition.checkpoints}
    attempts, epochs, accuracy = (arrays[name] for name in _RECORDS)
    return Trained(ensemble(), attempts, epochs, accuracy, checkpoints)
