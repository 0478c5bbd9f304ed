"""Compare estimators on populations, wirings and networks, and keep the results: ``make matter``.

It writes ``book/data/nodes_that_matter.nc``, with the configuration, the hash of the code, library
versions, and the processor time and memory that it took. What is in the store is not computed
again, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from book.stored import FOLDER, compute_and_keep
from relaylib.core.store import StoreLike
from relaylib.studies.estimator_config import EstimatorConfig
from relaylib.studies.estimator_study import run_estimator_study

STORED = FOLDER / "nodes_that_matter.nc"


def main(
    arguments: list[str] | None = None, *, store: StoreLike | None = None, path: Path = STORED
) -> None:
    """Compute what is not in the store, and keep it."""
    parser = argparse.ArgumentParser(description="Compare estimators of relay information.")
    parser.add_argument("--replicates", type=int, default=EstimatorConfig().n_replicates)
    config = EstimatorConfig(n_replicates=parser.parse_args(arguments).replicates)
    compute_and_keep(lambda: run_estimator_study(config, store=store), path)


if __name__ == "__main__":
    main()
