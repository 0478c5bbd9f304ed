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
from relaylib.core.store import StoreLike
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
    """Return results with the processor time and the peak memory that they took."""
    start = time.process_time()
    found = compute()
    seconds = time.process_time() - start
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = kilobytes / (2**20 if sys.platform == "darwin" else 2**10)
    used = {"processor_seconds": round(seconds), "peak_memory_mb": round(megabytes)}
    return found.assign_attrs(used)


def main(arguments: list[str] | None = None, *, store: StoreLike | None = None) -> None:
    """Compute what is not in the store, and keep it."""
    parser = argparse.ArgumentParser(description="Compute all about real time series.")
    parser.add_argument("--replicates", type=int, default=RealConfig().n_replicates)
    config = RealConfig(n_replicates=parser.parse_args(arguments).replicates)
    found = with_cost(lambda: run_real_series(config, store=store))
    keep(found)
    seconds, megabytes = found.processor_seconds, found.peak_memory_mb
    print(f"{STORED}: {seconds} s of processor time, peak memory {megabytes} MB")


if __name__ == "__main__":
    main()
