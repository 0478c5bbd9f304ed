"""Made-up maps of trainings, for which it is known what the claims on MM-PHATE come to."""

import numpy as np
import xarray as xr

from relaylib.mmphate.communities import COMMUNITIES
from relaylib.mmphate.embeddings import ALGORITHMS
from relaylib.mmphate.map_statistics import STATISTICS

TASKS, ARCHITECTURES = ("memory", "BasicMotions"), ("RNN", "GRU", "LSTM")
N_NETWORKS, N_INTERVALS = 10, 12
COMPARED = 3  # networks of a condition that are embedded by all methods
_LEVELS = {
    "task": list(TASKS),
    "architecture": list(ARCHITECTURES),
    "replicate": np.arange(N_NETWORKS),
    "algorithm": list(ALGORITHMS),
    "community": list(COMMUNITIES),
    "statistic": list(STATISTICS),
}
_NETWORK = ("task", "architecture", "replicate")


def drawn(*dims: str, seed: int = 0) -> xr.DataArray:
    """Return uniform random numbers with those dimensions."""
    shape = [N_INTERVALS if dim == "interval" else len(_LEVELS[dim]) for dim in dims]
    values = np.random.default_rng(seed).random(shape)
    return xr.DataArray(values, {d: _LEVELS[d] for d in dims if d in _LEVELS}, dims)


def maps(**given: xr.DataArray) -> xr.Dataset:
    """Return random results of which some are given."""
    names = ("displacement", "data_displacement", "intra_step_change_bits")
    courses = (*_NETWORK, "interval")
    variables = {
        "kept": drawn(*_NETWORK, "algorithm", "community", seed=1),
        "chance": 0 * drawn(*_NETWORK, "community"),
        "map_statistic": drawn(*_NETWORK, "statistic", seed=2),
        "activation_norm": drawn(*_NETWORK, seed=3),
        "test_accuracy": drawn(*_NETWORK, seed=4),
        **{
            n: drawn(*courses, seed=5 + i) for i, n in enumerate((*names, "inter_step_change_bits"))
        },
    }
    found = xr.Dataset(variables | given, attrs={"seed": 3})
    found["kept"] = found.kept.where(found.replicate < COMPARED)
    found["chance"] = found.chance.where(found.replicate < COMPARED)
    found["test_accuracy"] = found.test_accuracy.where(found.task != "memory")
    return found
