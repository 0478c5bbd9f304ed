"""Three witnesses of drift in every network of a study: information, knockouts and decoders."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_integer, check_number, check_type, normalise
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.core.tolerances import TOO_LARGE
from relaylib.measures.causal_drift import causal_drift
from relaylib.measures.decoding import by_lag, cross_temporal_decoding
from relaylib.measures.drift import drift
from relaylib.measures.spectrum import step_spectrum
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.studies.config import StudyConfig, configured
from relaylib.studies.grid import by_condition
from relaylib.studies.study import load_ensemble, run_study
from relaylib.tasks.task import training_trials, with_noise


@dataclass(frozen=True)
class WitnessConfig:
    """Everything that decides what the witnesses say.

    Parameters
    ----------
    study
        The networks, and how their relay information is found.
    n_removed
        Nodes that are knocked out together.
    n_random
        Random sets of so many nodes.
    noise_sd
        Standard deviation of Gaussian noise on the sensors while decoders are trained and tested.
    n_sequences
        Noisy sequences on which decoders are trained, and as many others on which they are tested.
    n_leading
        Eigenvalues of a step that are kept: as many as concepts to remember.
    n_states
        Sequences at whose states eigenvalues are computed, evenly spaced in the population.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    study: StudyConfig = field(default_factory=StudyConfig)
    n_removed: int = 4
    n_random: int = 20
    noise_sd: float = 0.1
    n_sequences: int = 256
    n_leading: int = 3
    n_states: int = 16

    def __post_init__(self) -> None:
        n_nodes = check_type("study", self.study, StudyConfig).n_nodes
        normalise(
            self,
            n_removed=check_integer("n_removed", self.n_removed, 1, n_nodes),
            n_random=check_integer("n_random", self.n_random, 1, 10_000),
            noise_sd=check_number("noise_sd", self.noise_sd, 0, TOO_LARGE),
            n_sequences=check_integer("n_sequences", self.n_sequences, 32, 100_000),
            n_leading=check_integer("n_leading", self.n_leading, 1, (n_nodes + 1) // 2),
            n_states=check_integer("n_states", self.n_states, 1, 10_000),
        )


def run_witnesses(
    config: WitnessConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Ask of every network whether its information moves from the end of the input to the answer.

    Returns
    -------
    xarray.Dataset
        (task, architecture, regime, replicate, ...): ``correlation``, the paper's statistic, as
        from `relaylib.measures.drift.drift`; ``loss`` (ranked_at, knocked_at), ``loss_at_random``
        (knocked_at), ``diagonal``, ``off_diagonal``, ``contrast``: as from `causal_drift`;
        ``decoding`` (trained_at, tested_at) and ``decoding_at_lag`` (lag): as from
        `cross_temporal_decoding`, mean over concepts; ``modulus``, ``phase_degrees`` and ``cosine``
        (leading), and ``self_correlation``: as from `step_spectrum`, mean over the blank steps up
        to the answer; ``predicted``: mean of ``cosine``. Steps after the answer are NaN. Also the
        study's ``accuracy`` (test_delay), ``epochs``, ``attempts`` and ``population_accuracy``.
    """
    config, store = configured(config, WitnessConfig), as_store(store)
    modules = ["relaylib.studies.witnesses"]
    return store.dataset("witnesses", config, lambda: _measure(config, store), modules=modules)


_KEPT = ("accuracy", "epochs", "attempts", "population_accuracy")


def _measure(config: WitnessConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store)
    conditions = list(config.study.conditions())
    with threadpool_limits(1):  # threads only slow down matrices this small
        cells = [
            _measure_condition(config, condition, study, store)
            for condition in progress(conditions, desc="witnesses", unit="condition")
        ]
    found = by_condition(config.study, cells)
    found["correlation"] = drift(study.information_bits).correlation
    found["predicted"] = found.cosine.mean("leading").assign_attrs(units="1")
    return found.assign({name: study[name] for name in _KEPT}).assign_attrs(seed=config.study.seed)


def _measure_condition(
    config: WitnessConfig, condition: TrainingConfig, study: xr.Dataset, store: Store
) -> xr.Dataset:
    names = condition.task.name, condition.architecture, condition.regime
    ensemble = load_ensemble(config.study, *names, store=store)
    delay = config.study.read_delay(condition.regime)
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=condition.seed)
    chosen = study.sel(task=names[0], architecture=names[1], regime=names[2])
    key = (config.study.seed, "witnesses", *names)
    causal = causal_drift(
        ensemble,
        trials,
        chosen.removal_order,
        delay=delay,
        n_removed=config.n_removed,
        n_random=config.n_random,
        rng=stream(*key, "random sets"),
    )
    decoding = _decoding(config, condition, ensemble, delay, stream(*key, "noise"))
    every = np.unique(np.linspace(0, len(trials.inputs) - 1, config.n_states).astype(int))
    visited = trials._replace(inputs=trials.inputs[every], targets=trials.targets[every])
    spectrum = step_spectrum(
        ensemble,
        visited,
        n_blank=max(delay, 1),
        n_leading=config.n_leading,
        lstm_state=config.study.lstm_state,
    )
    spectrum = spectrum.mean("time", keep_attrs=True).rename(network="replicate")
    at_lag = by_lag(decoding, "trained_at", "tested_at")
    return xr.merge(
        [causal, spectrum, decoding, at_lag.rename("decoding_at_lag")],
        join="outer",
        compat="equals",
    )


def _decoding(
    config: WitnessConfig,
    condition: TrainingConfig,
    ensemble: Ensemble,
    delay: int,
    rng: np.random.Generator,
) -> xr.DataArray:
    """Accuracy (replicate, trained_at, tested_at), from the last input step to the answer."""
    n_steps = condition.task.n_steps
    recorded = []
    for _ in ("trained on", "tested on"):
        trials = condition.task.sample(config.n_sequences, rng=rng)
        trials = with_noise(
            trials._replace(concepts=tuple(condition.task.concepts)), config.noise_sd, rng
        )
        activations = ensemble.run(trials.inputs, delay).analysed(config.study.lstm_state)
        dims = ("network", "time", "node", "sequence")
        time = np.arange(n_steps, n_steps + delay + 1)
        states = xr.DataArray(activations[:, n_steps - 1 :], {"time": time}, dims)
        coords = {"concept": list(trials.concepts)}
        recorded += [states, xr.DataArray(trials.targets.T, coords, ("concept", "sequence"))]
    decoding = cross_temporal_decoding(*recorded).mean("concept", keep_attrs=True)
    return decoding.assign_coords(network=np.arange(len(ensemble))).rename(network="replicate")
