"""Smearing: how many nodes share one concept, and how many concepts share one node."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from relaylib.core.checks import check_finite
from relaylib.networks.clustering import kmeans_rows

_TOLERANCE_BITS = 1e-9


class Smearing(NamedTuple):
    """Which nodes carry which concepts.

    Attributes
    ----------
    carries
        bool (..., concept, node).
    concepts_per_node
        int (..., node): 0 .. n_concepts.
    nodes_per_concept
        int (..., concept): 0 .. n_nodes.
    """

    carries: np.ndarray
    concepts_per_node: np.ndarray
    nodes_per_concept: np.ndarray


def smearing(information_bits: np.ndarray) -> Smearing:
    """Split each network's information matrix into carrying and not carrying (Figs. 10 and 11).

    All values of one matrix, 3 x 12 in the paper, are clustered together by exact 2-means; the
    upper cluster carries. A matrix whose values are all equal has one cluster: every node carries
    every concept if the value is positive, none does otherwise.

    Parameters
    ----------
    information_bits
        Information matrices, (..., concept, node), bits.

    Raises
    ------
    ValueError
        If there are fewer than two dimensions, or values that are not finite.

    References
    ----------
    Hintze, Najam, Schossau (2025), section III.
    """
    information_bits = np.asarray(information_bits, dtype=float)
    if information_bits.ndim < 2:
        raise ValueError(
            f"information_bits must be (..., concept, node), got shape {information_bits.shape}"
        )
    *batch, n_concepts, n_nodes = information_bits.shape
    rows = check_finite(
        "information_bits", information_bits.reshape(-1, n_concepts * n_nodes), (None, None)
    )
    carries = kmeans_rows(rows, 2, _TOLERANCE_BITS) == 1
    even = np.ptp(rows, axis=1) < _TOLERANCE_BITS
    carries[even] = rows[even] > _TOLERANCE_BITS
    carries = carries.reshape(*batch, n_concepts, n_nodes)
    return Smearing(carries, carries.sum(axis=-2), carries.sum(axis=-1))
