"""The knockouts of the study: relays of each concept, the least relaying nodes, random sets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import regime_delays
from relaylib.studies.study import StudyConfig, load_ensemble, run_study
from relaylib.tasks.task import training_trials


@dataclass(frozen=True)
class KnockoutConfig:
    """Everything that decides the knockouts' numbers.

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
        Step after whose update the removal order is taken and nodes are knocked out (paper: 10,
        when all information is in).
    n_random
        Random orders of nodes per network, the control: their first k nodes are the random sets
        of size k.

    Raises
    ------
    ValueError, TypeError
        If task or regime are not in the study, or a number is out of range.
    """

    study: StudyConfig = field(default_factory=StudyConfig)
    task: str = "memory"
    regime: str = "random"
    time: int = 10
    n_random: int = 50

    def __post_init__(self) -> None:
        check_choice("task", self.task, [task.name for task in self.study.tasks])
        check_choice("regime", self.regime, self.study.regimes)
        check_integer("time", self.time, 1, self.study.tasks[0].n_steps)
        check_integer("n_random", self.n_random, 1)


def run_knockouts(
    config: KnockoutConfig | None = None, *, store: Store | None = None
) -> xr.Dataset:
    """Knock out relaying, least relaying and random nodes in every network (Figs. 4 and 5).

    Returns
    -------
    xarray.Dataset
        Fraction of sequences answered with the right sign, over the regime's delays and the
        population: ``relaying`` and ``least_relaying`` (architecture, replicate, relays_of,
        n_knocked_out, concept), where the nodes removed are the most and the least relaying of
        concept ``relays_of``; ``at_random`` (architecture, replicate, draw, n_knocked_out,
        concept). Concept names are in ``concept_name``.

    References
    ----------
    Hintze, Najam, Schossau (2025), section III.
    """
    config, store = config or KnockoutConfig(), store or Store()
    return store.dataset(
        f"knockouts-{config.task}",
        config,
        lambda: _measure(config, store),
        modules=["relaylib.studies.knockouts"],
    )


def _measure(config: KnockoutConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store)
    chosen = study.sel(task=config.task, regime=config.regime, time=config.time)
    rows = [
        _measure_architecture(config, store, architecture, chosen.sel(architecture=architecture))
        for architecture in progress(config.study.architectures, desc="knockouts")
    ]
    knockouts = xr.Dataset(
        coords={
            "architecture": list(config.study.architectures),
            "replicate": chosen.replicate.values,
            "relays_of": chosen.concept.values,
            "draw": np.arange(config.n_random),
            "n_knocked_out": np.arange(config.study.n_nodes + 1),
            "concept": chosen.concept.values,
            "concept_name": ("concept", chosen.concept_name.values),
        }
    )
    for name, (dimension, label) in _VARIABLES.items():
        knockouts[name] = (
            ("architecture", "replicate", dimension, "n_knocked_out", "concept"),
            np.stack([row[name] for row in rows]),
            {"units": "1", "long_name": f"fraction right without {label}"},
        )
    return knockouts.assign_attrs(
        task=config.task, regime=config.regime, time=config.time, seed=config.study.seed
    )


_VARIABLES = {
    "relaying": ("relays_of", "the most relaying nodes"),
    "least_relaying": ("relays_of", "the least relaying nodes"),
    "at_random": ("draw", "random nodes"),
}


def _measure_architecture(
    config: KnockoutConfig, store: Store, architecture: str, chosen: xr.Dataset
) -> dict[str, np.ndarray]:
    condition = config.study.condition(config.task, architecture, config.regime)
    ensemble = load_ensemble(config.study, config.task, architecture, config.regime, store=store)
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=condition.seed)
    least_first = chosen.removal_order.values - 1
    orders = {
        "relaying": least_first[..., ::-1],
        "least_relaying": least_first,
        "at_random": _random_orders(config, architecture),
    }
    accuracy = {}
    for name, order in orders.items():
        sets = first_nodes(order)  # replicate, concept or draw, k, node
        shares = knockout_accuracy(
            ensemble,
            trials,
            sets.reshape(len(sets), -1, sets.shape[-1]),
            delays=regime_delays(config.regime),
            step=config.time,
        )
        accuracy[name] = shares.mean(axis=2).reshape(*sets.shape[:3], -1)
    return accuracy


def _random_orders(config: KnockoutConfig, architecture: str) -> np.ndarray:
    """Draw (replicate, draw, node); a network's draws do not depend on how many networks run."""
    study = config.study
    nodes = np.tile(np.arange(study.n_nodes), (config.n_random, 1))
    key = ("knockouts", config.task, architecture, config.regime)
    return np.stack(
        [stream(study.seed, *key, r).permuted(nodes, axis=1) for r in range(study.n_replicates)]
    )


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
    whole, parts = knockouts.isel(n_knocked_out=0), knockouts.isel(n_knocked_out=slice(1, -1))
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
