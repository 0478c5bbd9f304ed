"""One universe: networks trained with some choices, analysed with others, and judged."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    check_all,
    check_choice,
    check_dataset,
    check_integer,
    check_type,
    normalise,
)
from relaylib.information.relay import greedy_orders
from relaylib.information.significance import UndersampledWarning
from relaylib.measures.drift import bits_before, drift, persistence
from relaylib.measures.smearing import smearing
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.training import Trained, train_conditions
from relaylib.studies.choices import ANALYSIS, RNN_ALONE, TRAINING, Analysis, Levels
from relaylib.studies.config import StudyConfig
from relaylib.studies.grid import by_condition
from relaylib.studies.knockouts import KnockoutConfig, knock_out, mean_losses
from relaylib.studies.study import matrix_values, record_condition
from relaylib.tasks.task import known_onsets, training_trials

_PER_NETWORK = (
    "correlation",
    "overlap",
    "early_bits",
    "nodes_per_concept",
    "shared_fraction",
    "own",
    "others",
    "least_relaying",
    "at_random",
    "silenced",
)
"""Measured for each analysis and network."""
_OF_TRAINING = ("population_accuracy", "attempts", "epochs")


@dataclass(frozen=True)
class Universe:
    """Networks trained in one way and analysed in one way or several.

    Parameters
    ----------
    study
        How networks are trained; its fields of analysis are replaced by those of each analysis.
    analyses
        One or more.
    training_levels, analysis_levels
        (choice, level) pairs by which both are named, e.g. ``(("loss", "cross-entropy"),)``; of
        each analysis. Choices that are left out have their default.
    n_random
        Random orders of knockouts per network.

    Raises
    ------
    ValueError, TypeError
        If there is no analysis, levels do not fit the analyses, or a field is of another kind.
    """

    study: StudyConfig = field(default_factory=StudyConfig)
    analyses: tuple[Analysis, ...] = (Analysis(),)
    training_levels: tuple[tuple[str, str], ...] = ()
    analysis_levels: tuple[tuple[tuple[str, str], ...], ...] = ((),)
    n_random: int = 10

    def __post_init__(self) -> None:
        check_type("study", self.study, StudyConfig)
        check_all("analyses", check_type("analyses", self.analyses, tuple), Analysis)
        _check_levels("training_levels", self.training_levels, TRAINING | RNN_ALONE)
        for levels in check_type("analysis_levels", self.analysis_levels, tuple):
            _check_levels("analysis_levels", levels, ANALYSIS)
        if not self.analyses or len(self.analysis_levels) != len(self.analyses):
            raise ValueError(
                "analysis_levels must be as many as analyses, one or more, got "
                f"{len(self.analysis_levels)} and {len(self.analyses)}"
            )
        normalise(self, n_random=check_integer("n_random", self.n_random, 1))
        longest = max(analysis.answer_delay for analysis in self.analyses)
        if longest > self.study.n_blank and "random" in self.study.regimes:
            raise ValueError(
                f"analyses must read answers within study.n_blank = {self.study.n_blank} blank "
                f"steps, got answer_delay {longest}"
            )

    def analysed(self, analysis: Analysis) -> StudyConfig:
        """Return the study with the fields of an analysis."""
        check_type("analysis", analysis, Analysis)
        names = ("discretiser", "levels", "lstm_state", "value", "answer_delay")
        return replace(self.study, **{name: getattr(analysis, name) for name in names})

    def parts(self) -> Iterator[Universe]:
        """Yield the universe task by task and architecture by architecture.

        The regimes stay together, because autograd trains them as one stack.
        """
        for task in self.study.tasks:
            for architecture in self.study.architectures:
                study = replace(self.study, tasks=(task,), architectures=(architecture,))
                yield replace(self, study=study)


def _check_levels(name: str, levels: Any, choices: Levels) -> None:
    for pair in check_type(name, levels, tuple):
        if not isinstance(pair, tuple) or [type(part) for part in pair] != [str, str]:
            raise TypeError(f"{name} must hold pairs of texts (choice, level), got {pair!r}")
        check_choice(name, pair[1], tuple(choices[check_choice(name, pair[0], tuple(choices))]))


def measure_part(part: Universe) -> xr.Dataset:
    """Train the networks of one task and architecture, and measure what the claims ask for.

    Parameters
    ----------
    part
        From `Universe.parts`. The result is a function of it alone.

    Returns
    -------
    xarray.Dataset
        (regime, replicate): ``population_accuracy``, ``attempts``, ``epochs``, and ``accuracy``
        (..., test_delay). For each analysis, (regime, analysis, replicate): ``correlation`` and
        ``overlap`` of successive information matrices; in the random regime ``own``, ``others``,
        ``least_relaying``, ``at_random``, ``silenced``, ``nodes_per_concept`` and
        ``shared_fraction``; of memory networks at delay 5 ``early_bits`` and ``persistence``
        (..., concept). NaN for a network that did not reach the goal, and where it is not asked.
    """
    study = check_type("part", part, Universe).study
    trained = dict(train_conditions(list(study.conditions())))
    with warnings.catch_warnings():  # of sequences that are too few for plug-in information
        warnings.simplefilter("ignore", UndersampledWarning)
        cells = [_measure_condition(part, *each) for each in trained.items()]
        by_order = dict(zip(trained, cells, strict=True))
    return by_condition(study, [by_order[c] for c in study.conditions()], factors=("regime",))


def _measure_condition(part: Universe, condition: TrainingConfig, trained: Trained) -> xr.Dataset:
    study = part.study
    shape = (len(part.analyses), study.n_replicates)
    n_concepts = len(condition.task.concepts)
    found = {name: np.full(shape, np.nan) for name in _PER_NETWORK}
    found["persistence"] = np.full((*shape, n_concepts), np.nan)
    solved = np.flatnonzero(trained.population_accuracy >= condition.accuracy_goal)
    if solved.size:
        known: dict[Any, Any] = {}
        for index, analysis in enumerate(part.analyses):
            measured = _analyse(part, condition, trained, analysis, solved, known)
            for name, values in measured.items():
                found[name][index, solved] = values
    dims = ("analysis", "replicate", "concept")
    of_analyses = {name: (dims[: values.ndim], values) for name, values in found.items()}
    of_training = {name: ("replicate", getattr(trained, name)) for name in _OF_TRAINING}
    return xr.Dataset(
        of_analyses | of_training | {"accuracy": _accuracy(study, condition, trained.ensemble)},
        {"replicate": np.arange(study.n_replicates), "concept": list(condition.task.concepts)},
    )


def _accuracy(study: StudyConfig, condition: TrainingConfig, ensemble: Ensemble) -> xr.DataArray:
    """Fraction of concepts right at each test delay, on sequences as in `run_study`."""
    task, delays = condition.task, list(study.test_delays)
    sample: Any = {"n_sampled": condition.n_sampled, "seed": condition.seed}
    trials = training_trials(task, held_out=task.is_sampled, **sample)
    outputs = ensemble.run(trials.inputs, max(delays)).outputs
    answers = outputs[:, task.n_steps - 1 + np.array(delays)] > 0
    right = (answers == (trials.targets.T > 0)).mean(axis=(2, 3))
    return xr.DataArray(right, {"test_delay": delays}, ("replicate", "test_delay"))


def _analyse(
    part: Universe,
    condition: TrainingConfig,
    trained: Trained,
    analysis: Analysis,
    solved: np.ndarray,
    known: dict[Any, Any],
) -> dict[str, Any]:
    """Measure the networks that reached the goal; ``known`` holds what analyses share."""
    study = part.analysed(analysis)
    key: tuple[Any, ...] = (analysis.discretiser, analysis.levels)
    key += (analysis.lstm_state if condition.architecture == "LSTM" else "",)
    key += (study.read_delay(condition.regime),)
    ensemble = trained.ensemble[solved.tolist()]
    if key not in known:
        recording = record_condition(study, condition, ensemble).sel(time=_times(study, condition))
        case = recording.states, recording.x_in, recording.x_out
        known[key] = recording, *greedy_orders(*case, is_population=True)  # measure_part is silent
    recording, order, relay_bits = known[key]
    if (key, study.value) not in known:
        bits = matrix_values(study, recording, order, relay_bits)
        known[key, study.value] = bits.rename(network="replicate")
    bits = known[key, study.value]
    how: dict[str, Any] = {"lag": analysis.lag, "skip": analysis.skip}
    drifted = drift(bits, similarity=analysis.similarity, **how)
    found = {name: drifted[name].values for name in ("correlation", "overlap")}
    if condition.regime == "random":
        carried = smearing(bits.sel(time=study.n_steps))
        found["nodes_per_concept"] = carried.nodes_per_concept.mean("concept").values
        found["shared_fraction"] = (carried.concepts_per_node >= 2).mean("node").values
        knockouts = _knockouts(part, condition, ensemble, analysis, (key, order, solved), known)
        found |= {str(name): values.values for name, values in knockouts.items()}
    if (onsets := _asked_onsets(condition)) is not None:
        found["early_bits"] = bits_before(bits, onsets).max("concept").values
        found["persistence"] = persistence(bits, onsets).values
    return found


def _knockouts(
    part: Universe,
    condition: TrainingConfig,
    ensemble: Any,
    analysis: Analysis,
    ordered: tuple[Any, xr.DataArray, np.ndarray],
    known: dict[Any, Any],
) -> xr.Dataset:
    """Knock out nodes by the removal order at the last step of the input; once for each order."""
    key, order, solved = ordered
    kind = analysis.knockout
    if (key, kind) in known:
        return known[key, kind]
    study = part.analysed(analysis)
    config = KnockoutConfig(study, condition.task.name, n_random=part.n_random, kind=kind)
    chosen = order.sel(time=study.n_steps).rename(network="replicate")
    dataset = chosen.to_dataset(name="removal_order").assign_coords(
        replicate=solved,
        node=np.arange(1, study.n_nodes + 1),
        architecture=condition.architecture,
        concept_name=("concept", chosen.concept.values),
    )
    if kind not in known:
        known[kind] = knock_out(config, ensemble, dataset, which=("at_random",))
    knockouts = knock_out(config, ensemble, dataset, which=("relaying", "least_relaying"))
    knockouts = knockouts.merge(known[kind], compat="override", join="outer")
    silenced = knockouts.relaying.sel(n_knocked_out=study.n_nodes).mean(["relays_of", "concept"])
    known[key, kind] = mean_losses(knockouts).assign(silenced=silenced)
    return known[key, kind]


def _asked_onsets(condition: TrainingConfig) -> tuple[int, ...] | None:
    """Return the onsets of the condition that claim C8 is about, None of all others."""
    is_asked = (condition.task.name, condition.architecture) == ("memory", "LSTM")
    return known_onsets(condition.task) if is_asked and condition.regime == "5" else None


def _times(study: StudyConfig, condition: TrainingConfig) -> list[int]:
    """Steps at which information matrices are needed."""
    last = study.n_steps + study.read_delay(condition.regime)
    first = 1 if _asked_onsets(condition) is not None else study.n_steps
    return list(range(first, last + 1))


def together(universe: Universe, parts: list[xr.Dataset]) -> xr.Dataset:
    """Lay what `measure_part` gave for each part along task and architecture.

    Parameters
    ----------
    parts
        In the order of ``universe.parts()``.
    """
    study = check_type("universe", universe, Universe).study
    for part in check_all("parts", parts, xr.Dataset):
        check_dataset("parts", part, correlation=("regime", "analysis", "replicate"))
    cells = [part.sel(regime=regime) for part in parts for regime in study.regimes]
    return by_condition(study, cells)
