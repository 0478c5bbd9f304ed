"""Compute all about real time series and keep it for the page: ``make real``.

It writes ``book/data/real_series.nc``, with the configuration, the hash of the code, library
versions, and the processor time and memory that it took.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from relaylib.core.checks import check_choice
from relaylib.core.files import read_regular, write_atomically
from relaylib.core.store import StoreLike, as_store
from relaylib.studies.cluster import processes
from relaylib.studies.real_config import RealConfig
from relaylib.studies.real_series import run_real_series

STORED = Path(__file__).parent / "data" / "real_series.nc"
LARGEST_BYTES = 5_000_000


def stored_results(name: str = STORED.name) -> xr.Dataset:
    """Return stored results by the name of their file in ``book/data``.

    Raises
    ------
    ValueError
        If there is no such file there, or it is larger than 5 MB.
    """
    known = sorted(path.name for path in STORED.parent.glob("*.nc"))
    check_choice("results", name, known)
    read_regular(STORED.parent / name, LARGEST_BYTES)
    return xr.load_dataset(STORED.parent / name, engine="h5netcdf").drop_encoding()


def keep(found: xr.Dataset, path: Path = STORED) -> None:
    """Write results as a compressed netCDF file."""
    compressed = {"compression": "gzip", "compression_opts": 6, "shuffle": True}
    encoding = {name: compressed for name, values in found.items() if values.ndim}
    data = bytes(found.to_netcdf(engine="h5netcdf", encoding=encoding))
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"results must be at most {LARGEST_BYTES} bytes, got {len(data)}")
    write_atomically(path, data)


def with_cost(compute: Callable[[], xr.Dataset]) -> xr.Dataset:
    """Return results with the time that they took, and the memory of the largest process.

    Times are of this call: what was in the store already took none.
    """
    start, used = time.monotonic(), _processor_seconds()
    found = compute()
    kilobytes = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    megabytes = kilobytes / (2**20 if sys.platform == "darwin" else 2**10)
    return found.assign_attrs(
        wall_seconds=round(time.monotonic() - start),
        processor_seconds=round(_processor_seconds() - used),
        peak_memory_mb=round(megabytes),
    )


_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # children: those that have ended


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in _PROCESSES]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(arguments: list[str] | None = None, *, store: StoreLike | None = None) -> None:
    """Compute what is not in the store, and keep it."""
    parser = argparse.ArgumentParser(description="Compute all about real time series.")
    parser.add_argument("--replicates", type=int, default=RealConfig().n_replicates)
    parser.add_argument("--workers", type=int, default=processes(), help="local processes")
    chosen = parser.parse_args(arguments)
    config = RealConfig(n_replicates=chosen.replicates)
    place = as_store(store)
    print(
        f"What is done is kept in {place.root}; interrupted, the same command goes on.", flush=True
    )
    found = with_cost(lambda: run_real_series(config, store=place, cluster=chosen.workers))
    keep(found.assign_attrs(n_processes=chosen.workers))
    print(
        f"{STORED}: {found.wall_seconds} s, {found.processor_seconds} s of processor time, "
        f"peak memory of a process {found.peak_memory_mb} MB"
    )


if __name__ == "__main__":
    main()
