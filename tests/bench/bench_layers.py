"""Time and memory of large layers through every door: symbols, recordings, all removal orders.

`rows` returns one dict per measurement, as in `bench_relay`. Compilation is not timed. Baselines
are scikit-learn's k-means, torch's own layers, and one call per layer and concept.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.cluster import KMeans

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, apart, peak_mb, repeated, row, seconds

from relaylib.information import relay
from relaylib.networks.discretisation import discretise
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import record
from relaylib.tasks.task import Trials

# The guard of small samples is not part of what is timed.
greedy_order = partial(relay.greedy_order, is_population=True)
greedy_orders = partial(relay.greedy_orders, is_population=True)

N_STEPS = 15  # 10 of input, 5 blank
CONCEPTS = ("A", "B", "C")


def layer(n_nodes: int, n_sequences: int) -> tuple[torch.nn.RNN, torch.nn.Linear, Trials]:
    """Return an untrained layer, its readout, and trials whose inputs are noisy concepts."""
    torch.manual_seed(0)
    modules = torch.nn.RNN(3, n_nodes), torch.nn.Linear(n_nodes, 3)
    rng = np.random.default_rng(0)
    targets = rng.choice(np.float32([-1, 1]), (n_sequences, 3))
    noise = rng.normal(size=(n_sequences, 10, 3)).astype(np.float32)
    return *modules, Trials(2 * targets[:, None] + noise, targets, CONCEPTS)


@torch.no_grad()
def by_torch(recurrent: torch.nn.RNN, readout: torch.nn.Linear, trials: Trials) -> tuple:
    """Return activations and answers of all steps, and above which half of a node's range each is.

    That is less than k-means, and what a few lines of torch would do.
    """
    blank = np.zeros((len(trials.inputs), N_STEPS - trials.inputs.shape[1], 3), np.float32)
    shown = torch.as_tensor(np.hstack([trials.inputs, blank]).transpose(1, 0, 2).copy())
    hidden = recurrent(shown)[0]
    middle = (hidden.amax(dim=1, keepdim=True) + hidden.amin(dim=1, keepdim=True)) / 2
    return hidden, readout(hidden) > 0, hidden > middle


def by_scikit_learn(activations: np.ndarray, levels: int) -> np.ndarray:
    """Return clusters of each node by Lloyd's heuristic from one start: not always the best."""
    means = KMeans(levels, n_init=1, random_state=0)
    return np.column_stack([means.fit_predict(node[:, None]) for node in activations.T])


def one_by_one(states: np.ndarray, x_in: np.ndarray, x_out: np.ndarray) -> list:
    """Return the removal order of each layer and concept from a call of its own."""
    pairs = list(zip(x_in, x_out, strict=True))
    return [greedy_order(x, y, nodes.T) for nodes in states for x, y in pairs]


def _record(n_nodes: int, n_sequences: int, repetitions: int) -> list[dict]:
    *modules, trials = layer(n_nodes, n_sequences)
    ensemble = Ensemble.from_torch([tuple(modules)])
    few = Trials(trials.inputs[:8], trials.targets[:8], CONCEPTS)
    record(ensemble, few, delay=5)
    ours = partial(seconds, partial(record, delay=5), ensemble, trials)
    ours, torch_s = alternate([ours, partial(seconds, by_torch, *modules, trials)], repetitions)
    name = f"recording {N_STEPS} steps of {n_nodes:,} nodes x {n_sequences:,} sequences"
    return [row(f"{name} (baseline: torch, halves of the range)", ours, "s", torch_s, peak_mb())]


def _symbols(n_nodes: int, n_sequences: int, repetitions: int) -> list[dict]:
    values = np.tanh(np.random.default_rng(0).normal(size=(n_sequences, n_nodes)))
    discretise(values[:100], levels=16)
    ours = partial(seconds, partial(discretise, levels=16), values)
    baseline = partial(seconds, by_scikit_learn, values, 16)
    ours, sklearn_s = alternate([ours, baseline], repetitions)
    name = f"16 symbols of {n_nodes:,} nodes x {n_sequences:,} sequences"
    return [row(f"{name} (baseline: scikit-learn, one start)", ours, "s", sklearn_s, peak_mb())]


def _removal(n_nodes: int, n_sequences: int, repetitions: int) -> list[dict]:
    rng = np.random.default_rng(0)
    x_in = rng.integers(0, 2, (3, n_sequences))
    x_out = np.where(rng.random(x_in.shape) < 0.95, x_in, 1 - x_in)
    states = rng.integers(0, 2, (N_STEPS, n_nodes, n_sequences), np.uint8)
    greedy_orders(states[:2, :64], x_in, x_out)
    ours = partial(seconds, greedy_orders, states, x_in, x_out)
    ours, single = alternate([ours, partial(seconds, one_by_one, states, x_in, x_out)], repetitions)
    name = f"greedy removal, {N_STEPS} steps x 3 concepts of {n_nodes:,} nodes"
    return [row(f"{name} x {n_sequences:,} (baseline: one by one)", ours, "s", single, peak_mb())]


def rows(repetitions: int = 3, *, n_nodes: int = 1024, n_sequences: int = 4096) -> list[dict]:
    """Measure recording, discretising and ordering a large layer, each in its own process."""
    return [
        line
        for measured in (_record, _symbols, _removal)
        for line in repeated(apart(measured, n_nodes, n_sequences, repetitions), repetitions)
    ]


if __name__ == "__main__":
    for line in rows():
        print(line)
