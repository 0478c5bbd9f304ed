"""An intervention on drift: networks that training starts from other first weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    check_all,
    check_bool,
    check_choice,
    check_dataset,
    check_dims,
    check_floats,
    check_integer,
    check_type,
)
from relaylib.core.store import StoreLike, as_store
from relaylib.measures.drift import median_replicate
from relaylib.measures.geometry import pca
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.networks.first_weights import FirstWeights
from relaylib.networks.trained import trained_networks
from relaylib.studies.claims.inputs import FIXED, Estimate, contrast
from relaylib.studies.config import configured
from relaylib.studies.grid import stack
from relaylib.studies.witnesses import WitnessConfig, run_witnesses

_PER_NETWORK = ("regime", "replicate")
DOSES = (
    *(FirstWeights(identity=a) for a in (0.0, 0.25, 0.5, 0.75, 1.0)),
    FirstWeights("orthogonal"),
    FirstWeights("minus identity"),
)
"""First weights of RNNs: a dose of the identity, a random rotation, and a reversal."""
GATE_BIASES = tuple(FirstWeights(keep_bias=bias) for bias in (-4.0, -2.0, 0.0, 2.0))
"""First weights of GRUs and LSTMs: the bias of the gate that keeps the state."""


@dataclass(frozen=True)
class InterventionConfig:
    """Which networks start from which first weights, and how they are questioned.

    Parameters
    ----------
    witnesses
        The questions, and the study whose networks start as torch has it.
    architecture
        Of that study.
    regimes
        Of that study: the training regimes that are repeated.
    first_weights
        What training starts from, one after the other.

    Raises
    ------
    ValueError, TypeError
        If the study lacks the architecture or a regime, or first weights are not distinct.
    """

    witnesses: WitnessConfig = field(default_factory=WitnessConfig)
    architecture: str = "RNN"
    regimes: tuple[str, ...] = FIXED
    first_weights: tuple[FirstWeights, ...] = DOSES

    def __post_init__(self) -> None:
        study = check_type("witnesses", self.witnesses, WitnessConfig).study
        check_choice("architecture", self.architecture, study.architectures)
        for name, kind in (("regimes", str), ("first_weights", FirstWeights)):
            values = check_type(name, getattr(self, name), tuple)
            if not check_all(name, values, kind) or len(set(values)) < len(values):
                raise ValueError(f"{name} must be distinct, one or more, got {values!r}")
        for regime in self.regimes:
            check_choice("regimes", regime, study.regimes)
        for first in self.first_weights:
            self.of(first)  # StudyConfig checks the rest

    @property
    def labels(self) -> list[str]:
        """Names of the first weights, as from `label`."""
        is_gate = any(first.keep_bias for first in self.first_weights)
        return [label(first, is_gate=is_gate) for first in self.first_weights]

    def of(self, first: FirstWeights) -> WitnessConfig:
        """Return the witnesses of networks with these first weights.

        Raises
        ------
        TypeError
            If ``first`` is anything else.
        """
        study = replace(
            self.witnesses.study,
            architectures=(self.architecture,),
            regimes=self.regimes,
            first_weights=check_type("first", first, FirstWeights),
        )
        return replace(self.witnesses, study=study)


def label(first: FirstWeights, *, is_gate: bool = False) -> str:
    """Return a short name of first weights, e.g. "a = 0.25", "orthogonal" or "bias +2".

    Parameters
    ----------
    first
        The first weights.
    is_gate
        Name them by the bias of the gate even if it is not shifted.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    """
    check_type("first", first, FirstWeights)
    is_gate = check_bool("is_gate", is_gate) or first.keep_bias != 0
    parts = [] if first.recurrent == "uniform" else [first.recurrent]
    if first.identity or not (parts or is_gate):
        parts.append(f"a = {first.identity:g}")
    if is_gate:
        parts.append(f"bias {first.keep_bias:+g}" if first.keep_bias else "bias 0")
    return ", ".join(parts)


def run_intervention(
    config: InterventionConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Train networks from each of the first weights, and ask the witnesses of drift.

    Returns
    -------
    xarray.Dataset
        As from `run_witnesses`, of one architecture, with the first dimension ``first_weights``,
        whose labels are those of `label`; (first_weights, task, regime, replicate, ...).
    """
    config, store = configured(config, InterventionConfig), as_store(store)
    found = [run_witnesses(config.of(first), store=store) for first in config.first_weights]
    cells = [each.sel(architecture=config.architecture).drop_attrs() for each in found]
    together = stack(cells, "first_weights")
    return together.assign_coords(first_weights=config.labels).assign_attrs(
        seed=config.witnesses.study.seed, architecture=config.architecture
    )


