"""One network during its training, and the data that it is trained on: used by both backends."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

from relaylib.core.seeds import stream
from relaylib.networks.cells import weight_shapes
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.first_weights import start_from
from relaylib.tasks.task import training_trials

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Replicate:
    """One network to be trained: its random streams, its progress and its results."""

    config: TrainingConfig
    number: int
    attempt: int = 0
    epochs: int = 0
    accuracy: float = 0.0
    weights: np.ndarray | None = None
    checkpoints: dict[int, np.ndarray] = field(default_factory=dict)
    rng: np.random.Generator = field(init=False)

    def restart(self) -> np.ndarray:
        """Begin the next attempt: every weight from U(-1/sqrt(n), 1/sqrt(n)), as in torch.

        ``config.first_weights`` then replaces the recurrent matrix, if it asks for another.
        """
        config, self.epochs, self.attempt = self.config, 0, self.attempt + 1
        if self.attempt > config.max_attempts:
            raise RuntimeError(
                f"replicate {self.number} of {config} did not reach accuracy_goal in max_attempts "
                'x max_epochs; raise one of these, lower accuracy_goal, or on_unsolved="record"'
            )
        self.rng = self.stream_of("delays")
        task, bound = config.task, 1 / sqrt(config.n_nodes)
        sizes = (config.architecture, task.n_inputs, config.n_nodes, len(task.concepts))
        n_weights = sum(prod(shape) for shape in weight_shapes(*sizes).values())
        initial = self.stream_of("initialise").uniform(-bound, bound, n_weights)
        rng = self.stream_of("first weights")
        return start_from(
            config.first_weights, sizes[0], initial.astype(np.float32), sizes[1:], rng=rng
        )

    def stream_of(self, purpose: str) -> np.random.Generator:
        """Return the random stream of one purpose in this attempt."""
        config = self.config
        key = (config.task.name, config.architecture, config.regime, self.number, self.attempt)
        return stream(config.seed, purpose, *key)

    def is_done(self, epochs: int, accuracy: float) -> bool:
        """Whether training ends: at the goal, or without it if that is to be recorded."""
        config = self.config
        is_last = self.attempt == config.max_attempts and epochs == config.max_epochs
        return accuracy >= config.accuracy_goal or (is_last and config.on_unsolved == "record")

    def draw_delays(self, n_epochs: int, n_sequences: int) -> np.ndarray:
        """Draw the delay of every sequence for the next epochs, (n_epochs, n_sequences)."""
        choices, shape = self.config.delays, (n_epochs, n_sequences)
        if len(choices) == 1:
            return np.full(shape, choices[0])
        return self.rng.choice(choices, size=shape)

    def checkpoint(self, weights: Tensor, epoch: int) -> None:
        """Keep a copy of the weights if the epoch is a checkpoint."""
        if epoch in self.config.checkpoints:
            self.checkpoints[epoch] = weights.cpu().numpy().copy()

    def finish(self, weights: np.ndarray, epochs: int, accuracy: float) -> None:
        """Keep the final weights, also as the checkpoints that were not reached."""
        self.weights, self.epochs, self.accuracy = weights, epochs, accuracy
        for epoch in self.config.checkpoints:
            if epoch > epochs:
                self.checkpoints[epoch] = self.weights


def training_case(config: TrainingConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (input, step, sequence) and targets (concept, sequence) to train on."""
    trials = training_trials(config.task, n_sampled=config.n_sampled, seed=config.seed)
    inputs = np.ascontiguousarray(trials.inputs.transpose(2, 1, 0))
    return inputs, np.ascontiguousarray(trials.targets.T)
