"""Time and memory of relay information: the study's orders and lattices, and large layers.

`rows` returns one dict per measurement: name, value, unit, baseline, ratio, peak_rss_mb. The
study's networks come from the store, or are trained first. Compilation is not timed.
"""

import sys
from functools import partial
from pathlib import Path
from unittest.mock import patch

import dit
import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, apart, peak_mb, repeated, row, seconds

from relaylib.information import exact, relay
from relaylib.studies.config import StudyConfig
from relaylib.studies.study import load_ensemble, record_condition

# The guard of small samples is not part of what is timed.
greedy_order = partial(relay.greedy_order, is_population=True)
greedy_orders = partial(relay.greedy_orders, is_population=True)
exact_summaries = partial(exact.exact_summaries, is_population=True)

N_NODES = 12
N_ORDERS = 32_400
VALUES_PER_ORDER = N_NODES * (N_NODES + 1) // 2 + 1  # candidates of all steps, and the full set


def study_symbols() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Record all 720 networks at 15 times: states, x_in, x_out of each task."""
    config = StudyConfig()
    parts: dict[str, list] = {task.name: [] for task in config.tasks}
    for condition in config.conditions():
        levels = condition.task, condition.architecture, condition.regime
        data = record_condition(config, condition, load_ensemble(config, *levels)).data
        x_in, x_out = xr.broadcast(data.x_in, data.x_out, exclude=["sequence"])
        cases = (data.states, x_in.expand_dims(time=data.time), x_out.expand_dims(time=data.time))
        rows = [each.transpose("network", "time", ...).values for each in cases]
        parts[condition.task.name].append([each.reshape(-1, *each.shape[2:]) for each in rows])
    return [
        tuple(np.concatenate(column) for column in zip(*part, strict=True))
        for part in parts.values()
    ]


def some_values(tasks: list, n_values: int) -> list[tuple[np.ndarray, ...]]:
    """Return x_in, x_out, y_relay, y_rest of random relay sets, equally many per task."""
    rng, values = np.random.default_rng(0), []
    for states, x_in, x_out in tasks:
        for network in rng.integers(0, len(states), n_values // len(tasks)):
            concept, inside = rng.integers(0, x_in.shape[1]), rng.random(N_NODES) < 0.5
            nodes = states[network].T
            pair = x_in[network, concept], x_out[network, concept]
            values.append((*pair, nodes[:, inside], nodes[:, ~inside]))
    return values


def eight_entropies(
    x_in: np.ndarray, x_out: np.ndarray, y_relay: np.ndarray, y_rest: np.ndarray
) -> float:
    """Return I_R from the joint entropies of Hintze and Adami (2023), in plain NumPy."""

    def h(*columns: np.ndarray) -> float:
        rows = np.column_stack([np.ones(len(x_in)), *columns])
        p = np.unique(rows, axis=0, return_counts=True)[1] / len(rows)
        return -(p @ np.log2(p))

    i, o, r, z = x_in, x_out, y_relay, y_rest
    around = h(i, z) + h(o, z) - h(z) - h(i, o, z)
    return around - (h(i, r, z) + h(o, r, z) - h(r, z) - h(i, o, r, z))


def by_dit(x_in: np.ndarray, x_out: np.ndarray, y_relay: np.ndarray, y_rest: np.ndarray) -> float:
    """Return I_R as dit's coinformation, including the construction of its distribution."""
    columns = np.column_stack([x_in > 0, x_out > 0, y_relay, y_rest]).astype(int)
    rows, counts = np.unique(columns, axis=0, return_counts=True)
    words = ["".join(map(str, row)) for row in rows]
    joint = dit.Distribution(words, counts / len(columns))
    relay, rest = np.split(np.arange(2, columns.shape[1]), [y_relay.shape[1]])
    groups = [[0], [1], relay.tolist()] if len(relay) else [[0], [1], [0]]
    return dit.multivariate.coinformation(joint, groups, rest.tolist())


def _seconds_of_all(function: object, cases: list) -> float:
    """Return the mean seconds per case."""
    return seconds(lambda: [function(*case) for case in cases]) / len(cases)


