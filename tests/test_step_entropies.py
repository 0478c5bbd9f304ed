"""Intra-step and inter-step entropies: known values in bits."""

import numpy as np
import pytest
from scipy.linalg import hadamard

from relaylib.mmphate.step_entropies import step_entropies

PATTERNS = hadamard(8)[1:5].astype(float)  # four uncorrelated patterns of mean 0


def one_slice_repeated(nodes: np.ndarray) -> np.ndarray:
    return np.broadcast_to(nodes, (2, 3, *nodes.shape))


@pytest.mark.parametrize(
    ("nodes", "bits"),
    [
        (PATTERNS, 2.0),
        (PATTERNS[[0, 0, 1, 1]], 1.0),
        (PATTERNS[[0, 0, 0, 0]] * [[1], [-1], [3], [0.2]] + 5, 0.0),
        (np.concatenate([PATTERNS[:2], np.ones((2, 8))]), 1.0),
    ],
    ids=["four patterns", "two patterns", "copies, mirrored and scaled", "two silent"],
)
def test_intra_step_entropy_counts_patterns_among_nodes(nodes, bits):
    entropies = step_entropies(one_slice_repeated(nodes))["intra_step_entropy_bits"]
    assert entropies.dims == ("epoch", "time")
    assert entropies.values == pytest.approx(bits, abs=1e-9)


def test_inter_step_entropy_counts_patterns_of_a_node_over_time():
    node_holds, node_changes = PATTERNS[[0, 0, 0, 0]], PATTERNS
    activations = np.stack([node_holds, node_changes], axis=1)[None].repeat(2, axis=0)
    entropies = step_entropies(activations)["inter_step_entropy_bits"]
    assert entropies.dims == ("epoch", "node")
    np.testing.assert_allclose(entropies, [[0, 2], [0, 2]], atol=1e-9)


def test_all_silent_is_nan():
    activations = np.stack([one_slice_repeated(PATTERNS)[0], np.zeros((3, 4, 8))])
    entropies = step_entropies(activations)["intra_step_entropy_bits"]
    assert entropies.sel(epoch=0).notnull().all()
    assert entropies.sel(epoch=1).isnull().all()