def turning_states(
    config: InterventionConfig | None = None,
    *,
    task: str = "memory",
    store: StoreLike | None = None,
) -> xr.Dataset:
    """States of one network for each of the first weights, in a plane, step by step.

    The network is the one of median drift in the last regime. Its plane holds the first two
    principal components of all its states from the end of the input to the answer, so that a code
    that turns is seen to turn.

    Returns
    -------
    xarray.Dataset
        ``place`` (first_weights, time, sequence, axis), each plane scaled to [-1, 1]; ``concepts``
        (concept, sequence), of either sign; ``replicate`` and ``correlation`` (first_weights);
        ``decoding`` (..., trained_at, tested_at), ``loss`` (..., ranked_at, knocked_at) and
        ``phase_degrees`` of that network. Only tasks whose sequences can be listed.

    Raises
    ------
    ValueError
        If the study has no such task.
    """
    config, store = configured(config, InterventionConfig), as_store(store)
    study = config.witnesses.study
    check_choice("task", task, [known.name for known in study.tasks])
    regime = config.regimes[-1]
    every = run_intervention(config, store=store).sel(task=task, regime=regime)
    cells = []
    for first, name in zip(config.first_weights, config.labels, strict=True):
        found = every.sel(first_weights=name)
        r = found.correlation  # without a value where no network relays anything
        number = int(median_replicate(r) if r.notnull().any() else r.replicate[0])
        condition = config.of(first).study.condition(task, config.architecture, regime)
        trials = condition.task.population()
        ensemble = trained_networks(condition, store=store).ensemble[number]
        run = ensemble.run(trials.inputs, study.read_delay(regime)).analysed(study.lstm_state)
        states = run[0, study.n_steps - 1 :].transpose(0, 2, 1)  # time, sequence, node
        place, _ = pca(states.reshape(-1, states.shape[2]))
        place = (place / abs(place).max()).reshape(*states.shape[:2], 2)
        times = np.arange(study.n_steps, study.n_steps + len(states))
        cell = found.sel(replicate=number)[["decoding", "loss", "correlation", "phase_degrees"]]
        cell = cell.assign(place=(("time", "sequence", "axis"), place)).reset_coords("replicate")
        cells.append(cell.assign_coords(time=times).drop_vars("first_weights"))
    together = stack(cells, "first_weights").assign_coords(first_weights=config.labels)
    return together.assign(concepts=(("concept", "sequence"), trials.targets.T)).assign_coords(
        concept=list(trials.concepts)
    )


@dataclass(frozen=True, eq=False)
class Counteraction:
    """How one deviation changes the groups of claim C9: GRU minus RNN, LSTM minus RNN.

    Attributes
    ----------
    groups
        Dataset (task, regime, against): ``estimate``, ``low``, ``high`` of the difference in r;
        ``default``, the estimate without the deviation; ``is_counteracted``.
    on_task
        Whether at least half of the groups of each task are counteracted.
    """

    groups: xr.Dataset
    on_task: dict[str, bool]


def counteraction(
    witnesses: xr.Dataset, deviating: xr.DataArray, *, seed: int, name: str
) -> Counteraction:
    """Judge whether a deviation of RNNs counteracts their drift, by the rule of claim C17.

    A group is counteracted if the 95 % interval of its difference no longer lies above 0, or the
    estimate is below a quarter of that without the deviation.

    Parameters
    ----------
    witnesses
        From `run_witnesses`: ``correlation`` of all architectures as torch starts them.
    deviating
        ``correlation`` (task, regime, replicate) of RNNs with the deviation.
    seed, name
        Of the bootstrap.

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing.
    """
    check_integer("seed", seed, 0), check_type("name", name, str)
    check_dataset("witnesses", witnesses, correlation=("task", "architecture", *_PER_NETWORK))
    check_dims("deviating", deviating, ("task", *_PER_NETWORK))
    for title, values in (("witnesses", witnesses.correlation), ("deviating", deviating)):
        check_floats(title, values.values, (...,), allow_nan=True)
        missing = {*FIXED} - {*values.regime.values.tolist()}
        if missing or "task" not in values.coords or values.isnull().all():
            raise ValueError(f"{title} must hold r by task and regime {FIXED}, not {missing}")
    if {*witnesses.architecture.values.tolist()} != {*ARCHITECTURES}:
        raise ValueError(f"witnesses must be of {ARCHITECTURES}")
    if not np.array_equal(witnesses.task, deviating.task):
        raise ValueError("deviating must have the tasks of witnesses")
    r = witnesses.correlation
    shape = (r.sizes["task"], len(FIXED), 2)
    values = np.empty((4, *shape))
    for at in np.ndindex(shape):
        task, regime, other = r.task.values[at[0]], FIXED[at[1]], ARCHITECTURES[1:][at[2]]
        gated = r.sel(task=task, regime=regime, architecture=other)
        rnn = r.sel(task=task, regime=regime, architecture="RNN")
        key = f"{task} {regime} {other}"
        changed = deviating.sel(task=task, regime=regime)
        found: Estimate = contrast((1.0, gated), (-1.0, changed), seed=seed, label=f"{name} {key}")
        values[(slice(None), *at)] = *found[:3], float(gated.mean() - rnn.mean())
    estimate, low, high, default = values
    counteracted = ~(low > 0) | (estimate < default / 4)
    names = {"estimate": estimate, "low": low, "high": high, "default": default}
    group_dims = ("task", "regime", "against")
    groups = xr.Dataset(
        {k: (group_dims, v) for k, v in (names | {"is_counteracted": counteracted}).items()},
        {"task": r.task.values, "regime": list(FIXED), "against": list(ARCHITECTURES[1:])},
    )
    share = groups.is_counteracted.mean(["regime", "against"])
    return Counteraction(groups, {str(t): bool(share.sel(task=t) >= 0.5) for t in r.task.values})


def preliminary_verdict(judged: dict[str, Counteraction]) -> str:
    """Return the verdict of claim C17 over these deviations; the multiverse will hold more.

    "reproduced" if none counteracts the drift on a task, "not reproduced" if one does on every
    task, otherwise "partly".

    Raises
    ------
    TypeError
        If ``judged`` is no dictionary of `Counteraction`.
    """
    check_all("judged", list(check_type("judged", judged, dict).values()), Counteraction)
    if any(all(each.on_task.values()) for each in judged.values()):
        return "not reproduced"
    return "partly" if any(any(e.on_task.values()) for e in judged.values()) else "reproduced"
