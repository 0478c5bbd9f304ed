"""Networks of 12 to hundreds of nodes: trained with torch, scored, and judged by knockouts."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders, stream
from relaylib.core.store import StoreLike, as_store
from relaylib.core.threads import one_thread
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import RANDOM_DELAYS
from relaylib.networks.ensemble import Ensemble
from relaylib.studies.estimator_config import PLUGIN, REAL, SCORES, TASKS, EstimatorConfig
from relaylib.studies.grid import stack
from relaylib.studies.node_scores import Layer, node_order
from relaylib.tasks.block import BlockTask
from relaylib.tasks.series import SeriesTask
from relaylib.tasks.task import Trials

FRACTIONS = tuple(part / 12 for part in range(1, 12))
"""Sizes of the sets that are knocked out, as fractions of the layer."""
GOALS = {"block": 0.98, REAL: 0.75}
"""Accuracy from which a network has learned: of all sequences as in the paper, and of the scored
test images as on the page of real time series."""
_STOP_AT = {"block": 0.98, REAL: 0.9}  # accuracy on training sequences
_RATE = 0.02  # of Adam, for 12 nodes; it falls with the root of their number
_CHECKED_EVERY = 10  # gradient steps
_READ_AT = 5  # delay of the answers that scores are about, as in the study


class Shown(NamedTuple):
    """Sequences to train on, to score nodes on, and to knock nodes out on, and noise in training.

    Attributes
    ----------
    train, scored, knocked
        Sequences with their targets.
    noise_sd
        Standard deviation of Gaussian noise on all inputs, redrawn in every gradient step.
    stop_at
        Accuracy on the training sequences at which training ends.
    """

    train: Trials
    scored: Trials
    knocked: Trials
    noise_sd: float
    stop_at: float


def wide_networks(config: EstimatorConfig, *, store: StoreLike | None = None) -> xr.Dataset:
    """Train networks of all sizes, order their nodes by every score, and knock them out.

    Each task and size is stored when it is done.

    Returns
    -------
    xarray.Dataset
        (task, n_nodes, replicate): ``own`` and ``others`` (score), losses of accuracy about a
        concept, and about the others, without the nodes that score most about it, mean over
        concepts and set sizes, and their curves ``own_curve`` and ``others_curve`` (score,
        fraction); ``at_random`` and ``random_curve``; ``accuracy`` of the whole network, on the
        sequences of the knockouts; ``learned``; ``n_updates``; processor time:
        ``training_seconds`` and ``order_seconds`` (score); (task, n_nodes): ``peak_memory_mb``,
        largest of the process until then.
    """
    parts = [
        stack([_part(config, task, n, store) for n in config.sizes(task)], "n_nodes").assign_coords(
            n_nodes=list(config.sizes(task))
        )
        for task in TASKS
    ]
    return stack(parts, "task").assign_coords(task=list(TASKS))


def _part(config: EstimatorConfig, task: str, n: int, store: StoreLike | None) -> xr.Dataset:
    one = replace(config, n_nodes=(n,), block_nodes=(n,))
    found = as_store(store).dataset(
        f"wide-{task}", one, lambda: _measure(one, task), modules=["relaylib.studies.wide_networks"]
    )
    return found.drop_attrs(deep=False)


def shown_sequences(config: EstimatorConfig, task: str) -> Shown:
    """Return the sequences of a task: "block" or "digits"."""
    if check_choice("task", task, TASKS) != REAL:
        population = BlockTask().population()
        return Shown(population, population, population, 0.0, _STOP_AT[task])
    train, test = SeriesTask(REAL, longest=16), SeriesTask(REAL, split="test", longest=16)
    images = test.population()
    first = slice(config.n_scored)
    then = slice(config.n_scored, config.n_scored + config.n_knocked)
    scored, knocked = (
        Trials(images.inputs[part], images.targets[part], images.concepts) for part in (first, then)
    )
    return Shown(train.population(), scored, knocked, train.residual_sd, _STOP_AT[task])


def train_wide(
    shown: Shown, n_nodes: int, config: EstimatorConfig, *, rng: np.random.Generator
) -> tuple[Ensemble, int]:
    """Train one GRU in minibatches with random delays; return it with its gradient steps.

    The loss is the mean squared error of the readout tanh(W h + b). Wide layers are trained with
    torch's matrix products, which are faster there than the compiled loops of small networks; their
    last bits depend on the processor.
    """
    import torch
    from torch import nn

    trials, n_nodes = shown.train, check_integer("n_nodes", n_nodes, 1, 10_000)
    inputs, targets = torch.as_tensor(trials.inputs.transpose(1, 0, 2).copy()), trials.targets
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        layer = nn.GRU(inputs.shape[2], n_nodes)
        readout = nn.Linear(n_nodes, targets.shape[1])
    rate = _RATE * (12 / n_nodes) ** 0.5
    optimiser = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=rate)
    wanted, step = torch.as_tensor(targets), 0
    for step in range(1, config.n_updates + 1):
        batch = rng.choice(len(targets), min(config.batch_size, len(targets)), replace=False)
        x = inputs[:, batch]
        noise = rng.standard_normal(x.shape, np.float32) * np.float32(shown.noise_sd)
        blank = torch.zeros(int(rng.choice(RANDOM_DELAYS)), *x.shape[1:])
        states, _ = layer(torch.cat([x + torch.as_tensor(noise), blank]))
        loss = ((torch.tanh(readout(states[-1])) - wanted[batch]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % _CHECKED_EVERY == 0:
            ensemble = Ensemble.from_torch([(layer, readout)])
            if _accuracy(ensemble, trials) >= shown.stop_at:
                break
    return Ensemble.from_torch([(layer, readout)]), step


def _accuracy(ensemble: Ensemble, trials: Trials) -> float:
    """Fraction of questions answered rightly, over all delays in training."""
    n_steps = trials.inputs.shape[1]
    outputs = ensemble.run(trials.inputs, max(RANDOM_DELAYS)).outputs[0, n_steps:]
    return float(((outputs > 0) == (trials.targets.T > 0)).mean())


def _measure(config: EstimatorConfig, task: str) -> xr.Dataset:
    (n_nodes,) = config.n_nodes
    shown = shown_sequences(config, task)
    with threadpool_limits(1), one_thread():
        replicates = progress(range(config.n_replicates), desc=f"{task}, {n_nodes} nodes")
        networks = [_measure_network(config, shown, task, r) for r in replicates]
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = stack(networks, "replicate")
    found["peak_memory_mb"] = kilobytes / (2**20 if sys.platform == "darwin" else 2**10)
    return found.assign_coords(replicate=np.arange(config.n_replicates))


def _measure_network(
    config: EstimatorConfig, shown: Shown, task: str, replicate: int
) -> xr.Dataset:
    """Train one network, order its nodes by every score, and knock them out."""
    (n_nodes,), key = config.n_nodes, (config.seed, "wide", task, config.n_nodes[0], replicate)
    start = time.process_time()
    ensemble, n_updates = train_wide(shown, n_nodes, config, rng=stream(*key, "training"))
    training_seconds = time.process_time() - start
    n_steps = shown.scored.inputs.shape[1]
    run = ensemble.run(shown.scored.inputs, _READ_AT)
    answers = np.where(run.outputs[0, n_steps + _READ_AT - 1] > 0, 1, -1)
    activations = run.hidden[0, n_steps - 1].T
    layer = Layer(activations, shown.scored.targets.T.astype(int), answers)
    orders, seconds = {}, dict.fromkeys(SCORES, np.nan)
    compared = task == REAL and n_nodes <= config.largest_compared
    for score in SCORES if compared else (PLUGIN,):
        start = time.process_time()
        orders[score] = node_order(layer, score, rng=stream(*key, "folds"))
        seconds[score] = time.process_time() - start
    drawn = random_orders(config.n_random, n_nodes, rng=stream(*key, "random sets"))
    found = _losses(ensemble, shown.knocked, orders, drawn)
    learned = _accuracy(ensemble, shown.scored) >= GOALS[task]
    found = found.assign(
        learned=float(learned), n_updates=n_updates, training_seconds=training_seconds
    )
    return found.assign(order_seconds=("score", [seconds[score] for score in SCORES]))


def _losses(
    ensemble: Ensemble, trials: Trials, orders: dict[str, np.ndarray], drawn: np.ndarray
) -> xr.Dataset:
    """Accuracy lost without the nodes at the end of each order, and without random nodes."""
    sets = _sets(np.stack(list(orders.values())), ("score", "relays_of"))
    accuracy = _after(ensemble, trials, sets)
    at_random = _after(ensemble, trials, _sets(drawn, ("draw",)))
    whole = accuracy.isel(fraction=0)
    lost = (whole - accuracy).isel(fraction=slice(1, None))
    is_own = xr.DataArray(np.eye(lost.sizes["concept"], dtype=bool), dims=("relays_of", "concept"))
    curves = {
        "own_curve": lost.where(is_own).mean(["relays_of", "concept"]),
        "others_curve": lost.where(~is_own).mean(["relays_of", "concept"]),
    }
    found = xr.Dataset(curves).assign_coords(score=list(orders)).reindex(score=list(SCORES))
    lost_at_random = (whole - at_random).isel(fraction=slice(1, None), score=0, relays_of=0)
    found["random_curve"] = lost_at_random.mean(["draw", "concept"]).drop_vars(
        "score", errors="ignore"
    )
    found = found.assign_coords(fraction=list(FRACTIONS))
    for name, curve in {"own": "own_curve", "others": "others_curve"}.items():
        found[name] = found[curve].mean("fraction", skipna=False)
    found["at_random"] = found.random_curve.mean("fraction")
    found["accuracy"] = whole.isel(score=0, relays_of=0, drop=True).mean("concept")
    return found


def _sets(orders: np.ndarray, dims: tuple[str, ...]) -> xr.DataArray:
    """Return sets of the last nodes of each order, (..., fraction, node); the first is empty."""
    sizes = [0, *(round(part * orders.shape[-1]) for part in FRACTIONS)]
    sets = first_nodes(orders, from_end=True)[..., sizes, :]
    return xr.DataArray(sets, dims=(*dims, "fraction", "node"))


def _after(ensemble: Ensemble, trials: Trials, sets: xr.DataArray) -> xr.DataArray:
    accuracy = knockout_accuracy(ensemble, trials, sets, delays=RANDOM_DELAYS)
    names = [str(name) for name in accuracy.coords]
    return accuracy.mean("delay").isel(network=0, drop=True).drop_vars(names, errors="ignore")
