"""Compute the multiverse and write book/data/multiverse.nc: what `make multiverse` does."""

import argparse
import sys
import time
from pathlib import Path

from relaylib.core.files import write_atomically
from relaylib.core.store import as_store
from relaylib.studies.cluster import processes
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.multiverse_run import run_multiverse

TARGET = Path(__file__).parent / "data" / "multiverse.nc"
LARGEST = 5_000_000  # bytes


def main(arguments: list[str]) -> None:
    """Compute what is not stored yet, and say what is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", default="", help="address, e.g. tcp://10.0.0.1:8786")
    parser.add_argument("--workers", type=int, default=processes(), help="local processes")
    parser.add_argument("--training", type=int, default=MultiverseConfig().n_training)
    parser.add_argument("--target", type=Path, default=TARGET)
    chosen = parser.parse_args(arguments)
    config = MultiverseConfig(n_training=chosen.training)
    store, universes = as_store(None), list(config.universes())
    n_parts = len({part for universe in universes for part in universe.parts()})
    where = chosen.scheduler or f"{chosen.workers} processes of this machine"
    print(
        f"{sum(len(universe.analyses) for universe in universes):,} universes from "
        f"{len(universes):,} ways of training, in {n_parts:,} parts, on {where}.\n"
        f"What is done is kept in {store.root}; interrupted, the same command goes on.",
        flush=True,
    )
    start = time.monotonic()
    found = run_multiverse(config, store=store, cluster=chosen.scheduler or chosen.workers)
    kept = store.dataset(
        "multiverse", config, lambda: found, modules=["relaylib.studies.multiverse_run"]
    )
    squeezed = {
        name: {"zlib": True, "complevel": 9, "shuffle": True}
        for name, values in kept.data_vars.items()
        if values.dtype.kind in "iuf" and values.ndim
    }
    data = bytes(kept.to_netcdf(engine="h5netcdf", encoding=squeezed))
    if len(data) > LARGEST:
        raise SystemExit(f"{chosen.target} would be {len(data):,} bytes, more than {LARGEST:,}")
    write_atomically(chosen.target, data)
    minutes = (time.monotonic() - start) / 60
    print(f"{chosen.target}: {len(data):,} bytes, after {minutes:.1f} minutes")


if __name__ == "__main__":
    main(sys.argv[1:])
