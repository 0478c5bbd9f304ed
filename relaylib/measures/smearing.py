"""Smearing: how many nodes share one concept, and how many concepts share one node."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from relaylib.core.checks import check_dims, check_floats
from relaylib.core.tolerances import ZERO_BITS
from relaylib.networks.clustering import kmeans_rows

MATRIX = ["concept", "node"]


class Smearing(NamedTuple):
    """Which nodes carry which concepts: arrays, or labelled if the matrices were.

    Attributes
    ----------
    carries
        bool (..., concept, node).
    concepts_per_node
        int (..., node): 0 .. n_concepts.
    nodes_per_concept
        int (..., concept): 0 .. n_nodes.
    """

    carries: Any
    concepts_per_node: Any
    nodes_per_concept: Any


def smearing(information_bits: np.ndarray | xr.DataArray) -> Smearing:
    """Split each network's information matrix into carrying and not carrying (Figs. 10 and 11).

    All values of one matrix, 3 x 12 in the paper, are clustered together by exact 2-means; the
    upper cluster carries. A matrix whose values are all equal has one cluster: every node carries
    every concept if the value is positive, none does otherwise.

    Parameters
    ----------
    information_bits
        Information matrices in bits, (..., concept, node) or labelled.

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing, or values are not finite real numbers.

    References
    ----------
    Hintze, Najam, Schossau (2025), section III.
    """
    if isinstance(information_bits, xr.DataArray):
        check_dims("information_bits", information_bits, MATRIX)
        found = xr.apply_ufunc(
            smearing,
            information_bits,
            input_core_dims=[MATRIX],
            output_core_dims=[MATRIX, MATRIX[1:], MATRIX[:1]],
        )
        names = Smearing._fields
        return Smearing(*(values.rename(n) for n, values in zip(names, found, strict=True)))
    bits = check_floats("information_bits", information_bits, (..., None, None))
    rows = bits.reshape(-1, bits.shape[-2] * bits.shape[-1])
    carries = kmeans_rows(rows, 2, ZERO_BITS) == 1
    even = np.ptp(rows, axis=1) < ZERO_BITS
    carries[even] = rows[even] > ZERO_BITS
    carries = carries.reshape(bits.shape)
    return Smearing(carries, carries.sum(axis=-2), carries.sum(axis=-1))
