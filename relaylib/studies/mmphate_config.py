"""The configuration of the study of MM-PHATE's own claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relaylib.core.checks import check_choice, check_integer, normalise
from relaylib.networks.cells import ARCHITECTURES
from relaylib.networks.minibatch import MinibatchConfig
from relaylib.studies.config import StudyConfig
from relaylib.studies.real_config import RealConfig
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.series_data import SERIES
from relaylib.tasks.task import Task

PAPER_TASKS: dict[str, Task] = {"memory": MemoryTask(), "block": BlockTask()}
"""The tasks whose networks stop when they solve them; all other tasks are real time series."""
N_BLANK = 5
"""Blank steps after the input that are recorded."""


@dataclass(frozen=True)
class MapStudyConfig:
    """Which trainings are mapped, at which epochs and steps, and how maps are scored.

    Parameters
    ----------
    tasks
        "memory", "block" (networks trained with a delay of 5, as on the page of MM-PHATE), or data
        sets, as of `relaylib.tasks.series.SeriesTask` (trained with random delays, as on the page
        of real time series).
    architectures
        As in `relaylib.studies.config.StudyConfig`.
    n_compared
        Networks per condition that are embedded by all methods.
    n_ranked
        Networks per data set and architecture whose test accuracy is foretold, at least
        ``n_compared``.
    seed
        Root of all random streams.
    n_nodes
        Recurrent nodes per network.
    n_updates
        Gradient steps on real series; on the paper's tasks training stops at its goal.
    n_epochs, n_times
        Epochs of a map, from the untrained network to the end of training, and steps, evenly from
        ``first_time`` to five blank steps after the input.
    first_time
        First step of a map; before step 4 the memory task shows nothing.
    k, n_clusters
        As in `relaylib.mmphate.communities.community_preservation`.

    Raises
    ------
    ValueError, TypeError
        For a value out of range or an unknown name; the message names the field.
    """

    tasks: tuple[str, ...] = (*PAPER_TASKS, "BasicMotions", "JapaneseVowels")
    architectures: tuple[str, ...] = ARCHITECTURES
    n_compared: int = 5
    n_ranked: int = 10
    seed: int = 2025
    n_nodes: int = 12
    n_updates: int = 250
    n_epochs: int = 16
    n_times: int = 6
    first_time: int = 4
    k: int = 3
    n_clusters: int = 3

    def __post_init__(self) -> None:
        known = {"tasks": (*PAPER_TASKS, *SERIES), "architectures": ARCHITECTURES}
        for name, levels in known.items():
            given = getattr(self, name)
            if not isinstance(given, tuple) or not given:
                raise ValueError(f"{name} must be a tuple of distinct levels, got {given!r}")
            for level in given:
                check_choice(name, level, levels)
            if len(set(given)) < len(given):
                raise ValueError(f"{name} must be distinct, got {given!r}")
        least = {"n_compared": 1, "n_ranked": 1, "seed": 0, "n_nodes": 3, "n_updates": 1}
        least |= {"n_epochs": 3, "n_times": 2, "first_time": 1, "k": 1, "n_clusters": 2}
        for name, low in least.items():
            high = 2**63 - 1 if name == "seed" else 10**6
            normalise(self, **{name: check_integer(name, getattr(self, name), low, high)})
        check_integer("first_time", self.first_time, 1, 10)
        check_integer("k", self.k, 1, min(self.n_nodes, self.n_epochs, self.n_times) - 1)
        check_integer("n_clusters", self.n_clusters, 2, self.n_nodes - 1)
        check_integer("n_compared", self.n_compared, 1, self.n_ranked)

    def study(self, task: str, architecture: str) -> StudyConfig:
        """Return the study that trains the networks of one of the paper's tasks."""
        check_choice("task", task, tuple(PAPER_TASKS))
        check_choice("architecture", architecture, self.architectures)
        return StudyConfig(
            tasks=(PAPER_TASKS[task],),
            architectures=(architecture,),
            regimes=("5",),
            n_replicates=self.n_compared,
            seed=self.seed,
            n_nodes=self.n_nodes,
        )

    def real(self, data: str) -> RealConfig:
        """Return the study that trains the networks of one data set."""
        return RealConfig(
            data=(data,),
            n_nodes=(self.n_nodes,),
            n_replicates=self.n_ranked,
            seed=self.seed,
            n_updates=self.n_updates,
        )

    def training(self, residual_sd: float) -> MinibatchConfig:
        """Return how networks are trained on series with that residual, and when recorded.

        Checkpoints are dense early: the square of evenly spaced numbers.
        """
        plain = self.real("digits").training(self.n_nodes, residual_sd)
        steps = self.n_updates * np.linspace(0, 1, self.n_epochs) ** 2
        checkpoints = tuple(np.unique(steps.round().astype(int)).tolist())
        return MinibatchConfig(**(vars(plain) | {"checkpoints": checkpoints}))

    def times(self, n_steps: int) -> np.ndarray:
        """Return the steps of a map of series of ``n_steps`` steps, int (time,)."""
        n_steps = check_integer("n_steps", n_steps, 1, 10_000)
        evenly = np.linspace(self.first_time, n_steps + N_BLANK, self.n_times)
        return np.unique(evenly.round().astype(int))
