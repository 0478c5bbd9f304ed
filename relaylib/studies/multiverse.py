"""The design of the multiverse: every single deviation, and universes that fill the space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import qmc

from relaylib.core.checks import check_choice, check_integer, check_type, normalise
from relaylib.core.seeds import stream
from relaylib.networks.conditions import REGIMES
from relaylib.studies.choices import (
    ANALYSIS,
    RNN_ALONE,
    TRAINING,
    Levels,
    analysed_with,
    trained_with,
)
from relaylib.studies.config import StudyConfig
from relaylib.studies.universe import Universe


def _small_study() -> StudyConfig:
    return StudyConfig(
        regimes=("1", "3", "5", "random"),
        n_replicates=8,
        max_epochs=500,
        max_attempts=1,
        on_unsolved="record",
        n_sampled=128,
    )


@dataclass(frozen=True)
class MultiverseConfig:
    """Everything that decides the multiverse.

    Parameters
    ----------
    study
        Tasks, architectures, regimes, replicates and seed of the universes that fill the space,
        and the limits of training in all of them: a network that is not done after
        ``max_attempts`` counts as not trainable.
    n_training, n_analysis
        Draws of all choices of training, and analyses of each; powers of 2 fill the space best.
    n_random
        Random orders of knockouts per network.
    single_regimes, single_replicates, single_seeds
        Of the single deviations.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range, or ``study.on_unsolved`` is not "record".
    """

    study: StudyConfig = field(default_factory=_small_study)
    n_training: int = 256
    n_analysis: int = 16
    n_random: int = 10
    single_regimes: tuple[str, ...] = ("1", "2", "3", "4", "5", "random")
    single_replicates: int = 20
    single_seeds: tuple[int, ...] = (2025, 1)

    def __post_init__(self) -> None:
        check_type("study", self.study, StudyConfig)
        if self.study.on_unsolved != "record":
            raise ValueError(
                'study.on_unsolved must be "record", so that universes that cannot be trained are '
                f"counted; got {self.study.on_unsolved!r}"
            )
        for name, low in (("n_training", 0), ("n_analysis", 1), ("n_random", 1)):
            normalise(self, **{name: check_integer(name, getattr(self, name), low, 2**20)})
        normalise(
            self, single_replicates=check_integer("single_replicates", self.single_replicates, 2)
        )
        for name in ("single_regimes", "single_seeds"):
            values = check_type(name, getattr(self, name), tuple)
            for value in values:
                if name == "single_regimes":
                    check_choice(name, value, REGIMES)
                else:
                    check_integer(name, value, 0, 2**63 - 1)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} must be distinct, got {values}")
        if self.single_seeds and not self.single_regimes:
            raise ValueError("single_regimes must be one or more, got none")
        normalise(self, single_seeds=tuple(int(seed) for seed in self.single_seeds))

    def universes(self) -> Iterator[Universe]:
        """Yield the single deviations, seed by seed, then the universes that fill the space."""
        for seed in self.single_seeds:
            yield from self._single_deviations(seed)
        yield from self._filling()

    def _single_deviations(self, seed: int) -> Iterator[Universe]:
        study = replace(
            self.study,
            seed=seed,
            regimes=self.single_regimes,
            n_replicates=self.single_replicates,
        )
        analyses = [{}, *_deviations(ANALYSIS)]
        yield self._universe(study, {}, analyses)
        for levels in _deviations(TRAINING | RNN_ALONE):
            yield self._universe(study, levels, [{}])

    def _filling(self) -> Iterator[Universe]:
        if not self.n_training:
            return
        training = _fill(TRAINING, self.n_training, self.study.seed, "training")
        n_all = self.n_training * self.n_analysis
        analyses = _fill(ANALYSIS, n_all, self.study.seed, "analysis")
        for number, levels in enumerate(training):
            own = analyses[number * self.n_analysis :][: self.n_analysis]
            yield self._universe(self.study, levels, own)

    def _universe(
        self, study: StudyConfig, levels: dict[str, str], analyses: list[dict[str, str]]
    ) -> Universe:
        return Universe(
            trained_with(study, levels),
            tuple(analysed_with(chosen) for chosen in analyses),
            tuple(levels.items()),
            tuple(tuple(chosen.items()) for chosen in analyses),
            self.n_random,
        )


def _deviations(choices: Levels) -> list[dict[str, str]]:
    """Return every level that is not the default, alone."""
    return [{choice: level} for choice, levels in choices.items() for level in list(levels)[1:]]


def _fill(choices: Levels, n: int, seed: int, purpose: str) -> list[dict[str, str]]:
    """Draw levels of all choices by a scrambled Sobol sequence (Owen 1998)."""
    rng = stream(seed, "multiverse", purpose)
    size = 1 << max(n - 1, 0).bit_length()  # a power of 2, for which the sequence is balanced
    points = qmc.Sobol(len(choices), rng=rng).random(size)[:n]
    counts = np.array([len(levels) for levels in choices.values()])
    indices = (points * counts).astype(int)
    return [
        {choice: list(choices[choice])[i] for choice, i in zip(choices, row, strict=True)}
        for row in indices
    ]
