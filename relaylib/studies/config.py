"""The configuration of the factorial study: everything that decides its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_integer, normalise
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.information.relay import VALUES
from relaylib.networks.cells import NONLINEARITIES
from relaylib.networks.conditions import RANDOM_DELAYS, REGIMES, TrainingConfig
from relaylib.networks.discretisation import DISCRETISERS
from relaylib.networks.ensemble import ARCHITECTURES, LSTM_STATES, MAX_BLANK
from relaylib.networks.first_weights import TORCH_DEFAULT, FirstWeights
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task, check_task

Config = TypeVar("Config")
STUDY_VALUES = (*VALUES, "shapley")
"""What an entry of a study's information matrix may be."""


@dataclass(frozen=True)
class StudyConfig:
    """Everything that decides the numbers of a study.

    Parameters
    ----------
    tasks, architectures, regimes
        The factors; every combination is a condition. Tasks must agree in their numbers of steps
        and concepts.
    n_replicates
        Networks per condition (paper: 20).
    seed
        Root of all random streams.
    n_nodes, learning_rate, accuracy_goal, max_epochs, max_attempts, on_unsolved
        As in `TrainingConfig`.
    n_sampled, random_delays, backend, device
        As in `TrainingConfig`.
    n_blank
        Blank steps after the input over which relay information is measured.
    test_delays
        Delays at which accuracy is tested.
    lstm_state
        State of an LSTM that is analysed: "cell" (c) or "hidden" (h).
    discretiser, levels
        How activations become symbols, as in `relaylib.discretise`.
    answer_delay
        Delay at which x_out of a random-regime network is read; fixed regimes have their own.
    value
        What an entry of the information matrix is: as in `relaylib.information_matrix`, or
        "shapley", the node's mean loss over all orders of removal (over 100 random ones in layers
        of more than 16 nodes).
    first_weights, first_weights_of
        As in `TrainingConfig`, of "all" architectures or of the "RNN" alone: others then start as
        torch has it.
    loss, optimiser, batch_size, extra_epochs, weight_decay, supervision
        As in `TrainingConfig`.
    state_dropout, state_noise, sensor_noise
        As in `TrainingConfig`.
    nonlinearity
        Of RNNs; GRUs and LSTMs keep theirs.

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
    max_attempts: int = 100
    on_unsolved: str = "raise"
    n_sampled: int = 1000
    random_delays: tuple[int, ...] = RANDOM_DELAYS
    n_blank: int = 5
    test_delays: tuple[int, ...] = tuple(range(10))
    lstm_state: str = "cell"
    discretiser: str = "kmeans"
    levels: int = 2
    answer_delay: int = 5
    value: str = "cumulative"
    first_weights: FirstWeights = TORCH_DEFAULT
    first_weights_of: str = "all"
    backend: str = "auto"
    device: str = "cpu"
    loss: str = "squared error"
    optimiser: str = "adam"
    batch_size: int | None = None
    extra_epochs: int = 0
    weight_decay: float = 0.0
    state_dropout: float = 0.0
    state_noise: float = 0.0
    sensor_noise: float = 0.0
    supervision: str = "answer"
    nonlinearity: str = "tanh"

    def __post_init__(self) -> None:
        for task in self.tasks if isinstance(self.tasks, tuple) else ():
            check_task(task)
        kinds = {
            "tasks": Task,
            "architectures": str,
            "regimes": str,
            "test_delays": int | np.integer,
        }
        for name, kind in kinds.items():
            factor = getattr(self, name)
            fits = isinstance(factor, tuple) and factor and all(isinstance(a, kind) for a in factor)
            if not fits or any(factor.count(a) > 1 for a in factor):
                raise ValueError(f"{name} must be a tuple of distinct levels, got {factor!r}")
        check_choice("lstm_state", self.lstm_state, LSTM_STATES)
        check_choice("discretiser", self.discretiser, DISCRETISERS)
        check_choice("value", self.value, STUDY_VALUES)
        check_choice("first_weights_of", self.first_weights_of, ("all", "RNN"))
        check_choice("nonlinearity", self.nonlinearity, NONLINEARITIES)
        normalise(
            self,
            levels=check_integer("levels", self.levels, 2, 16),
            n_blank=check_integer("n_blank", self.n_blank, 0, MAX_BLANK),
            answer_delay=check_integer("answer_delay", self.answer_delay, 0),
            test_delays=tuple(
                check_integer("test_delays", delay, 0, MAX_BLANK) for delay in self.test_delays
            ),
        )
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise ValueError(f"tasks must have distinct names, got {names}; study them apart")
        for condition in self.conditions():  # TrainingConfig checks the rest
            normalise(self, **{name: getattr(condition, name) for name in _SHARED - _OF_RNN})
        if len({(task.n_steps, len(task.concepts)) for task in self.tasks}) > 1:
            raise ValueError("tasks must agree in n_steps and number of concepts; study them apart")
        longest = max(self.read_delay(regime) for regime in self.regimes)
        if longest > self.n_blank:
            raise ValueError(
                f"n_blank must be at least the longest delay at which answers are read, {longest}, "
                f"got {self.n_blank}"
            )

    @property
    def n_steps(self) -> int:
        """Steps of the input, the same for all tasks; the last of them is the end of the input."""
        return self.tasks[0].n_steps

    @property
    def labels(self) -> dict[str, tuple[Any, ...]]:
        """Labels of the dimensions that every result of the study will have."""
        return {
            "task": tuple(task.name for task in self.tasks),
            "architecture": self.architectures,
            "regime": self.regimes,
            "replicate": tuple(range(self.n_replicates)),
            "time": tuple(range(1, self.n_steps + self.n_blank + 1)),
            "concept": tuple(range(len(self.tasks[0].concepts))),
        }

    def check_labels(self, **labels: Any) -> None:
        """Raise ValueError unless the study will have each label, e.g. ``task="memory"``."""
        for dim, label in labels.items():
            check_choice(dim, label, self.labels[check_choice("labels", dim, self.labels)])

    def condition(self, task: Task | str, architecture: str, regime: str) -> TrainingConfig:
        """Return how the networks of one condition are trained; a task may be given by its name.

        Raises
        ------
        ValueError
            If the study has no such condition.
        """
        by_name = {known.name: known for known in self.tasks}
        check_choice("task", task, (*by_name, *self.tasks))
        check_choice("architecture", architecture, self.architectures)
        check_choice("regime", regime, self.regimes)
        chosen = by_name[task] if isinstance(task, str) else task
        settings: dict[str, Any] = {name: getattr(self, name) for name in _SHARED}
        if architecture != "RNN":
            settings["nonlinearity"] = "tanh"
            if self.first_weights_of == "RNN":
                settings["first_weights"] = TORCH_DEFAULT
        return TrainingConfig(task=chosen, architecture=architecture, regime=regime, **settings)

    def conditions(self) -> Iterator[TrainingConfig]:
        """Yield every condition, the regime changing fastest."""
        for levels in product(self.tasks, self.architectures, self.regimes):
            yield self.condition(*levels)

    def read_delay(self, regime: str) -> int:
        """Return the delay at which the answer x_out is read in a regime of the study."""
        check_choice("regime", regime, self.regimes)
        return self.answer_delay if regime == "random" else int(regime)


_OF_RNN = {"nonlinearity", "first_weights"}  # may differ from what an architecture gets
_SHARED = {f.name for f in fields(StudyConfig)} & {f.name for f in fields(TrainingConfig)}


def configured(config: Config | None, kind: type[Config]) -> Config:
    """Return the configuration, or that kind's default for None.

    Raises
    ------
    TypeError
        If ``config`` is anything else.
    """
    if config is not None and not isinstance(config, kind):
        raise TypeError(f"config must be a {kind.__name__} or None, got {config!r}")
    return kind() if config is None else config


def stored(
    name: str,
    config: Config | None,
    kind: type[Config],
    store: StoreLike | None,
    measure: Callable[[Config, Store], xr.Dataset],
) -> xr.Dataset:
    """Return the result of a configuration (None: the default) from the store, or measure it.

    It depends on the module that defines ``measure``, and on what that imports.
    """
    given, place = configured(config, kind), as_store(store)
    modules = [measure.__module__]
    return place.dataset(name, given, lambda: measure(given, place), modules=modules)
