"""Training networks until they can do the task: stopping rule, restarts, random streams."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from math import prod, sqrt

import numpy as np
import torch
from torch import Tensor

from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.networks.autograd import train_stacked
from relaylib.networks.compiled_training import train_attempt
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble, weight_shapes
from relaylib.tasks.task import training_trials


@dataclass(frozen=True)
class Trained:
    """The networks of one condition, all of which reached the goal.

    Attributes
    ----------
    ensemble
        The networks, in the order of their replicates.
    attempts
        int (replicate,): initialisations needed, the successful one included.
    epochs
        int (replicate,): gradient steps of the successful attempt.
    population_accuracy
        float (replicate,): fraction of concepts answered with the right sign, over the
        population; random regime: averaged over delays 1..5.
    checkpoints
        The ensemble after each epoch of ``config.checkpoints`` (of the successful attempts). A
        network that was done earlier keeps its final weights.
    """

    ensemble: Ensemble
    attempts: np.ndarray
    epochs: np.ndarray
    population_accuracy: np.ndarray
    checkpoints: dict[int, Ensemble] = field(default_factory=dict)


def train(config: TrainingConfig) -> Trained:
    """Train the networks of one condition; see `train_conditions`."""
    (trained,) = (result for _, result in train_conditions([config]))
    return trained


def train_conditions(
    configs: Sequence[TrainingConfig],
) -> Iterator[tuple[TrainingConfig, Trained]]:
    """Train the networks of several conditions, side by side.

    Adam on the mean squared error over the population, one step per epoch. A network is left
    alone as soon as its accuracy on the population reaches the goal; after ``max_epochs`` without
    it a new initialisation takes its place. A network depends on (seed, task, architecture,
    regime, replicate, attempt) alone. With ``gradient="fused"`` it is the same to the last bit
    whatever else is trained, however many threads run and whatever instructions the processor has;
    between "fused" and "autograd" it is the same up to rounding in each step.

    Parameters
    ----------
    configs
        Conditions, each of its own; all with the same ``gradient``.

    Yields
    ------
    config, trained
        Each condition as soon as all its replicates are done.

    Raises
    ------
    ValueError
        If there is no condition, one occurs twice, or some are fused and others not.
    RuntimeError
        If a replicate fails ``max_attempts`` times. Conditions yielded before are complete.

    References
    ----------
    Hintze, Najam, Schossau (2025), section II.B.
    """
    if not configs or len(set(configs)) < len(configs):
        raise ValueError(f"configs must hold conditions, each once, got {list(configs)}")
    if len({config.gradient for config in configs}) > 1:
        raise ValueError('configs must all have gradient="fused" or all "autograd", got both')
    waiting = {config: config.n_replicates for config in configs}
    replicates = {c: [Replicate(c, r) for r in range(c.n_replicates)] for c in configs}
    every = [replicate for config in configs for replicate in replicates[config]]
    with progress(total=len(every), desc="training", unit="network") as bar:
        for replicate in _train_all(every):
            bar.update()
            waiting[replicate.config] -= 1
            if waiting[replicate.config] == 0:
                yield replicate.config, _trained(replicate.config, replicates[replicate.config])


@dataclass
class Replicate:
    """One network to be trained: its random streams, where it stands, and what came of it."""

    config: TrainingConfig
    number: int
    attempt: int = 0
    epochs: int = 0
    accuracy: float = 0.0
    weights: np.ndarray | None = None
    checkpoints: dict[int, np.ndarray] = field(default_factory=dict)
    rng: np.random.Generator = field(init=False)

    def restart(self) -> np.ndarray:
        """Begin the next attempt: every weight from U(-1/sqrt(n), 1/sqrt(n)), as torch does."""
        config, self.epochs, self.attempt = self.config, 0, self.attempt + 1
        if self.attempt > config.max_attempts:
            raise RuntimeError(
                f"replicate {self.number} of {config} did not reach accuracy_goal in max_attempts "
                f"x max_epochs; raise one of these or lower accuracy_goal"
            )
        key = (config.task.name, config.architecture, config.regime, self.number, self.attempt)
        self.rng = stream(config.seed, "delays", *key)
        bound, n_weights = 1 / sqrt(config.n_nodes), _n_weights(config)
        initial = stream(config.seed, "initialise", *key).uniform(-bound, bound, n_weights)
        return initial.astype(np.float32)

    def draw_delays(self, n_epochs: int, n_sequences: int) -> np.ndarray:
        """When each sequence is asked for its answer, (n_epochs, n_sequences)."""
        choices, shape = self.config.delays, (n_epochs, n_sequences)
        if len(choices) == 1:
            return np.full(shape, choices[0])
        return self.rng.choice(choices, size=shape)

    def checkpoint(self, weights: Tensor) -> None:
        """Keep the weights if this epoch is to be kept."""
        if self.epochs in self.config.checkpoints:
            self.checkpoints[self.epochs] = weights.cpu().numpy().copy()

    def finish(self, weights: Tensor, epochs: int, accuracy: float) -> None:
        """Keep the final weights; checkpoints that were never reached keep them too."""
        self.weights, self.epochs, self.accuracy = weights.cpu().numpy(), epochs, accuracy
        for epoch in self.config.checkpoints:
            if epoch > epochs:
                self.checkpoints[epoch] = self.weights


def _train_all(replicates: Sequence[Replicate]) -> Iterator[Replicate]:
    """Yield replicates as they are done: from threads (fused) or stack by stack (autograd)."""
    cases = {config: _case(config) for config in {replicate.config for replicate in replicates}}
    if replicates[0].config.gradient == "autograd":
        stacks: dict[TrainingConfig, list[Replicate]] = {}
        for replicate in replicates:
            alike = replace(replicate.config, regime="1", n_replicates=1, checkpoints=())
            stacks.setdefault(alike, []).append(replicate)
        for stack in stacks.values():
            yield from train_stacked(stack, *cases[stack[0].config])
        return
    executor = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        jobs = [executor.submit(_train_one, r, *cases[r.config]) for r in replicates]
        for job in as_completed(jobs):
            yield job.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _train_one(replicate: Replicate, inputs: np.ndarray, targets: np.ndarray) -> Replicate:
    config = replicate.config
    kind = ARCHITECTURES.index(config.architecture)
    checkpoints = np.array(sorted(config.checkpoints), np.int64)
    rule = (config.accuracy_goal, config.learning_rate)
    accuracy = 0.0
    while accuracy < config.accuracy_goal:
        flat = replicate.restart()
        kept = np.zeros((len(checkpoints), flat.size), np.float32)
        delays = replicate.draw_delays(config.max_epochs, targets.shape[1])
        case = (inputs, targets, delays, np.array(config.delays))
        epochs, accuracy = train_attempt(kind, config.n_nodes, case, flat, rule, checkpoints, kept)
    replicate.checkpoints = dict(zip(checkpoints.tolist(), kept, strict=True))
    replicate.finish(torch.from_numpy(flat), epochs, accuracy)
    return replicate


def _case(config: TrainingConfig) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (input, step, sequence) and targets (concept, sequence) to train on."""
    trials = training_trials(config.task, n_sampled=config.n_sampled, seed=config.seed)
    inputs = np.ascontiguousarray(trials.inputs.transpose(2, 1, 0))
    return inputs, np.ascontiguousarray(trials.targets.T)


def _n_weights(config: TrainingConfig) -> int:
    task = config.task
    shapes = weight_shapes(config.architecture, task.n_inputs, config.n_nodes, len(task.concepts))
    return sum(prod(shape) for shape in shapes.values())


def _trained(config: TrainingConfig, replicates: Sequence[Replicate]) -> Trained:
    def ensemble(rows: list) -> Ensemble:
        flat = torch.as_tensor(np.stack(rows))
        return Ensemble.from_flat(config.architecture, flat, config.task.n_inputs, config.n_nodes)

    return Trained(
        ensemble([replicate.weights for replicate in replicates]),
        np.array([replicate.attempt for replicate in replicates]),
        np.array([replicate.epochs for replicate in replicates]),
        np.array([replicate.accuracy for replicate in replicates]),
        {e: ensemble([r.checkpoints[e] for r in replicates]) for e in config.checkpoints},
    )