def _orders(repetitions: int) -> list[dict]:
    """Measure all orders of the study, and dit and eight entropies for as many values of I_R."""
    tasks = study_symbols()
    for task in tasks:
        greedy_orders(*(array[:4] for array in task))
    few, many = some_values(tasks, 20), some_values(tasks, 400)
    ours, dit_each, plain_each = alternate(
        [
            lambda: sum(seconds(greedy_orders, *task) for task in tasks),
            partial(_seconds_of_all, by_dit, few),
            partial(_seconds_of_all, eight_entropies, many),
        ],
        repetitions,
    )
    n_values, name = N_ORDERS * VALUES_PER_ORDER, "32,400 greedy orders of the study"
    return [
        row(f"{name} (baseline: dit)", ours, "s", dit_each * n_values, peak_mb()),
        row(f"{name} (baseline: eight entropies)", ours, "s", plain_each * n_values, peak_mb()),
    ]


def _lattices(repetitions: int) -> list[dict]:
    """Measure all relay sets of all cases of the study, and eight entropies for as many."""
    tasks = study_symbols()
    for task in tasks:
        exact_summaries(*(array[:4] for array in task))
    many = some_values(tasks, 400)
    ours, plain_each = alternate(
        [
            lambda: sum(seconds(exact_summaries, *task) for task in tasks),
            partial(_seconds_of_all, eight_entropies, many),
        ],
        repetitions,
    )
    name = "32,400 exact lattices of 4,096 relay sets (baseline: eight entropies)"
    return [row(name, ours, "s", plain_each * N_ORDERS * 2**N_NODES, peak_mb())]


def layer(kind: str, n_nodes: int, n_sequences: int) -> tuple[np.ndarray, ...]:
    """Return x_in, x_out, states of a large layer.

    "typical": every node thresholds a mixture of the concept, seven other signals and noise.
    "adverse": each state occurs with every (x_in, x_out), so that no group can be dropped.
    """
    rng = np.random.default_rng(0)
    if kind == "adverse":
        contexts = rng.integers(0, 2, (n_sequences // 4, n_nodes), dtype=np.uint8)
        pairs = np.tile([[0, 0, 1, 1], [0, 1, 0, 1]], n_sequences // 4)
        return *pairs, np.repeat(contexts, 4, axis=0)
    concept = rng.integers(0, 2, n_sequences)
    signals = rng.normal(size=(n_sequences, 8)).astype(np.float32)
    signals[:, 0] = 2 * concept - 1
    mixing = rng.normal(size=(8, n_nodes)).astype(np.float32)
    states = np.empty((n_sequences, n_nodes), np.uint8)
    for part in np.array_split(np.arange(n_sequences), 16):
        noise = rng.normal(scale=0.3, size=(len(part), n_nodes))
        states[part] = signals[part] @ mixing + noise > 0
    return concept, concept, states


def refining_order(*case: np.ndarray) -> relay.RemovalOrder:
    """Return the greedy order by the kernel for small layers, whatever the number of nodes."""
    with patch.object(relay, "_LARGE", sys.maxsize):
        return greedy_order(*case)


def _refining(kind: str, n_nodes: int, repetitions: int) -> list[dict]:
    """Measure one large layer, and the kernel that counts all remaining sequences each step."""
    case = layer(kind, n_nodes, 4 * n_nodes)
    for order in (greedy_order, refining_order):
        order(*layer(kind, 64, 256))
    ours, refining = alternate(
        [partial(seconds, greedy_order, *case), partial(seconds, refining_order, *case)],
        repetitions,
    )
    name = f"{kind} layer, {n_nodes:,} nodes x {4 * n_nodes:,} sequences"
    return [row(f"{name} (baseline: refining, counting all)", ours, "s", refining, peak_mb())]


def rows(repetitions: int = 5, *, n_nodes: int = 1024) -> list[dict]:
    """Measure orders, lattices, and large layers, typical and adverse."""
    few = min(repetitions, 3)
    return [
        *repeated(apart(_orders, repetitions), repetitions),
        *repeated(apart(_lattices, few), few),
        *repeated(apart(_refining, "typical", n_nodes, few), few),
        *repeated(apart(_refining, "adverse", n_nodes, 1), 1),
    ]


if __name__ == "__main__":
    for line in rows():
        print(line)
