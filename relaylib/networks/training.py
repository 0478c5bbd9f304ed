"""Training networks until they solve the task, with either backend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from relaylib.core.progress import progress
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.replicate import Replicate


@dataclass(frozen=True)
class Trained:
    """The networks of one condition; all reached the accuracy goal, unless unsolved ones are kept.

    Attributes
    ----------
    ensemble
        The networks, in the order of their replicates.
    attempts
        int (replicate,): number of initialisations, including the successful one.
    epochs
        int (replicate,): gradient steps of the successful attempt.
    population_accuracy
        float (replicate,): fraction of concepts answered with the right sign, over the training
        sequences and the delays of the regime.
    checkpoints
        The ensemble after each epoch of ``config.checkpoints`` (of the successful attempts). A
        network that reached the goal earlier has its final weights.
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
    """Train the networks of several conditions at the same time.

    One gradient step per epoch; by default Adam on the mean squared error over the training
    sequences. The training of a network stops when its accuracy reaches the goal; after
    ``max_epochs`` without success it starts again from a new initialisation. A network depends only
    on (seed, task, architecture, regime, replicate, attempt) and the settings of its condition. The
    compiled backend gives the same bits whatever else is trained, for any number of threads and any
    processor; autograd agrees with it up to rounding, and repeats its bits where the same
    conditions are trained together by the same kind of machine with as many threads.

    Parameters
    ----------
    configs
        Distinct conditions. Those with compiled gradients are trained first.

    Yields
    ------
    config, trained
        Each condition as soon as all its replicates are done.

    Raises
    ------
    ValueError
        If a condition occurs twice.
    TypeError
        If there is no condition, or anything else.
    RuntimeError
        If a replicate fails ``max_attempts`` times and ``on_unsolved`` is "raise". Conditions
        yielded before are complete.

    References
    ----------
    Hintze, Najam, Schossau (2025), section II.B.
    """
    is_list = isinstance(configs, list | tuple) and len(configs) > 0
    if not is_list or not all(isinstance(config, TrainingConfig) for config in configs):
        raise TypeError(f"configs must hold TrainingConfig, got {configs}")
    if len(set(configs)) < len(configs):
        raise ValueError(f"configs must hold distinct conditions, got {configs}")
    waiting = {config: config.n_replicates for config in configs}
    replicates = {c: [Replicate(c, r) for r in range(c.n_replicates)] for c in configs}
    every = [replicate for config in configs for replicate in replicates[config]]
    with progress(total=len(every), desc="training", unit="network") as bar:
        for replicate in _train_replicates(every):
            bar.update()
            waiting[replicate.config] -= 1
            if waiting[replicate.config] == 0:
                yield replicate.config, _trained(replicate.config, replicates[replicate.config])


def _train_replicates(replicates: list[Replicate]) -> Iterator[Replicate]:
    by_backend: dict[str, list[Replicate]] = {}
    for replicate in replicates:
        by_backend.setdefault(replicate.config.gradients, []).append(replicate)
    if compiled := by_backend.get("compiled"):
        from relaylib.networks import compiled_training

        yield from compiled_training.train_replicates(compiled)
    if plain := by_backend.get("autograd"):
        from relaylib.networks import autograd

        yield from autograd.train_replicates(plain)


def _trained(config: TrainingConfig, replicates: Sequence[Replicate]) -> Trained:
    import torch

    def ensemble(rows: list) -> Ensemble:
        flat = torch.as_tensor(np.stack(rows))
        sizes = config.task.n_inputs, config.n_nodes
        return Ensemble.from_flat(config.architecture, flat, *sizes, config.nonlinearity)

    return Trained(
        ensemble([replicate.weights for replicate in replicates]),
        np.array([replicate.attempt for replicate in replicates]),
        np.array([replicate.epochs for replicate in replicates]),
        np.array([replicate.accuracy for replicate in replicates]),
        {e: ensemble([r.checkpoints[e] for r in replicates]) for e in config.checkpoints},
    )
