"""Training in minibatches with validation, for data that are too few or too many to list.

Networks start as plain torch modules, which `Ensemble.from_torch` converts. They are trained with
the equations of these modules and of `torch.optim.Adam` in compiled loops, several networks at the
same time in threads; each is bit-identical whatever else is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from relaylib.core.checks import (
    check_all,
    check_choice,
    check_integer,
    check_number,
    check_rng,
    check_type,
    normalise,
)
from relaylib.core.progress import progress
from relaylib.core.threads import n_threads
from relaylib.networks.cells import ARCHITECTURES, WEIGHT_NAMES
from relaylib.networks.compiled_minibatch import answers_of, train_batches
from relaylib.networks.ensemble import MAX_BLANK, Ensemble
from relaylib.tasks.task import Trials, check_trials


@dataclass(frozen=True)
class MinibatchConfig:
    """How networks are trained in minibatches.

    Parameters
    ----------
    n_nodes
        Recurrent nodes per network.
    n_updates
        Gradient steps; an epoch that has begun is finished.
    batch_size
        Sequences per gradient step, nearly.
    learning_rate
        Of Adam.
    validation_fraction
        Share of the sequences that is kept for validation, drawn anew for every network.
    noise_sd
        Standard deviation of Gaussian noise that is added to the inputs, anew in every step.
    checkpoints
        Gradient steps, in rising order, at which weights are kept: those at the end of the first
        epoch that has taken at least so many. No weights depend on it.

    Raises
    ------
    ValueError, TypeError
        For any value out of range; the message names the field.
    """

    n_nodes: int = 12
    n_updates: int = 400
    batch_size: int = 32
    learning_rate: float = 0.01
    validation_fraction: float = 0.25
    noise_sd: float = 0.0
    checkpoints: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("n_nodes", "n_updates", "batch_size"):
            normalise(self, **{name: check_integer(name, getattr(self, name), 1, 10**6)})
        fraction = check_number("validation_fraction", self.validation_fraction, 0, 0.9, above=True)
        rate = check_number("learning_rate", self.learning_rate, 0, above=True)
        noise_sd = check_number("noise_sd", self.noise_sd, 0, 1e6)
        normalise(self, validation_fraction=fraction, learning_rate=rate, noise_sd=noise_sd)
        if not isinstance(self.checkpoints, tuple):
            raise TypeError(f"checkpoints must be a tuple of steps, got {self.checkpoints!r}")
        steps = [check_integer("checkpoints", n, 0, self.n_updates) for n in self.checkpoints]
        if steps != sorted(set(steps)):
            raise ValueError(f"checkpoints must be in rising order, got {self.checkpoints}")
        normalise(self, checkpoints=tuple(steps))


class Best(NamedTuple):
    """Flattened weights of one network with their number of gradient steps, as in `Validated`."""

    weights: np.ndarray
    n_updates: int
    error: float
    accuracy: np.ndarray


class Validated(NamedTuple):
    """Networks with the weights that have the least error on validation sequences.

    Attributes
    ----------
    ensemble
        The networks.
    n_updates
        Gradient steps until then, int (network,).
    validation_error
        Mean squared error then, float (network,).
    validation_accuracy
        Fraction of answers about each concept with the right sign then, (network, concept).
    checkpoints
        The networks during training, by the number of gradient steps that they have taken; see
        `MinibatchConfig`.
    """

    ensemble: Ensemble
    n_updates: np.ndarray
    validation_error: np.ndarray
    validation_accuracy: np.ndarray
    checkpoints: dict[int, Ensemble]


def train_minibatches(
    trials: Trials,
    architecture: str,
    delays: Sequence[tuple[int, ...]],
    config: MinibatchConfig,
    *,
    rng: np.random.Generator,
) -> Validated:
    """Train one network for each entry of ``delays``, and keep its best weights.

    The loss is the mean squared error of the readout at the delay of each sequence.

    Parameters
    ----------
    trials
        Sequences to train and validate on.
    architecture
        "RNN", "GRU" or "LSTM".
    delays
        For each network the delays that it is trained for, e.g. ``[(3,), (1, 2, 3, 4, 5)]``; where
        there are several, every sequence draws one, anew in every epoch.
    config
        Size and settings.
    rng
        Random stream of first weights, validation sequences, batches, delays and noise.

    Returns
    -------
    Validated
        As many networks as ``delays`` has entries.

    Raises
    ------
    ValueError, TypeError
        If an architecture or delay is none, or there are fewer than two sequences.
    """
    trials = check_trials(trials)
    check_choice("architecture", architecture, ARCHITECTURES)
    check_type("config", config, MinibatchConfig), check_rng(rng)
    choices = _checked_delays(delays)
    if len(trials.inputs) < 2:
        raise ValueError("trials must hold at least 2 sequences, got 1")
    sizes = (trials.inputs.shape[2], config.n_nodes, trials.targets.shape[1])
    first = first_modules(architecture, sizes, len(choices), rng=rng)
    rows = np.hstack([first.weights[name].flatten(1).numpy() for name in WEIGHT_NAMES])
    kind = ARCHITECTURES.index(architecture)
    networks = [
        _Network(trials, kind, row, own, config, stream)
        for row, own, stream in zip(rows, choices, rng.spawn(len(choices)), strict=True)
    ]
    with ThreadPoolExecutor(n_threads()) as threads:
        trained = list(progress(threads.map(_Network.train, networks), total=len(networks)))
    return _together(architecture, sizes, trained, [network.kept for network in networks])


def _checked_delays(delays: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    each = [check_all("delays", own, object) for own in check_all("delays", delays, tuple)]
    if not each or not all(each):
        raise ValueError(f"delays must hold at least one delay for every network, got {delays!r}")
    return [np.array([check_integer("delays", d, 0, MAX_BLANK) for d in own]) for own in each]


def _together(
    architecture: str,
    sizes: tuple[int, int, int],
    trained: list[Best],
    kept: list[dict[int, np.ndarray]],
) -> Validated:
    import torch

    def ensemble(rows: list[np.ndarray]) -> Ensemble:
        return Ensemble.from_flat(architecture, torch.as_tensor(np.stack(rows)), *sizes[:2])

    return Validated(
        ensemble([best.weights for best in trained]),
        np.array([best.n_updates for best in trained]),
        np.array([best.error for best in trained]),
        np.stack([best.accuracy for best in trained]),
        {step: ensemble([own[step] for own in kept]) for step in kept[0]},
    )


def first_modules(
    architecture: str, sizes: tuple[int, int, int], n: int, *, rng: np.random.Generator
) -> Ensemble:
    """Return ``n`` untrained networks as torch makes them; torch's own random state is untouched.

    Parameters
    ----------
    architecture
        "RNN", "GRU" or "LSTM".
    sizes
        Numbers of inputs, nodes and outputs.
    n
        Number of networks.
    rng
        Random stream, from which torch's is seeded.

    Raises
    ------
    ValueError, TypeError
        If the architecture is none, or a number is not in 1..10,000.
    """
    import torch

    check_choice("architecture", architecture, ARCHITECTURES)
    if not isinstance(sizes, tuple) or len(sizes) != 3:
        raise TypeError(f"sizes must be a tuple of 3 whole numbers, got {sizes!r}")
    n_inputs, n_nodes, n_outputs = (check_integer("sizes", size, 1, 10_000) for size in sizes)
    n = check_integer("n", n, 1, 10_000)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(check_rng(rng).integers(2**62)))
        layer, linear = getattr(torch.nn, architecture), torch.nn.Linear
        pairs = [(layer(n_inputs, n_nodes), linear(n_nodes, n_outputs)) for _ in range(n)]
    return Ensemble.from_torch(pairs)


class _Network:
    """One network during its training: its sequences, its weights, and the best of them so far."""

    def __init__(
        self,
        trials: Trials,
        kind: int,
        weights: np.ndarray,
        delays: np.ndarray,
        config: MinibatchConfig,
        rng: np.random.Generator,
    ) -> None:
        self.kind, self.delays, self.config, self.rng = kind, delays, config, rng
        self.flat, self.n_updates = weights.copy(), 0
        self.moments = (np.zeros_like(weights), np.zeros_like(weights))
        n = len(trials.inputs)
        n_validated = min(n - 1, max(1, round(config.validation_fraction * n)))
        order = rng.permutation(n)
        self.validated, self.seen = order[:n_validated], order[n_validated:]
        self.inputs = np.ascontiguousarray(trials.inputs.transpose(2, 1, 0), np.float32)
        self.targets = np.ascontiguousarray(trials.targets.T, np.float32)
        self.best = Best(self.flat, 0, np.inf, np.zeros(len(self.targets)))
        self.kept: dict[int, np.ndarray] = {}
        self.n_passed = 0

    def train(self) -> Best:
        """Train epoch by epoch, and return the weights of the least error in validation."""
        self._after_epoch()
        while self.n_updates < self.config.n_updates:
            self._epoch()
            self._after_epoch()
        return self.best

    def _after_epoch(self) -> None:
        """Validate, and keep the weights if a checkpoint was passed."""
        self._validate()
        n_passed = sum(step <= self.n_updates for step in self.config.checkpoints)
        if n_passed > self.n_passed:
            self.kept[self.n_updates], self.n_passed = self.flat.copy(), n_passed

    def _epoch(self) -> None:
        """Show every training sequence once, in a new order, with new delays and noise."""
        order = self.rng.permutation(self.seen)
        shown = self.inputs[:, :, order]
        if self.config.noise_sd:
            noise = self.rng.standard_normal(shown.shape, np.float32)
            shown = shown + np.float32(self.config.noise_sd) * noise
        drawn = self.rng.choice(self.delays, len(order))
        case = (shown, self.targets[:, order], drawn, int(self.delays.max()))
        n_batches = max(1, round(len(order) / self.config.batch_size))
        state = (self.flat, *self.moments)
        rate, before = self.config.learning_rate, self.n_updates
        train_batches(self.kind, self.config.n_nodes, case, state, before, n_batches, rate)
        self.n_updates += n_batches

    def _validate(self) -> None:
        """Measure the error over all delays of the network; keep its weights if it is the least."""
        inputs, targets = self.inputs[:, :, self.validated], self.targets[:, self.validated]
        case = (inputs, targets, int(self.delays.max()), self.flat)
        answers = answers_of(self.kind, self.config.n_nodes, *case)[:, self.delays]
        error = float(((answers - targets[:, None]) ** 2).mean())
        if error < self.best.error:
            accuracy = ((answers > 0) == (targets[:, None] > 0)).mean(axis=(1, 2))
            self.best = Best(self.flat.copy(), self.n_updates, error, accuracy)
