"""Small and made-up results of the study of estimators."""

from functools import cache
from tempfile import mkdtemp

import numpy as np
import xarray as xr

from relaylib.studies.estimator_config import SCORES, TASKS, EstimatorConfig
from relaylib.studies.known_wirings import estimate_wirings
from relaylib.studies.wide_networks import FRACTIONS, wide_networks

SIZES = (12, 48, 192, 512, 768)
TINY = EstimatorConfig(
    n_nodes=(12,),
    block_nodes=(12,),
    n_replicates=1,
    n_updates=60,
    n_scored=60,
    n_knocked=40,
    n_random=2,
    n_populations=1,
    samples=(60,),
    n_wired=6,
    n_samples=2,
    n_shuffles=1,
)


@cache
def tiny_networks() -> xr.Dataset:
    return wide_networks(TINY, store=mkdtemp())


@cache
def tiny_wirings() -> xr.Dataset:
    return estimate_wirings(TINY, store=mkdtemp())


def made_up(**given: xr.DataArray) -> xr.Dataset:
    """Losses under knockouts that depend on chance alone, except those that are given."""
    rng = np.random.default_rng(3)
    coords = {
        "task": list(TASKS),
        "n_nodes": list(SIZES),
        "replicate": np.arange(6),
        "score": list(SCORES),
        "fraction": list(FRACTIONS),
    }

    def drawn(*dims: str) -> xr.DataArray:
        sizes = [len(coords[dim]) for dim in dims]
        return xr.DataArray(
            0.2 + 0.02 * rng.standard_normal(sizes), {dim: coords[dim] for dim in dims}, dims
        )

    network = ("task", "n_nodes", "replicate")
    found = xr.Dataset(
        {
            "own": drawn(*network, "score"),
            "others": drawn(*network, "score"),
            "at_random": drawn(*network),
            "own_curve": drawn(*network, "score", "fraction"),
            "random_curve": drawn(*network, "fraction"),
            "learned": drawn(*network) > 0,
        }
    )
    return found.assign(given).assign_attrs(seed=1)
