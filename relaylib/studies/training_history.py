"""Training seen from inside: accuracy, activations and relay information, epoch by epoch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
import xarray as xr

from relaylib.core.progress import progress
from relaylib.core.store import Store
from relaylib.information.relay import greedy_orders, node_values
from relaylib.mmphate.step_entropies import step_entropies
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble, Run
from relaylib.networks.recording import recording
from relaylib.networks.trained import train_missing, trained_networks
from relaylib.networks.training import Trained
from relaylib.studies.study import CONDITION, N_BLANK, StudyConfig
from relaylib.tasks.task import Trials, training_trials

DENSE_UNTIL, RATIO = 20, 1.1
TOGETHER = 10  # epochs run as one stack


def checkpoint_epochs(max_epochs: int) -> tuple[int, ...]:
    """Return the epochs to look at: each one up to 20, then in steps of a tenth, then the last."""
    n_sparse = max(int(np.log(max_epochs / DENSE_UNTIL) / np.log(RATIO)), 0)
    sparse = [round(DENSE_UNTIL * RATIO**step) for step in range(n_sparse + 1)]
    epochs = {*range(DENSE_UNTIL + 1), *sparse, max_epochs}
    return tuple(sorted(epoch for epoch in epochs if epoch <= max_epochs))


def follow_training(config: StudyConfig | None = None, *, store: Store | None = None) -> xr.Dataset:
    """Measure every network of a study at epochs dense early and sparse late in its training.

    The networks are those of `relaylib.studies.study.run_study`, from their first weights (epoch 0,
    untrained) to the epoch at which they reached the accuracy goal. They stop there, each at its
    own epoch: at later epochs of the dataset a network is as it stopped.

    Parameters
    ----------
    config
        Tasks, architectures, regimes and all else; None: the standard study with delay 5 alone.
    store
        Where results are kept.

    Returns
    -------
    xarray.Dataset
        ``stopped_epoch`` (task, architecture, regime, replicate): when the goal was reached;
        ``accuracy`` (..., epoch): fraction of concepts answered right at the regime's delays;
        ``activation_norm`` (..., epoch, time): length of the vector of raw activations, mean over
        sequences; ``information_bits`` (..., epoch, time, concept, node) and ``relay_bits`` (...,
        epoch, time, concept), the I_R of all nodes together, as in the study;
        ``intra_step_entropy_bits`` (..., epoch, time) and ``inter_step_entropy_bits`` (..., epoch,
        node), see `relaylib.mmphate.step_entropies.step_entropies`.
    """
    config, store = config or StudyConfig(regimes=("5",)), store or Store()
    return store.dataset(
        "training-seen",
        config,
        lambda: _follow(config, store),
        modules=["relaylib.studies.training_history"],
    )


def train_seen(config: StudyConfig, conditions: Sequence[TrainingConfig], store: Store) -> None:
    """Train, side by side, the conditions that the store does not hold with checkpoints."""
    epochs = checkpoint_epochs(config.max_epochs)
    train_missing([replace(condition, checkpoints=epochs) for condition in conditions], store)


def seen_networks(config: StudyConfig, condition: TrainingConfig, store: Store) -> Trained:
    """Return the networks of one condition with their weights at `checkpoint_epochs`."""
    epochs = checkpoint_epochs(config.max_epochs)
    return trained_networks(replace(condition, checkpoints=epochs), store=store)


def analysed_state(run: Run, lstm_state: str) -> np.ndarray:
    """Return the activations that are analysed, (network, time, node, sequence)."""
    return run.hidden if run.cell is None or lstm_state == "hidden" else run.cell


def measure_networks(
    config: StudyConfig, condition: TrainingConfig, ensemble: Ensemble, trials: Trials
) -> dict[str, np.ndarray]:
    """Return everything `follow_training` measures of networks at one epoch, by its name.

    Each array has a leading network axis and the dimensions of `MEASURES`.
    """
    run = ensemble.run(trials.inputs, N_BLANK)
    symbols = recording(
        run,
        trials,
        delay=config.read_delay(condition.regime),
        lstm_state=config.lstm_state,
        method=config.discretiser,
        levels=config.levels,
    )
    n_networks, n_times = symbols.states.shape[:2]
    order, relay_bits = greedy_orders(*symbols.cases())
    bits = node_values(order, relay_bits, value=config.value)
    activations = analysed_state(run, config.lstm_state)
    answers = run.outputs[:, [trials.inputs.shape[1] + d - 1 for d in condition.delays]] > 0
    entropies = step_entropies(activations)  # networks take the place of epochs: none sees another
    return {
        "accuracy": (answers == (trials.targets.T > 0)).mean(axis=(1, 2, 3)),
        "activation_norm": np.linalg.norm(activations, axis=2).mean(axis=-1),
        "information_bits": bits.reshape(n_networks, n_times, *bits.shape[1:]),
        "relay_bits": relay_bits[..., 0].reshape(n_networks, n_times, -1),
        "intra_step_entropy_bits": entropies.intra_step_entropy_bits.values,
        "inter_step_entropy_bits": entropies.inter_step_entropy_bits.values,
    }


MEASURES = {
    "accuracy": ((), "1", "fraction of concepts right"),
    "activation_norm": (("time",), "1", "length of the activation vector"),
    "information_bits": (("time", "concept", "node"), "bit", "information matrix"),
    "relay_bits": (("time", "concept"), "bit", "relay information of all nodes"),
    "intra_step_entropy_bits": (("time",), "bit", "entropy of the nodes at one step"),
    "inter_step_entropy_bits": (("node",), "bit", "entropy of the steps of one node"),
}


def _follow(config: StudyConfig, store: Store) -> xr.Dataset:
    conditions = list(config.conditions())
    train_seen(config, conditions, store)
    rows = [
        _follow_condition(config, condition, seen_networks(config, condition, store))
        for condition in progress(conditions, desc="training seen", unit="condition")
    ]
    factors = (len(config.tasks), len(config.architectures), len(config.regimes))
    stopped = np.stack([row["stopped_epoch"] for row in rows]).reshape(*factors, -1)
    until = {"units": "epoch", "long_name": "gradient steps until the goal was reached"}
    seen = xr.Dataset({"stopped_epoch": (CONDITION, stopped, until)}, _coordinates(config))
    for name, (dims, units, label) in MEASURES.items():
        values = np.stack([row[name] for row in rows]).astype(np.float32)
        values = values.reshape(*factors, *values.shape[1:])
        attrs = {"units": units, "long_name": label}
        seen[name] = ((*CONDITION, "epoch", *dims), values, attrs)
    return seen.assign_attrs(seed=config.seed)


def _follow_condition(
    config: StudyConfig, condition: TrainingConfig, trained: Trained
) -> dict[str, np.ndarray]:
    """Measure each network as long as it is in training, (replicate, epoch, ...)."""
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=config.seed)
    epochs = np.array(checkpoint_epochs(config.max_epochs))
    before = np.concatenate([[-1], epochs[:-1]])
    going = before[:, None] < trained.epochs  # (epoch, replicate)
    parts = []
    active = np.flatnonzero(going.any(axis=1))
    for group in np.array_split(active, -(-len(active) // TOGETHER)):
        ensembles = [
            trained.checkpoints[epochs[e]][np.flatnonzero(going[e]).tolist()] for e in group
        ]
        parts.append(measure_networks(config, condition, joined(ensembles), trials))
    last = going.sum(axis=0) - 1
    shown = np.minimum(np.arange(len(epochs)), last[:, None])  # (replicate, epoch)
    case = np.cumsum(going).reshape(going.shape) - 1  # place among those measured
    place = np.take_along_axis(case.T, shown, axis=1)
    course = {name: np.concatenate([part[name] for part in parts])[place] for name in parts[0]}
    return course | {"stopped_epoch": trained.epochs}


def course(trained: Trained, replicate: int) -> tuple[Ensemble, np.ndarray]:
    """Return one network at each epoch kept until it stopped, as an ensemble, and these epochs."""
    epochs, stopped = np.array(sorted(trained.checkpoints)), trained.epochs[replicate]
    epochs = epochs[: np.searchsorted(epochs, stopped) + 1]
    ensemble = joined([trained.checkpoints[epoch][replicate] for epoch in epochs.tolist()])
    return ensemble, np.minimum(epochs, stopped)


def joined(ensembles: list[Ensemble]) -> Ensemble:
    """Return the networks of several ensembles as one."""
    names = ensembles[0].weights
    weights = {name: torch.cat([each.weights[name] for each in ensembles]) for name in names}
    return Ensemble(ensembles[0].architecture, weights)


def _coordinates(config: StudyConfig) -> dict:
    task = config.tasks[0]
    return {
        "task": [task.name for task in config.tasks],
        "architecture": list(config.architectures),
        "regime": list(config.regimes),
        "replicate": np.arange(config.n_replicates),
        "epoch": ("epoch", list(checkpoint_epochs(config.max_epochs)), {"units": "gradient step"}),
        "time": ("time", np.arange(1, task.n_steps + N_BLANK + 1), {"units": "step"}),
        "concept": np.arange(len(task.concepts)),
        "concept_name": (("task", "concept"), [list(task.concepts) for task in config.tasks]),
        "node": np.arange(1, config.n_nodes + 1),
    }
