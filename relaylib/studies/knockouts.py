"""Knockouts in the networks of a study: relays of each concept, least relaying and random nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    check_all,
    check_choice,
    check_dataset,
    check_integer,
    check_type,
    normalise,
    select,
)
from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders, stream
from relaylib.core.store import Store, StoreLike
from relaylib.measures.knockout import KINDS, first_nodes, knockout_accuracy
from relaylib.networks.ensemble import Ensemble
from relaylib.studies.config import StudyConfig, configured, stored
from relaylib.studies.grid import stack
from relaylib.studies.study import load_ensemble, run_study
from relaylib.tasks.task import training_trials

WHICH = ("relaying", "least_relaying", "at_random")
"""Which nodes are knocked out."""


@dataclass(frozen=True)
class KnockoutConfig:
    """Everything that decides the numbers of the knockouts.

    Parameters
    ----------
    study
        The networks, and how their removal orders are found.
    task
        Name of one of the study's tasks.
    regime
        Training regime of the networks (paper: random). They answer at the delays of the regime,
        which are averaged; the paper does not say at which they answer.
    time
        Step after whose update the removal order is taken and nodes are knocked out; None: the
        last step of the input, when all information is in (paper: 10).
    n_random
        Random orders of nodes per network, the control: their first k nodes are the random sets
        of size k.
    kind
        What states are replaced by, as in `relaylib.measures.knockout.knockout_accuracy`.

    Raises
    ------
    ValueError, TypeError
        If task or regime are not in the study, or a number is out of range.
    """

    study: StudyConfig = field(default_factory=StudyConfig)
    task: str = "memory"
    regime: str = "random"
    time: int | None = None
    n_random: int = 50
    kind: str = "zero"

    def __post_init__(self) -> None:
        check_type("study", self.study, StudyConfig)
        check_choice("task", self.task, [task.name for task in self.study.tasks])
        check_choice("regime", self.regime, self.study.regimes)
        check_choice("kind", self.kind, KINDS)
        if self.time is not None:
            normalise(self, time=check_integer("time", self.time, 1, self.study.n_steps))
        normalise(self, n_random=check_integer("n_random", self.n_random, 1))

    @property
    def step(self) -> int:
        """Step of the knockout."""
        return self.study.n_steps if self.time is None else self.time


def run_knockouts(
    config: KnockoutConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Knock out relaying, least relaying and random nodes in every network (Figs. 4 and 5).

    Returns
    -------
    xarray.Dataset
        Fraction of sequences answered with the right sign, over the regime's delays and the
        population: ``relaying`` and ``least_relaying`` (architecture, replicate, relays_of,
        n_knocked_out, concept), where the nodes removed are the most and the least relaying of
        concept ``relays_of``; ``at_random`` (architecture, replicate, draw, n_knocked_out,
        concept). ``relays_of`` and ``concept`` hold the task's names.

    References
    ----------
    Hintze, Najam, Schossau (2025), section III.
    """
    name = f"knockouts-{configured(config, KnockoutConfig).task}"
    return stored(name, config, KnockoutConfig, store, _measure)


def _measure(config: KnockoutConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store)
    chosen = select(study, task=config.task, regime=config.regime, time=config.step)
    architectures = list(config.study.architectures)
    cells = [
        _measure_architecture(config, store, chosen.sel(architecture=architecture))
        for architecture in progress(architectures, desc="knockouts")
    ]
    knockouts = stack(cells, "architecture").assign_coords(
        architecture=architectures, concept_name=("concept", chosen.concept.values)
    )
    for name, label in _VARIABLES.items():
        knockouts[name].attrs = {"units": "1", "long_name": f"fraction right without {label}"}
    return knockouts.assign_attrs(
        task=config.task, regime=config.regime, time=config.step, seed=config.study.seed
    )


_VARIABLES = {
    "relaying": "the most relaying nodes",
    "least_relaying": "the least relaying nodes",
    "at_random": "random nodes",
}


def _measure_architecture(config: KnockoutConfig, store: Store, chosen: xr.Dataset) -> xr.Dataset:
    levels = config.task, str(chosen.architecture.item()), config.regime
    return knock_out(config, load_ensemble(config.study, *levels, store=store), chosen)


