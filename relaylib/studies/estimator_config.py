"""The configuration of the study of estimators, and the names of what it compares."""

from __future__ import annotations

from dataclasses import dataclass

from relaylib.core.checks import check_integer, normalise
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
        Recurrent nodes of the networks on which orders are judged by knockouts, at least 12.
    largest_decoded
        Nodes of the largest networks that are ordered by decoders, which take long.
    n_replicates, seed
        Networks per task and size, and the root of all random streams.
    n_updates, batch_size
        Most gradient steps, and sequences of each. Training stops when 98 % of the questions about
        training sequences are answered.
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
    largest_decoded: int = 512
    n_replicates: int = 5
    seed: int = 2025
    n_updates: int = 200
    batch_size: int = 32
    n_scored: int = 300
    n_knocked: int = 100
    n_random: int = 3
    n_populations: int = 2
    samples: tuple[int, ...] = (100, 300, 1000, 3000)
    n_wired: int = 16
    n_samples: int = 5
    n_shuffles: int = 3

    def __post_init__(self) -> None:
        for name, low, high in (("n_nodes", 12, 5_000), ("samples", 20, 10**6)):
            levels = getattr(self, name)
            if not isinstance(levels, tuple) or not levels or len(set(levels)) < len(levels):
                raise ValueError(f"{name} must be a tuple of distinct sizes, got {levels!r}")
            normalise(self, **{name: tuple(check_integer(name, n, low, high) for n in levels)})
        least = {"largest_decoded": 0, "n_replicates": 1, "seed": 0, "n_updates": 1}
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

    def study(self) -> StudyConfig:
        """Return the paper's study, with as many networks per condition as are compared."""
        return StudyConfig(n_replicates=self.n_populations, seed=self.seed)


_N_TEST = 899  # images in the test split of the digits
