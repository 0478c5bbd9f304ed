"""Trained networks in the store: one entry per condition."""

from collections.abc import Iterator, Sequence

import numpy as np

from relaylib.core.checks import check_all, check_type
from relaylib.core.store import StoreLike, as_store
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


def all_networks(
    conditions: Sequence[TrainingConfig], *, store: StoreLike | None = None
) -> Iterator[tuple[TrainingConfig, Trained]]:
    """Return an iterator over conditions and their networks; the missing ones are trained now.

    They are trained together, and each condition is stored when it is done. What another process
    trains at the same time is waited for.
    """
    check_all("conditions", conditions, TrainingConfig)
    store = as_store(store)
    entries = [(_entry(condition), condition) for condition in conditions]
    unkept = {}
    with store.claim(entries, modules=_MODULES) as missing:
        if missing:
            for condition, trained in train_conditions([conditions[i] for i in missing]):
                trained_networks(condition, store=store, trained=trained)
                if not store.holds(_entry(condition), condition, modules=_MODULES):
                    unkept[condition] = trained
    return ((c, unkept.get(c) or trained_networks(c, store=store)) for c in conditions)


def _pack(trained: Trained) -> dict[str, np.ndarray]:
    arrays = {name: values.numpy() for name, values in trained.ensemble.weights.items()}
    for epoch, ensemble in trained.checkpoints.items():
        arrays |= {f"{epoch}/{name}": values.numpy() for name, values in ensemble.weights.items()}
    return arrays | {name: getattr(trained, name) for name in _RECORDS}


def _unpack(condition: TrainingConfig, arrays: dict[str, np.ndarray]) -> Trained:
    import torch

    def ensemble(prefix: str = "") -> Ensemble:
        weights = {name: torch.from_numpy(arrays[prefix + name]) for name in WEIGHT_NAMES}
        return Ensemble(condition.architecture, weights, condition.nonlinearity)

    checkpoints = {epoch: ensemble(f"{epoch}/") for epoch in condition.checkpoints}
    attempts, epochs, accuracy = (arrays[name] for name in _RECORDS)
    return Trained(ensemble(), attempts, epochs, accuracy, checkpoints)
