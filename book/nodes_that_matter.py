"""Compare estimators on populations, wirings and networks, and keep the results: ``make matter``.

It writes ``book/data/nodes_that_matter.nc``, with the configuration, the hash of the code, library
versions, and the processor time and memory that it took. What is in the store is not computed
again, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

from real_series import STORED as REAL_SERIES
from real_series import keep

from relaylib.core.store import StoreLike
from relaylib.studies.estimator_config import EstimatorConfig
from relaylib.studies.estimator_study import run_estimator_study

STORED = REAL_SERIES.with_name("nodes_that_matter.nc")


def main(
    arguments: list[str] | None = None, *, store: StoreLike | None = None, path: Path = STORED
) -> None:
    """Compute what is not in the store, and keep it."""
    parser = argparse.ArgumentParser(description="Compare estimators of relay information.")
    parser.add_argument("--replicates", type=int, default=EstimatorConfig().n_replicates)
    config = EstimatorConfig(n_replicates=parser.parse_args(arguments).replicates)
    start, wall = time.process_time(), time.perf_counter()
    found = run_estimator_study(config, store=store)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = kilobytes / (2**20 if sys.platform == "darwin" else 2**10)
    used = {"processor_seconds": round(seconds), "peak_memory_mb": round(megabytes)}
    keep(found.assign_attrs(used), path)
    print(f"{path}: {wall:.0f} s, processor time {seconds:.0f} s, memory {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
