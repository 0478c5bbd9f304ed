"""What more workers would give the multiverse: measured tasks, and times worked out from them.

``python book/scaling.py`` measures a sample of the tasks of `make multiverse` one by one, and the
same sample with 1, 2 and 4 workers, and writes ``book/data/scaling.json``. The page on speed reads
that file; times for other numbers of workers are computed from it.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from distributed.protocol import dumps, to_serialize

from relaylib.core.checks import check_integer
from relaylib.core.files import read_regular, write_atomically
from relaylib.core.store import Store
from relaylib.core.threads import one_thread
from relaylib.figures.style import three_digits
from relaylib.studies.cluster import check_workers, compute_all, connected, identity, processes
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.universe import Universe, measure_part

TARGET = Path(__file__).parent / "data" / "scaling.json"
ON_PAPER = (64, 1024)
"""Numbers of workers that nobody measured."""
_MODULES = ["relaylib.studies.universe"]
_LIMITS = (
    "the work itself, which all workers share",
    "the longest task, which no worker can share",
    "the client, which alone stores every result",
)


class Tasks(NamedTuple):
    """What tasks take: one entry per task.

    ``seconds`` on a worker, ``kept_seconds`` for the client to store the result; ``sent_bytes`` of
    the task, and ``returned_bytes`` of its result.
    """

    seconds: np.ndarray
    kept_seconds: np.ndarray
    sent_bytes: np.ndarray
    returned_bytes: np.ndarray


class Prediction(NamedTuple):
    """What a number of workers would give.

    ``speed_up`` is against one process that computes and stores everything; ``limit`` says in words
    what keeps it from being faster; ``bytes_per_second`` pass through the client.
    """

    n_workers: int
    seconds: float
    speed_up: float
    limit: str
    bytes_per_second: float


def measure_tasks(parts: Sequence[Universe], store: Store) -> Tasks:
    """Measure tasks one after the other in this process, with one thread.

    Parameters
    ----------
    parts
        From `relaylib.studies.universe.Universe.parts`.
    store
        An empty one: results are stored to time that.
    """
    rows = []
    for number, part in enumerate(parts, start=1):
        start = time.perf_counter()
        with one_thread():
            result = measure_part(part)
        seconds = time.perf_counter() - start
        sent, returned = map(_size, (part, result))
        start = time.perf_counter()
        store.dataset("part", part, iter([result]).__next__, modules=_MODULES)
        rows.append((seconds, time.perf_counter() - start, sent, returned))
        print(f"task {number} of {len(parts)}: {seconds:.1f} s", flush=True)
    return Tasks(*np.array(rows, float).T)


def _size(message: Any) -> int:
    """Return how many bytes travel to a worker or back."""
    return sum(memoryview(frame).nbytes for frame in dumps(to_serialize(message)))


def predict(tasks: Tasks, n_workers: int, *, n_tasks: int | None = None) -> Prediction:
    """Work out how long tasks take on so many workers.

    A free worker takes the next task, and the client stores results one after the other, in the
    order in which they are done. That network and scheduler take time as well is left out.

    Parameters
    ----------
    tasks
        Measured, in the order in which they are given out.
    n_workers
        Number of workers, each as fast as where tasks were measured.
    n_tasks
        How many there are, if ``tasks`` is a sample, which is then repeated; None: as measured.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range.
    """
    check_integer("n_workers", n_workers, 1, 1_000_000)
    n = len(tasks.seconds) if n_tasks is None else check_integer("n_tasks", n_tasks, 1, 10_000_000)
    every = Tasks(*(np.resize(each, n) for each in tasks))
    free, done = np.zeros(min(n_workers, n)), np.empty(n)
    for index, seconds in enumerate(every.seconds):
        worker = free.argmin()
        free[worker] += seconds
        done[index] = free[worker]
    now = 0.0
    for index in np.argsort(done, kind="stable"):
        now = max(now, done[index]) + every.kept_seconds[index]
    work, client = float(every.seconds.sum()), float(every.kept_seconds.sum())
    bounds = (work / n_workers, float(every.seconds.max()), client)
    passed = float(every.sent_bytes.sum() + every.returned_bytes.sum())
    return Prediction(
        n_workers, now, (work + client) / now, _LIMITS[int(np.argmax(bounds))], passed / now
    )


def scaling_text(run: dict[str, Any]) -> str:
    """Return in words what was measured with few workers, and what many would give.

    Parameters
    ----------
    run
        From `load_run`.
    """
    tasks, n_tasks = tasks_of(run), int(run["n_tasks"])
    wall = {int(n): float(np.median(seconds)) for n, seconds in run["wall_seconds"].items()}
    one = predict(tasks, 1, n_tasks=n_tasks)
    sent, returned = (float(each.mean()) for each in (tasks.sent_bytes, tasks.returned_bytes))
    measured = [
        f"{wall[1] / seconds:.2f} times as fast with {n} workers"
        f"{' (more than there are cores)' if n > run['cores'] else ''}"
        for n, seconds in wall.items()
        if n > 1 and 1 in wall
    ]
    text = (
        "**More workers.** [What the findings hang on](19_what_the_findings_hang_on.ipynb) comes "
        "from a run of many tasks. Workers, processes on one machine or several, compute them; the "
        "client, where the run was started, gives them out and stores the results. There are "
        f"{n_tasks:,} tasks; {len(tasks.seconds)} of them, evenly spaced, were measured on "
        f"{run['date']} on {run['cores']} cores by `python book/scaling.py`. One takes "
        f"{_time(tasks.seconds.min())} to {_time(tasks.seconds.max())}, "
        f"{_time(tasks.seconds.mean())} in the mean; it travels as "
        f"{_bytes(sent)}, its result as {_bytes(returned)}, which the client stores in "
        f"{_time(tasks.kept_seconds.mean())}. All would take one worker {_time(one.seconds)}."
    )
    if measured:
        text += (
            " Given to workers that are ready, longest task first, the same sample is "
            f"{' and '.join(measured)} as with one."
        )
    return f"{text} On paper, from these times and sizes: {_on_paper(tasks, n_tasks)}"


def load_run(path: Path = TARGET) -> dict[str, Any]:
    """Return a stored run of ``python book/scaling.py``.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it is damaged.
    """
    return json.loads(read_regular(path, 2**20))


def tasks_of(run: dict[str, Any]) -> Tasks:
    """Return the measured tasks of a run."""
    return Tasks(*(np.array(run["tasks"][name], float) for name in Tasks._fields))


def _on_paper(tasks: Tasks, n_tasks: int) -> str:
    parts = []
    for n_workers in ON_PAPER:
        found = predict(tasks, n_workers, n_tasks=n_tasks)
        parts.append(
            f"{n_workers:,} workers would take {_time(found.seconds)}, {found.speed_up:,.0f} times "
            f"as fast as one, with {_bytes(found.bytes_per_second)} a second through the client; "
            f"the limit is {found.limit}."
        )
    return " ".join(parts)


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60), ("s", 1)):
        if seconds >= 2 * size or unit == "s":
            return f"{three_digits(seconds / size)} {unit}" if seconds >= 1 else _short(seconds)
    raise AssertionError("seconds are the last unit")


def _short(seconds: float) -> str:
    return f"{three_digits(max(1000 * seconds, 0.001))} ms"


def _bytes(number: float) -> str:
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{three_digits(number / size)} {unit}"
    return f"{number:.0f} bytes"


def measure(n_sampled: int, workers: Sequence[int], repetitions: int = 3) -> dict[str, Any]:
    """Measure a sample of the tasks of the default multiverse, alone and with few workers."""
    config = MultiverseConfig()
    parts = list(dict.fromkeys(part for u in config.universes() for part in u.parts()))
    at = np.linspace(0, len(parts) - 1, min(n_sampled, len(parts))).round().astype(int)
    sample = [parts[i] for i in at]
    with tempfile.TemporaryDirectory() as folder:
        tasks = measure_tasks(sample, Store(folder))
    longest_first = [sample[i] for i in np.argsort(-tasks.seconds)]
    wall: dict[str, list[float]] = {str(n): [] for n in workers}
    for _ in range(repetitions):
        for n in workers:  # alternately, so that a slow minute of the machine hits all
            wall[str(n)].append(_wall_seconds(longest_first, n))
            print(f"{n} workers: {wall[str(n)][-1]:.1f} s", flush=True)
    lists = {name: values.tolist() for name, values in tasks._asdict().items()}
    return {
        "n_tasks": len(parts),
        "tasks": lists,
        "wall_seconds": wall,
        "date": time.strftime("%Y-%m-%d"),
        "processor": platform.processor() or platform.machine(),
        "cores": processes(),
    }


def _wall_seconds(sample: list[Universe], n_workers: int) -> float:
    """Seconds for a sample on workers that are ready, from the first task to the last result.

    A run of all tasks lasts for hours: that workers start, and that some idle at its end, would
    count here alone. So the sample begins with its longest tasks.
    """
    modules = tuple(_MODULES)
    with tempfile.TemporaryDirectory() as folder, connected(n_workers) as client:
        client.wait_for_workers(n_workers)
        check_workers(client, identity(modules), modules)  # imports on each what it needs
        how: dict[str, Any] = {"name": "part", "store": Store(folder), "cluster": client}
        start = time.perf_counter()
        for _ in compute_all(measure_part, sample, **how):
            pass
        return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> None:
    """Measure, and keep it for the page on speed."""
    parser = argparse.ArgumentParser(description="Measure the tasks of the multiverse.")
    parser.add_argument("--tasks", type=int, default=24, help="tasks in the sample")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--repetitions", type=int, default=3, help="runs with each number")
    parser.add_argument("--target", type=Path, default=TARGET)
    chosen = parser.parse_args(arguments)
    run = measure(chosen.tasks, chosen.workers, chosen.repetitions)
    write_atomically(chosen.target, (json.dumps(run, indent=1) + "\n").encode())
    print(scaling_text(run))


if __name__ == "__main__":
    main()
