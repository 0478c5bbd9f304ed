"""Trained networks, kept in the store: one entry per condition."""

from collections.abc import Sequence

import numpy as np
import torch

from relaylib.core.store import Store
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.training import Trained, train, train_conditions

_MODULES = ("relaylib.networks.training",)
_RECORDS = ("attempts", "epochs", "population_accuracy")


def trained_networks(
    condition: TrainingConfig, *, store: Store | None = None, trained: Trained | None = None
) -> Trained:
    """Return one condition's networks: from the store, else as given, else trained now."""
    arrays = (store or Store()).arrays(
        _entry(condition),
        condition,
        lambda: _pack(trained or train(condition)),
        modules=_MODULES,
    )
    return _unpack(condition, arrays)


def _entry(condition: TrainingConfig) -> str:
    return f"networks-{condition.task.name}-{condition.architecture}-{condition.regime}"


def train_missing(conditions: Sequence[TrainingConfig], store: Store) -> None:
    """Train, side by side, the conditions that the store does not hold; keep each when done."""
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
    def ensemble(prefix: str) -> Ensemble:
        weights = {
            name.removeprefix(prefix): torch.from_numpy(values)
            for name, values in arrays.items()
            if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
        }
        return Ensemble(
            condition.architecture, {k: w for k, w in weights.items() if k not in _RECORDS}
        )

    return Trained(
        ensemble(""),
        arrays["attempts"],
        arrays["epochs"],
        arrays["population_accuracy"],
        {epoch: ensemble(f"{epoch}/") for epoch in condition.checkpoints},
    )
