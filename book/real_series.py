"""Compute all about real time series and keep it for the page: ``make real``.

It writes ``book/data/real_series.nc``, with the configuration, the hash of the code, library
versions, and the processor time and memory that it took.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from book.stored import FOLDER, compute_and_keep
from relaylib.core.store import StoreLike, as_store
from relaylib.studies.cluster import processes
from relaylib.studies.real_config import RealConfig
from relaylib.studies.real_series import run_real_series

STORED = FOLDER / "real_series.nc"


def main(
    arguments: list[str] | None = None, *, store: StoreLike | None = None, path: Path = STORED
) -> None:
    """Compute what is not in the store, and keep it."""
    parser = argparse.ArgumentParser(description="Compute all about real time series.")
    parser.add_argument("--replicates", type=int, default=RealConfig().n_replicates)
    parser.add_argument("--workers", type=int, default=processes(), help="local processes")
    chosen = parser.parse_args(arguments)
    config, place = RealConfig(n_replicates=chosen.replicates), as_store(store)
    print(
        f"What is done is kept in {place.root}; interrupted, the same command goes on.", flush=True
    )
    about = {"n_processes": chosen.workers}
    compute_and_keep(
        lambda: run_real_series(config, store=place, cluster=chosen.workers).assign_attrs(about),
        path,
    )


if __name__ == "__main__":
    main()
