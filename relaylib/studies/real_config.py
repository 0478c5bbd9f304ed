"""The configuration of the study of real time series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relaylib.core.checks import check_choice, check_integer, check_number, normalise
from relaylib.networks.cells import ARCHITECTURES
from relaylib.networks.conditions import REGIMES
from relaylib.networks.minibatch import MinibatchConfig
from relaylib.tasks.series import SeriesTask
from relaylib.tasks.series_data import SERIES

GOALS = {
    "digits": 0.75,
    "ItalyPowerDemand": 0.9,
    "GunPoint": 0.85,
    "ArrowHead": 0.75,
    "BasicMotions": 0.85,
    "JapaneseVowels": 0.9,
    "OSULeaf": 0.78,
}
"""Accuracy in validation from which a network counts as having learned, by data set: fixed from a
first look at the validation sequences of six networks per architecture, and not moved since."""


@dataclass(frozen=True)
class RealConfig:
    """Everything that decides the numbers about real time series.

    Parameters
    ----------
    data, architectures
        Data sets, as of `relaylib.tasks.series.SeriesTask`, and architectures.
    n_nodes
        Recurrent nodes per network. Only networks of the first size are analysed: with many more
        nodes nearly every series has a state of its own, and information cannot be estimated.
    larger_regimes
        Training regimes of the other sizes; the first size has all six.
    n_replicates, seed
        Networks per condition, and the root of all random streams.
    longest
        Most steps of a series.
    n_updates, batch_size, learning_rate, validation_fraction
        As in `relaylib.networks.minibatch.MinibatchConfig`.
    noise, jitter
        Noise in training, and of the copies that are analysed, in multiples of
        `SeriesTask.residual_sd`.
    n_sequences
        Series analysed: those of the test split, and noisy copies of them.
    n_decoded
        Series on which linear decoders are fitted, and about as many on which they are tested.
    n_knocked
        Most test series on which knockouts are tested.
    n_random, n_shuffles
        Random orders of nodes for knockouts, and shuffles of states for the null.

    Raises
    ------
    ValueError, TypeError
        For a value out of range or an unknown name; the message names the field.
    """

    data: tuple[str, ...] = tuple(SERIES)
    architectures: tuple[str, ...] = ARCHITECTURES
    n_nodes: tuple[int, ...] = (12, 48)
    larger_regimes: tuple[str, ...] = ("random",)
    n_replicates: int = 20
    seed: int = 2025
    longest: int = 16
    n_updates: int = 250
    batch_size: int = 32
    learning_rate: float = 0.02
    validation_fraction: float = 0.25
    noise: float = 1.0
    jitter: float = 0.25
    n_sequences: int = 2048
    n_decoded: int = 512
    n_knocked: int = 200
    n_random: int = 5
    n_shuffles: int = 3

    def __post_init__(self) -> None:
        allowed: dict[str, Any] = {
            "data": tuple(SERIES),
            "architectures": ARCHITECTURES,
            "larger_regimes": REGIMES,
        }
        for name in (*allowed, "n_nodes"):
            if not isinstance(getattr(self, name), tuple):
                raise TypeError(f"{name} must be a tuple of levels, got {getattr(self, name)!r}")
        for name, known in allowed.items():
            for level in getattr(self, name):
                check_choice(name, level, known)
        n_nodes = tuple(check_integer("n_nodes", n, 2, 1000) for n in self.n_nodes)
        for name in (*allowed, "n_nodes"):
            levels = getattr(self, name)
            if not levels or len(set(levels)) < len(levels):
                raise ValueError(f"{name} must be a tuple of distinct levels, got {levels!r}")
        lowest = {"n_replicates": 1, "seed": 0, "longest": 2, "n_updates": 1, "batch_size": 1}
        lowest |= {
            "n_sequences": 20,
            "n_decoded": 20,
            "n_knocked": 2,
            "n_random": 1,
            "n_shuffles": 1,
        }
        whole = {
            name: check_integer(name, getattr(self, name), low, 2**63 - 1)
            for name, low in lowest.items()
        }
        number = {
            name: check_number(name, getattr(self, name), 0, 100) for name in ("noise", "jitter")
        }
        normalise(self, n_nodes=n_nodes, **whole, **number)
        SeriesTask(self.data[0], longest=self.longest)
        self.training(self.n_nodes[0], 1.0)

    def task(self, data: str, split: str) -> SeriesTask:
        """Return one split of a data set as a task."""
        return SeriesTask(data, split=split, longest=self.longest)

    def regimes(self, n_nodes: int) -> tuple[str, ...]:
        """Return the training regimes of networks of that size."""
        return REGIMES if n_nodes == self.n_nodes[0] else self.larger_regimes

    def training(self, n_nodes: int, residual_sd: float) -> MinibatchConfig:
        """Return how networks of that size are trained on series with that residual."""
        residual_sd = check_number("residual_sd", residual_sd, 0, 1000)
        return MinibatchConfig(
            n_nodes=n_nodes,
            n_updates=self.n_updates,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            validation_fraction=self.validation_fraction,
            noise_sd=self.noise * residual_sd,
        )
