"""The factorial study: two tasks, three architectures, six regimes, twenty replicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.progress import progress
from relaylib.core.store import Store
from relaylib.information.relay import VALUES, greedy_orders, node_values
from relaylib.networks.conditions import REGIMES, TrainingConfig
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble
from relaylib.networks.recording import DISCRETISERS, LSTM_STATES, recording
from relaylib.networks.trained import train_missing, trained_networks
from relaylib.networks.training import Trained
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task, training_trials

TEST_DELAYS = tuple(range(10))
"""Delays at which accuracy is tested, 0..9; trained were at most 1..5."""
N_BLANK = 5
"""Blank steps over which relay information is followed: times 1 .. 15."""
CONDITION = ("task", "architecture", "regime", "replicate")


@dataclass(frozen=True)
class StudyConfig:
    """Everything that decides a study's numbers.

    Parameters
    ----------
    tasks, architectures, regimes
        The factors; every combination is a condition. Tasks must agree in steps and concepts.
    n_replicates
        Networks per condition (paper: 20).
    seed
        Root of all random streams.
    n_nodes, learning_rate, accuracy_goal, max_epochs
        As in `TrainingConfig`.
    lstm_state
        "cell": an LSTM's c is analysed; "hidden": its h.
    discretiser, levels
        How activations become symbols, as in `relaylib.discretise`.
    answer_delay
        Delay at which x_out of a random-regime network is read; fixed regimes have their own.
    value
        What a node's entry in the information matrix is, as in `relaylib.information_matrix`.

    Raises
    ------
    ValueError, TypeError
        For a value out of range or an unknown name; the message names the field.
    """

    tasks: tuple[Task, ...] = field(default_factory=lambda: (MemoryTask(), BlockTask()))
    architectures: tuple[str, ...] = ARCHITECTURES
    regimes: tuple[str, ...] = REGIMES
    n_replicates: int = 20
    seed: int = 2025
    n_nodes: int = 12
    learning_rate: float = 0.01
    accuracy_goal: float = 0.98
    max_epochs: int = 2000
    lstm_state: str = "cell"
    discretiser: str = "kmeans"
    levels: int = 2
    answer_delay: int = 5
    value: str = "cumulative"

    def __post_init__(self) -> None:
        for name in ("tasks", "architectures", "regimes"):
            factor = getattr(self, name)
            repeated = isinstance(factor, tuple) and any(factor.count(a) > 1 for a in factor)
            if not isinstance(factor, tuple) or not factor or repeated:
                raise ValueError(f"{name} must be a tuple of distinct levels, got {factor!r}")
        check_choice("lstm_state", self.lstm_state, LSTM_STATES)
        check_choice("discretiser", self.discretiser, DISCRETISERS)
        check_choice("value", self.value, VALUES)
        check_integer("levels", self.levels, 2, 16)
        check_integer("answer_delay", self.answer_delay, 0, N_BLANK)
        for task in self.tasks:
            TrainingConfig(task=task)  # an error that names what a task must be
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise ValueError(f"tasks must have distinct names, got {names}; study them apart")
        for _ in self.conditions():
            pass  # TrainingConfig checks the rest
        if len({(task.n_steps, len(task.concepts)) for task in self.tasks}) > 1:
            raise ValueError("tasks must agree in n_steps and number of concepts; study them apart")

    def condition(self, task: Task | str, architecture: str, regime: str) -> TrainingConfig:
        """Return how the networks of one condition are trained; a task may be named.

        Raises
        ------
        ValueError
            If the study has no such condition.
        """
        by_name = {known.name: known for known in self.tasks}
        check_choice("task", task, (*by_name, *self.tasks))
        check_choice("architecture", architecture, self.architectures)
        check_choice("regime", regime, self.regimes)
        return TrainingConfig(
            task=by_name[task] if isinstance(task, str) else task,
            architecture=architecture,
            regime=regime,
            n_replicates=self.n_replicates,
            seed=self.seed,
            n_nodes=self.n_nodes,
            learning_rate=self.learning_rate,
            accuracy_goal=self.accuracy_goal,
            max_epochs=self.max_epochs,
        )

    def conditions(self) -> Iterator[TrainingConfig]:
        """Yield every condition, the regime changing fastest."""
        for levels in product(self.tasks, self.architectures, self.regimes):
            yield self.condition(*levels)

    def read_delay(self, regime: str) -> int:
        """Delay at which the answer x_out is read in a regime."""
        return self.answer_delay if regime == "random" else int(regime)


def run_study(config: StudyConfig | None = None, *, store: Store | None = None) -> xr.Dataset:
    """Train every network of the study and measure its accuracy and relay information.

    What is in the store is not computed again; an interrupted study goes on from the conditions
    that were finished.

    Returns
    -------
    xarray.Dataset
        ``population_accuracy``, ``attempts``, ``epochs`` (task, architecture, regime, replicate);
        ``accuracy`` (..., test_delay): fraction of concepts answered with the right sign;
        ``information_bits`` (..., time, concept, node); ``relay_bits`` (..., time, concept,
        set_size): I_R of the relay set as it shrinks from all nodes to none; ``removal_order``
        (..., time, concept, removal_step): node labels 1.., the least relaying first. The
        concepts' names are in ``concept_name`` (task, concept). Attributes hold the configuration.

    References
    ----------
    Hintze, Najam, Schossau (2025), section III.
    """
    config, store = config or StudyConfig(), store or Store()
    modules = ["relaylib.studies.study"]
    known = store.holds("study", config, modules=modules)
    study = store.dataset("study", config, lambda: _measure(config, store), modules=modules)
    if config == StudyConfig() and not (known and (store.root / "study.nc").exists()):
        store.export(study, "study.nc")
    return study


def load_networks(
    config: StudyConfig,
    task: Task | str,
    architecture: str,
    regime: str,
    *,
    store: Store | None = None,
) -> Trained:
    """Return the trained networks of one condition from the store, or train them.

    Raises
    ------
    ValueError
        If the study has no such condition.
    """
    return trained_networks(config.condition(task, architecture, regime), store=store)


def load_ensemble(
    config: StudyConfig,
    task: Task | str,
    architecture: str,
    regime: str,
    *,
    store: Store | None = None,
) -> Ensemble:
    """Return the networks of one condition, in the order of their replicates."""
    return load_networks(config, task, architecture, regime, store=store).ensemble


def _measure(config: StudyConfig, store: Store) -> xr.Dataset:
    train_missing(list(config.conditions()), store)
    conditions = list(config.conditions())
    bar = progress(conditions, desc="relay information", unit="condition")
    rows = [
        _measure_condition(config, condition, trained_networks(condition, store=store))
        for condition in bar
    ]
    factors = (len(config.tasks), len(config.architectures), len(config.regimes))
    study = xr.Dataset(coords=_coordinates(config))
    for name, (dims, units, label) in _VARIABLES.items():
        values = np.stack([row[name] for row in rows])
        study[name] = (
            (*CONDITION, *dims),
            values.reshape(*factors, *values.shape[1:]),
            {"units": units, "long_name": label},
        )
    return study.assign_attrs(seed=config.seed)


_VARIABLES = {
    "population_accuracy": ((), "1", "fraction of concepts right, delays of the regime"),
    "attempts": ((), "1", "initialisations until the goal was reached"),
    "epochs": ((), "1", "gradient steps of the successful attempt"),
    "accuracy": (("test_delay",), "1", "fraction of concepts right"),
    "information_bits": (("time", "concept", "node"), "bit", "information matrix"),
    "relay_bits": (("time", "concept", "set_size"), "bit", "relay information of the relay set"),
    "removal_order": (("time", "concept", "removal_step"), "1", "node removed at this step"),
}


def _measure_condition(
    config: StudyConfig, condition: TrainingConfig, trained: Trained
) -> dict[str, np.ndarray]:
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=config.seed)
    run = trained.ensemble.run(trials.inputs, max(TEST_DELAYS))
    answers = run.outputs[:, trials.inputs.shape[1] - 1 :] > 0
    symbols = recording(
        run,
        trials,
        delay=config.read_delay(condition.regime),
        lstm_state=config.lstm_state,
        method=config.discretiser,
        levels=config.levels,
    )
    followed = symbols._replace(states=symbols.states[:, : trials.inputs.shape[1] + N_BLANK])
    n_networks, n_times = followed.states.shape[:2]
    order, relay_bits = greedy_orders(*followed.cases())
    by_time = {
        "information_bits": node_values(order, relay_bits, value=config.value),
        "relay_bits": relay_bits,
        "removal_order": order + 1,
    }
    return {
        "population_accuracy": trained.population_accuracy,
        "attempts": trained.attempts,
        "epochs": trained.epochs,
        "accuracy": (answers == (trials.targets.T > 0)).mean(axis=(2, 3)),
        **{k: v.reshape(n_networks, n_times, *v.shape[1:]) for k, v in by_time.items()},
    }


def _coordinates(config: StudyConfig) -> dict:
    first = config.tasks[0]
    step = {"units": "step"}
    return {
        "task": [task.name for task in config.tasks],
        "architecture": list(config.architectures),
        "regime": list(config.regimes),
        "replicate": np.arange(config.n_replicates),
        "test_delay": ("test_delay", list(TEST_DELAYS), step),
        "time": ("time", np.arange(1, first.n_steps + N_BLANK + 1), step),
        "concept": np.arange(len(first.concepts)),
        "concept_name": (("task", "concept"), [list(task.concepts) for task in config.tasks]),
        "node": np.arange(1, config.n_nodes + 1),
        "set_size": np.arange(config.n_nodes, -1, -1),
        "removal_step": np.arange(1, config.n_nodes + 1),
    }
