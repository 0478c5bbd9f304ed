"""How the benchmarks measure seconds and peak memory, each in its own process."""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any


def seconds(function: Callable, *arguments: Any) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def alternate(calls: list[Callable[[], float]], repetitions: int) -> list[float]:
    """Call all in turn, repeatedly, and return the median of what each returns."""
    taken = [[call() for call in calls] for _ in range(repetitions)]
    return [median(column) for column in zip(*taken, strict=True)]


def peak_mb() -> float:
    """Return the peak memory of this process, MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def apart(function: Callable, *arguments: Any) -> Any:
    """Return the function's result from a new process, whose peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def row(name: str, value: float, unit: str, baseline: float, peak_rss_mb: float) -> dict:
    """Return one line of the table; the ratio is how many times better than the baseline."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "baseline": baseline,
        "ratio": baseline / value,
        "peak_rss_mb": peak_rss_mb,
    }


def repeated(rows: list[dict], repetitions: int) -> list[dict]:
    """Add to each row's name of how many repetitions its value is the median."""
    times = f"{repetitions} repetition{'s' if repetitions > 1 else ''}"
    return [row | {"name": f"{row['name'].removesuffix(')')}; {times})"} for row in rows]
