"""Map the trainings on which MM-PHATE's claims are judged, and keep the results: ``make mmphate``.

It writes ``book/data/mmphate_claims.nc``, with the configuration, the hash of the code, library
versions, and the processor time and memory that it took. What is in the store is not computed
again, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from book.stored import FOLDER, compute_and_keep
from relaylib.core.store import StoreLike
from relaylib.studies.mmphate_config import MapStudyConfig
from relaylib.studies.mmphate_study import run_mmphate_study

STORED = FOLDER / "mmphate_claims.nc"


def main(
    arguments: list[str] | None = None, *, store: StoreLike | None = None, path: Path = STORED
) -> None:
    """Compute what is not in the store, and keep it."""
    parser = argparse.ArgumentParser(description="Map trainings for the claims on MM-PHATE.")
    parser.add_argument("--ranked", type=int, default=MapStudyConfig().n_ranked)
    config = MapStudyConfig(n_ranked=parser.parse_args(arguments).ranked)
    compute_and_keep(lambda: run_mmphate_study(config, store=store), path)


if __name__ == "__main__":
    main()
