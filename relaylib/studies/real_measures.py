"""What networks relay about real time series: over time, between steps, and under knockouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.seeds import random_orders, stream
from relaylib.information.relay import greedy_orders, node_values
from relaylib.information.significance import occupied_fraction
from relaylib.measures.decoding import by_lag, cross_temporal_decoding
from relaylib.measures.drift import drift
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import RANDOM_DELAYS
from relaylib.networks.discretisation import discretise
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.minibatch import Validated
from relaylib.studies.grid import stack
from relaylib.studies.knockouts import mean_losses
from relaylib.studies.real_config import RealConfig
from relaylib.studies.real_networks import Asked, asked_series
from relaylib.tasks.series import SeriesTask
from relaylib.tasks.task import Trials

N_BLANK = 5
"""Blank steps that are recorded: up to the longest delay at which answers are read in training."""
_LIMIT = 1e9  # of the guard's own warning: its fraction is stored beside every number instead


def measure_relays(
    config: RealConfig, data: str, architecture: str, trained: dict[str, Validated]
) -> xr.Dataset:
    """Analyse the networks of one data set and architecture, by regime.

    Parameters
    ----------
    config
        Of the study.
    data, architecture
        The condition.
    trained
        Networks by regime, among them "random".

    Returns
    -------
    xarray.Dataset
        (regime, replicate): ``correlation`` and ``overlap`` of information matrices of the
        questions, as from `relaylib.measures.drift.drift`, with their nulls ``..._unrelated``;
        ``decoding_at_lag`` (lag); ``occupied_fraction``, largest from the end of the series to the
        answer; ``copies_accuracy``, of the class, on all that is analysed, at the answer.
        Random regime, (replicate, ...): ``total_bits`` and ``null_bits`` (time, concept), relayed
        by all nodes together about each question and, last, the class; ``decoded`` (time,
        question), fraction of series of which a linear decoder tells the answer;
        ``occupied_at`` (time); losses of accuracy as from `relaylib.studies.knockouts.mean_losses`,
        and their curves ``own_curve``, ``others_curve``, ``least_curve``, ``random_curve``
        (n_knocked_out).
    """
    key = (config.seed, "real series", data)
    n_fitted = config.n_decoded
    shown = _copies(config, config.task(data, "test"), config.n_sequences, stream(*key, "copies"))
    fitted = _copies(config, config.task(data, "train"), n_fitted, stream(*key, "fitted"))
    drifted, random = [], xr.Dataset()
    for regime, validated in trained.items():
        first = 1 if regime == "random" else None
        answer = N_BLANK if regime == "random" else int(regime)
        recorded = _recorded(validated.ensemble, shown, answer, first)
        case = recorded.states, recorded.x_in, recorded.x_out
        order, bits = greedy_orders(*case, is_population=True)  # no guard: it goes beside its null
        matrices = node_values(order, bits)
        decoding = _decoding(config, validated.ensemble, fitted, shown, recorded)
        drifted.append(_drift(matrices, decoding, recorded, shown, answer))
        if regime == "random":
            rng = stream(*key, architecture, "null")
            random = _over_time(recorded, bits, decoding, shown, config.n_shuffles, rng)
            last = order.sel(time=shown.trials.inputs.shape[1], drop=True)
            rng = stream(*key, architecture, "knockouts")
            test = asked_series(config.task(data, "test"))
            random = random.merge(_knockouts(config, validated.ensemble, test, last, rng))
    by_regime = stack(drifted, "regime").assign_coords(regime=list(trained))
    return by_regime.merge(random, join="outer")


def _copies(config: RealConfig, task: SeriesTask, n: int, rng: np.random.Generator) -> Asked:
    """Return the series of a task and then noisy copies of them, at least ``n`` in all."""
    once = asked_series(task)
    n_once = len(once.classes)
    chosen = np.arange(max(n, n_once)) % n_once
    shape = (len(chosen), *once.trials.inputs.shape[1:])
    noise = config.jitter * task.residual_sd * rng.standard_normal(shape)
    noise[:n_once] = 0.0
    inputs = (once.trials.inputs[chosen] + noise).astype(np.float32)
    trials = Trials(inputs, once.trials.targets[chosen], once.trials.concepts)
    return Asked(trials, once.questions, once.classes[chosen])


def _recorded(ensemble: Ensemble, shown: Asked, answer: int, first: int | None) -> xr.Dataset:
    """Return activations, states, x_in and x_out of networks, from time ``first`` on.

    Concepts are the questions and, where there are more than two classes, the class. ``first`` is
    None for the end of the series.
    """
    n_steps, n_questions = shown.trials.inputs.shape[1], len(shown.questions)
    first = n_steps if first is None else first
    run = ensemble.run(shown.trials.inputs, N_BLANK)
    read = run.outputs[:, n_steps + answer - 1]
    answers = [np.where(read[:, :n_questions] > 0, 1, -1)]
    wanted = [shown.trials.targets.T[:n_questions].astype(int)]
    if read.shape[1] > n_questions:
        answers.append(shown.class_answers(read)[:, None])
        wanted.append(shown.classes[None])
    activations = xr.DataArray(
        run.analysed("cell")[:, first - 1 :],
        {
            "replicate": np.arange(len(ensemble)),
            "time": np.arange(first, n_steps + N_BLANK + 1),
            "node": np.arange(1, ensemble.n_nodes + 1),
        },
        ("replicate", "time", "node", "sequence"),
    )
    recorded = xr.Dataset(
        {
            "activations": activations,
            "states": discretise(activations),
            "x_in": (("concept", "sequence"), np.concatenate(wanted)),
            "x_out": (("replicate", "concept", "sequence"), np.concatenate(answers, axis=1)),
        }
    )
    concept = np.arange(recorded.sizes["concept"])
    return recorded.assign_coords(input_end=n_steps, answer_delay=answer, concept=concept)


def _decoding(
    config: RealConfig, ensemble: Ensemble, fitted: Asked, shown: Asked, recorded: xr.Dataset
) -> xr.DataArray:
    """Accuracy of linear decoders (replicate, trained_at, tested_at, question).

    They are fitted on series of the training split and noisy copies, and tested on some of those
    that are analysed.
    """
    first, n_questions = int(recorded.time[0]), len(shown.questions)
    every = slice(None, None, max(1, recorded.sizes["sequence"] // config.n_decoded))
    tested = recorded.activations.isel(sequence=every)
    states = ensemble.run(fitted.trials.inputs, N_BLANK).analysed("cell")[:, first - 1 :]
    labels = {"time": recorded.time.values, "node": recorded.node.values}
    labels["network"] = recorded.replicate.values
    given = xr.DataArray(states, labels, ("network", "time", "node", "sequence"))
    questions = [
        xr.DataArray(asked.trials.targets.T[:n_questions], dims=("concept", "sequence"))
        for asked in (fitted, shown)
    ]
    case = (given, questions[0], tested.rename(replicate="network"), questions[1])
    decoding = cross_temporal_decoding(*case[:3], case[3].isel(sequence=every))
    return decoding.rename(network="replicate", concept="question")


def _drift(
    matrices: xr.DataArray, decoding: xr.DataArray, recorded: xr.Dataset, shown: Asked, answer: int
) -> xr.Dataset:
    """How matrices of the questions change from the end of the series to the answer."""
    end = int(recorded.input_end)
    asked = matrices.isel(concept=slice(len(shown.questions)))
    found = drift(asked, answer_delay=answer, first_time=end).drop_vars("n_pairs")
    late = slice(end, end + answer)
    occupied = occupied_fraction(recorded.states.sel(time=late), limit=_LIMIT)
    found["occupied_fraction"] = xr.DataArray(occupied).max("time")
    code = decoding.mean("question").sel(trained_at=late, tested_at=late)
    found["decoding_at_lag"] = by_lag(code, "trained_at", "tested_at")
    right = recorded.x_out.isel(concept=-1) == recorded.x_in.isel(concept=-1)
    found["copies_accuracy"] = right.mean("sequence")
    found.attrs = {}
    return found.drop_vars(["input_end", "answer_delay"], errors="ignore")


def _over_time(
    recorded: xr.Dataset,
    relay_bits: xr.DataArray,
    decoding: xr.DataArray,
    shown: Asked,
    n_shuffles: int,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Information of all nodes at every step, with its null, its guard and its decoder."""
    nulls = []
    for _ in range(n_shuffles):
        mixed = recorded.states.isel(sequence=rng.permutation(recorded.sizes["sequence"]))
        case = mixed, recorded.x_in, recorded.x_out
        shuffled = greedy_orders(*case, is_population=True).relay_bits  # no guard: the null
        nulls.append(shuffled.isel(set_size=0, drop=True))
    time = recorded.time.drop_vars(["input_end", "answer_delay"])
    diagonal = [decoding.sel(trained_at=t, tested_at=t, drop=True) for t in time.values]
    found = xr.Dataset(
        {
            "total_bits": relay_bits.isel(set_size=0, drop=True),
            "null_bits": sum(nulls) / n_shuffles,
            "decoded": xr.concat(diagonal, time),
            "occupied_at": occupied_fraction(recorded.states, limit=_LIMIT),
        }
    )
    return found.drop_vars(["input_end", "answer_delay"], errors="ignore")


