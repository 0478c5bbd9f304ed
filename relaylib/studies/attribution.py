"""Six scores of every node of the study, and what knocking out sets of nodes really costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.information.exact import exact_subsets
from relaylib.measures.attribution import (
    bootstrap_interval,
    node_information,
    probe_weights,
    rank_agreement,
    rank_prediction,
)
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import TrainingConfig, regime_delays
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import Recording, recording
from relaylib.studies.study import N_BLANK, StudyConfig, load_ensemble, run_study
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
        The networks, and how their relay information is found.
    regime
        Training regime of the networks; they answer at its delays, which are averaged.
    time
        Step at which nodes are scored and knocked out.
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
    time: int = 10
    n_random: int = 12
    ridge: float = 0.01

    def __post_init__(self) -> None:
        check_choice("regime", self.regime, self.study.regimes)
        check_integer("time", self.time, 1, self.study.tasks[0].n_steps)
        check_integer("n_random", self.n_random, 2)
        if not 0 < self.ridge < np.inf:
            raise ValueError(f"ridge must be positive and finite, got {self.ridge}")


def run_attribution(
    config: AttributionConfig | None = None, *, store: Store | None = None
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
    config, store = config or AttributionConfig(), store or Store()
    return store.dataset(
        "attribution",
        config,
        lambda: _measure(config, store),
        modules=["relaylib.studies.attribution"],
    )


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


def _measure(config: AttributionConfig, store: Store) -> xr.Dataset:
    study = run_study(config.study, store=store).sel(regime=config.regime, time=config.time)
    conditions = [c for c in config.study.conditions() if c.regime == config.regime]
    bar = progress(conditions, desc="attribution", unit="condition")
    rows = [_measure_condition(config, condition, study, store) for condition in bar]
    nodes = study.node.values
    compared = xr.Dataset(
        coords={name: study[name] for name in (*_CASE, "concept_name", "node")}
        | {"measure": list(SCORES), "other_measure": list(SCORES), "predictor": list(PREDICTORS)}
        | {"other_node": nodes, "n_knocked_out": np.arange(1, len(nodes))}
    ).drop_vars(("regime", "time"))
    shape = tuple(compared.sizes[name] for name in _CASE[:2])
    for name, (dims, label) in _VARIABLES.items():
        values = np.stack([row[name] for row in rows])
        attrs = {"units": "bit" if name.endswith("_bits") else "1", "long_name": label}
        compared[name] = ((*_CASE, *dims), values.reshape(*shape, *values.shape[1:]), attrs)
    own = compared.prediction - compared.prediction.sel(predictor=SCORES[0], drop=True)
    compared["prediction_gain"] = own.assign_attrs(long_name=f"prediction less that of {SCORES[0]}")
    for name in ("agreement", "prediction", "prediction_gain"):
        compared = compared.assign(_intervals(compared[name], config.study.seed))
    return compared.assign_attrs(regime=config.regime, time=config.time, seed=config.study.seed)


_CASE = ("task", "architecture", "replicate", "concept")


def _intervals(values: xr.DataArray, seed: int) -> dict[str, xr.DataArray]:
    """Bootstrap the networks of each task and architecture."""
    name = str(values.name)
    low, high = xr.apply_ufunc(
        lambda group: bootstrap_interval(
            np.moveaxis(group, -1, 0), rng=stream(seed, "attribution", name)
        ),
        values.mean("concept"),
        input_core_dims=[["replicate"]],
        output_core_dims=[[], []],
    )
    return {f"{name}_low": low, f"{name}_high": high}


class _Case(NamedTuple):
    """The networks of one condition at the step in question."""

    ensemble: Ensemble
    trials: Trials
    delays: tuple[int, ...]
    activations: np.ndarray  # network, node, sequence
    symbols: Recording  # states: network, node, sequence


def _load(config: AttributionConfig, condition: TrainingConfig, store: Store) -> _Case:
    study = config.study
    trials = training_trials(condition.task, n_sampled=condition.n_sampled, seed=study.seed)
    levels = condition.task, condition.architecture, condition.regime
    ensemble = load_ensemble(study, *levels, store=store)
    run = ensemble.run(trials.inputs, N_BLANK)
    symbols = recording(
        run,
        trials,
        delay=study.read_delay(condition.regime),
        lstm_state=study.lstm_state,
        method=study.discretiser,
        levels=study.levels,
    )
    analysed = run.hidden if run.cell is None or study.lstm_state == "hidden" else run.cell
    symbols = symbols._replace(states=symbols.states[:, config.time - 1])
    delays = regime_delays(condition.regime)
    return _Case(ensemble, trials, delays, analysed[:, config.time - 1], symbols)


def _measure_condition(
    config: AttributionConfig, condition: TrainingConfig, study: xr.Dataset, store: Store
) -> dict[str, np.ndarray]:
    case = _load(config, condition, store)
    greedy = study.sel(task=condition.task.name, architecture=condition.architecture)
    exact = _walk_sets(case.symbols)
    n_nodes = greedy.sizes["node"]

    singles = np.broadcast_to(np.eye(n_nodes, dtype=bool), (len(case.ensemble), n_nodes, n_nodes))
    score = np.stack(
        [
            greedy.information_bits.values,
            exact["shapley_bits"],
            exact["essential_bits"],
            node_information(case.symbols.states, case.symbols.x_in),
            _losses(config, case, singles).transpose(0, 2, 1),
            probe_weights(case.activations, case.symbols.x_in, ridge=config.ridge),
        ],
        axis=2,
    )  # network, concept, measure, node
    orders = np.argsort(-np.round(score, 9), axis=-1, kind="stable")
    orders[:, :, 0] = greedy.removal_order.values[..., ::-1] - 1
    return {
        "score": score,
        "total_bits": exact["relay_bits"][..., -1],
        "last_removed": greedy.removal_order.values[..., -1],
        "interaction_bits": exact["interaction_bits"],
        "agreement": rank_agreement(score[:, :, :, None], score[:, :, None]),
        "loss": _own_losses(config, case, orders),
        **_against_random_sets(config, condition, case, score, exact["relay_bits"]),
    }


def _walk_sets(symbols: Recording) -> dict[str, np.ndarray]:
    """All relay sets of each network and concept, (network, concept, ...)."""
    names = ("relay_bits", "shapley_bits", "essential_bits", "interaction_bits")
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    n_cases = symbols.x_out.shape[:2]
    for network, concept in np.ndindex(n_cases):
        x_out, states = symbols.x_out[network, concept], symbols.states[network].T
        exact = exact_subsets(symbols.x_in[concept], x_out, states)
        for name in names[:3]:
            found[name].append(getattr(exact, name))
        found["interaction_bits"].append(exact.interaction_bits())
    return {
        name: np.stack(values).reshape(*n_cases, *values[0].shape) for name, values in found.items()
    }


def _losses(config: AttributionConfig, case: _Case, sets: np.ndarray) -> np.ndarray:
    """Lost fraction of answers without each set (network, set, node): (network, set, concept)."""
    none = np.zeros_like(sets[:, :1])
    accuracy = knockout_accuracy(
        case.ensemble,
        case.trials,
        np.concatenate([none, sets], axis=1),
        delays=case.delays,
        step=config.time,
    ).mean(axis=2)
    return accuracy[:, :1] - accuracy[:, 1:]


def _own_losses(config: AttributionConfig, case: _Case, orders: np.ndarray) -> np.ndarray:
    """Lost answers of the concept that the nodes were ordered for, (network, concept, .., k)."""
    n_networks, n_concepts, n_measures, n_nodes = orders.shape
    sets = first_nodes(orders)[..., 1:-1, :].reshape(n_networks, -1, n_nodes)
    losses = _losses(config, case, sets).reshape(
        n_networks, n_concepts, n_measures, n_nodes - 1, n_concepts
    )
    return np.einsum("bcmkc->bcmk", losses)


def _against_random_sets(
    config: AttributionConfig,
    condition: TrainingConfig,
    case: _Case,
    score: np.ndarray,
    relay_bits: np.ndarray,
) -> dict[str, np.ndarray]:
    orders = _random_orders(config, condition, score.shape[-1])  # network, draw, node
    sets = first_nodes(orders)[..., 1:-1, :]  # network, draw, k, node
    sizes = np.tile(np.arange(1, sets.shape[-1]), sets.shape[1])
    sets = sets.reshape(len(sets), -1, sets.shape[-1])
    losses = _losses(config, case, sets).transpose(0, 2, 1)  # network, concept, set
    sums = np.einsum("bcmn,bsn->bcms", score, sets.astype(float))
    masks = sets @ (1 << np.arange(sets.shape[-1]))
    of_set = np.take_along_axis(relay_bits, masks[:, None], axis=-1)
    predictors = np.concatenate([of_set[:, :, None], sums], axis=2)
    by_size = losses.reshape(*losses.shape[:2], config.n_random, -1)
    return {
        "prediction": rank_prediction(predictors, losses[:, :, None], sizes),
        "loss_at_random": by_size.mean(axis=2),
    }


def _random_orders(
    config: AttributionConfig, condition: TrainingConfig, n_nodes: int
) -> np.ndarray:
    nodes = np.tile(np.arange(n_nodes), (config.n_random, 1))
    key = ("attribution", condition.task.name, condition.architecture, condition.regime)
    streams = [stream(config.study.seed, *key, r) for r in range(config.study.n_replicates)]
    return np.stack([rng.permuted(nodes, axis=1) for rng in streams])
