"""Conditions: task x architecture x regime, and the settings of training."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from relaylib.core.checks import check_choice, check_integer, check_number, check_type
from relaylib.core.tolerances import TOO_LARGE
from relaylib.networks.cells import ARCHITECTURES, NONLINEARITIES
from relaylib.networks.ensemble import MAX_BLANK
from relaylib.networks.first_weights import TORCH_DEFAULT, FirstWeights
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task, check_task

REGIMES = ("1", "2", "3", "4", "5", "random")
"""The regimes of the paper."""
RANDOM_DELAYS = (1, 2, 3, 4, 5)
BACKENDS = ("auto", "compiled", "autograd")
LOSSES = ("squared error", "cross-entropy")
OPTIMISERS = ("adam", "rmsprop", "sgd")
SUPERVISIONS = ("answer", "delay")
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
        Of the optimiser. 0.01 is our choice: with 0.001 most RNNs fail the block task.
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
        How gradients are computed: "compiled" (fast, on the CPU; covers the fields up to
        ``first_weights``), "autograd" (torch, one stack at a time, covers all), or "auto":
        compiled where that covers the condition. Both are equal up to rounding.
    device
        "cpu", or "cuda" for autograd on a GPU.
    random_delays
        Distinct delays of the random regime.
    first_weights
        Recurrent matrix and gate bias that training starts from.
    loss
        "squared error" of the readout y = tanh(W h + b), or "cross-entropy" of the probability
        (1 + y) / 2 that the answer is +1.
    optimiser
        "adam", "rmsprop", or "sgd" with momentum 0.9, of `torch.optim` with its other defaults.
    batch_size
        Sequences of a gradient step, drawn anew for each without replacement; None: all.
    extra_epochs
        Epochs for which a network is trained further after it first reached the goal.
    weight_decay
        Factor of the L2 penalty, as in `torch.optim`.
    state_dropout
        Probability with which, in training, an entry of the state (LSTM: of h and c together) is
        set to 0 on its way to the next step; the others grow by 1 / (1 - probability). Readouts
        see the whole state.
    state_noise
        Standard deviation of Gaussian noise that is added to the state (LSTM: to h and c, the
        same draw) on its way to the next step, in training.
    sensor_noise
        Standard deviation of Gaussian noise on all inputs, redrawn in every epoch, in training.
    supervision
        What the loss is about: the "answer", or every step of the "delay" before it as well.
    nonlinearity
        Of an RNN: "tanh" or "relu".

    Accuracy is always measured on all training sequences, without noise and dropout.

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
    backend: str = "auto"
    device: str = "cpu"
    random_delays: tuple[int, ...] = RANDOM_DELAYS
    first_weights: FirstWeights = TORCH_DEFAULT
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
        for name, largest in (("learning_rate", np.inf), ("accuracy_goal", 1)):
            self._set(name, check_number(name, getattr(self, name), 0, largest, above=True))
        self._check_choices()
        self._check_device()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # NumPy's numbers become Python's

    def _check_regime(self) -> None:
        if not isinstance(self.regime, str) or self.regime not in _ALLOWED_REGIMES:
            raise ValueError(
                'regime must be "random" or a delay as text, such as "3", of at most '
                f"{MAX_BLANK}; got {self.regime!r}"
            )

    def _check_choices(self) -> None:
        check_choice("loss", self.loss, LOSSES)
        check_choice("optimiser", self.optimiser, OPTIMISERS)
        check_choice("supervision", self.supervision, SUPERVISIONS)
        check_choice("nonlinearity", self.nonlinearity, NONLINEARITIES)
        if self.nonlinearity != "tanh" and self.architecture != "RNN":
            raise ValueError(
                f'nonlinearity must be "tanh" for {self.architecture}, got {self.nonlinearity!r}: '
                "only an RNN has a choice"
            )
        if self.batch_size is not None:
            self._set("batch_size", check_integer("batch_size", self.batch_size, 1))
        self._set("extra_epochs", check_integer("extra_epochs", self.extra_epochs, 0, 10**6))
        for name in ("weight_decay", "state_noise", "sensor_noise"):
            self._set(name, check_number(name, getattr(self, name), 0, TOO_LARGE))
        self._set("state_dropout", check_number("state_dropout", self.state_dropout, 0, 1))
        if self.state_dropout == 1:
            raise ValueError("state_dropout must be below 1, got 1: no state would be left")

    def _check_device(self) -> None:
        check_choice("device", self.device, ("cpu", "cuda"))
        if self.backend == "compiled" and self.uncovered:
            raise ValueError(
                f'backend must be "auto" or "autograd" with {", ".join(self.uncovered)} other than '
                'the default, got "compiled"'
            )
        if self.device == "cuda" and self.backend == "compiled":
            raise ValueError('backend must be "autograd" with device="cuda", got "compiled"')
        if self.device == "cuda" and not _has_gpu():
            raise ValueError('device must be "cpu", got "cuda": torch finds no GPU')

    @property
    def uncovered(self) -> list[str]:
        """The fields with values that compiled training does not cover."""
        return [name for name, value in _COMPILED.items() if getattr(self, name) != value]

    @property
    def gradients(self) -> str:
        """The backend that trains these networks: "compiled" or "autograd"."""
        if self.backend != "auto":
            return self.backend
        return "autograd" if self.uncovered or self.device != "cpu" else "compiled"

    @property
    def delays(self) -> tuple[int, ...]:
        """The delays that occur in training."""
        return self.random_delays if self.regime == "random" else (int(self.regime),)


_NAMES = [item.name for item in fields(TrainingConfig)]
_COMPILED = {  # what follows first_weights is covered with its default alone
    item.name: item.default for item in fields(TrainingConfig)[1 + _NAMES.index("first_weights") :]
}


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
