"""Made-up universes whose deciding choices are known."""

import numpy as np
import xarray as xr

from relaylib.studies.choices import ANALYSIS, TRAINING
from relaylib.studies.verdicts import VERDICTS


def made_up_universes(n_training: int, n_analysis: int) -> xr.Dataset:
    """Three claims: one hangs on the optimiser, one on lag times window, one on nothing."""
    rng = np.random.default_rng(0)
    shape = (n_training, n_analysis)
    levels = {
        choice: (rng.permutation(n_training) % len(known))[:, None] + np.zeros(shape, int)
        for choice, known in TRAINING.items()
    }
    levels |= {choice: rng.integers(0, len(known), shape) for choice, known in ANALYSIS.items()}
    estimates = [
        levels["optimiser"] - 1.0,
        (2.0 * levels["lag"] - 1) * (2 * levels["window"] - 1),
        rng.standard_normal(n_training)[:, None] + np.zeros(shape),
    ]
    estimate = np.stack(estimates, axis=-1) + 0.1 * rng.standard_normal((*shape, 3))
    estimate[3, :, 0] = np.nan  # could not be trained
    verdict = np.where(estimate > 0, VERDICTS.index("reproduced"), VERDICTS.index("partly"))
    verdict[np.isnan(estimate)] = VERDICTS.index("not judged")
    flat = {
        choice: ("universe", values.ravel().astype(np.int8)) for choice, values in levels.items()
    }
    flat["estimate"] = (("universe", "claim"), estimate.reshape(-1, 3))
    flat["verdict"] = (("universe", "claim"), verdict.reshape(-1, 3))
    by_condition = (*shape, 1, 3, 2)
    r = rng.random(by_condition) + np.array([0, 2, 2])[:, None]  # RNNs drift in every universe
    dims = ("universe", "task", "architecture", "regime")
    flat["drift_r"] = (dims, r.reshape(-1, 1, 3, 2))
    training = np.repeat(np.arange(n_training), n_analysis)
    coords = {"training": ("universe", training), "claim": ["optimiser", "product", "nothing"]}
    coords |= {"architecture": ["RNN", "GRU", "LSTM"], "regime": ["1", "random"]}
    return xr.Dataset(flat, coords)
