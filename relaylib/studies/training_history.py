"""The history of training: accuracy, activations and relay information, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr

from relaylib.core.checks import check_integer, check_type
from relaylib.core.progress import progress
from relaylib.core.store import Store, StoreLike
from relaylib.information.relay import greedy_orders, node_values
from relaylib.mmphate.step_entropies import step_entropies
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.trained import all_networks
from relaylib.networks.training import Trained
from relaylib.studies.config import StudyConfig, stored
from relaylib.studies.grid import by_condition, stack
from relaylib.studies.study import record_condition

DENSE_UNTIL, RATIO = 20, 1.1


def checkpoint_epochs(max_epochs: int) -> tuple[int, ...]:
    """Return the epochs that are analysed: all up to 20, then in steps of a tenth, and the last.

    Raises
    ------
    TypeError, ValueError
        If ``max_epochs`` is not a whole number >= 1.
    """
    max_epochs = check_integer("max_epochs", max_epochs, 1, 2**63 - 1)
    n_sparse = max(int(np.log(max_epochs / DENSE_UNTIL) / np.log(RATIO)), 0)
    sparse = [round(DENSE_UNTIL * RATIO**step) for step in range(n_sparse + 1)]
    epochs = {*range(DENSE_UNTIL + 1), *sparse, max_epochs}
    return tuple(sorted(epoch for epoch in epochs if epoch <= max_epochs))


def training_history(
    config: StudyConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Measure every network of a study at `checkpoint_epochs` of its training.

    The networks are those of `relaylib.studies.study.run_study`, from their initial weights
    (epoch 0) to the epoch at which they reached the accuracy goal. At later epochs the dataset
    repeats the network as it was when training stopped.

    Parameters
    ----------
    config
        The study; None: the default study with regime "5" only.
    store
        Where results are stored.

    Returns
    -------
    xarray.Dataset
        ``stopped_epoch`` (task, architecture, regime, replicate): when the goal was reached;
        (..., epoch): ``accuracy``, the fraction of concepts with the right answer at the regime's
        delays; (..., epoch, time): ``activation_norm``, length of the vector of activations, mean
        over sequences, and ``intra_step_entropy_bits``; (..., epoch, node):
        ``inter_step_entropy_bits``, see `relaylib.mmphate.step_entropies.step_entropies`; (...,
        epoch, time, concept): ``relay_bits``, I_R of all nodes together; (..., epoch, time,
        concept, node): ``information_bits``, as in the study.
    """
    config = StudyConfig(regimes=("5",)) if config is None else config
    return stored("training-history", config, StudyConfig, store, _measure)


def checkpointed_networks(
    config: StudyConfig, store: Store
) -> Iterator[tuple[TrainingConfig, Trained]]:
    """Return every condition of a study and its networks with weights at `checkpoint_epochs`."""
    check_type("config", config, StudyConfig), check_type("store", store, Store)
    epochs = checkpoint_epochs(config.max_epochs)
    conditions = [replace(condition, checkpoints=epochs) for condition in config.conditions()]
    networks = all_networks(conditions, store=store)
    return iter(
        progress(networks, total=len(conditions), desc="training history", unit="condition")
    )


def network_checkpoints(
    trained: Trained, replicate: int, *, n_epochs: int | None = None
) -> tuple[Ensemble, np.ndarray]:
    """Return one network at the checkpoints until it stopped, as an ensemble, and the epochs.

    At most ``n_epochs`` checkpoints, evenly spread, the first and the last among them; None: all.
    """
    import torch

    check_type("trained", trained, Trained)
    replicate = check_integer("replicate", replicate, 0, len(trained.epochs) - 1)
    if n_epochs is not None:
        check_integer("n_epochs", n_epochs, 1)
    epochs, stopped = np.array(sorted(trained.checkpoints)), trained.epochs[replicate]
    epochs = epochs[: np.searchsorted(epochs, stopped) + 1]
    n_epochs = min(n_epochs or len(epochs), len(epochs))
    epochs = epochs[np.linspace(0, len(epochs) - 1, n_epochs).round().astype(int)]
    networks = [trained.checkpoints[epoch][replicate] for epoch in epochs.tolist()]
    weights = {
        name: torch.cat([network.weights[name] for network in networks])
        for name in trained.ensemble.weights
    }
    return replace(trained.ensemble, weights=weights), np.minimum(epochs, stopped)


