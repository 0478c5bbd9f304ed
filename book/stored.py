"""Results that take long: a make command computes them, book/data keeps them, a page draws them."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from relaylib.core.checks import check_choice
from relaylib.core.files import read_regular, write_atomically

FOLDER = Path(__file__).parent / "data"
LARGEST_BYTES = 5_000_000
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # children: those that have ended


def stored_results(name: str) -> xr.Dataset:
    """Return stored results by the name of their file in ``book/data``.

    Raises
    ------
    ValueError
        If there is no such file there, or it is larger than 5 MB.
    """
    check_choice("results", name, sorted(path.name for path in FOLDER.glob("*.nc")))
    read_regular(FOLDER / name, LARGEST_BYTES)
    return xr.load_dataset(FOLDER / name, engine="h5netcdf").drop_encoding()


def keep(found: xr.Dataset, path: Path) -> int:
    """Write results as a compressed netCDF file; return its size in bytes.

    Raises
    ------
    ValueError
        If that is more than 5 MB; then nothing is written.
    """
    compressed = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
    numbers = {k: v for k, v in found.data_vars.items() if v.dtype.kind in "biuf" and v.ndim}
    data = bytes(found.to_netcdf(engine="h5netcdf", encoding=dict.fromkeys(numbers, compressed)))
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"results must be at most {LARGEST_BYTES:,} bytes, got {len(data):,}")
    write_atomically(path, data)
    return len(data)


def compute_and_keep(compute: Callable[[], xr.Dataset], path: Path) -> None:
    """Keep results with the time that they took, and the memory of the largest process.

    Times are of this call: what was in the store already took none.
    """
    start, used = time.monotonic(), _processor_seconds()
    found = compute()
    kilobytes = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    cost = {
        "wall_seconds": round(time.monotonic() - start),
        "processor_seconds": round(_processor_seconds() - used),
        "peak_memory_mb": round(kilobytes / (2**20 if sys.platform == "darwin" else 2**10)),
    }
    size = keep(found.assign_attrs(cost), path)
    print(
        f"{path}: {size:,} bytes, {cost['wall_seconds']} s, {cost['processor_seconds']} s of "
        f"processor time, peak memory of a process {cost['peak_memory_mb']} MB"
    )


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in _PROCESSES]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