def _knockouts(
    config: RealConfig,
    ensemble: Ensemble,
    test: Asked,
    order: xr.DataArray,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Losses without the relays of each question, at the end of the series.

    Questions alone are asked: the readouts of single classes are left out.
    """
    n_questions = len(test.questions)
    every = np.linspace(0, len(test.classes) - 1, min(config.n_knocked, len(test.classes)))
    chosen = np.unique(every.astype(int))
    trials = test.trials
    asked = Trials(trials.inputs[chosen], trials.targets[chosen], trials.concepts)
    ranked = order.isel(concept=slice(n_questions)).rename(concept="relays_of")
    ranked = ranked.assign_coords(relays_of=list(test.questions))
    drawn = random_orders(config.n_random, ensemble.n_nodes, rng=rng) + 1
    sets: dict[str, Any] = {
        "relaying": first_nodes(ranked, from_end=True),
        "least_relaying": first_nodes(ranked),
        "at_random": first_nodes(xr.DataArray(drawn, dims=("draw", "removal_step"))),
    }
    accuracy = {}
    for name, nodes in sets.items():
        found = knockout_accuracy(ensemble, asked, nodes, delays=RANDOM_DELAYS)
        found = found.rename({"network": "replicate"} if "network" in found.dims else {})
        kept = found.isel(concept=slice(n_questions)).mean("delay")
        accuracy[name] = kept.drop_vars([v for v in kept.coords if v not in kept.dims])
    knockouts = xr.Dataset(accuracy)
    return mean_losses(knockouts).merge(_curves(knockouts))


def _curves(knockouts: xr.Dataset) -> xr.Dataset:
    """Accuracy against the number of nodes knocked out, (replicate, n_knocked_out)."""
    is_own = knockouts.relays_of == knockouts.concept
    each = ["relays_of", "concept"]
    return xr.Dataset(
        {
            "own_curve": knockouts.relaying.where(is_own).mean(each),
            "others_curve": knockouts.relaying.where(~is_own).mean(each),
            "least_curve": knockouts.least_relaying.where(is_own).mean(each),
            "random_curve": knockouts.at_random.mean(["draw", "concept"]),
        }
    )