def measure_networks(
    config: StudyConfig, condition: TrainingConfig, ensemble: Ensemble
) -> xr.Dataset:
    """Return all measures of `training_history` (network, ...), and the networks' activations.

    ``activations`` is (network, time, node, sequence), as in `relaylib.networks.recording`.
    """
    check_type("config", config, StudyConfig), check_type("condition", condition, TrainingConfig)
    n_blank = max(config.n_blank, *condition.delays)
    recorded = record_condition(config, condition, ensemble, n_blank=n_blank).data
    tested = config.n_steps + xr.DataArray(list(condition.delays), dims="test_delay")
    right = recorded.answers.sel(time=tested) == recorded.x_in
    recorded = recorded.sel(time=slice(None, config.n_steps + config.n_blank))
    activations = recorded.activations
    order, relay_bits = greedy_orders(
        *(recorded.states, recorded.x_in, recorded.x_out),
        is_population=not condition.task.is_sampled,
    )
    # Each network takes the place of an epoch: the entropies are computed for each one alone.
    entropies = step_entropies(activations.rename(network="epoch")).rename(epoch="network")
    measured = {
        "accuracy": right.mean(["test_delay", "concept", "sequence"]),
        "activation_norm": activations.reduce(np.linalg.norm, "node").mean("sequence"),
        "information_bits": node_values(order, relay_bits, value=config.value),
        "relay_bits": relay_bits.isel(set_size=0, drop=True),
    }
    networks = xr.Dataset(measured | {"activations": activations} | dict(entropies))
    for name, attrs in _ATTRS.items():
        networks[name].attrs = attrs
    networks.information_bits.attrs["value"] = config.value
    return networks


_ATTRS = {
    "accuracy": {"units": "1", "long_name": "fraction of concepts right"},
    "activation_norm": {"units": "1", "long_name": "length of the activation vector"},
    "information_bits": {"units": "bit", "long_name": "information matrix"},
    "relay_bits": {"units": "bit", "long_name": "relay information of all nodes"},
    "intra_step_entropy_bits": {"units": "bit", "long_name": "entropy of the nodes at one step"},
    "inter_step_entropy_bits": {"units": "bit", "long_name": "entropy of the steps of one node"},
}


def _measure(config: StudyConfig, store: Store) -> xr.Dataset:
    cells = [
        _measure_condition(config, condition, trained)
        for condition, trained in checkpointed_networks(config, store)
    ]
    return by_condition(config, cells).assign_attrs(seed=config.seed)


def _measure_condition(
    config: StudyConfig, condition: TrainingConfig, trained: Trained
) -> xr.Dataset:
    epochs, n_replicates = list(condition.checkpoints), len(trained.epochs)
    histories = []
    for replicate in range(n_replicates):
        ensemble, _ = network_checkpoints(trained, replicate)
        measured = measure_networks(config, condition, ensemble).drop_dims("sequence")
        kept = np.minimum(np.arange(len(epochs)), len(ensemble) - 1)  # after the stop: the last
        histories.append(measured.drop_vars("network").isel(network=kept).astype(np.float32))
    history = stack(histories, "replicate").rename(network="epoch")
    stopped = {"units": "epoch", "long_name": "gradient steps until the goal was reached"}
    return history.assign(stopped_epoch=("replicate", trained.epochs, stopped)).assign_coords(
        replicate=np.arange(n_replicates), epoch=("epoch", epochs, {"units": "gradient step"})
    )