def knock_out(
    config: KnockoutConfig,
    ensemble: Ensemble,
    chosen: xr.Dataset,
    *,
    which: Sequence[str] = WHICH,
) -> xr.Dataset:
    """Knock out nodes in the networks of one architecture.

    Parameters
    ----------
    config
        The knockouts.
    ensemble
        The networks, in the order of ``chosen.replicate``.
    chosen
        Of a study: ``removal_order`` (replicate, concept, removal_step) at one task, architecture,
        regime and time.
    which
        Of "relaying", "least_relaying" and "at_random", those that are asked for.

    Returns
    -------
    xarray.Dataset
        As from `run_knockouts`, without architecture.
    """
    check_type("config", config, KnockoutConfig), check_type("ensemble", ensemble, Ensemble)
    check_dataset("chosen", chosen, removal_order=("replicate", "concept", "removal_step"))
    levels = config.task, str(chosen.architecture.item()), config.regime
    condition = config.study.condition(*levels)
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=condition.seed)
    order = chosen.removal_order.drop_vars("concept_name").rename(concept="relays_of")
    sets: dict[str, Callable[[], xr.DataArray]] = {
        "relaying": lambda: first_nodes(order, from_end=True),
        "least_relaying": lambda: first_nodes(order),
        "at_random": lambda: first_nodes(_random_orders(config, levels[1], chosen)),
    }
    for name in check_all("which", which, str):
        check_choice("which", name, WHICH)
    accuracy = {
        name: knockout_accuracy(
            ensemble,
            trials,
            sets[name](),
            delays=condition.delays,
            step=config.step,
            kind=config.kind,
            rng=stream(config.study.seed, "resampled", *levels),
        ).mean("delay", skipna=False)
        for name in which
    }
    return xr.Dataset(accuracy)


def _random_orders(config: KnockoutConfig, architecture: str, chosen: xr.Dataset) -> xr.DataArray:
    """Draw (replicate, draw, removal_step); draws of a network do not depend on the others."""
    key = ("knockouts", config.task, architecture, config.regime)
    draws = [
        random_orders(config.n_random, chosen.sizes["node"], rng=stream(config.study.seed, *key, r))
        for r in chosen.replicate.values.tolist()
    ]
    nodes, dims = chosen.node.values, ("replicate", "draw", "removal_step")
    coords = {"replicate": chosen.replicate, "draw": np.arange(config.n_random)}
    return xr.DataArray(nodes[np.stack(draws)], coords, dims)


def mean_losses(knockouts: xr.Dataset) -> xr.Dataset:
    """Accuracy that each network loses, averaged over set sizes short of all nodes, and concepts.

    Parameters
    ----------
    knockouts
        As from `run_knockouts`.

    Returns
    -------
    xarray.Dataset
        Fractions (architecture, replicate): ``own``, loss of the concept whose relays are knocked
        out; ``others``, loss of the other concepts; ``least_relaying`` and ``at_random``, loss of
        the own concept when as many of its least relaying nodes, or random nodes, go instead.
    """
    whole, parts = _whole_and_parts(knockouts)
    losses = (whole - parts).mean("n_knocked_out")
    is_own = losses.relays_of == losses.concept
    concepts = ["relays_of", "concept"]
    return xr.Dataset(
        {
            "own": losses.relaying.where(is_own).mean(concepts),
            "others": losses.relaying.where(~is_own).mean(concepts),
            "least_relaying": losses.least_relaying.where(is_own).mean(concepts),
            "at_random": losses.at_random.mean(["draw", "concept"]),
        }
    )


def leads(knockouts: xr.Dataset) -> xr.DataArray:
    """How much more a concept loses without its own relays than each other concept does.

    Parameters
    ----------
    knockouts
        As from `run_knockouts`.

    Returns
    -------
    xarray.DataArray
        (architecture, replicate, relays_of, concept): loss of concept ``relays_of`` minus loss of
        ``concept`` when relays of ``relays_of`` are knocked out, each averaged over set sizes short
        of all nodes. Above 0: the own concept loses more. NaN for a concept and itself.
    """
    whole, parts = _whole_and_parts(knockouts)
    losses = (whole.relaying - parts.relaying).mean("n_knocked_out")
    is_own = losses.relays_of == losses.concept
    return (losses.where(is_own).max("concept") - losses).where(~is_own)


def _whole_and_parts(knockouts: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Accuracy with all nodes, and without some of them."""
    sets = ("relays_of", "n_knocked_out", "concept")
    at_random = ("draw", *sets[1:])
    check_dataset("knockouts", knockouts, relaying=sets, least_relaying=sets, at_random=at_random)
    return knockouts.isel(n_knocked_out=0), knockouts.isel(n_knocked_out=slice(1, -1))
