"""How many different responses a network has, within a time step and across time steps."""

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import entr

from relaylib.mmphate.estimator import check_activations, point_coords
from relaylib.mmphate.graph import z_score


def step_entropies(activations: Any) -> xr.Dataset:
    """Return how many different responses there are within and across time steps, in bits.

    Our definition: the papers on MM-PHATE print no formula. Both are the von Neumann entropy
    S = -sum_i p_i log2 p_i of the normalised eigenvalues p of a matrix of correlations over the
    sequences: *intra-step*, between the nodes at one time step; *inter-step*, between the time
    steps of one node in one epoch. 2^S counts different patterns: S = 0 where all are copies
    (or mirror images) of one another, log2(n) where all n are uncorrelated. Like the embedding,
    they see no gain and no offset; silent nodes (or steps) count for nothing.

    Parameters
    ----------
    activations
        (epoch, time, node, sequence), as for `MMPHATE.fit_transform`.

    Returns
    -------
    Dataset with ``intra_step_entropy_bits`` (epoch, time) and ``inter_step_entropy_bits``
    (epoch, node); NaN where all are silent.

    Raises
    ------
    ValueError
        As `check_activations`.
    """
    values = check_activations(activations)
    z = z_score(values)
    coords = point_coords(activations, values.shape[:3])
    variables = {
        "intra_step_entropy_bits": (("epoch", "time"), _pattern_bits(z), {"units": "bits"}),
        "inter_step_entropy_bits": (
            ("epoch", "node"),
            _pattern_bits(z.swapaxes(1, 2)),
            {"units": "bits"},
        ),
    }
    return xr.Dataset(variables, coords)


def _pattern_bits(z: np.ndarray) -> np.ndarray:
    """Von Neumann entropy of the correlations between patterns z (..., pattern, sequence)."""
    eigenvalues = np.linalg.eigvalsh(z @ z.swapaxes(-1, -2)).clip(min=0)
    total = eigenvalues.sum(axis=-1, keepdims=True)
    share = np.divide(eigenvalues, total, out=np.full_like(eigenvalues, np.nan), where=total > 0)
    return entr(share).sum(axis=-1) / np.log(2)
