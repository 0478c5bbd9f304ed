"""How time grows with nodes, sequences, networks and cores, and what the first call costs.

`scaling` returns one dict per series: ``what`` was measured ``over`` which quantity, the ``sizes``,
the median ``seconds`` at each, the fitted ``exponent`` and peak memory. `first_calls` returns one
dict per function: ``what``, and the seconds of its first call, compilation included, and of its
second.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from bench_relay import layer
from measure import alternate, apart, peak_mb, seconds

from relaylib.information import exact, relay
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.training import train
from relaylib.tasks.task import Trials

# The guard of small samples is not part of what is timed.
greedy_order = partial(relay.greedy_order, is_population=True)
greedy_orders = partial(relay.greedy_orders, is_population=True)
exact_summaries = partial(exact.exact_summaries, is_population=True)

LAYER_SIZES = (512, 1024, 2048, 4096)
N_EPOCHS = 40


@dataclass(frozen=True)
class NoiseTask:
    """Ten steps of noise in 16 inputs and three random answers: nobody learns it early."""

    n_sequences: int
    name: ClassVar[str] = "noise"
    concepts: ClassVar[tuple[str, ...]] = ("A", "B", "C")
    n_inputs: ClassVar[int] = 16
    n_steps: ClassVar[int] = 10
    is_sampled: ClassVar[bool] = False

    def population(self) -> Trials:
        """Return all sequences."""
        rng = np.random.default_rng(0)
        inputs = rng.normal(size=(self.n_sequences, 10, 16)).astype(np.float32)
        return Trials(inputs, rng.choice(np.float32([-1, 1]), (self.n_sequences, 3)), self.concepts)

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return the population: the task is not sampled."""
        return self.population()


def _training(
    n_nodes: int = 12, n_sequences: int = 128, n_networks: int = 20, n_cores: int | None = None
) -> Callable[[], object]:
    config = TrainingConfig(
        task=NoiseTask(n_sequences),
        architecture="GRU",
        regime="5",
        n_replicates=n_networks,
        n_nodes=n_nodes,
        accuracy_goal=1.0,
        max_epochs=N_EPOCHS,
        max_attempts=1,
        on_unsolved="record",
    )

    def call() -> object:
        with patch.object(os, "cpu_count", lambda: n_cores or len(os.sched_getaffinity(0))):
            return train(config)

    return call


def _order(kind: str, n_nodes: int) -> Callable[[], object]:
    return partial(greedy_order, *layer(kind, n_nodes, 4 * n_nodes))


class Series(NamedTuple):
    """What is measured, over what, how a call of one size is made, and the sizes."""

    what: str
    over: str
    make: Callable[[int], Callable[[], object]]
    sizes: tuple[int, ...]


N_CORES = len(os.sched_getaffinity(0))
ALL_SERIES = (
    Series("greedy order of a typical layer", "nodes", partial(_order, "typical"), LAYER_SIZES),
    Series("greedy order of an adverse layer", "nodes", partial(_order, "adverse"), LAYER_SIZES),
    Series("training", "nodes", lambda n: _training(n_nodes=n), (12, 24, 48, 96)),
    Series("training", "sequences", lambda n: _training(n_sequences=n), (64, 128, 256, 512)),
    Series("training", "networks", lambda n: _training(n_networks=n), (10, 20, 40, 80)),
    Series("training", "cores", lambda n: _training(n_cores=n), tuple(range(1, N_CORES + 1))),
)


def _measure(number: int, sizes: tuple[int, ...], repetitions: int) -> tuple[list[float], float]:
    calls = [ALL_SERIES[number].make(size) for size in sizes]
    calls[0]()
    return alternate([partial(seconds, call) for call in calls], repetitions), peak_mb()


def scaling(repetitions: int = 3, *, n_sizes: int = 4) -> list[dict]:
    """Measure the first sizes of every series, each series in a process of its own."""
    table = []
    for number, series in enumerate(ALL_SERIES):
        sizes = series.sizes[:n_sizes]
        taken, peak = apart(_measure, number, sizes, repetitions)
        exponent = np.polyfit(np.log(sizes), np.log(taken), 1)[0] if len(sizes) > 1 else np.nan
        line = {"what": series.what, "over": series.over, "sizes": list(sizes), "seconds": taken}
        table.append(line | {"exponent": float(exponent), "peak_rss_mb": peak})
    return table


FIRST_CALLS: dict[str, Callable[[], Callable[[], object]]] = {
    "training networks": lambda: _training(n_networks=2),
    "greedy orders": lambda: partial(greedy_orders, *_small_case()),
    "lattices": lambda: partial(exact_summaries, *_small_case()),
    "greedy order of a large layer": lambda: _order("typical", 256),
}


def _small_case() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (2, 3, 64))
    return rng.integers(0, 2, (2, 12, 64), np.uint8), x, x


def _first_and_second(what: str) -> list[float]:
    call = FIRST_CALLS[what]()
    return [seconds(call) for _ in range(2)]


def first_calls() -> list[dict]:
    """Measure first and second calls, each in a new process with an empty compilation cache."""
    table = []
    for what in FIRST_CALLS:
        with tempfile.TemporaryDirectory() as cache, patch.dict(os.environ, NUMBA_CACHE_DIR=cache):
            first, second = apart(_first_and_second, what)
        table.append({"what": what, "first_s": first, "second_s": second})
    return table


if __name__ == "__main__":
    for line in [*scaling(), *first_calls()]:
        print(line)
