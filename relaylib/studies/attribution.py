"""Six scores of every node of a study, compared with each other and with knockouts of sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import xarray as xr

from relaylib.core.bootstrap import bootstrap_interval
from relaylib.core.checks import check_choice, check_integer, check_number, check_type, normalise
from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders, stream
from relaylib.core.store import Store, StoreLike
from relaylib.information.exact import MAX_NODES, exact_subsets
from relaylib.information.relay import node_values
from relaylib.measures.attribution import (
    node_information,
    probe_weights,
    rank_agreement,
    rank_prediction,
)
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import Recording
from relaylib.studies.config import StudyConfig, stored
from relaylib.studies.grid import by_condition
from relaylib.studies.study import load_ensemble, record_condition, run_study
from relaylib.tasks.task import Trials, training_trials

SCORES = (
    "cumulative loss",
    "Shapley value",
    "essential information",
    "mutual information",
    "single knockout",
    "probe weight",
)
"""The first three come from relay information, the last three from each node alone."""
PREDICTORS = ("relay information of the set", *SCORES)


@dataclass(frozen=True)
class AttributionConfig:
    """Everything that decides the numbers of the comparison.

    Parameters
    ----------
    study
        The networks, and how their relay information is found. The cumulative loss is compared,
        whatever ``study.value`` is.
    regime
        Training regime of the networks; they answer at its delays, which are averaged.
    time
        Step at which nodes are scored and knocked out; None: the last step of the input.
    n_random
        Random orders of nodes per network; their first k nodes are the random sets of size k.
    ridge
        Penalty of the linear probe, as in `relaylib.measures.attribution.probe_weights`.

    Raises
    ------
    ValueError, TypeError
        If the regime is not in the study, or a number is out of range.
    """

    study: StudyConfig = field(default_factory=StudyConfig)
    regime: str = "random"
    time: int | None = None
    n_random: int = 12
    ridge: float = 0.01

    def __post_init__(self) -> None:
        check_type("study", self.study, StudyConfig)
        check_integer("n_nodes", self.study.n_nodes, 2, MAX_NODES)
        check_choice("regime", self.regime, self.study.regimes)
        if self.time is not None:
            normalise(self, time=check_integer("time", self.time, 1, self.study.n_steps))
        n_random = check_integer("n_random", self.n_random, 2)
        normalise(self, n_random=n_random, ridge=check_number("ridge", self.ridge, 0, above=True))

    @property
    def step(self) -> int:
        """Step of scores and knockouts."""
        return self.study.n_steps if self.time is None else self.time


def run_attribution(
    config: AttributionConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Score every node in six ways and hold the scores against each other and against knockouts.

    Returns
    -------
    xarray.Dataset
        With leading dimensions task, architecture, replicate, concept:
        ``score`` (..., measure, node): see `SCORES`; bits, except single knockout (lost fraction
        of answers) and probe weight (no unit); ``total_bits``: I_R of all nodes;
        ``last_removed``: label of the node that greedy removes last;
        ``interaction_bits`` (..., node, other_node): positive redundancy, negative synergy;
        ``agreement`` (..., measure, other_measure): Kendall's tau-b;
        ``prediction`` (..., predictor): Spearman correlation with the loss of the concept's
        accuracy under knockout of random sets, among sets of one size;
        ``loss`` (..., measure, n_knocked_out) and ``loss_at_random`` (..., n_knocked_out): lost
        fraction of the concept's answers without the k nodes that score highest, and without k
        random ones.
        ``prediction_gain`` (..., predictor): what it has ahead of cumulative loss.
        ``agreement``, ``prediction`` and ``prediction_gain`` come with ``_low`` and ``_high``
        (task, architecture, ...): 95 % bootstrap interval of the mean over networks, concepts
        averaged first.

    References
    ----------
    Interaction: Grabisch and Roubens (1999), International Journal of Game Theory 28, 547-565.
    """
    return stored("attribution", config, AttributionConfig, store, _measure)


