"""Conditions: what is trained, task x architecture x regime, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from relaylib.core.checks import check_choice, check_finite, check_integer
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task

REGIMES = ("1", "2", "3", "4", "5", "random")
RANDOM_DELAYS = (1, 2, 3, 4, 5)


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
        The delay at which the answer is asked for: "1".."5", or "random": every sequence draws
        its delay from 1..5, anew every epoch.
    n_replicates
        Networks to train.
    seed
        Root of all random streams.
    n_nodes
        Recurrent nodes per network (paper: 12).
    learning_rate
        Of Adam. 0.01 is our choice: with 0.001 most block RNNs stay unsolved.
    accuracy_goal
        A network is done at this accuracy on the whole population (paper: 0.98).
    max_epochs
        After so many epochs the attempt is discarded and a new network started (paper: 2000).
    max_attempts
        An error says so when a replicate needs more attempts than this.
    n_sampled
        Sequences drawn once as training set for a task that has no finite population.
    checkpoints
        Epochs (gradient steps, 0 = untrained) at which to keep every network's weights.
    gradient
        "fused" (compiled, on the CPU) or "autograd" (torch, a stack at a time); equal up to
        rounding.
    device
        "cpu", or "cuda" for autograd on a GPU.

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
    n_sampled: int = 1000
    checkpoints: tuple[int, ...] = ()
    gradient: str = "fused"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not isinstance(self.task, Task) or type(self.task).__hash__ is None:
            raise TypeError(
                "task must be like relaylib.tasks.task.Task and hashable (a frozen dataclass), "
                f"got {self.task!r}"
            )
        check_choice("architecture", self.architecture, ARCHITECTURES)
        check_choice("regime", self.regime, REGIMES)
        for name in ("n_replicates", "n_nodes", "max_epochs", "max_attempts", "n_sampled"):
            check_integer(name, getattr(self, name), 1)
        check_integer("seed", self.seed, 0)
        if not isinstance(self.checkpoints, tuple):
            raise TypeError(f"checkpoints must be a tuple of epochs, got {self.checkpoints!r}")
        for epoch in self.checkpoints:
            check_integer("checkpoints", epoch, 0, self.max_epochs)
        check_choice("gradient", self.gradient, ("fused", "autograd"))
        check_choice("device", self.device, ("cpu", "cuda"))
        if self.device == "cuda" and self.gradient == "fused":
            raise ValueError('gradient must be "autograd" with device="cuda", got "fused"')
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError('device must be "cpu" here, got "cuda": torch sees no GPU')
        if check_finite("learning_rate", self.learning_rate, ()) <= 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if not 0 < check_finite("accuracy_goal", self.accuracy_goal, ()) <= 1:
            raise ValueError(f"accuracy_goal must be in (0, 1], got {self.accuracy_goal}")

    @property
    def delays(self) -> tuple[int, ...]:
        """The delays that occur in training."""
        return regime_delays(self.regime)


def regime_delays(regime: str) -> tuple[int, ...]:
    """Delays at which a regime asks for the answer: one, or 1..5."""
    check_choice("regime", regime, REGIMES)
    return RANDOM_DELAYS if regime == "random" else (int(regime),)
