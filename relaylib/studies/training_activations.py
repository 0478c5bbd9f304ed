"""Activations through training: those of one network at every checkpoint, stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.store import Store, StoreLike
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import LSTM_STATES, MAX_BLANK
from relaylib.networks.recording import record
from relaylib.networks.trained import trained_networks
from relaylib.studies.config import configured, stored
from relaylib.studies.training_history import checkpoint_epochs, network_checkpoints
from relaylib.tasks.task import training_trials


@dataclass(frozen=True)
class ActivationsConfig:
    """Which network's training is recorded.

    Parameters
    ----------
    condition
        The networks to train, recorded at the condition's checkpoints; without any, at those of
        `relaylib.studies.training_history.checkpoint_epochs`.
    replicate
        Which of the networks, counted from 0.
    lstm_state
        State of an LSTM that is recorded, "cell" or "hidden".
    n_blank
        Blank steps that are recorded after the input.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    condition: TrainingConfig = field(default_factory=lambda: TrainingConfig(regime="5"))
    replicate: int = 0
    lstm_state: str = "cell"
    n_blank: int = 5

    def __post_init__(self) -> None:
        if not isinstance(self.condition, TrainingConfig):
            raise TypeError(f"condition must be a TrainingConfig, got {self.condition!r}")
        check_choice("lstm_state", self.lstm_state, LSTM_STATES)
        for name, most in (("replicate", self.condition.n_replicates - 1), ("n_blank", MAX_BLANK)):
            object.__setattr__(self, name, check_integer(name, getattr(self, name), 0, most))


def training_activations(
    config: ActivationsConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Return how every node of one network responds to every sequence, epoch by epoch.

    This is the input of MM-PHATE: ``MMPHATE().fit_transform(dataset.activations)``.

    Parameters
    ----------
    config
        The network; None: the first RNN of the memory task with delay 5.
    store
        Where results are stored.

    Returns
    -------
    xarray.Dataset
        ``activations`` (epoch, time, node, sequence), float32, from the untrained network (epoch
        0) to the epoch at which training stopped; the sequences are those trained on, in their
        order.
    """
    condition = configured(config, ActivationsConfig).condition
    name = f"activations-{condition.task.name}-{condition.architecture}-{condition.regime}"
    return stored(name, config, ActivationsConfig, store, _record)


def _record(config: ActivationsConfig, store: Store) -> xr.Dataset:
    condition = config.condition
    checkpoints = condition.checkpoints or checkpoint_epochs(condition.max_epochs)
    trained = trained_networks(replace(condition, checkpoints=checkpoints), store=store)
    ensemble, epochs = network_checkpoints(trained, config.replicate)
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=condition.seed)
    recording = record(  # its answers are not used
        ensemble, trials, delay=0, n_blank=config.n_blank, lstm_state=config.lstm_state
    )
    activations = recording.activations.rename(network="epoch").assign_attrs(units="1")
    activations.encoding = {"zlib": True, "complevel": 4, "shuffle": True}
    coords = {
        "epoch": ("epoch", epochs, {"units": "gradient step"}),
        "input_end": ((), condition.task.n_steps, {"units": "step"}),
    }
    dataset = xr.Dataset({"activations": activations}, attrs={"seed": condition.seed})
    return dataset.assign_coords(coords)