_VARIABLES = {
    "score": (("measure", "node"), "score of the node"),
    "total_bits": ((), "relay information of all nodes"),
    "last_removed": ((), "node that greedy removes last"),
    "interaction_bits": (("node", "other_node"), "Shapley interaction, positive redundancy"),
    "agreement": (("measure", "other_measure"), "Kendall's tau-b"),
    "prediction": (("predictor",), "rank correlation with the loss under knockout"),
    "loss": (("measure", "n_knocked_out"), "lost fraction of answers"),
    "loss_at_random": (("n_knocked_out",), "lost fraction of answers, random sets"),
}
_CASE = ("task", "architecture", "replicate", "concept")


def _measure(config: AttributionConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store).sel(regime=config.regime, time=config.step)
    conditions = [c for c in config.study.conditions() if c.regime == config.regime]
    cells = [
        _measure_condition(config, condition, study, store)
        for condition in progress(conditions, desc="attribution", unit="condition")
    ]
    compared = by_condition(config.study, cells, factors=_CASE[:2])
    for name, (_, label) in _VARIABLES.items():
        units = "bit" if name.endswith("_bits") else "1"
        compared[name].attrs = {"units": units, "long_name": label}
    own = compared.prediction - compared.prediction.sel(predictor=SCORES[0], drop=True)
    compared["prediction_gain"] = own.assign_attrs(long_name=f"prediction less that of {SCORES[0]}")
    for name in ("agreement", "prediction", "prediction_gain"):
        rng = stream(config.study.seed, "attribution", name)
        interval = bootstrap_interval(compared[name].mean("concept"), rng=rng)
        compared[f"{name}_low"], compared[f"{name}_high"] = interval.low, interval.high
    return compared.assign_attrs(regime=config.regime, time=config.step, seed=config.study.seed)


class _Case(NamedTuple):
    """The networks of one condition, and their recording at the step in question."""

    ensemble: Ensemble
    trials: Trials
    delays: tuple[int, ...]
    step: int
    recording: Recording
    whole: xr.DataArray  # accuracy without a knockout, (network, concept)

    def losses(self, sets: xr.DataArray) -> xr.DataArray:
        """Lost fraction of answers without each set (network, ..., node): (network, ..., concept).

        Accuracies are averaged over the delays of the regime.
        """
        accuracy = knockout_accuracy(
            self.ensemble, self.trials, sets, delays=self.delays, step=self.step
        )
        return self.whole - accuracy.mean("delay", skipna=False)


def _load(config: AttributionConfig, condition: TrainingConfig, store: Store) -> _Case:
    study, delays = config.study, condition.delays
    levels = condition.task, condition.architecture, condition.regime
    ensemble = load_ensemble(study, *levels, store=store)
    n_blank = max(study.n_blank, *delays)
    recording = record_condition(study, condition, ensemble, n_blank=n_blank)
    answers = recording.answers.sel(time=[study.n_steps + delay for delay in delays])
    whole = (answers == recording.x_in).mean("sequence").mean("time")
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=study.seed)
    return _Case(ensemble, trials, delays, config.step, recording.sel(time=config.step), whole)


def _measure_condition(
    config: AttributionConfig, condition: TrainingConfig, study: xr.Dataset, store: Store
) -> xr.Dataset:
    case = _load(config, condition, store)
    greedy = study.sel(task=condition.task.name, architecture=condition.architecture)
    exact = _walk_sets(case.recording)
    states, x_in = case.recording.states.values, case.recording.x_in.values
    activations = case.recording.activations.values
    score = np.stack(
        [
            node_values(greedy.removal_order, greedy.relay_bits).values,
            exact["shapley_bits"],
            exact["essential_bits"],
            node_information(states, x_in),
            _single_losses(case),
            probe_weights(activations, x_in, ridge=config.ridge),
        ],
        axis=2,
    )  # network, concept, measure, node
    measured = {
        "score": score,
        "total_bits": exact["relay_bits"][..., -1],
        "last_removed": greedy.removal_order.isel(removal_step=-1).values,
        "interaction_bits": exact["interaction_bits"],
        "agreement": rank_agreement(score[:, :, :, None], score[:, :, None]),
        "loss": _own_losses(case, score, greedy),
        **_against_random_sets(config, condition, case, score, exact["relay_bits"]),
    }
    nodes = greedy.node.values
    coords = {"replicate": greedy.replicate.values, "node": nodes, "other_node": nodes}
    coords |= {"measure": list(SCORES), "other_measure": list(SCORES)}
    coords |= {"predictor": list(PREDICTORS), "n_knocked_out": np.arange(1, len(nodes))}
    dims = {name: ("replicate", "concept", *inner) for name, (inner, _) in _VARIABLES.items()}
    return xr.Dataset({name: (dims[name], measured[name]) for name in dims}, coords)


