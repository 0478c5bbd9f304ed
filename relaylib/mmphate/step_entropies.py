"""Intra-step and inter-step entropy: how many different responses a network has."""

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import entr

from relaylib.mmphate.estimator import check_activations, point_coords
from relaylib.mmphate.graph import z_score


def step_entropies(activations: Any) -> xr.Dataset:
    """Return the diversity of responses within and across time steps, in bits.

    Our definition: the papers on MM-PHATE give no formula. Both are the von Neumann entropy
    S = -sum_i p_i log2 p_i of the normalised eigenvalues p of a matrix of correlations over the
    sequences: *intra-step*, between the nodes at one time step; *inter-step*, between the time
    steps of one node in one epoch. 2^S counts different patterns: S = 0 where all are copies
    (or mirror images) of one another, log2(n) where all n are uncorrelated. Like the embedding,
    they do not depend on gain and offset; silent nodes (or steps) do not count.

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
    coords, unit = point_coords(activations, values.shape[:3]), {"units": "bit"}
    variables = {
        "intra_step_entropy_bits": (("epoch", "time"), _pattern_bits(z), unit),
        "inter_step_entropy_bits": (("epoch", "node"), _pattern_bits(z.swapaxes(1, 2)), unit),
    }
    return xr.Dataset(variables, coords)


def _pattern_bits(z: np.ndarray) -> np.ndarray:
    """Von Neumann entropy of the correlations between patterns z (..., pattern, sequence)."""
    eigenvalues = np.linalg.eigvalsh(z @ z.swapaxes(-1, -2)).clip(min=0)
    total = eigenvalues.sum(axis=-1, keepdims=True)
    share = np.divide(eigenvalues, total, out=np.full_like(eigenvalues, np.nan), where=total > 0)
    return entr(share).sum(axis=-1) / np.log(2)
