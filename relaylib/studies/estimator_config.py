"""The configuration of the study of estimators, and the names of what it compares."""

from __future__ import annotations

from dataclasses import dataclass

from relaylib.core.checks import check_choice, check_integer, normalise
from relaylib.studies.config import StudyConfig

PLUGIN, DECODER = "plug-in", "decoder"
SINGLE_NODE = ("one-node information", "correlation", "variance")
"""Scores that look at one node at a time."""
SCORES = (PLUGIN, DECODER, *SINGLE_NODE)
"""What nodes are ordered by."""
REAL = "digits"
"""The real data set."""
TASKS = ("block", REAL)
"""What networks of several sizes are trained on."""


@dataclass(frozen=True)
class EstimatorConfig:
    """Everything that decides the numbers of the comparison of estimators.

    Parameters
    ----------
    n_nodes
        Recurrent nodes of the networks that read digits, at least 12.
    block_nodes
        Recurrent nodes of the networks on the block task, at least 12; their nodes are ordered by
        the plug-in alone.
    largest_compared
        Nodes of the largest networks whose nodes are ordered by all scores; decoders take long.
    n_replicates, seed
        Networks per task and size, and the root of all random streams.
    n_updates, batch_size
        Most gradient steps, and sequences of each. Training stops when 90 % of the questions about
        training images, or 98 % of those of the block task, are answered.
    n_scored, n_knocked
        Test images on which nodes are scored, and others on which they are knocked out. Of the
        block task, all 128 sequences.
    n_random
        Random orders of nodes, the control of knockouts.
    n_populations
        Networks per condition of the paper's study on whose populations orders are compared.
    samples
        Numbers of sequences drawn from each known wiring.
    n_wired
        Nodes in a layer of known wiring, 4 to 62.
    n_samples, n_shuffles
        Samples of each size, and shuffles of each for the null.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    n_nodes: tuple[int, ...] = (12, 48, 192, 512, 768)
    block_nodes: tuple[int, ...] = (12, 48, 192, 768)
    largest_compared: int = 512
    n_replicates: int = 5
    seed: int = 2025
    n_updates: int = 600
    batch_size: int = 32
    n_scored: int = 200
    n_knocked: int = 100
    n_random: int = 2
    n_populations: int = 1
    samples: tuple[int, ...] = (100, 300, 1000)
    n_wired: int = 12
    n_samples: int = 3
    n_shuffles: int = 3

    def __post_init__(self) -> None:
        sizes = {"n_nodes": (12, 5_000), "block_nodes": (12, 5_000), "samples": (20, 10**6)}
        for name, (low, high) in sizes.items():
            levels = getattr(self, name)
            if not isinstance(levels, tuple):
                raise TypeError(f"{name} must be a tuple of sizes, got {levels!r}")
            checked = tuple(check_integer(name, n, low, high) for n in levels)
            if not checked or len(set(checked)) < len(checked):
                raise ValueError(f"{name} must be a tuple of distinct sizes, got {levels!r}")
            normalise(self, **{name: checked})
        least = {"largest_compared": 0, "n_replicates": 1, "seed": 0, "n_updates": 1}
        least |= {"batch_size": 1, "n_scored": 20, "n_knocked": 2, "n_random": 1}
        least |= {"n_populations": 1, "n_wired": 4, "n_samples": 1, "n_shuffles": 1}
        for name, low in least.items():
            high = {"seed": 2**63 - 1, "n_wired": 62}.get(name, 10**6)
            normalise(self, **{name: check_integer(name, getattr(self, name), low, high)})
        if self.n_scored + self.n_knocked > _N_TEST:
            raise ValueError(
                f"n_scored and n_knocked must be at most {_N_TEST} together, the test images, got "
                f"{self.n_scored} and {self.n_knocked}"
            )

    def sizes(self, task: str) -> tuple[int, ...]:
        """Return the sizes of the networks of a task."""
        return self.n_nodes if check_choice("task", task, TASKS) == REAL else self.block_nodes

    def study(self) -> StudyConfig:
        """Return the paper's study, with as many networks per condition as are compared."""
        return StudyConfig(n_replicates=self.n_populations, seed=self.seed)


_N_TEST = 899  # images in the test split of the digits