def _walk_sets(recording: Recording) -> dict[str, np.ndarray]:
    """All relay sets of each network and concept, (network, concept, ...)."""
    names = ("relay_bits", "shapley_bits", "essential_bits")
    found: dict[str, list[np.ndarray]] = {name: [] for name in (*names, "interaction_bits")}
    x_in, x_out, states = (
        data.values for data in (recording.x_in, recording.x_out, recording.states)
    )
    n_cases = x_out.shape[:2]
    for network, concept in np.ndindex(n_cases):
        case = x_in[concept], x_out[network, concept], states[network].T
        exact = exact_subsets(*case, is_population=True)  # run_study has warned, if need be
        for name in names:
            found[name].append(getattr(exact, name))
        found["interaction_bits"].append(exact.interaction_bits())
    return {
        name: np.stack(values).reshape(*n_cases, *values[0].shape) for name, values in found.items()
    }


def _single_losses(case: _Case) -> np.ndarray:
    """Lost answers without each single node, (network, concept, node)."""
    nodes = case.recording.states.node.values
    alone = np.eye(len(nodes), dtype=bool)
    sets = xr.DataArray(alone, {"without": nodes, "node": nodes}, ("without", "node"))
    return case.losses(sets).transpose("network", "concept", "without").values


def _own_losses(case: _Case, score: np.ndarray, greedy: xr.Dataset) -> np.ndarray:
    """Lost answers of the concept that the nodes were ordered for, (network, concept, .., k)."""
    orders = greedy.node.values[np.argsort(-np.round(score, 9), axis=-1, kind="stable")]
    orders[:, :, 0] = greedy.removal_order.values[..., ::-1]
    dims = ("network", "ordered_for", "measure", "removal_step")
    sets = first_nodes(xr.DataArray(orders, dims=dims)).isel(n_knocked_out=slice(1, -1))
    losses = case.losses(sets)
    own = xr.DataArray(np.arange(losses.sizes["concept"]), dims="own")
    losses = losses.isel(ordered_for=own, concept=own)
    return losses.transpose("network", "own", "measure", "n_knocked_out").values


def _against_random_sets(
    config: AttributionConfig,
    condition: TrainingConfig,
    case: _Case,
    score: np.ndarray,
    relay_bits: np.ndarray,
) -> dict[str, np.ndarray]:
    """Compare scores of random sets with the losses that their knockouts cause."""
    nodes = case.recording.states.node.values
    key = ("attribution", condition.task.name, condition.architecture, condition.regime)
    orders = [
        random_orders(config.n_random, len(nodes), rng=stream(condition.seed, *key, replicate))
        for replicate in range(condition.n_replicates)
    ]
    order = xr.DataArray(nodes[np.stack(orders)], dims=("network", "draw", "removal_step"))
    sets = first_nodes(order).isel(n_knocked_out=slice(1, -1))
    losses = case.losses(sets).transpose("network", "concept", "draw", "n_knocked_out").values
    members = sets.transpose("network", "draw", "n_knocked_out", "node").values
    members = members.reshape(len(members), -1, len(nodes))  # network, set, node
    sums = np.einsum("bcmn,bsn->bcms", score, members.astype(float))
    masks = members @ (1 << np.arange(len(nodes)))
    of_set = np.take_along_axis(relay_bits, masks[:, None], axis=-1)
    predictors = np.concatenate([of_set[:, :, None], sums], axis=2)
    sizes = np.tile(sets.n_knocked_out.values, config.n_random)
    flat = losses.reshape(*losses.shape[:2], 1, -1)
    return {
        "prediction": rank_prediction(predictors, flat, sizes),
        "loss_at_random": losses.mean(axis=2),
    }
