"""Conditions: task x architecture x regime, and the settings of training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relaylib.core.checks import check_choice, check_integer, check_number, check_type
from relaylib.networks.cells import ARCHITECTURES
from relaylib.networks.ensemble import MAX_BLANK
from relaylib.networks.first_weights import TORCH_DEFAULT, FirstWeights
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task, check_task

REGIMES = ("1", "2", "3", "4", "5", "random")
"""The regimes of the paper."""
RANDOM_DELAYS = (1, 2, 3, 4, 5)
BACKENDS = ("compiled", "autograd")
_ALLOWED_REGIMES = {"random", *map(str, range(MAX_BLANK + 1))}


@dataclass(frozen=True)
class TrainingConfig:
    """One condition (task x architecture x regime) and how its networks are trained.

    Parameters
    ----------
    task
        `MemoryTask()`, `BlockTask()` or any object like `relaylib.tasks.task.Task`.
    architecture
        "RNN", "GRU" or "LSTM".
    regime
        The delay at which the answer is read, a whole number as text (paper: "1".."5"), or
        "random": every sequence draws its delay from ``random_delays``, anew in every epoch.
    n_replicates
        Networks to train.
    seed
        Root of all random streams, 0..2**63 - 1.
    n_nodes
        Recurrent nodes per network (paper: 12).
    learning_rate
        Of Adam. 0.01 is our choice: with 0.001 most RNNs fail the block task.
    accuracy_goal
        Training stops at this accuracy on the training sequences (paper: 0.98).
    max_epochs
        After so many epochs the attempt is discarded and a new network started (paper: 2000).
    max_attempts
        Most attempts of a replicate.
    on_unsolved
        What to do with a replicate that fails in all of them: "raise" an error, or "record" its
        last network, whose ``population_accuracy`` is then below the goal.
    n_sampled
        Number of training sequences of a sampled task, drawn once.
    checkpoints
        Epochs (gradient steps, 0 = untrained) at which every network's weights are kept.
    backend
        "compiled" (fast, on the CPU) or "autograd" (torch, one stack at a time); equal up to
        rounding.
    device
        "cpu", or "cuda" for autograd on a GPU.
    random_delays
        Distinct delays of the random regime.
    first_weights
        Recurrent matrix and gate bias that training starts from.

    Raises
    ------
    ValueError, TypeError
        For any value out of range; the message names the field.
    """

    task: Task = field(default_factory=MemoryTask)
    architecture: str = "RNN"
    regime: str = "random"
    n_replicates: int = 20
    seed: int = 2025
    n_nodes: int = 12
    learning_rate: float = 0.01
    accuracy_goal: float = 0.98
    max_epochs: int = 2000
    max_attempts: int = 100
    on_unsolved: str = "raise"
    n_sampled: int = 1000
    checkpoints: tuple[int, ...] = ()
    backend: str = "compiled"
    device: str = "cpu"
    random_delays: tuple[int, ...] = RANDOM_DELAYS
    first_weights: FirstWeights = TORCH_DEFAULT

    def __post_init__(self) -> None:
        check_task(self.task)
        check_choice("architecture", self.architecture, ARCHITECTURES)
        check_choice("backend", self.backend, BACKENDS)
        check_choice("on_unsolved", self.on_unsolved, ("raise", "record"))
        for name in ("n_replicates", "n_nodes", "max_epochs", "max_attempts", "n_sampled"):
            self._set(name, check_integer(name, getattr(self, name), 1))
        self._set("seed", check_integer("seed", self.seed, 0, 2**63 - 1))
        for name, high in (("checkpoints", self.max_epochs), ("random_delays", MAX_BLANK)):
            values = getattr(self, name)
            if not isinstance(values, tuple):
                raise TypeError(f"{name} must be a tuple of whole numbers, got {values!r}")
            self._set(name, tuple(check_integer(name, value, 0, high) for value in values))
        if not self.random_delays or len(set(self.random_delays)) < len(self.random_delays):
            raise ValueError(f"random_delays must be distinct delays, got {self.random_delays}")
        check_type("first_weights", self.first_weights, FirstWeights)
        if self.first_weights.keep_bias and self.architecture == "RNN":
            raise ValueError(f"first_weights.keep_bias must be 0 for an RNN: {self.first_weights}")
        self._check_regime()
        self._check_device()
        for name, largest in (("learning_rate", np.inf), ("accuracy_goal", 1)):
            self._set(name, check_number(name, getattr(self, name), 0, largest, above=True))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # NumPy's numbers become Python's

    def _check_regime(self) -> None:
        if not isinstance(self.regime, str) or self.regime not in _ALLOWED_REGIMES:
            raise ValueError(
                'regime must be "random" or a delay as text, such as "3", of at most '
                f"{MAX_BLANK}; got {self.regime!r}"
            )

    def _check_device(self) -> None:
        check_choice("device", self.device, ("cpu", "cuda"))
        if self.device == "cuda" and self.backend == "compiled":
            raise ValueError('backend must be "autograd" with device="cuda", got "compiled"')
        if self.device == "cuda" and not _has_gpu():
            raise ValueError('device must be "cpu", got "cuda": torch finds no GPU')

    @property
    def delays(self) -> tuple[int, ...]:
        """The delays that occur in training."""
        return self.random_delays if self.regime == "random" else (int(self.regime),)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
