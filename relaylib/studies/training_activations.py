"""Activations through training: one network at every epoch looked at, kept like other results."""

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.store import Store
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.recording import LSTM_STATES
from relaylib.networks.trained import trained_networks
from relaylib.studies.study import N_BLANK
from relaylib.studies.training_history import analysed_state, checkpoint_epochs, course
from relaylib.tasks.task import training_trials


@dataclass(frozen=True)
class ActivationsConfig:
    """Which network's training is recorded.

    Parameters
    ----------
    condition
        The networks to train. Its checkpoints are the epochs looked at; without any they are
        those of `relaylib.studies.training_history.checkpoint_epochs`.
    replicate
        Which of the networks, counted from 0.
    lstm_state
        State of an LSTM that is recorded, "cell" or "hidden".

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    condition: TrainingConfig = field(default_factory=lambda: TrainingConfig(regime="5"))
    replicate: int = 0
    lstm_state: str = "cell"

    def __post_init__(self) -> None:
        check_integer("replicate", self.replicate, 0, self.condition.n_replicates - 1)
        check_choice("lstm_state", self.lstm_state, LSTM_STATES)


def training_activations(
    config: ActivationsConfig | None = None, *, store: Store | None = None
) -> xr.Dataset:
    """Return how every node of one network responds to every sequence, epoch by epoch.

    What `relaylib.mmphate.estimator.MMPHATE` embeds: ``MMPHATE().fit_transform(dataset.activations)``.

    Parameters
    ----------
    config
        The network; None: the first RNN of the memory task with delay 5.
    store
        Where results are kept.

    Returns
    -------
    xarray.Dataset
        ``activations`` (epoch, time, node, sequence), float32, from untrained (0) to the epoch at
        which the network stopped; the sequences are those trained on, in their order.
        Compressed in the store.
    """
    config, store = config or ActivationsConfig(), store or Store()
    condition = config.condition
    return store.dataset(
        f"activations-{condition.task.name}-{condition.architecture}-{condition.regime}",
        config,
        lambda: _record(config, store),
        modules=["relaylib.studies.training_activations"],
    )


def _record(config: ActivationsConfig, store: Store) -> xr.Dataset:
    condition = config.condition
    looked_at = condition.checkpoints or checkpoint_epochs(condition.max_epochs)
    trained = trained_networks(replace(condition, checkpoints=looked_at), store=store)
    ensemble, epochs = course(trained, config.replicate)
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=condition.seed)
    states = analysed_state(ensemble.run(trials.inputs, N_BLANK), config.lstm_state)
    coords = {
        "epoch": ("epoch", epochs, {"units": "gradient step"}),
        "time": ("time", np.arange(1, states.shape[1] + 1), {"units": "step"}),
        "node": np.arange(1, states.shape[2] + 1),
        "sequence": np.arange(states.shape[3]),
    }
    recorded = (("epoch", "time", "node", "sequence"), states.astype(np.float32), {"units": "1"})
    dataset = xr.Dataset({"activations": recorded}, coords, {"seed": condition.seed})
    dataset.activations.encoding = {"zlib": True, "complevel": 4, "shuffle": True}
    return dataset
