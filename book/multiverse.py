"""Compute the multiverse and write book/data/multiverse.nc: what `make multiverse` does."""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import xarray as xr

from book.stored import FOLDER, keep
from relaylib.core.provenance import code_hash
from relaylib.core.store import Store, as_store
from relaylib.studies.cluster import Cluster, processes
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.multiverse_reading import deciding_choices
from relaylib.studies.multiverse_run import run_multiverse
from relaylib.studies.state_dropout import run_state_dropout

TARGET = FOLDER / "multiverse.nc"
_EFFECT, _DROPOUT = "effect_", "dropout_"  # before the names of what is kept beside the universes
_N_PARTS = 10  # groups of the jackknife


def main(arguments: list[str]) -> None:
    """Compute what is not stored yet, and say what is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", default="", help="address, e.g. tcp://10.0.0.1:8786")
    parser.add_argument("--workers", type=int, default=processes(), help="local processes")
    parser.add_argument("--training", type=int, default=MultiverseConfig().n_training)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--anew", action="store_true", help="use nothing of what target holds")
    chosen = parser.parse_args(arguments)
    config = MultiverseConfig(n_training=chosen.training)
    known = None if chosen.anew else known_in(chosen.target, config)
    store, universes = as_store(None), list(config.universes())
    there = "nothing"
    if known is not None:
        n_taken = min(known.sizes["universe"], config.n_training * config.n_analysis)
        there = f"{n_taken:,} and all single deviations"
    where = chosen.scheduler or f"{chosen.workers} processes of this machine"
    print(
        f"{sum(len(universe.analyses) for universe in universes):,} universes from "
        f"{len(universes):,} ways of training, on {where}.\n"
        f"Taken from {chosen.target}: {there}.\n"
        f"What is done is kept in {store.root}; interrupted, the same command goes on.",
        flush=True,
    )
    start = time.monotonic()
    cluster = chosen.scheduler or chosen.workers
    found = everything(config, known=known, store=store, cluster=cluster)
    size = keep(found, chosen.target)
    minutes = (time.monotonic() - start) / 60
    print(f"{chosen.target}: {size:,} bytes, after {minutes:.1f} minutes")


def known_in(path: Path, config: MultiverseConfig) -> xr.Dataset | None:
    """Return the multiverse in a file if it has this design and is made by this code.

    Otherwise None, and a line that says why, unless there is no such file.
    """
    if not path.exists():
        return None
    known = xr.load_dataset(path, engine="h5netcdf").drop_encoding()
    try:
        n_known = known.sizes.get("universe", 0) // config.n_analysis
        part = replace(config, n_training=min(n_known, config.n_training))
        run_multiverse(part, known=known)  # nothing to compute: it only checks
        if known.attrs.get("dropout_code") != code_hash([run_state_dropout.__module__]):
            raise ValueError("its networks of claim C20 must be made by this code")
    except ValueError as error:
        print(f"{path} cannot be continued, so everything is computed: {error}")
        return None
    return known


def everything(
    config: MultiverseConfig,
    *,
    known: xr.Dataset | None = None,
    store: Store,
    cluster: Cluster = None,
) -> xr.Dataset:
    """Return the multiverse with the networks of claim C20 and the effects of choices.

    What is known from `known_in` or in the store is not computed again.
    """
    found = run_multiverse(config, known=known, store=store, cluster=cluster)
    modules = ["relaylib.studies.multiverse_run"]
    kept = store.dataset("multiverse", config, lambda: found, modules=modules)
    if config.single_seeds:
        if known is None:
            dropout = run_state_dropout(config, store=store, cluster=cluster)
        else:
            dropout = dropout_of(known)
        kept = kept.merge(prefixed(dropout, _DROPOUT), join="exact")
        kept.attrs["dropout_code"] = code_hash([run_state_dropout.__module__])
    if config.n_training >= 4:  # of fewer no surrogate can be fitted, part by part
        n_parts = min(_N_PARTS, config.n_training // 2)
        decided = store.dataset(
            "multiverse-effects",
            config,
            lambda: deciding_choices(kept, seed=config.study.seed, n_parts=n_parts),
            modules=["relaylib.studies.multiverse_reading"],
        )
        kept = kept.merge(prefixed(decided, _EFFECT), join="exact")
    return kept


def effects_of(found: xr.Dataset) -> xr.Dataset:
    """Return the effects of choices that are kept with a multiverse."""
    return _without_prefix(found, _EFFECT)


def dropout_of(found: xr.Dataset) -> xr.Dataset:
    """Return the networks of claim C20 that are kept with a multiverse."""
    return _without_prefix(found, _DROPOUT)


def prefixed(data: xr.Dataset, prefix: str) -> xr.Dataset:
    """Return data with a prefix before the names of variables, and labels of dimensions alone."""
    plain = data.drop_attrs().drop_vars([name for name in data.coords if name not in data.dims])
    return plain.rename({name: f"{prefix}{name}" for name in data.data_vars})


def _without_prefix(found: xr.Dataset, prefix: str) -> xr.Dataset:
    names = [str(name) for name in found.data_vars if str(name).startswith(prefix)]
    if not names:
        raise ValueError(f"found must hold variables that begin with {prefix!r}, got none")
    own = found[names].rename({name: name.removeprefix(prefix) for name in names})
    own = own.drop_vars([name for name in own.coords if name not in own.dims])
    return own.map(lambda values: values.astype(float) if values.dtype.kind == "f" else values)


if __name__ == "__main__":
    main(sys.argv[1:])
